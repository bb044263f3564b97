//! Ties it together: the services, their checks, which the runner runs, and the
//! rounds. One thread owns all state; worker threads and signals only send to it,
//! and it sleeps until something is due.

mod reload;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::check::{Attempt, Check, Outcome};
use super::journal::{Journal, Level};
use super::keeper::Keeper;
use super::lock::ProbeLock;
use super::pool::Pool;
use super::report::{ProbeReport, ServiceReport};
use super::runner::{Event, Runner, Stopper};
use super::schedule::CheckId;
use super::spec::{ProbeError, ServiceSpec};
use super::state::StateFile;
use super::verdict::{Tracker, Verdict};

/// How often the table is looked at when no check sets a pace.
const PACE: Duration = Duration::from_secs(10);

/// Results that are taken at most before the services have their round.
const BATCH: usize = 1000;

struct Running {
    tracker: Tracker,
    /// The services that have a server with this check.
    services: BTreeSet<usize>,
}

struct Kept {
    keeper: Keeper<StateFile>,
    /// When the table is looked at next, whatever the checks say.
    round_due: Duration,
    pace: Duration,
    /// How many of its checks have been taken in.
    taken: usize,
    lock: Option<ProbeLock>,
}

/// Checks servers and keeps services.
pub struct Probe<'a> {
    pool: &'a mut dyn Pool,
    journal: &'a mut dyn Journal,
    directory: PathBuf,
    services: Vec<Kept>,
    running: Vec<Running>,
    ids: HashMap<Check, CheckId>,
    runner: Runner,
}

/// Why the loop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It shall not go on.
    Stopped,
    /// It shall go on with services that are told anew.
    Reload,
}

impl<'a> Probe<'a> {
    /// Takes services over. Their state files and locks are in `directory`, which
    /// is made if it is not there. Nothing is written to the table yet.
    ///
    /// # Errors
    /// A service cannot be kept; nothing has been changed.
    pub fn new(
        services: Vec<ServiceSpec>,
        directory: &Path,
        pool: &'a mut dyn Pool,
        journal: &'a mut dyn Journal,
    ) -> Result<Self, ProbeError> {
        let taken = reload::take(services, directory, pool, journal, |_| None)?;
        Ok(Self {
            pool,
            journal,
            directory: directory.to_owned(),
            services: taken.into_iter().map(|taken| taken.keep(None)).collect(),
            running: Vec::new(),
            ids: HashMap::new(),
            runner: Runner::new().map_err(ProbeError::Machine)?,
        })
    }

