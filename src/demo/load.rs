//! Many requests at the same time, as `ab -n REQUESTS -c CONCURRENCY` makes
//! them, and who answered.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::plumbing::Namespace;

use super::client::{self, Reply};
use super::{Error, Interrupt, Result};

/// A thread makes one request at a time and needs little.
const STACK: usize = 256 << 10;

/// How many requests, and how fast.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    /// At most so many requests.
    pub requests: u32,
    /// So many of them at the same time.
    pub concurrency: usize,
    /// Between the beginnings of two requests; zero for as fast as they go.
    pub pace: Duration,
}

/// What became of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// How often each page came.
    pub answers: BTreeMap<String, usize>,
    /// How many requests had none.
    pub failed: usize,
    /// Why the first of these had none.
    pub reason: Option<String>,
}

impl Tally {
    /// How many requests were made.
    pub fn requests(&self) -> usize {
        self.answers.values().sum::<usize>() + self.failed
    }

    /// Counts one more.
    pub fn add(&mut self, reply: Reply) {
        match reply {
            Ok(page) => *self.answers.entry(page).or_default() += 1,
            Err(reason) => {
                self.failed += 1;
                self.reason.get_or_insert(reason);
            }
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} requests, {} failed", self.requests(), self.failed)?;
        if let Some(reason) = &self.reason {
            write!(f, " ({reason})")?;
        }
        for (page, count) in &self.answers {
            write!(f, ", {page} {count}")?;
        }
        Ok(())
    }
}

/// Ends a load that would go on for ever, also on an early way out.
#[derive(Debug, Default)]
pub(super) struct Enough(AtomicBool);

impl Enough {
    /// Says so as soon as the value is dropped.
    pub fn when_dropped(&self) -> impl Drop + use<'_> {
        struct Guard<'a>(&'a Enough);
        impl Drop for Guard<'_> {
            fn drop(&mut self) {
                self.0.0.store(true, Ordering::Relaxed);
            }
        }
        Guard(self)
    }

    fn reached(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Makes the requests from a namespace, until there were enough.
///
/// # Errors
/// The system has not that many threads, or we are to stop.
pub(super) fn run(
    load: Load,
    namespace: &Namespace,
    enough: &Enough,
    interrupt: &Interrupt,
) -> Result<Tally> {
    let tally = namespace.run(|| requests(load, enough, interrupt, client::get))??;
    interrupt.check()?;
    Ok(tally)
}

/// Threads begin in the namespace of the one that starts them.
fn requests(
    load: Load,
    enough: &Enough,
    interrupt: &Interrupt,
    get: fn() -> Reply,
) -> Result<Tally> {
    let (begin, next, tally) = (
        Instant::now(),
        AtomicU32::new(0),
        Mutex::new(Tally::default()),
    );
    let work = || {
        let mut own = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= load.requests {
                break;
            }
            let due = load.pace.saturating_mul(number);
            thread::sleep(due.saturating_sub(begin.elapsed()));
            if enough.reached() || interrupt.check().is_err() {
                break;
            }
            own.push(get());
        }
        let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
        for reply in own {
            tally.add(reply);
        }
    };
    thread::scope(|scope| {
        for _ in 0..load.concurrency {
            let thread = thread::Builder::new().stack_size(STACK);
            if let Err(error) = thread.spawn_scoped(scope, work) {
                // Those that run come to an end at once.
                next.store(load.requests, Ordering::Relaxed);
                return Err(Error::system("start a thread for the load", error));
            }
        }
        Ok(())
    })?;
    Ok(tally.into_inner().unwrap_or_else(PoisonError::into_inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOAD: Load = Load {
        requests: 1000,
        concurrency: 20,
        pace: Duration::ZERO,
    };

    #[test]
    fn every_request_is_made_and_counted_once() {
        let tally = requests(LOAD, &Enough::default(), &Interrupt::default(), || {
            Ok("w1".to_owned())
        });
        let tally = tally.unwrap();
        assert_eq!(tally.requests(), 1000);
        assert_eq!(tally.to_string(), "1000 requests, 0 failed, w1 1000");
    }

    #[test]
    fn a_failure_is_counted_and_its_reason_kept() {
        let tally = requests(LOAD, &Enough::default(), &Interrupt::default(), || {
            Err("no answer".to_owned())
        });
        let text = tally.unwrap().to_string();
        assert_eq!(text, "1000 requests, 1000 failed (no answer)");
    }

    #[test]
    fn enough_is_enough() {
        let enough = Enough::default();
        drop(enough.when_dropped());
        let tally = requests(LOAD, &enough, &Interrupt::default(), || Ok(String::new()));
        assert_eq!(tally.unwrap().requests(), 0);
    }
}
