//! One round: read, decide, remember, write, remember.

use std::collections::BTreeSet;

use super::start::attach;
use super::{Keeper, is_sorry, words};
use crate::health::journal::{Journal, Level};
use crate::health::policy::{Decision, Ruling, Situation, Slot, Standing, Write, decide};
use crate::health::pool::{Pool, PoolError};
use crate::health::record::{Entry, LastChange, Record};
use crate::health::spec::Roster;
use crate::health::state::Store;
use crate::model::{Server, ServiceId};

/// The file says at least this often, in seconds, that the probe lives.
const HEARTBEAT: u64 = 5;

impl<S: Store> Keeper<S> {
    /// Reads the table and makes it what the policy says. What cannot be done is
    /// in the journal and is tried again next round. Answers whether all was done.
    pub fn round(&mut self, pool: &mut dyn Pool, now: u64, journal: &mut dyn Journal) -> bool {
        let mut troubles = BTreeSet::new();
        let id = self.spec.id;
        match pool.read(&id) {
            Ok(found) => {
                let gone = found.is_none();
                let mut sorry_busy = false;
                let former = found.as_ref().and_then(|found| self.former(found));
                let actual: Vec<Server> = found
                    .map(|found| {
                        if matches!(self.spec.roster, Roster::Table { .. }) {
                            self.service = found.service;
                        }
                        let mut servers = found.servers.iter();
                        sorry_busy =
                            servers.any(|s| s.active > 0 && is_sorry(&self.spec, &s.server));
                        found.servers.into_iter().map(|s| s.server).collect()
                    })
                    .unwrap_or_default();
                self.look_around(&actual, now, journal, &mut troubles);
                self.heed_drains(&actual, &mut troubles);
                let situation = Situation {
                    members: &self.state.servers,
                    sorry: self.state.sorry.as_ref(),
                    actual: &actual,
                    sorry_busy,
                    now,
                };
                let decision = decide(&self.spec.rules, &situation);
                self.carry_out(&decision, gone, pool, now, journal, &mut troubles);
                self.see_off(former.as_ref(), pool, now, journal, &mut troubles);
            }
            Err(error) => {
                troubles.insert(format!("{id}: cannot read the table: {error}"));
            }
        }
        if self.unsaved || now.saturating_sub(self.saved_at) >= HEARTBEAT {
            self.save(now, &mut troubles);
        }
        for trouble in troubles.difference(&self.troubles) {
            journal.line(Level::Trouble, trouble);
        }
        self.troubles = troubles;
        self.troubles.is_empty()
    }

    /// Sees to servers that joined, and to drained ones that were given a weight.
    fn look_around(
        &mut self,
        actual: &[Server],
        now: u64,
        journal: &mut dyn Journal,
        troubles: &mut BTreeSet<String>,
    ) {
        let id = self.spec.id;
        let check = if let Roster::Table { check } = &self.spec.roster {
            check.clone()
        } else {
            let names = self.names();
            for server in actual {
                if !names.contains(&server.name()) && self.strangers.insert(server.name()) {
                    journal.line(Level::Transition, &words::stranger(&id, server));
                }
            }
            return;
        };
        // Their weight is not known: they were drained when we first saw them.
        let drained = self.state.servers.iter_mut();
        for record in drained.filter(|record| record.server.weight == 0) {
            for server in actual.iter().filter(|server| server.weight != 0) {
                if record.server.name() == server.name() {
                    record.server = server.clone();
                    record.written = Some(Entry::Weight(server.weight));
                    record.foreign = None;
                    self.unsaved = true;
                    let subject = words::subject(&id, Slot::Member(0), server);
                    journal.line(Level::Transition, &words::returned(&subject, server.weight));
                }
            }
        }
        let names = self.names();
        for server in actual {
            if names.contains(&server.name()) || is_sorry(&self.spec, server) {
                continue;
            }
            let mut record = Record::new(server.clone(), now);
            match attach(check.as_ref(), &mut record, now) {
                Ok(check) => {
                    if let Some(check) = &check {
                        let slot = Slot::Member(self.checks.len());
                        self.slots.entry(check.clone()).or_default().push(slot);
                    }
                    self.checks.push(check);
                    self.state.servers.push(record);
                    self.unsaved = true;
                    journal.line(Level::Transition, &words::joined(&id, server));
                }
                Err(error) => {
                    troubles.insert(format!("{id}: {error}"));
                }
            }
        }
    }

