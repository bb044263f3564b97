//! Ties it together: the services, their checks on the worker threads, the rounds,
//! and the events that wake the loop. One thread owns all state; workers and
//! signals only send to it, and it sleeps until something is due.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, SystemTime};

use nix::time::{ClockId, clock_gettime};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::admission::{self, Admission};
use super::check::{Check, Kit, Outcome, Prepared};
use super::journal::{Journal, Level};
use super::keeper::Keeper;
use super::lapse::{Lapses, Times};
use super::lock::ProbeLock;
use super::pool::Pool;
use super::report::{ProbeReport, ServiceReport};
use super::schedule::{CheckId, Schedule};
use super::spec::{ProbeError, ServiceSpec};
use super::state::{Loaded, StateFile};
use super::verdict::{Tracker, Verdict};
use super::workers::Workers;
use crate::model::format_duration;

/// How often the table is looked at when no check sets a pace.
const PACE: Duration = Duration::from_secs(10);

/// That checks are late is said again after this time.
const REMINDER: Duration = Duration::from_hours(1);

enum Event {
    Finished(Finished),
    Stop,
}

/// An attempt that has ended.
struct Finished {
    id: CheckId,
    outcome: Outcome,
    started: Duration,
    ended: Duration,
}

/// Stops a running probe, from any thread.
#[derive(Debug, Clone)]
pub struct Stopper(Sender<Event>);

impl Stopper {
    /// Ends the loop; the table stays as it is.
    pub fn stop(&self) {
        // A probe that is gone has stopped.
        let _ = self.0.send(Event::Stop);
    }

    /// Stops on SIGTERM and SIGINT. The thread that waits for them lives as long
    /// as the process.
    ///
    /// # Errors
    /// The handlers cannot be installed.
    pub fn stop_on_signals(&self) -> io::Result<()> {
        let mut signals = Signals::new([SIGTERM, SIGINT])?;
        let stopper = self.clone();
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                for _ in &mut signals {
                    stopper.stop();
                }
            })?;
        Ok(())
    }
}

struct Running {
    check: Arc<Prepared>,
    tracker: Tracker,
}

struct Kept {
    keeper: Keeper<StateFile>,
    /// When the table is looked at next, whatever the checks say.
    round_due: Duration,
    pace: Duration,
    _lock: ProbeLock,
}

