//! Runs checks: starts those that are due, as many as `admission` lets in, waits for
//! their ends, and tells what is to be believed of them. Light ones go on in this
//! thread, in `sockets`; others have the worker threads. It brings the clock and the
//! channel; what is due, who may run and what counts is decided in pure code beside it.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::admission::{self, Admission};
use super::check::{Attempt, Check, Kit, Prepared};
use super::journal::{Journal, Level};
use super::lapse::{Lapses, Times};
use super::schedule::{CheckId, Schedule};
use super::sockets::{Bell, Finished, Sockets, Waited};
use super::workers::Workers;
use crate::model::format_duration;

/// That checks are late is said again after this time.
const REMINDER: Duration = Duration::from_hours(1);

/// Checks start on this beat: those of a moment together, with one awakening.
const TICK: Duration = Duration::from_millis(20);

/// What wakes the loop.
#[derive(Debug)]
pub enum Event {
    /// An attempt has ended so.
    Finished(CheckId, Attempt),
    /// Somebody wants it to end.
    Stop,
    /// Somebody wants the services to be told anew.
    Reload,
    /// Somebody wants the table to be looked at now.
    Wake,
}

enum Message {
    Finished(Finished),
    Stop,
    Reload,
    Wake,
}

/// Takes messages from any thread, and wakes the loop for them.
#[derive(Debug, Clone)]
struct Mailbox {
    sender: Sender<Message>,
    bell: Bell,
}

impl Mailbox {
    fn send(&self, message: Message) {
        // A runner that is gone has stopped, and wants no result.
        let _ = self.sender.send(message);
        self.bell.ring();
    }
}

/// Stops a running probe, from any thread.
#[derive(Debug, Clone)]
pub struct Stopper(Mailbox);

impl Stopper {
    /// Ends the loop; the table stays as it is.
    pub fn stop(&self) {
        self.0.send(Message::Stop);
    }

    /// Ends the loop, for it to be entered again with other services.
    pub fn reload(&self) {
        self.0.send(Message::Reload);
    }

    /// Makes every service's round due at once, for what was written by hand.
    pub fn wake(&self) {
        self.0.send(Message::Wake);
    }

    /// As [`Stopper::stop_on_signals`], and reloads on SIGHUP.
    ///
    /// # Errors
    /// The handlers cannot be installed.
    pub fn obey_signals(&self) -> io::Result<()> {
        self.listen(&[SIGTERM, SIGINT, SIGHUP])
    }

    /// Stops on SIGTERM and SIGINT. The thread that waits for them lives as long
    /// as the process.
    ///
    /// # Errors
    /// The handlers cannot be installed.
    pub fn stop_on_signals(&self) -> io::Result<()> {
        self.listen(&[SIGTERM, SIGINT])
    }

    fn listen(&self, signals: &[i32]) -> io::Result<()> {
        let mut signals = Signals::new(signals)?;
        let stopper = self.clone();
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                for signal in &mut signals {
                    if signal == SIGHUP {
                        stopper.reload();
                    } else {
                        stopper.stop();
                    }
                }
            })?;
        Ok(())
    }
}

/// Runs checks.
pub struct Runner {
    checks: Vec<Arc<Prepared>>,
    schedule: Schedule,
    admission: Admission,
    /// When it was last said that checks are late.
    said_late: Option<Duration>,
    lapses: Lapses,
    kit: Arc<Kit>,
    workers: Workers,
    sockets: Sockets,
    mailbox: Mailbox,
    messages: Receiver<Message>,
    /// Attempts that have ended and are not told yet.
    ended: VecDeque<Finished>,
    /// When it woke last.
    time: Duration,
}

impl Runner {
    /// Runs nothing yet.
    ///
    /// # Errors
    /// No file descriptors are left.
    pub fn new() -> io::Result<Self> {
        let (sender, messages) = mpsc::channel();
        let sockets = Sockets::new()?;
        let bell = sockets.bell();
        Ok(Self {
            checks: Vec::new(),
            schedule: Schedule::default(),
            admission: Admission::default(),
            said_late: None,
            lapses: Lapses::default(),
            kit: Arc::default(),
            workers: Workers::default(),
            sockets,
            mailbox: Mailbox { sender, bell },
            messages,
            ended: VecDeque::new(),
            time: now(),
        })
    }