    fn carry_out(
        &mut self,
        decision: &Decision,
        gone: bool,
        pool: &mut dyn Pool,
        now: u64,
        journal: &mut dyn Journal,
        troubles: &mut BTreeSet<String>,
    ) {
        let id = self.spec.id;
        let turns = std::mem::take(&mut self.turns);
        let turn = |slot| turns.get(&slot).map(String::as_str);
        let mut writing = gone;
        let mut before = Vec::new();
        for ruling in &decision.rulings {
            let Some(record) = self.record(ruling.slot) else {
                before.push(None);
                continue;
            };
            before.push(Some((record.written, record.rising)));
            let remembered = entries(record);
            let line = settle(&id, record, ruling, turn(ruling.slot));
            let changed = entries(record) != remembered;
            if let Some(line) = line {
                note_change(record, &line, now);
                journal.line(Level::Transition, &line);
            }
            writing |= ruling.write.is_some();
            self.unsaved |= changed;
        }
        if !writing {
            return;
        }
        // First the file, then the table: see `state`.
        self.save(now, troubles);
        let mut service = Ok(());
        if gone {
            service = pool.add_service(&self.service);
            match &service {
                Ok(()) => {
                    let line = format!("{id}: was missing from the table; put back");
                    journal.line(Level::Transition, &line);
                }
                Err(error) => {
                    troubles.insert(format!("{id}: cannot put the service back: {error}"));
                }
            }
        }
        // The sorry server leaves only when what replaces it has come, and servers that
        // are well leave only when the sorry server has come.
        let (mut made, mut sorry_made) = (true, true);
        for (ruling, before) in decision.rulings.iter().zip(before) {
            let Some(write) = &ruling.write else {
                continue;
            };
            let hold = if ruling.slot == Slot::Sorry {
                !write.makes() && !made
            } else {
                ruling.replaced && !write.makes() && !sorry_made
            };
            let result = if service.is_err() || hold {
                None
            } else {
                Some(perform(pool, &id, write))
            };
            let Some(record) = self.record(ruling.slot) else {
                continue;
            };
            record.pending = None;
            if let Some(Ok(())) = result {
                record.entry = Some(write.after());
                let subject = words::subject(&id, ruling.slot, &record.server);
                let line = words::done(&subject, ruling, write, turn(ruling.slot), decision.live);
                note_change(record, &line, now);
                // After a flush one line for the service says it all.
                if !(gone && ruling.standing == Standing::Lost && turn(ruling.slot).is_none()) {
                    journal.line(Level::Transition, &line);
                }
            } else {
                if let Some((written, rising)) = before {
                    (record.written, record.rising) = (written, rising);
                }
                made = false;
                sorry_made &= ruling.slot != Slot::Sorry;
                let intent = words::intent(record, write);
                if let Some(Err(error)) = result {
                    troubles.insert(format!("{id}: cannot {intent}: {error}"));
                }
                if let Some(text) = turn(ruling.slot) {
                    self.turns.insert(ruling.slot, text.to_owned());
                }
            }
        }
        self.unsaved = true;
    }

    pub(super) fn save(&mut self, now: u64, troubles: &mut BTreeSet<String>) {
        self.state.heartbeat = now;
        match self.store.save(&self.state) {
            Ok(()) => {
                self.unsaved = false;
                self.saved_at = now;
            }
            // The servers are more important than the file: go on without it.
            Err(error) => {
                let id = self.spec.id;
                troubles.insert(format!("{id}: cannot write the state file: {error}"));
            }
        }
    }
}

/// All that [`settle`] may change.
fn entries(record: &Record) -> impl PartialEq + use<> {
    (
        [record.written, record.pending, record.entry, record.wanted],
        record.foreign,
        record.rising,
        [record.replaced, record.kept_in],
    )
}

/// Brings a record in line with its ruling, before any write: what it says now
/// is what the file says while the write is under way.
fn settle(
    id: &ServiceId,
    record: &mut Record,
    ruling: &Ruling,
    turn: Option<&str>,
) -> Option<String> {
    let server = record.server.clone();
    let subject = || words::subject(id, ruling.slot, &server);
    record.entry = Some(ruling.found);
    record.wanted = Some(ruling.wanted);
    record.rising = ruling.rising;
    record.replaced = ruling.replaced;
    record.pending = None;
    let newly_kept_in = ruling.kept_in && !record.kept_in;
    record.kept_in = ruling.kept_in;
    if let Standing::Foreign(weight) = ruling.standing {
        let seen = record.foreign.replace(weight) == Some(weight);
        return match turn {
            Some(turn) => Some(words::unmoved(&subject(), ruling, turn)),
            None if seen => None,
            None => Some(words::foreign(&subject(), weight)),
        };
    }
    let mut line = newly_kept_in.then(|| words::kept_in(&subject(), ruling.wanted.weight()));
    if ruling.standing == Standing::Own
        && record.foreign.take().is_some()
        && let Entry::Weight(weight) = ruling.found
    {
        line = Some(words::returned(&subject(), weight));
    }
    match &ruling.write {
        // What somebody else had set is put back as theirs.
        Some(_) if ruling.standing == Standing::Lost && record.foreign.is_some() => {
            record.pending = Some(ruling.found);
        }
        Some(write) => {
            record.pending = Some(ruling.found);
            record.written = Some(write.after());
        }
        None => {
            record.written = Some(ruling.found);
            if ruling.found == Entry::Absent {
                record.foreign = None;
            }
            line = match (turn, line) {
                (Some(turn), Some(line)) if newly_kept_in => Some(format!("{line}; it {turn}")),
                (Some(turn), _) => Some(words::unmoved(&subject(), ruling, turn)),
                (None, line) => line,
            };
        }
    }
    line
}

fn note_change(record: &mut Record, line: &str, now: u64) {
    record.change = Some(LastChange {
        at: now,
        text: line.to_owned(),
    });
}

fn perform(pool: &mut dyn Pool, id: &ServiceId, write: &Write) -> Result<(), PoolError> {
    match write {
        Write::Add(server) => pool.add_server(id, server),
        Write::Edit { before, after } => pool.edit_server(id, before, after),
        Write::Delete(server) => pool.delete_server(id, server),
    }
}
