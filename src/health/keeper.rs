//! Keeps one service: takes what the checks say, reads the table, has the policy
//! decide, writes, and remembers. Threads and clocks stand outside; a round is one
//! call, so that the simulation can play any of them.

mod round;
mod words;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::IpAddr;

use super::check::{Check, Outcome};
use super::journal::{Journal, Level};
use super::policy::Slot;
use super::pool::Pool;
use super::record::{Entry, LastResult, Record};
use super::spec::{ProbeError, Roster, ServerSpec, ServiceSpec};
use super::state::{State, Store};
use super::verdict::{Tracker, Verdict};
use crate::model::{Server, Service};

/// Keeps one service.
#[derive(Debug)]
pub struct Keeper<S> {
    spec: ServiceSpec,
    /// The service's settings, to put it back with.
    service: Service,
    state: State,
    /// The check of each server in `state`.
    checks: Vec<Option<Check>>,
    sorry_check: Option<Check>,
    /// Whom a result is for: there may be thousands of servers.
    slots: HashMap<Check, Vec<Slot>>,
    store: S,
    /// Verdicts that have changed and are not in the journal yet.
    turns: Vec<(Slot, String)>,
    /// Servers in the table that are not ours and have been named.
    strangers: BTreeSet<(IpAddr, u16)>,
    /// What could not be done in the last round; named once, not every round.
    troubles: BTreeSet<String>,
    /// Something is remembered that is not in the file yet.
    unsaved: bool,
    saved_at: u64,
}

impl<S: Store> Keeper<S> {
    /// Takes a service over, with what an earlier run remembered of it. Reads the
    /// table, writes nothing.
    ///
    /// # Errors
    /// The table cannot be read, the service is not known, a check has no port.
    pub fn start(
        spec: ServiceSpec,
        remembered: Option<State>,
        pool: &mut dyn Pool,
        store: S,
        now: u64,
        journal: &mut dyn Journal,
    ) -> Result<Self, ProbeError> {
        let id = spec.id;
        let mut state = State::new(&id, now);
        let (old, old_sorry) = remembered.map_or((Vec::new(), None), |s| (s.servers, s.sorry));
        let found = pool
            .read(&id)
            .map_err(|error| ProbeError::Table { id, error })?;
        let mut checks = Vec::new();
        let service = match (&spec.roster, found) {
            (Roster::Listed { service, servers }, _) => {
                for ServerSpec { server, check } in servers {
                    if is_sorry(&spec, server) {
                        return Err(ProbeError::SorryTwice(server.endpoint()));
                    }
                    let mut record = recall(&old, server)
                        .cloned()
                        .unwrap_or_else(|| Record::new(server.clone(), now));
                    record.server = server.clone();
                    checks.push(attach(check.as_ref(), &mut record, now)?);
                    state.servers.push(record);
                }
                service.clone()
            }
            (Roster::Table { .. }, None) => return Err(ProbeError::NoService(id)),
            (Roster::Table { check }, Some(found)) => {
                let actual: Vec<Server> = found.servers.into_iter().map(|s| s.server).collect();
                state.servers = from_table(&spec, &old, &actual, now, journal);
                for record in &mut state.servers {
                    checks.push(attach(check.as_ref(), record, now)?);
                }
                found.service
            }
        };
        let mut sorry_check = None;
        if let Some(ServerSpec { server, check }) = &spec.sorry {
            let mut record = old_sorry
                .filter(|record| record.server.name() == server.name())
                .unwrap_or_else(|| Record::new(server.clone(), now));
            record.server = server.clone();
            sorry_check = attach(check.as_ref(), &mut record, now)?;
            state.sorry = Some(record);
        }
        let mut slots: HashMap<Check, Vec<Slot>> = HashMap::new();
        let members = checks.iter().enumerate().map(|(i, c)| (Slot::Member(i), c));
        for (slot, check) in members.chain([(Slot::Sorry, &sorry_check)]) {
            if let Some(check) = check {
                slots.entry(check.clone()).or_default().push(slot);
            }
        }
        Ok(Self {
            spec,
            service,
            state,
            checks,
            sorry_check,
            slots,
            store,
            turns: Vec::new(),
            strangers: BTreeSet::new(),
            troubles: BTreeSet::new(),
            unsaved: true,
            saved_at: 0,
        })
    }

    /// What is kept.
    #[must_use]
    pub fn spec(&self) -> &ServiceSpec {
        &self.spec
    }

    /// What is believed and remembered.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What could not be done in the last round.
    pub fn troubles(&self) -> impl Iterator<Item = &String> {
        self.troubles.iter()
    }

