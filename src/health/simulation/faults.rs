//! What somebody else does, or nature.

use std::collections::BTreeMap;
use std::time::Duration;

use super::world::{last, member, server};
use super::{Life, SERVERS, SORRY, rules};
use crate::health::drains::Drain;
use crate::health::journal::Level;
use crate::health::keeper::Keeper;
use crate::health::record::Entry;
use crate::health::spec::Roster;
use crate::health::state::State;

/// A weight that no step of a slow start comes by.
const FOREIGN: u32 = 17;

impl Life {
    /// Somebody else, or nature.
    pub(super) fn fault(&mut self) {
        let index = self.dice.index();
        let listed = matches!(self.spec.roster, Roster::Listed { .. });
        match self.dice.roll(18) {
            0..=3 => self.well[index] ^= true,
            4 => self.well = [false; SERVERS],
            5 => self.edit(u8::try_from(index).unwrap() + 1),
            6 => self.edit(SORRY),
            7 if listed => {
                self.lines.push("-- flush".to_owned());
                self.machine.0.borrow_mut().table = None;
                self.forget_unseen(None);
            }
            8 if listed => {
                let gone = u8::try_from(index).unwrap() + 1;
                self.lines.push(format!("-- delete {gone}"));
                if let Some(table) = &mut self.machine.0.borrow_mut().table {
                    table.retain(|server| last(server) != gone);
                }
                self.forget_unseen(Some(gone));
            }
            9 => self.restart(),
            // One of the two: a probe whose file is refused goes on without it, and
            // killed then has forgotten what it wrote.
            10 => {
                let fuse = u32::try_from(self.dice.roll(20)).unwrap();
                let world = &mut *self.machine.0.borrow_mut();
                (world.fuse, world.refuse) = (Some(fuse), None);
            }
            11 => {
                let refuse = u32::try_from(self.dice.roll(20)).unwrap();
                let world = &mut *self.machine.0.borrow_mut();
                (world.fuse, world.refuse) = (None, Some(refuse));
            }
            12 => self.sorry_well ^= true,
            13 | 14 => self.drain(u8::try_from(index).unwrap() + 1),
            15 => self.reload(index),
            // Somebody sets the clock.
            16 => {
                let seconds = self.dice.roll(30);
                self.now = if self.dice.one_in(2) {
                    self.now + seconds
                } else {
                    self.now.saturating_sub(seconds)
                };
                self.lines.push(format!("-- the clock says {}", self.now));
            }
            17 => self.machine.0.borrow_mut().refuse_sorry = true,
            _ => {}
        }
    }

    /// Somebody drains a server, or lets it back in.
    fn drain(&mut self, which: u8) {
        let calls_sorry = self.dice.one_in(3);
        let world = &mut *self.machine.0.borrow_mut();
        let listed = matches!(self.spec.roster, Roster::Listed { .. });
        // What only the memory knows must not be lost with it: of a table that is
        // itself the list, somebody else's weight is read as the list's.
        if !listed {
            (world.fuse, world.refuse) = (None, None);
        }
        let length = world.drains.len();
        world
            .drains
            .retain(|drain| drain.address != server(which, 0).address);
        if world.drains.len() < length {
            self.lines.push(format!("-- undrain {which}"));
            return;
        }
        self.lines.push(format!("-- drain {which}"));
        world.drains.push(Drain {
            address: server(which, 0).address,
            port: 80,
            by: "somebody".to_owned(),
            at: self.now,
            reason: String::new(),
            weight_before: Some(member(usize::from(which) - 1).weight),
            calls_sorry,
        });
        // It goes before every other word on its weight.
        world.foreign.remove(&which);
    }

