//! Keeps one service: takes what the checks say, reads the table, has the policy
//! decide, writes, and remembers. Threads and clocks stand outside; a round is one
//! call, so that the simulation can play any of them.

mod by_hand;
mod former;
mod round;
mod start;
mod words;

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use rustc_hash::{FxHashMap, FxHashSet};

use super::check::{Attempt, Check, Outcome};
use super::policy::{Slot, next_step};
use super::record::{LastResult, Record};
use super::spec::ServiceSpec;
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
    slots: FxHashMap<Check, Vec<Slot>>,
    store: S,
    /// Verdicts that have changed and are not in the journal yet.
    turns: HashMap<Slot, String>,
    /// Servers in the table that are not ours and have been named.
    strangers: BTreeSet<(IpAddr, u16)>,
    /// What could not be done in the last round; named once, not every round.
    troubles: BTreeSet<String>,
    /// Something is remembered that is not in the file yet.
    unsaved: bool,
    saved_at: u64,
}

impl<S: Store> Keeper<S> {
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

    /// In how many seconds the weight of a server that came back grows next.
    #[must_use]
    pub fn next_step(&self, now: u64) -> Option<u64> {
        let time = self.spec.rules.slow_start?;
        let rising = self.state.servers.iter().filter_map(|record| record.rising);
        rising
            .map(|began| next_step(time, now.saturating_sub(began)))
            .min()
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
    pub fn note(&mut self, check: &Check, attempt: &Attempt, tracker: &Tracker, now: u64) -> bool {
        let Attempt { outcome, took } = attempt;
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
                took_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            });
            if decides && record.verdict != tracker.verdict() {
                record.transitions.count(tracker.verdict());
                record.verdict = tracker.verdict();
                record.since = now;
                self.turns.insert(slot, words::turn(outcome, tracker));
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
    fn names(&self) -> FxHashSet<(IpAddr, u16)> {
        let state = &self.state;
        let records = state.servers.iter().chain(&state.sorry);
        let records = records.chain(&state.former_sorry);
        records.map(|record| record.server.name()).collect()
    }
}

fn is_sorry(spec: &ServiceSpec, server: &Server) -> bool {
    spec.sorry
        .as_ref()
        .is_some_and(|sorry| sorry.server.name() == server.name())
}