    /// What stops this probe.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        self.runner.stopper()
    }

    /// What is believed now.
    #[must_use]
    pub fn report(&self) -> ProbeReport {
        let keepers = self.services.iter().map(|kept| &kept.keeper);
        ProbeReport {
            services: keepers
                .clone()
                .map(|keeper| ServiceReport::from(keeper.state()))
                .collect(),
            troubles: keepers.flat_map(Keeper::troubles).cloned().collect(),
        }
    }

    /// Runs each check until it has spoken, retries included, makes the table so,
    /// and answers what is believed. A stop ends it early, and then the table is
    /// left as it is.
    #[must_use]
    pub fn once(mut self) -> ProbeReport {
        self.take_new_checks(|_| Duration::ZERO);
        let mut attempts: HashMap<CheckId, u32> = HashMap::new();
        let mut open = self.running.len();
        while open > 0 {
            match self.runner.wait(None, self.journal) {
                Some(Event::Finished(id, attempt)) => {
                    self.note(id, &attempt, seconds());
                    let (Some(check), Some(Running { tracker, .. })) =
                        (self.runner.check(id), self.running.get(id))
                    else {
                        continue;
                    };
                    let tried = attempts.entry(id).or_default();
                    *tried += 1;
                    let local = matches!(attempt.outcome, Outcome::Local { .. });
                    // A server that changes its mind each time is not waited for.
                    let enough = 2 * check.spec().fall.max(1).max(check.spec().rise);
                    let undecided =
                        tracker.in_doubt() || (local && tracker.verdict() == Verdict::Unknown);
                    if undecided && *tried < enough {
                        self.runner.finished(id, true);
                    } else {
                        self.runner.remove(id);
                        open -= 1;
                    }
                }
                Some(Event::Stop) => return self.report(),
                // Once is once, and its rounds come anyway.
                Some(Event::Reload | Event::Wake) | None => {}
            }
        }
        for index in 0..self.services.len() {
            self.round(index);
        }
        self.report()
    }

    /// Checks and keeps until somebody wants something else; the table stays as it is
    /// then. `beat` is called after every round, for a watchdog or metrics.
    pub fn run_loop(&mut self, beat: &mut dyn FnMut(ProbeReport)) -> Ended {
        self.take_new_checks(|check| check.spec().interval);
        loop {
            let time = self.runner.time();
            let mut rounds = false;
            for index in 0..self.services.len() {
                let due = self.services.get(index).map(|kept| kept.round_due);
                if due.is_some_and(|due| due <= time) {
                    self.round(index);
                    rounds = true;
                }
            }
            if rounds {
                beat(self.report());
                self.take_new_checks(|check| check.spec().interval);
            }
            let due = self.services.iter().map(|kept| kept.round_due).min();
            let mut event = self.runner.wait(due, self.journal);
            let seconds = seconds();
            // When hundreds of servers turn at once, one round is for all of them.
            let mut taken = 0;
            while let Some(next) = event.take() {
                match next {
                    Event::Finished(id, attempt) => {
                        let in_doubt = self.note(id, &attempt, seconds);
                        self.runner.finished(id, in_doubt);
                    }
                    Event::Stop => return Ended::Stopped,
                    Event::Reload => return Ended::Reload,
                    Event::Wake => {
                        for kept in &mut self.services {
                            kept.round_due = Duration::ZERO;
                        }
                    }
                }
                taken += 1;
                if taken < BATCH {
                    event = self.runner.ready();
                }
            }
        }
    }

    /// Hands a result to everything that shares the check; a service whose server
    /// turned is due at once. Answers whether the change is in doubt.
    fn note(&mut self, id: CheckId, attempt: &Attempt, seconds: u64) -> bool {
        let (Some(check), Some(Running { tracker, services })) =
            (self.runner.check(id), self.running.get_mut(id))
        else {
            return false;
        };
        if self.journal.hears(Level::Attempt) {
            let line = format!("{}: {}", check.target(), attempt.outcome.text());
            self.journal.line(Level::Attempt, &line);
        }
        let _ = tracker.note(&attempt.outcome);
        for index in services.iter() {
            if let Some(kept) = self.services.get_mut(*index)
                && kept.keeper.note(check, attempt, tracker, seconds)
            {
                kept.round_due = Duration::ZERO;
            }
        }
        tracker.in_doubt()
    }

    fn round(&mut self, index: usize) {
        let time = self.runner.time();
        if let Some(kept) = self.services.get_mut(index) {
            kept.keeper.round(self.pool, seconds(), self.journal);
            let step = kept.keeper.next_step(seconds()).map(Duration::from_secs);
            let pace = step.map_or(kept.pace, |step| step.min(kept.pace));
            kept.round_due = time.saturating_add(pace);
        }
    }

    /// Takes in the checks that are not run yet, equal ones once, and sets each
    /// service's pace by its quickest check. They start within `interval`.
    fn take_new_checks(&mut self, interval: impl Fn(&Check) -> Duration) {
        for (index, kept) in self.services.iter_mut().enumerate() {
            // Servers join, and none leaves.
            let count = kept.keeper.checks().count();
            if std::mem::replace(&mut kept.taken, count) == count {
                continue;
            }
            for (check, verdict) in kept.keeper.checks() {
                kept.pace = kept.pace.min(check.spec().interval);
                if let Some(id) = self.ids.get(check) {
                    if let Some(running) = self.running.get_mut(*id) {
                        running.services.insert(index);
                    }
                    continue;
                }
                let id = self.runner.insert(check, interval(check));
                self.ids.insert(check.clone(), id);
                self.running.push(Running {
                    tracker: Tracker::new(check.spec().fall, check.spec().rise, verdict),
                    services: BTreeSet::from([index]),
                });
            }
        }
    }
}

/// Seconds since 1970.
fn seconds() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests;