    /// What ends the waiting.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper(self.mailbox.clone())
    }

    /// Takes a check in; ids count from 0. Its first attempt is due within this
    /// interval.
    pub fn insert(&mut self, check: &Check, interval: Duration) -> CheckId {
        let id = self.checks.len();
        let retry = check.spec().retry_interval;
        self.schedule.insert(id, interval, retry, now());
        let prepared = Prepared::new(check.clone(), Arc::clone(&self.kit));
        self.checks.push(prepared);
        id
    }

    /// The check of this id.
    #[must_use]
    pub fn check(&self, id: CheckId) -> Option<&Check> {
        self.checks.get(id).map(|prepared| prepared.check())
    }

    /// When it woke last: what is decided until it sleeps again is decided then. A
    /// clock may be slow to read.
    #[must_use]
    pub fn time(&self) -> Duration {
        self.time
    }

    /// When its attempt has ended: the next one is due on its beat, or soon while a
    /// change is in doubt.
    pub fn finished(&mut self, id: CheckId, in_doubt: bool) {
        self.schedule.finished(id, self.time, in_doubt);
    }

    /// Lets a check rest.
    pub fn remove(&mut self, id: CheckId) {
        self.schedule.remove(id);
    }

    /// Starts what is due, and sleeps until an event or this time at the latest.
    pub fn wait(&mut self, until: Option<Duration>, journal: &mut dyn Journal) -> Option<Event> {
        let time = now();
        self.start_due(time, journal);
        // The bell is told once, however many messages it was rung for: whoever takes
        // one sees to it that the next one is not slept over.
        let message = self.messages.try_recv().ok();
        let until = if self.ended.is_empty() && message.is_none() {
            let due = self.schedule.next_due().map(tick);
            until.into_iter().chain(due).min()
        } else {
            Some(Duration::ZERO)
        };
        self.sleep(time, until, journal);
        match message {
            Some(message) => self.event(message),
            None => self.ready(),
        }
    }

    /// An event that is there already.
    pub fn ready(&mut self) -> Option<Event> {
        let message = self.messages.try_recv().ok();
        let message = message.or_else(|| self.ended.pop_front().map(Message::Finished))?;
        self.event(message)
    }

    fn event(&mut self, message: Message) -> Option<Event> {
        match message {
            Message::Stop => Some(Event::Stop),
            Message::Reload => Some(Event::Reload),
            Message::Wake => Some(Event::Wake),
            Message::Finished(Finished {
                id,
                outcome,
                started,
                ended,
            }) => {
                for next in self.admission.finished(id, ended.saturating_sub(started)) {
                    self.start(next, self.time);
                }
                let timeout = self.check(id)?.spec().timeout;
                let times = Times {
                    started,
                    ended,
                    timeout,
                };
                let attempt = Attempt {
                    outcome: self.lapses.judge(outcome, times),
                    took: ended.saturating_sub(started),
                };
                Some(Event::Finished(id, attempt))
            }
        }
    }

    /// Sleeps, and notices when it slept longer than it meant to: then it was this
    /// machine that was away.
    fn sleep(&mut self, time: Duration, until: Option<Duration>, journal: &mut dyn Journal) {
        let Waited { meant, woke } = self.sockets.wait(time, until);
        self.time = woke;
        let ended = &mut self.ended;
        self.sockets.advance(&mut |it| ended.push_back(it));
        if let Some(away) = self.lapses.awake(meant, woke) {
            self.schedule.skip_missed(woke);
            let line = format!(
                "this machine slept or was overloaded for {}; failures around that time do not \
                 count against servers",
                format_duration(Duration::from_secs(away.as_secs()))
            );
            journal.line(Level::Trouble, &line);
        }
    }

    fn start_due(&mut self, time: Duration, journal: &mut dyn Journal) {
        for id in self.schedule.take_due(time) {
            if let Some(check) = self.checks.get(id)
                && let Some(id) = self.admission.due(id, check.check().target().ip())
            {
                self.start(id, time);
            }
        }
        let waiting = self.admission.waiting();
        let said = self.said_late.is_some_and(|said| time < said + REMINDER);
        if waiting > 0 && !said {
            self.said_late = Some(time);
            let line = format!(
                "{waiting} checks wait for others that take long; {} run at the same time, {} of \
                 them in the same network: longer intervals or shorter timeouts help",
                admission::MOST,
                admission::MOST_IN_NETWORK
            );
            journal.line(Level::Trouble, &line);
        }
    }

    fn start(&mut self, id: CheckId, started: Duration) {
        let Some(check) = self.checks.get(id).map(Arc::clone) else {
            return;
        };
        let finished = move |outcome, ended| Finished {
            id,
            outcome,
            started,
            ended,
        };
        if check.is_light() {
            if let Some(outcome) = self.sockets.start(id, &check, started) {
                self.ended.push_back(finished(outcome, started));
            }
            return;
        }
        let mailbox = self.mailbox.clone();
        self.workers.submit(
            move || check.attempt(),
            move |outcome| mailbox.send(Message::Finished(finished(outcome, now()))),
        );
    }
}

impl Drop for Runner {
    /// The threads end on their own; programs do not.
    fn drop(&mut self) {
        self.kit.kill_children();
    }
}

/// The tick at this time or after it.
fn tick(time: Duration) -> Duration {
    let ticks = time.as_nanos().div_ceil(TICK.as_nanos());
    u32::try_from(ticks).map_or(time, |ticks| TICK.saturating_mul(ticks))
}

/// The time since the machine started. Unlike [`std::time::Instant`] it goes on
/// while the machine sleeps, so that this is seen.
#[must_use]
pub fn now() -> Duration {
    // The clock is there since Linux 2.6.39.
    clock_gettime(ClockId::CLOCK_BOOTTIME).map_or(Duration::ZERO, Duration::from)
}

#[cfg(test)]
mod tests;