/// Checks servers and keeps services.
pub struct Probe<'a> {
    pool: &'a mut dyn Pool,
    journal: &'a mut dyn Journal,
    services: Vec<Kept>,
    running: Vec<Running>,
    ids: HashMap<Check, CheckId>,
    kit: Arc<Kit>,
    admission: Admission,
    /// When it was last said that checks are late.
    said_late: Option<Duration>,
    lapses: Lapses,
    workers: Workers,
    sender: Sender<Event>,
    events: Receiver<Event>,
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
        let mut names = BTreeSet::new();
        let now = seconds();
        let mut kept = Vec::new();
        for spec in services {
            let id = spec.id;
            if !names.insert(id) {
                return Err(ProbeError::ServiceTwice(id));
            }
            let lock = ProbeLock::take(directory, &id)?;
            let file = StateFile::new(directory, &id);
            let loaded = file.load(&id).map_err(|error| ProbeError::State {
                path: file.path().to_owned(),
                error,
            })?;
            let remembered = match loaded {
                Loaded::Nothing => None,
                Loaded::State(state) => Some(*state),
                Loaded::Damaged { reason, aside } => {
                    let line = format!(
                        "{id}: the state file is damaged ({reason}); set aside as {}, starting without it",
                        aside.display()
                    );
                    journal.line(Level::Trouble, &line);
                    None
                }
            };
            kept.push(Kept {
                keeper: Keeper::start(spec, remembered, pool, file, now, journal)?,
                round_due: Duration::ZERO,
                pace: PACE,
                _lock: lock,
            });
        }
        let (sender, events) = mpsc::channel();
        Ok(Self {
            pool,
            journal,
            services: kept,
            running: Vec::new(),
            ids: HashMap::new(),
            kit: Arc::default(),
            admission: Admission::default(),
            said_late: None,
            lapses: Lapses::default(),
            workers: Workers::default(),
            sender,
            events,
        })
    }

    /// What stops this probe.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper(self.sender.clone())
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
    pub fn once(&mut self) -> ProbeReport {
        let mut schedule = Schedule::default();
        for id in self.take_new_checks() {
            let retry = self.retry_interval(id);
            schedule.insert(id, Duration::ZERO, retry, now());
        }
        let mut attempts: HashMap<CheckId, u32> = HashMap::new();
        let mut open = self.running.len();
        while open > 0 {
            self.start_due(&mut schedule);
            match self.wait(schedule.next_due(), &mut schedule) {
                Some(Event::Finished(finished)) => {
                    let id = finished.id;
                    let outcome = self.believe(finished);
                    self.note(id, &outcome);
                    let Some(Running { check, tracker }) = self.running.get(id) else {
                        continue;
                    };
                    let tried = attempts.entry(id).or_default();
                    *tried += 1;
                    let local = matches!(outcome, Outcome::Local { .. });
                    // A server that changes its mind each time is not waited for.
                    let spec = check.check().spec();
                    let enough = 2 * spec.fall.max(1).max(spec.rise);
                    let undecided =
                        tracker.in_doubt() || (local && tracker.verdict() == Verdict::Unknown);
                    if undecided && *tried < enough {
                        schedule.finished(id, now(), true);
                    } else {
                        schedule.remove(id);
                        open -= 1;
                    }
                }
                Some(Event::Stop) => return self.report(),
                None => {}
            }
        }
        for index in 0..self.services.len() {
            self.round(index);
        }
        self.report()
    }

    /// Checks and keeps until it is stopped; the table stays as it is then.
    /// `beat` is called after every round, for a watchdog or metrics.
    pub fn run_loop(&mut self, beat: &mut dyn FnMut(&ProbeReport)) {
        let mut schedule = Schedule::default();
        loop {
            self.schedule_new_checks(&mut schedule);
            let time = now();
            let mut rounds = false;
            for index in 0..self.services.len() {
                if self
                    .services
                    .get(index)
                    .is_some_and(|s| s.round_due <= time)
                {
                    self.round(index);
                    rounds = true;
                }
            }
            if rounds {
                beat(&self.report());
                self.schedule_new_checks(&mut schedule);
            }
            self.start_due(&mut schedule);
            let due = self.services.iter().map(|kept| kept.round_due);
            let due = due.chain(schedule.next_due()).min();
            match self.wait(due, &mut schedule) {
                Some(Event::Finished(finished)) => {
                    let id = finished.id;
                    let outcome = self.believe(finished);
                    let in_doubt = self.note(id, &outcome);
                    schedule.finished(id, now(), in_doubt);
                }
                Some(Event::Stop) => return,
                None => {}
            }
        }
    }

    /// Sleeps until an event or this time, and notices when it slept longer: then
    /// it was this machine that was away.
    fn wait(&mut self, until: Option<Duration>, schedule: &mut Schedule) -> Option<Event> {
        let Some(until) = until else {
            return self.events.recv().ok();
        };
        let began = now();
        let event = self.events.recv_timeout(until.saturating_sub(began)).ok();
        let woke = now();
        if let Some(away) = self.lapses.awake(until.max(began), woke) {
            schedule.skip_missed(woke);
            let line = format!(
                "this machine slept or was overloaded for {}; failures around that time do not \
                 count against servers",
                format_duration(Duration::from_secs(away.as_secs()))
            );
            self.journal.line(Level::Trouble, &line);
        }
        event
    }

    fn start_due(&mut self, schedule: &mut Schedule) {
        let time = now();
        for id in schedule.take_due(time) {
            if let Some(running) = self.running.get(id)
                && let Some(id) = self.admission.due(id, running.check.check().target().ip())
            {
                self.start(id);
            }
        }
        let said = self.said_late.is_some_and(|said| time < said + REMINDER);
        if self.admission.waiting() > 0 && !said {
            self.said_late = Some(time);
            let line = format!(
                "{} checks wait for others that do not end; {} run at the same time, and {} in \
                 the same network: longer intervals or shorter timeouts help",
                self.admission.waiting(),
                admission::MOST,
                admission::MOST_IN_NETWORK
            );
            self.journal.line(Level::Trouble, &line);
        }
    }

    fn start(&self, id: CheckId) {
        let Some(running) = self.running.get(id) else {
            return;
        };
        let check = Arc::clone(&running.check);
        let sender = self.sender.clone();
        let started = now();
        self.workers.submit(
            move || check.attempt(),
            move |outcome| {
                // The probe may be gone; nobody wants the result then.
                let _ = sender.send(Event::Finished(Finished {
                    id,
                    outcome,
                    started,
                    ended: now(),
                }));
            },
        );
    }

    /// An attempt has ended: those that waited for it start, and its outcome is
    /// answered as it is to be believed.
    fn believe(&mut self, finished: Finished) -> Outcome {
        let Finished {
            id,
            outcome,
            started,
            ended,
        } = finished;
        for next in self.admission.finished(id, ended.saturating_sub(started)) {
            self.start(next);
        }
        let Some(running) = self.running.get(id) else {
            return outcome;
        };
        let timeout = running.check.check().spec().timeout;
        let times = Times {
            started,
            ended,
            timeout,
        };
        self.lapses.judge(outcome, times)
    }

    /// Hands a result to everything that shares the check; a service whose server
    /// turned is due at once. Answers whether the change is in doubt.
    fn note(&mut self, id: CheckId, outcome: &Outcome) -> bool {
        let Some(Running { check, tracker }) = self.running.get_mut(id) else {
            return false;
        };
        let check = check.check();
        let line = format!("{}: {}", check.target(), outcome.text());
        self.journal.line(Level::Attempt, &line);
        let _ = tracker.note(outcome);
        for kept in &mut self.services {
            if kept.keeper.note(check, outcome, tracker, seconds()) {
                kept.round_due = Duration::ZERO;
            }
        }
        tracker.in_doubt()
    }

    fn round(&mut self, index: usize) {
        let time = now();
        if let Some(kept) = self.services.get_mut(index) {
            kept.keeper.round(self.pool, seconds(), self.journal);
            kept.round_due = time.saturating_add(kept.pace);
        }
    }

    fn schedule_new_checks(&mut self, schedule: &mut Schedule) {
        for id in self.take_new_checks() {
            if let Some(running) = self.running.get(id) {
                let spec = running.check.check().spec();
                schedule.insert(id, spec.interval, spec.retry_interval, now());
            }
        }
    }

    /// Takes in the checks that are not run yet, equal ones once, and sets each
    /// service's pace by its quickest check.
    fn take_new_checks(&mut self) -> Vec<CheckId> {
        let mut new = Vec::new();
        for kept in &mut self.services {
            for (check, verdict) in kept.keeper.checks() {
                kept.pace = kept.pace.min(check.spec().interval);
                if self.ids.contains_key(check) {
                    continue;
                }
                let id = self.running.len();
                self.ids.insert(check.clone(), id);
                self.running.push(Running {
                    check: Arc::new(Prepared::new(check.clone(), Arc::clone(&self.kit))),
                    tracker: Tracker::new(check.spec().fall, check.spec().rise, verdict),
                });
                new.push(id);
            }
        }
        new
    }

    fn retry_interval(&self, id: CheckId) -> Duration {
        self.running
            .get(id)
            .map_or(PACE, |running| running.check.check().spec().retry_interval)
    }
}

impl Drop for Probe<'_> {
    /// The threads end on their own; programs do not.
    fn drop(&mut self) {
        self.kit.kill_children();
    }
}

/// The time since the machine started. Unlike [`std::time::Instant`] it goes on
/// while the machine sleeps, so that this is seen.
fn now() -> Duration {
    // The clock is there since Linux 2.6.39.
    clock_gettime(ClockId::CLOCK_BOOTTIME).map_or(Duration::ZERO, Duration::from)
}

/// Seconds since 1970.
fn seconds() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests;
