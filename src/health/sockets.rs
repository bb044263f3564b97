//! Light checks under way: their sockets, in one epoll set, and when their patience is
//! over. They go on in the thread that waits here.
//!
//! That thread keeps services, too. While it does so for longer than [`PAUSE`], or gets
//! no processor for so long, the clock of attempts stands still: what came meanwhile
//! lies in their sockets and is read first, and no server loses time by it.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};

use super::check::{Exchange, Outcome, PIECE, Prepared, Progress, Ready};
use super::runner::now;
use super::schedule::CheckId;

/// A shorter time away is none.
const PAUSE: Duration = Duration::from_millis(50);
/// What is told at once; the rest is told next time.
const TOLD: usize = 256;
/// The bell's name among those of the checks.
const BELL: u64 = u64::MAX;

/// Ends the waiting, from any thread.
#[derive(Debug, Clone)]
pub struct Bell(Arc<OwnedFd>);

impl Bell {
    /// Rings.
    pub fn ring(&self) {
        // A counter that is full has been rung.
        let _ = rustix::io::write(&self.0, &1_u64.to_ne_bytes());
    }
}

/// An attempt that has ended.
#[derive(Debug)]
pub struct Finished {
    /// Of which check.
    pub id: CheckId,
    /// How.
    pub outcome: Outcome,
    /// When it was started.
    pub started: Duration,
    /// When it ended; times while the clock of attempts stood still are left out.
    pub ended: Duration,
}

/// How the waiting went.
#[derive(Debug, Clone, Copy)]
pub struct Waited {
    /// When it was to end at the latest.
    pub meant: Duration,
    /// When it did.
    pub woke: Duration,
}

struct Running {
    exchange: Exchange,
    /// Both on the clock of attempts.
    began: Duration,
    end: Duration,
}

/// The light checks that are under way.
pub struct Sockets {
    epoll: OwnedFd,
    bell: Bell,
    running: FxHashMap<CheckId, Running>,
    ends: BTreeSet<(Duration, CheckId)>,
    /// For how long the clock of attempts has stood still.
    stood: Duration,
    /// When the waiting ended last.
    woke: Duration,
    told: Vec<epoll::Event>,
    piece: Vec<u8>,
}

impl Sockets {
    /// None under way.
    ///
    /// # Errors
    /// No file descriptors are left.
    pub fn new() -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        // Each ring is told once, and so it need not be read.
        let flags = EventFlags::IN | EventFlags::ET;
        epoll::add(&epoll, &bell, EventData::new_u64(BELL), flags)?;
        Ok(Self {
            epoll,
            bell: Bell(Arc::new(bell)),
            running: FxHashMap::default(),
            ends: BTreeSet::new(),
            stood: Duration::ZERO,
            woke: now(),
            told: Vec::with_capacity(TOLD),
            piece: vec![0; PIECE],
        })
    }

    /// What ends the waiting.
    #[must_use]
    pub fn bell(&self) -> Bell {
        self.bell.clone()
    }

    /// Starts an attempt; answered is how it ended, if it did at once.
    pub fn start(&mut self, id: CheckId, check: &Arc<Prepared>, now: Duration) -> Option<Outcome> {
        let exchange = match Exchange::begin(check) {
            Ok(exchange) => exchange,
            Err(outcome) => return Some(outcome),
        };
        if let Err(outcome) = watch(&self.epoll, id, &exchange) {
            return Some(outcome);
        }
        let began = now.saturating_sub(self.stood);
        let end = began.saturating_add(exchange.patience());
        self.ends.insert((end, id));
        let running = Running {
            exchange,
            began,
            end,
        };
        self.running.insert(id, running);
        None
    }

    /// Waits until a socket or the bell says something, somebody's patience is over,
    /// or until this time at the latest; `began` is the time now.
    pub fn wait(&mut self, began: Duration, until: Option<Duration>) -> Waited {
        self.stand_still(began.saturating_sub(self.woke));
        let end = self.ends.first().map(|(end, _)| *end + self.stood);
        let due = until.into_iter().chain(end).min();
        let time = due.map(|due| due.saturating_sub(began));
        let time = time.and_then(|time| Timespec::try_from(time).ok());
        self.told.clear();
        // Interrupted, it has waited for less.
        let _ = epoll::wait(&self.epoll, spare_capacity(&mut self.told), time.as_ref());
        self.woke = now();
        let meant = due.unwrap_or(self.woke).max(began);
        self.stand_still(self.woke.saturating_sub(meant));
        Waited {
            meant,
            woke: self.woke,
        }
    }

    fn stand_still(&mut self, time: Duration) {
        if time > PAUSE {
            self.stood += time;
        }
    }

    /// Goes on with what has said something since, and answers what has ended.
    pub fn advance(&mut self, finished: &mut impl FnMut(Finished)) {
        let time = self.woke.saturating_sub(self.stood);
        let mut all = std::mem::take(&mut self.told);
        for told in all.drain(..) {
            let (data, flags) = (told.data.u64(), told.flags);
            let ready = Ready {
                readable: flags.intersects(EventFlags::IN | EventFlags::RDHUP | EventFlags::HUP),
                broken: flags.intersects(EventFlags::ERR | EventFlags::HUP),
            };
            let Ok(id) = CheckId::try_from(data) else {
                continue;
            };
            let Some(running) = self.running.get_mut(&id) else {
                continue;
            };
            let outcome = match running.exchange.advance(ready, &mut self.piece) {
                Progress::Ended(outcome) => outcome,
                Progress::Moved => match watch(&self.epoll, id, &running.exchange) {
                    Ok(()) => continue,
                    Err(outcome) => outcome,
                },
                Progress::Waiting => {
                    let end = running.began.saturating_add(running.exchange.patience());
                    if end != running.end {
                        self.ends.remove(&(running.end, id));
                        self.ends.insert((end, id));
                        running.end = end;
                    }
                    continue;
                }
            };
            self.finish(id, outcome, time, finished);
        }
        while let Some(&(end, id)) = self.ends.first()
            && end <= time
        {
            let Some(running) = self.running.get(&id) else {
                self.ends.remove(&(end, id));
                continue;
            };
            let outcome = running.exchange.expire();
            self.finish(id, outcome, time, finished);
        }
        // Its room is used again.
        self.told = all;
    }

    fn finish(
        &mut self,
        id: CheckId,
        outcome: Outcome,
        time: Duration,
        finished: &mut impl FnMut(Finished),
    ) {
        let Some(running) = self.running.remove(&id) else {
            return;
        };
        self.ends.remove(&(running.end, id));
        finished(Finished {
            id,
            outcome,
            started: running.began + self.stood,
            ended: time + self.stood,
        });
    }
}

/// Has the socket tell whatever it may ever have to tell: that is one call for a whole
/// attempt.
fn watch(epoll: &OwnedFd, id: CheckId, socket: impl AsFd) -> Result<(), Outcome> {
    let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
    epoll::add(epoll, socket, EventData::new_u64(id as u64), flags).map_err(|error| {
        Outcome::Local {
            reason: format!("this machine cannot wait for an answer: {error}"),
        }
    })
}
