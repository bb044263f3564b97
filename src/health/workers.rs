//! The threads that run checks. There are as many as were needed at once in the
//! last seconds; how many that may be is up to `admission`. The thread that became
//! idle last is woken first, so that few stay warm and the others go home.
//! A thread that is stuck when the probe ends dies with the process.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

use super::check::Outcome;

/// A check needs little; the default of 2 MiB is for others. Only what is touched
/// of it takes memory.
const STACK: usize = 512 << 10;
/// A thread that has had nothing to do for so long ends.
const PATIENCE: Duration = Duration::from_secs(10);

type Job = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    threads: usize,
    /// Those that sleep, the last one on top.
    idle: Vec<Thread>,
    closed: bool,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
}

impl Shared {
    /// Jobs run outside the lock: whoever held it left a whole queue.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A pool of threads.
#[derive(Default)]
pub struct Workers {
    shared: Arc<Shared>,
}

impl Workers {
    /// Runs this on a thread that is free, or on a new one, and hands what it
    /// answers to `finished`, on that thread. If no thread can be had at all,
    /// `finished` gets an error of this machine at once.
    pub fn submit(
        &self,
        run: impl FnOnce() -> Outcome + Send + 'static,
        finished: impl FnOnce(Outcome) + Send + 'static,
    ) {
        let mut queue = self.shared.lock();
        let sleeper = queue.idle.pop();
        if sleeper.is_none() {
            let shared = Arc::clone(&self.shared);
            let thread = thread::Builder::new()
                .name("check".to_owned())
                .stack_size(STACK)
                .spawn(move || work(&shared));
            match thread {
                Ok(_) => queue.threads += 1,
                Err(error) if queue.threads == 0 => {
                    drop(queue);
                    let reason = format!("this machine cannot start a thread: {error}");
                    return finished(Outcome::Local { reason });
                }
                // Those that are there take it in turn.
                Err(_) => {}
            }
        }
        queue.jobs.push_back(Box::new(move || finished(run())));
        drop(queue);
        if let Some(thread) = sleeper {
            thread.unpark();
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        let mut queue = self.shared.lock();
        queue.closed = true;
        queue.jobs.clear();
        let sleepers = std::mem::take(&mut queue.idle);
        drop(queue);
        sleepers.iter().for_each(Thread::unpark);
    }
}

/// A thread's life.
fn work(shared: &Shared) {
    let me = thread::current();
    let mut queue = shared.lock();
    while !queue.closed {
        if let Some(job) = queue.jobs.pop_front() {
            drop(queue);
            job();
            queue = shared.lock();
            continue;
        }
        queue.idle.push(me.clone());
        drop(queue);
        thread::park_timeout(PATIENCE);
        queue = shared.lock();
        // Who is still on the pile was not called.
        if let Some(place) = queue.idle.iter().position(|other| other.id() == me.id()) {
            queue.idle.remove(place);
            if queue.jobs.is_empty() {
                break;
            }
        }
    }
    queue.threads -= 1;
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
    fn a_stuck_check_delays_nobody() {
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
            while workers.shared.lock().idle.is_empty() {
                thread::yield_now();
            }
        }
        assert_eq!(workers.shared.lock().threads, 1);
    }
}
