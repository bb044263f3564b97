//! Waits until servers are well: each check is tried until it passes once.

use std::time::Duration;

use super::check::{Attempt, Check, Outcome};
use super::journal::{Journal, Level};
use super::runner::{Event, Runner, now};

/// How the waiting goes on.
#[derive(Debug)]
pub struct Waiting<'a> {
    /// The check that was tried last.
    pub check: &'a Check,
    /// How it ended.
    pub outcome: &'a Outcome,
    /// How many have not passed yet.
    pub open: usize,
}

/// A check that did not pass in time, and what it said last.
pub type Unwell = (Check, String);

/// Tries equal checks once, each again after its retry interval, until all have
/// passed or the time is over. `tell` hears of every attempt.
///
/// # Errors
/// Those that have not passed, in their order.
pub fn wait_until_well(
    checks: Vec<Check>,
    timeout: Duration,
    journal: &mut dyn Journal,
    tell: &mut dyn FnMut(&Waiting<'_>),
) -> Result<(), Vec<Unwell>> {
    let end = now().saturating_add(timeout);
    let mut runner = match Runner::new() {
        Ok(runner) => runner,
        Err(error) => {
            let said = format!("this machine cannot run checks: {error}");
            return Err(checks.into_iter().map(|it| (it, said.clone())).collect());
        }
    };
    let mut waiting: Vec<Option<Unwell>> = Vec::new();
    for check in checks {
        let is_there = |other: &Option<Unwell>| other.as_ref().is_some_and(|(it, _)| *it == check);
        if !waiting.iter().any(is_there) {
            runner.insert(&check, Duration::ZERO);
            waiting.push(Some((check, "it was not asked yet".to_owned())));
        }
    }
    let mut open = waiting.len();
    while open > 0 && now() < end {
        match runner.wait(Some(end), journal) {
            Some(Event::Finished(id, Attempt { outcome, .. })) => {
                let Some(place) = waiting.get_mut(id) else {
                    continue;
                };
                let Some((check, said)) = place else {
                    continue;
                };
                outcome.text().clone_into(said);
                let passed = matches!(outcome, Outcome::Passed { .. });
                open -= usize::from(passed);
                tell(&Waiting {
                    check,
                    outcome: &outcome,
                    open,
                });
                if passed {
                    runner.remove(id);
                    *place = None;
                } else {
                    runner.finished(id, true);
                }
            }
            Some(Event::Stop) => break,
            Some(Event::Reload | Event::Wake) | None => {}
        }
    }
    let left: Vec<Unwell> = waiting.into_iter().flatten().collect();
    for (check, said) in &left {
        journal.line(Level::Attempt, &format!("{}: {said}", check.target()));
    }
    if left.is_empty() { Ok(()) } else { Err(left) }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::health::{CheckKind, CheckSpec};
    use crate::model::{Forward, Server};

    fn check(port: u16) -> Check {
        let mut spec = CheckSpec::new(CheckKind::Tcp);
        spec.retry_interval = Duration::from_millis(10);
        let server = Server {
            address: [127, 0, 0, 1].into(),
            port,
            forward: Forward::Nat,
            weight: 1,
            upper_threshold: 0,
            lower_threshold: 0,
        };
        Check::new(&spec, &server).unwrap()
    }

    fn wait(checks: Vec<Check>, tell: &mut dyn FnMut(&Waiting<'_>)) -> Result<(), Vec<Unwell>> {
        let mut silent = |_: Level, _: &str| {};
        wait_until_well(checks, Duration::from_secs(20), &mut silent, tell)
    }

    #[test]
    fn a_server_that_comes_up_is_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let mut later = None;
        let mut attempts = 0;
        let checks = vec![check(address.port()), check(address.port())];
        let result = wait(checks, &mut |_| {
            attempts += 1;
            // Nobody listens the first time.
            later = later.take().or_else(|| TcpListener::bind(address).ok());
        });
        assert!(result.is_ok(), "{result:?}");
        assert!(attempts >= 2, "{attempts}");
    }

    #[test]
    fn whoever_does_not_come_up_is_named() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let mut silent = |_: Level, _: &str| {};
        let timeout = Duration::from_millis(50);
        let left = wait_until_well(vec![check(port)], timeout, &mut silent, &mut |_| {});
        let left = left.unwrap_err();
        assert_eq!(left.len(), 1);
        assert!(wait(Vec::new(), &mut |_| {}).is_ok());
    }
}
