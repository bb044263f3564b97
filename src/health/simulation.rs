//! The keeper against a model of the kernel: servers fail, somebody edits, deletes
//! and flushes, writes are refused, the probe is killed between any two writes and
//! starts again from its file. Each seed is one life; a seed that fails is named
//! and fails again.

mod world;

use self::world::{Dice, Machine, id, last, member, server};
use super::check::{Check, CheckKind, CheckSpec, Outcome};
use super::journal::Level;
use super::keeper::Keeper;
use super::policy::{OnFailure, Policy, Rules};
use super::record::Entry;
use super::spec::{Roster, ServerSpec, ServiceSpec};
use super::state::State;
use super::verdict::{Tracker, Verdict};
use crate::model::Service;

const SEEDS: u64 = 400;
const STEPS: u64 = 120;
const SERVERS: usize = 4;
/// The last octet of the sorry server.
const SORRY: u8 = 9;

/// One life.
struct Life {
    dice: Dice,
    machine: Machine,
    spec: ServiceSpec,
    keeper: Keeper<Machine>,
    trackers: Vec<(Check, Tracker)>,
    well: [bool; SERVERS],
    lines: Vec<String>,
    now: u64,
}

impl Life {
    fn new(seed: u64) -> Self {
        let mut dice = Dice((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let check = CheckSpec {
            fall: 1 + u32::try_from(dice.roll(3)).unwrap(),
            rise: 1 + u32::try_from(dice.roll(2)).unwrap(),
            ..CheckSpec::new(CheckKind::Tcp)
        };
        let listed = dice.one_in(2);
        let machine = Machine::default();
        // A new service, or one that is at work already.
        let present = if listed { dice.index() } else { SERVERS };
        machine.0.borrow_mut().table = (present > 0).then(|| (0..present).map(member).collect());
        let roster = if listed {
            Roster::Listed {
                service: Service::new(id()),
                servers: (0..SERVERS)
                    .map(|index| ServerSpec {
                        server: member(index),
                        check: Some(check.clone()),
                        maintenance: false,
                    })
                    .collect(),
            }
        } else {
            Roster::Table {
                check: Some(check.clone()),
            }
        };
        let on_failure = if dice.one_in(2) {
            OnFailure::Inhibit
        } else {
            OnFailure::Remove
        };
        let spec = ServiceSpec {
            id: id(),
            roster,
            sorry: Some(ServerSpec {
                server: server(SORRY, 1),
                check: None,
                maintenance: false,
            }),
            name: None,
            rules: Rules {
                policy: Policy {
                    on_failure,
                    ..Policy::default()
                },
                ..Rules::default()
            },
        };
        let mut lines = Vec::new();
        let keeper = start(&spec, &machine, 0, &mut lines);
        let mut life = Self {
            dice,
            machine,
            spec,
            keeper,
            trackers: Vec::new(),
            well: [true; SERVERS],
            lines,
            now: 0,
        };
        life.attach();
        life
    }

    fn attach(&mut self) {
        self.trackers = self
            .keeper
            .checks()
            .map(|(check, verdict)| {
                let spec = check.spec();
                (check.clone(), Tracker::new(spec.fall, spec.rise, verdict))
            })
            .collect();
    }

    fn restart(&mut self) {
        self.lines.push("-- restart".to_owned());
        {
            let world = &mut *self.machine.0.borrow_mut();
            (world.fuse, world.refuse) = (None, None);
        }
        if matches!(self.spec.roster, Roster::Table { .. }) {
            self.give_back_unseen();
        }
        self.keeper = start(&self.spec, &self.machine, self.now, &mut self.lines);
        self.attach();
    }

    /// Somebody else, or nature.
    fn fault(&mut self) {
        let index = self.dice.index();
        let listed = matches!(self.spec.roster, Roster::Listed { .. });
        match self.dice.roll(12) {
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
            _ => {}
        }
    }

    /// Somebody sets a weight by hand, or gives back one that was set so.
    fn edit(&mut self, which: u8) {
        let drain = self.dice.one_in(2);
        let world = &mut *self.machine.0.borrow_mut();
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
            let weight = if drain { 0 } else { 7 };
            if server.weight != weight {
                server.weight = weight;
                world.foreign.insert(which, weight);
            }
        }
        self.lines
            .push(format!("-- weight of {which}: {}", server.weight));
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
            seen.any(|record| last(&record.server) == *name && record.foreign == Some(*weight))
        });
    }

    /// A weight that a killed probe had not put into its file yet would be taken
    /// for the configured one, as any that is set while no probe runs. That rule has
    /// a test of its own; here it is given back.
    fn give_back_unseen(&mut self) {
        let world = &mut *self.machine.0.borrow_mut();
        let before = world.foreign.clone();
        let saved = world.saved.as_ref();
        let saved = saved.and_then(|text| State::parse(text.as_bytes()).ok());
        let servers = saved.map(|state| state.servers).unwrap_or_default();
        world.foreign.retain(|name, weight| {
            let mut seen = servers.iter();
            *weight == 0
                || *name == SORRY
                || seen.any(|record| last(&record.server) == *name && record.foreign.is_some())
        });
        for server in world.table.iter_mut().flatten() {
            let name = last(server);
            if before.contains_key(&name) && !world.foreign.contains_key(&name) {
                server.weight = member(usize::from(name) - 1).weight;
            }
        }
    }

    /// Every server is asked once, then comes a round.
    fn step(&mut self) {
        self.now += 1;
        for (check, tracker) in &mut self.trackers {
            let std::net::IpAddr::V4(address) = check.target().ip() else {
                continue;
            };
            let well = self.well[usize::from(address.octets()[3]) - 1];
            let text = String::new();
            let outcome = match (self.dice.one_in(20), well) {
                (true, _) => Outcome::Local { reason: text },
                (_, true) => Outcome::Passed { detail: text },
                (_, false) => Outcome::Failed { reason: text },
            };
            let _ = tracker.note(&outcome);
            self.keeper.note(check, &outcome, tracker, self.now);
        }
        self.round();
    }

    fn round(&mut self) {
        let mut verdicts = vec![Verdict::Unknown; SERVERS];
        for record in &self.keeper.state().servers {
            verdicts[usize::from(last(&record.server)) - 1] = record.verdict;
        }
        {
            let world = &mut *self.machine.0.borrow_mut();
            world.verdicts = verdicts;
            world.refused = false;
        }
        let lines = &mut self.lines;
        let mut journal = |_: Level, line: &str| lines.push(line.to_owned());
        self.keeper
            .round(&mut self.machine.clone(), self.now, &mut journal);
        if self.machine.0.borrow().fuse == Some(0) {
            self.restart();
            self.round();
        }
    }

    fn settle(&mut self) {
        {
            let world = &mut *self.machine.0.borrow_mut();
            (world.fuse, world.refuse) = (None, None);
        }
        for _ in 0..20 {
            self.step();
        }
        let writes = self.machine.0.borrow().writes;
        self.step();
        let world = &mut *self.machine.0.borrow_mut();
        if world.writes != writes {
            world.wrong.push("it does not come to rest".to_owned());
        }
        let find = |which: u8| {
            let mut servers = world.table.iter().flatten();
            servers.find(|server| last(server) == which).cloned()
        };
        let mut wrong = Vec::new();
        let mut usable = false;
        for index in 0..SERVERS {
            let own = member(index);
            let down = match self.spec.rules.policy.on_failure {
                OnFailure::Inhibit => Some(0),
                OnFailure::Remove => None,
            };
            let wanted = match (world.foreign.get(&last(&own)), self.well[index]) {
                (Some(foreign), _) => Some(*foreign),
                (None, true) => Some(own.weight),
                (None, false) => down,
            };
            let found = find(last(&own));
            if found.as_ref().map(|server| server.weight) != wanted {
                wrong.push(format!("{own:?} ends as {found:?}, wanted {wanted:?}"));
            }
            if found.is_some_and(|server| server.upper_threshold != own.upper_threshold) {
                wrong.push(format!("{own:?} has lost its settings"));
            }
            usable |= self.well[index] && wanted != Some(0);
        }
        let sorry = self.keeper.state().sorry.as_ref();
        let foreign = world.foreign.contains_key(&SORRY)
            || sorry.is_some_and(|record| record.foreign.is_some());
        if find(SORRY).is_some() == usable && !foreign {
            wrong.push(format!("sorry server in: {}", !usable));
        }
        world.wrong.extend(wrong);
    }
}