    /// The checks to run, each with the verdict to start from.
    pub fn checks(&self) -> impl Iterator<Item = (&Check, Verdict)> {
        let records = self.state.servers.iter().chain(&self.state.sorry);
        let checks = self.checks.iter().chain([&self.sorry_check]);
        checks
            .zip(records)
            .filter_map(|(check, record)| Some((check.as_ref()?, record.verdict)))
    }

    /// Takes the result of a check, and whether it changed the verdict. Answers
    /// whether the service has a server with this check whose verdict changed.
    pub fn note(&mut self, check: &Check, outcome: &Outcome, tracker: &Tracker, now: u64) -> bool {
        let mut turned = false;
        // A check that services share may have begun from another verdict than
        // this one's; a result that decides is the word for all.
        let decides = !matches!(outcome, Outcome::Local { .. }) && !tracker.in_doubt();
        for slot in self.slots.get(check).cloned().unwrap_or_default() {
            let Some(record) = self.record(slot) else {
                continue;
            };
            record.last = Some(LastResult {
                at: now,
                passed: match outcome {
                    Outcome::Passed { .. } => Some(true),
                    Outcome::Failed { .. } => Some(false),
                    Outcome::Local { .. } => None,
                },
                text: outcome.text().to_owned(),
                attempts: tracker.attempts(),
            });
            if decides && record.verdict != tracker.verdict() {
                record.verdict = tracker.verdict();
                record.since = now;
                self.turns.retain(|(other, _)| *other != slot);
                self.turns.push((slot, words::turn(outcome, tracker)));
                self.unsaved = true;
                turned = true;
            }
        }
        turned
    }

    fn record(&mut self, slot: Slot) -> Option<&mut Record> {
        match slot {
            Slot::Member(index) => self.state.servers.get_mut(index),
            Slot::Sorry => self.state.sorry.as_mut(),
        }
    }

    /// The names of the servers that are kept.
    fn names(&self) -> HashSet<(IpAddr, u16)> {
        let records = self.state.servers.iter().chain(&self.state.sorry);
        records.map(|record| record.server.name()).collect()
    }
}

fn is_sorry(spec: &ServiceSpec, server: &Server) -> bool {
    spec.sorry
        .as_ref()
        .is_some_and(|sorry| sorry.server.name() == server.name())
}

fn recall<'a>(old: &'a [Record], server: &Server) -> Option<&'a Record> {
    old.iter()
        .find(|record| record.server.name() == server.name())
}

/// The check of a server; without one it counts as up.
fn attach(
    check: Option<&super::check::CheckSpec>,
    record: &mut Record,
    now: u64,
) -> Result<Option<Check>, ProbeError> {
    let check = check
        .map(|spec| Check::new(spec, &record.server))
        .transpose()?;
    if check.is_none() && record.verdict != Verdict::Up {
        record.verdict = Verdict::Up;
        record.since = now;
    }
    Ok(check)
}

/// The servers of a table that is itself the list.
fn from_table(
    spec: &ServiceSpec,
    old: &[Record],
    actual: &[Server],
    now: u64,
    journal: &mut dyn Journal,
) -> Vec<Record> {
    let mut records = Vec::new();
    for server in actual.iter().filter(|server| !is_sorry(spec, server)) {
        let Some(record) = recall(old, server) else {
            if server.weight == 0 {
                journal.line(Level::Transition, &words::drained(&spec.id, server));
            }
            records.push(Record::new(server.clone(), now));
            continue;
        };
        let mut record = record.clone();
        let held = !matches!(record.written, Some(Entry::Weight(1..)))
            || record.pending.is_some()
            || record.foreign.is_some();
        // While nobody kept it, the table was the only word on its weight; but a 0
        // is a drain, and what is held down comes back as it was.
        if !held && server.weight != 0 {
            record.written = Some(Entry::Weight(server.weight));
            record.server = server.clone();
        } else {
            let weight = record.server.weight;
            record.server = Server {
                weight,
                ..server.clone()
            };
        }
        records.push(record);
    }
    for record in old {
        if actual.iter().any(|s| s.name() == record.server.name()) || is_sorry(spec, &record.server)
        {
            continue;
        }
        // We removed it, or were about to write it when we were killed.
        if record.written == Some(Entry::Absent) || record.pending.is_some() {
            records.push(record.clone());
        } else {
            journal.line(
                Level::Transition,
                &words::forgotten(&spec.id, &record.server),
            );
        }
    }
    records
}