    /// Another file: other checks, maintenance, other rules; verdicts stay.
    fn reload(&mut self, index: usize) {
        let mut spec = self.spec.clone();
        let on_failure = spec.rules.policy.on_failure;
        if self.dice.one_in(2) {
            spec.rules = rules(&mut self.dice, on_failure);
        }
        let (other_check, toggle) = (self.dice.one_in(2), self.dice.one_in(2));
        if let Roster::Listed { servers, .. } = &mut spec.roster {
            if other_check && let Some(check) = &mut servers[index].check {
                check.interval += Duration::from_secs(1);
            }
            servers[index].maintenance ^= toggle;
            if toggle {
                let world = &mut *self.machine.0.borrow_mut();
                (world.fuse, world.refuse) = (None, None);
                if servers[index].maintenance {
                    world.foreign.remove(&last(&member(index)));
                }
            }
        }
        self.lines.push(format!("-- reload {:?}", spec.rules));
        let state = self.keeper.state().clone();
        let verdicts = |state: &State| -> BTreeMap<_, _> {
            let records = state.servers.iter().chain(&state.sorry);
            records
                .map(|it| (it.server.name(), (it.verdict, it.since)))
                .collect()
        };
        let fuse = {
            let world = &mut *self.machine.0.borrow_mut();
            (world.fuse.take(), world.refuse.take())
        };
        let old = verdicts(&state);
        let lines = &mut self.lines;
        let mut journal = |_: Level, line: &str| lines.push(line.to_owned());
        let machine = self.machine.clone();
        self.keeper = Keeper::start(
            spec.clone(),
            Some(state),
            &mut machine.clone(),
            machine,
            self.now,
            &mut journal,
        )
        .unwrap();
        (
            self.machine.0.borrow_mut().fuse,
            self.machine.0.borrow_mut().refuse,
        ) = fuse;
        assert_eq!(verdicts(self.keeper.state()), old, "{:#?}", self.lines);
        self.spec = spec;
        self.attach();
    }

    /// Somebody sets a weight by hand, or gives back one that was set so.
    fn edit(&mut self, which: u8) {
        let drain = self.dice.one_in(2);
        let seen = self.foreign_that_is_seen(which);
        let world = &mut *self.machine.0.borrow_mut();
        // Nobody gives back what the probe has not seen.
        if world.foreign.contains_key(&which) && !seen {
            return;
        }
        let mut servers = world.table.iter_mut().flatten();
        let Some(server) = servers.find(|server| last(server) == which) else {
            return;
        };
        let own = match which {
            SORRY => 1,
            which => member(usize::from(which) - 1).weight,
        };
        if world.foreign.remove(&which).is_some() {
            server.weight = own;
            // The probe shall see it before the next flush.
            world.refuse = None;
        } else {
            let weight = if drain { 0 } else { FOREIGN };
            if server.weight != weight {
                server.weight = weight;
                world.foreign.insert(which, weight);
            }
        }
        self.lines
            .push(format!("-- weight of {which}: {}", server.weight));
    }

    fn foreign_that_is_seen(&self, which: u8) -> bool {
        let state = self.keeper.state();
        let mut records = state.servers.iter().chain(&state.sorry);
        records.any(|record| last(&record.server) == which && record.foreign.is_some())
    }

    /// A weight that goes with the table before the probe knew of it is
    /// gone; so is that of a sorry server that nobody needs.
    fn forget_unseen(&mut self, which: Option<u8>) {
        let servers = &self.keeper.state().servers;
        let world = &mut *self.machine.0.borrow_mut();
        // What only the memory knows must not be lost with it, too.
        world.fuse = None;
        world.foreign.retain(|name, weight| {
            if which.is_some_and(|which| which != *name) {
                return true;
            }
            let mut seen = servers.iter();
            seen.any(|record| {
                let same = last(&record.server) == *name && record.foreign == Some(*weight);
                // What is out by hand comes back without a weight.
                same && !record.is_out()
            })
        });
    }

    /// A weight that a killed probe had not put into its file yet would be taken
    /// for the configured one, as any that is set while no probe runs. That rule has
    /// a test of its own; here it is given back.
    pub(super) fn give_back_unseen(&mut self) {
        let world = &mut *self.machine.0.borrow_mut();
        let before = world.foreign.clone();
        let servers = world
            .saved
            .clone()
            .map(|state| state.servers)
            .unwrap_or_default();
        world.foreign.retain(|name, weight| {
            let mut seen = servers.iter();
            *weight == 0
                || *name == SORRY
                || seen.any(|record| last(&record.server) == *name && record.foreign.is_some())
        });
        for server in world.table.iter_mut().flatten() {
            let name = last(server);
            if before.contains_key(&name) && !world.foreign.contains_key(&name) {
                let mut records = servers.iter().filter(|it| last(&it.server) == name);
                server.weight = match records.next().and_then(|record| record.written) {
                    Some(Entry::Weight(weight)) => weight,
                    _ => member(usize::from(name) - 1).weight,
                };
            }
        }
    }
}