fn start(
    spec: &ServiceSpec,
    machine: &Machine,
    now: u64,
    lines: &mut Vec<String>,
) -> Keeper<Machine> {
    let saved = machine.0.borrow().saved.clone();
    let saved = saved.map(|text| State::parse(text.as_bytes()).unwrap());
    let mut journal = |_: Level, line: &str| lines.push(line.to_owned());
    Keeper::start(
        spec.clone(),
        saved,
        &mut machine.clone(),
        machine.clone(),
        now,
        &mut journal,
    )
    .unwrap()
}

#[test]
fn every_life_ends_well() {
    for seed in 0..SEEDS {
        let mut life = Life::new(seed);
        for step in 0..STEPS {
            if step > 3 && life.dice.one_in(3) {
                life.fault();
            }
            life.step();
            let wrong = life.machine.0.borrow().wrong.clone();
            assert!(
                wrong.is_empty(),
                "seed {seed}, step {step}: {wrong:#?}\n{}",
                life.lines.join("\n")
            );
        }
        life.settle();
        let wrong = life.machine.0.borrow().wrong.clone();
        assert!(
            wrong.is_empty(),
            "seed {seed}, at the end: {wrong:#?}\n{}",
            life.lines.join("\n")
        );
    }
}

#[test]
fn a_weight_that_was_set_while_no_probe_ran_is_the_configured_one() {
    let seed = (0..SEEDS).find(|seed| {
        let roster = Life::new(*seed).spec.roster;
        matches!(roster, Roster::Table { .. })
    });
    let mut life = Life::new(seed.unwrap());
    let step = |life: &mut Life| (0..40).for_each(|_| life.step());
    let set = |life: &Life, index: usize, weight: u32| {
        let world = &mut *life.machine.0.borrow_mut();
        let mut servers = world.table.iter_mut().flatten();
        let name = member(index).name();
        let found = servers.find(|server| server.name() == name);
        found.unwrap().weight = weight;
    };
    step(&mut life);
    set(&life, 0, 5);
    set(&life, 1, 0);
    life.restart();
    life.well = [false; SERVERS];
    step(&mut life);
    life.well = [true; SERVERS];
    step(&mut life);
    let servers = &life.keeper.state().servers;
    let weights: Vec<_> = servers.iter().map(|record| record.entry).collect();
    assert_eq!(weights[0], Some(Entry::Weight(5)));
    assert_eq!(weights[1], Some(Entry::Weight(0)));
}
