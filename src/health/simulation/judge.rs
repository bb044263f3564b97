//! What must hold after every round in which all could be done, and in the end.

use super::world::{last, member};
use super::{Life, SERVERS, SORRY};
use crate::health::policy::{OnFailure, SorryMode};
use crate::health::record::Record;
use crate::health::state::State;
use crate::health::verdict::Verdict;

impl Life {
    /// The weight that a server has in the table; none: it is not in it.
    fn weight(&self, which: u8) -> Option<u32> {
        let world = self.machine.0.borrow();
        let mut servers = world.table.iter().flatten();
        let found = servers.find(|server| last(server) == which);
        found.map(|server| server.weight)
    }

    fn foreign(&self, which: u8) -> Option<u32> {
        let state = self.keeper.state();
        let mut records = state.servers.iter().chain(&state.sorry);
        let record = records.find(|record| last(&record.server) == which);
        record.and_then(|record| record.foreign)
    }

    /// The sorry server may answer alone.
    fn may_replace(&self) -> bool {
        self.spec.rules.sorry_mode == SorryMode::Replace && self.weight(SORRY).unwrap_or(0) > 0
    }

    /// It must: nobody else put it in.
    fn replacing(&self) -> bool {
        self.may_replace() && self.foreign(SORRY).is_none()
    }

    pub(super) fn judge_round(&mut self, before: &State) {
        let mut wrong = Vec::new();
        let rules = self.spec.rules;
        let own: Vec<&Record> = self
            .keeper
            .state()
            .servers
            .iter()
            .filter(|record| record.foreign.is_none())
            .collect();
        for record in &own {
            let which = last(&record.server);
            let weight = self.weight(which).unwrap_or(0);
            if weight > 0 && record.is_out() {
                wrong.push(format!("{which} is out by hand and has weight {weight}"));
            }
            if weight > 0 && self.replacing() {
                wrong.push(format!(
                    "{which} answers beside a sorry server that replaces it"
                ));
            }
            let earlier = before.servers.iter().find(|it| last(&it.server) == which);
            let returned = earlier.is_some_and(|it| {
                it.written.is_some_and(|entry| entry.weight() == 0)
                    && it.foreign.is_none()
                    && it.pending.is_none()
                    && !it.replaced
            });
            let small = record.server.weight.div_ceil(10);
            if rules.slow_start.is_some()
                && returned
                && record.verdict == Verdict::Up
                && weight > small
            {
                wrong.push(format!("{which} comes back with weight {weight} at once"));
            }
        }
        let failing = |record: &&&Record| {
            record.verdict == Verdict::Down
                && !record.is_out()
                && self.weight(last(&record.server)).unwrap_or(0) == 0
        };
        let out = own.iter().filter(failing).count();
        let counted = self.keeper.state().servers.iter();
        let counted = counted
            .filter(|it| !it.is_out() && it.foreign != Some(0))
            .count();
        let quarters = [0.0, 0.25, 0.5, 0.75, 1.0];
        let quarters = quarters
            .iter()
            .position(|it| (it - rules.depool_threshold).abs() < 0.01);
        let least = (quarters.unwrap() * counted).div_ceil(4);
        if out > counted - least && !self.may_replace() {
            wrong.push(format!("{out} of {counted} are out, {least} must stay"));
        }
        self.machine.0.borrow_mut().wrong.extend(wrong);
    }

    pub(super) fn settle(&mut self) {
        {
            let world = &mut *self.machine.0.borrow_mut();
            (world.fuse, world.refuse) = (None, None);
        }
        for _ in 0..30 {
            self.step();
        }
        let writes = self.machine.0.borrow().writes;
        self.step();
        let mut wrong = Vec::new();
        if self.machine.0.borrow().writes != writes {
            wrong.push("it does not come to rest".to_owned());
        }
        let policy = self.spec.rules.policy;
        let (mut live, mut total, mut quiet) = (0, 0, false);
        for index in 0..SERVERS {
            let own = member(index);
            let which = last(&own);
            let foreign = self.machine.0.borrow().foreign.get(&which).copied();
            let record = self.keeper.state().servers.iter();
            let record = record.clone().find(|it| last(&it.server) == which);
            let Some(record) = record else {
                wrong.push(format!("{which} is forgotten"));
                continue;
            };
            let well = self.well[index];
            let gone = policy.on_failure == OnFailure::Remove;
            let down = if gone { None } else { Some(0) };
            let found = self.weight(which);
            let fits = match foreign {
                Some(foreign) => found == Some(foreign),
                None if record.is_out() => found == Some(0) || (gone && found.is_none()),
                None if well && self.replacing() => found == Some(0),
                None if record.replaced => self.may_replace() && found == Some(0),
                None if well => found == Some(own.weight),
                None if record.kept_in => found == Some(own.weight),
                None => found == down,
            };
            if !fits {
                wrong.push(format!("{own:?} ends with {found:?}"));
            }
            let world = self.machine.0.borrow();
            let there = world.table.iter().flatten().find(|it| last(it) == which);
            if there.is_some_and(|it| it.upper_threshold != own.upper_threshold) {
                wrong.push(format!("{own:?} has lost its settings"));
            }
            let drained = world.drains.iter().find(|it| it.address == own.address);
            quiet |= drained.is_some_and(|drain| !drain.calls_sorry);
            if !record.is_out() {
                total += own.weight;
            }
            live += match foreign {
                Some(foreign) if well => foreign,
                None if well && !record.is_out() => own.weight,
                _ => 0,
            };
        }
        let lost = policy
            .quorum
            .min(total)
            .saturating_sub(policy.hysteresis)
            .max(1);
        let regained = policy.quorum.saturating_add(policy.hysteresis).min(total);
        let is_in = self.weight(SORRY).unwrap_or(0) > 0;
        let expected = if !self.sorry_well && self.has_sorry_check() {
            Some(false)
        } else if live < lost {
            (total > 0 || !quiet).then_some(true)
        } else {
            (live >= regained).then_some(false)
        };
        if self.foreign(SORRY).is_none() && expected.is_some_and(|it| it != is_in) {
            wrong.push(format!("sorry server in: {is_in}, live {live} of {total}"));
        }
        self.machine.0.borrow_mut().wrong.extend(wrong);
    }

    fn has_sorry_check(&self) -> bool {
        let sorry = self.spec.sorry.as_ref();
        sorry.is_some_and(|sorry| sorry.check.is_some())
    }
}
