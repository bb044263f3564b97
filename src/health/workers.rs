//! The threads that run checks. As many as are needed at once and no more than 64:
//! a server that does not answer holds one of them for the length of a timeout,
//! and the others go on. A thread that is stuck when the probe ends dies with the
//! process.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::check::Outcome;

/// At most so many checks run at the same time.
const MOST: usize = 64;
/// A check needs little; the default of 2 MiB is for others.
const STACK: usize = 512 << 10;

type Job = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
    closed: bool,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    more: Condvar,
}

impl Shared {
    /// A worker that panicked has left a whole queue: jobs run outside the lock.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A bounded pool of threads.
#[derive(Default)]
pub struct Workers {
    shared: Arc<Shared>,
}

impl Workers {
    /// Runs this as soon as a thread is free and hands what it answers to
    /// `finished`, on that thread. If no thread can be had at all, `finished` gets
    /// an error of this machine at once.
    pub fn submit(
        &self,
        run: impl FnOnce() -> Outcome + Send + 'static,
        finished: impl FnOnce(Outcome) + Send + 'static,
    ) {
        let mut queue = self.shared.lock();
        if queue.idle <= queue.jobs.len() && queue.threads < MOST {
            let shared = Arc::clone(&self.shared);
            let thread = thread::Builder::new()
                .name("check".to_owned())
                .stack_size(STACK)
                .spawn(move || work(&shared));
            match thread {
                Ok(_) => {
                    queue.threads += 1;
                    queue.idle += 1;
                }
                Err(error) if queue.threads == 0 => {
                    drop(queue);
                    let reason = format!("this machine cannot start a thread: {error}");
                    return finished(Outcome::Local { reason });
                }
                // Those that are there take it in turn.
                Err(_) => {}
            }
        }
        queue.jobs.push_back(Box::new(move || {
            let outcome = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Outcome::Local {
                reason: "the check itself broke; this is a fault of lbctl".to_owned(),
            });
            finished(outcome);
        }));
        drop(queue);
        self.shared.more.notify_one();
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        let mut queue = self.shared.lock();
        queue.closed = true;
        queue.jobs.clear();
        drop(queue);
        self.shared.more.notify_all();
    }
}

/// A thread's life. It is counted as idle when it is born.
fn work(shared: &Shared) {
    let mut queue = shared.lock();
    loop {
        if queue.closed {
            return;
        }
        if let Some(job) = queue.jobs.pop_front() {
            queue.idle -= 1;
            drop(queue);
            job();
            queue = shared.lock();
            queue.idle += 1;
        } else {
            queue = shared
                .more
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn passed(detail: &str) -> Outcome {
        Outcome::Passed {
            detail: detail.to_owned(),
        }
    }

    #[test]
    fn a_stuck_check_delays_nobody_and_threads_are_few() {
        let workers = Workers::default();
        let (release, stuck) = mpsc::channel::<()>();
        let (sender, results) = mpsc::channel();
        let done = sender.clone();
        workers.submit(
            move || {
                let _ = stuck.recv();
                passed("stuck")
            },
            move |outcome| done.send(outcome).unwrap(),
        );
        for _ in 0..200 {
            let done = sender.clone();
            workers.submit(
                || passed("quick"),
                move |outcome| done.send(outcome).unwrap(),
            );
        }
        for _ in 0..200 {
            assert_eq!(results.recv().unwrap(), passed("quick"));
        }
        assert!(workers.shared.lock().threads <= MOST);
        release.send(()).unwrap();
        assert_eq!(results.recv().unwrap(), passed("stuck"));
    }

    #[test]
    fn one_after_the_other_needs_one_thread() {
        let workers = Workers::default();
        let (sender, results) = mpsc::channel();
        for _ in 0..10 {
            let done = sender.clone();
            workers.submit(|| passed("x"), move |outcome| done.send(outcome).unwrap());
            results.recv().unwrap();
            while workers.shared.lock().idle == 0 {
                thread::yield_now();
            }
        }
        assert_eq!(workers.shared.lock().threads, 1);
    }
}
