//! Single stories that must end well, told one event at a time.

use std::time::Duration;

use super::start;
use super::world::{Machine, id, server};
use crate::health::check::{Attempt, CheckKind, CheckSpec, Outcome};
use crate::health::drains::Drain;
use crate::health::journal::Level;
use crate::health::keeper::Keeper;
use crate::health::policy::Rules;
use crate::health::report::{ServerStatus, ServiceReport};
use crate::health::spec::{Roster, ServerSpec, ServiceSpec};
use crate::health::verdict::Tracker;
use crate::model::{Server, Service};

/// A listed service whose servers each have a check.
struct Story {
    machine: Machine,
    spec: ServiceSpec,
    keeper: Keeper<Machine>,
    lines: Vec<String>,
    now: u64,
}

impl Story {
    fn new(servers: Vec<Server>) -> Self {
        let check = CheckSpec {
            fall: 1,
            ..CheckSpec::new(CheckKind::Tcp)
        };
        let machine = Machine::default();
        machine.0.borrow_mut().table = Some(servers.clone());
        let servers = servers.into_iter().map(|server| ServerSpec {
            server,
            check: Some(check.clone()),
            maintenance: false,
        });
        let spec = ServiceSpec {
            id: id(),
            name: Some("web".to_owned()),
            roster: Roster::Listed {
                service: Service::new(id()),
                servers: servers.collect(),
            },
            sorry: None,
            rules: Rules::default(),
        };
        let mut lines = Vec::new();
        let keeper = start(&spec, &machine, 0, &mut lines);
        Self {
            machine,
            spec,
            keeper,
            lines,
            now: 0,
        }
    }

    /// Every server is asked and answers so, then comes a round. Answers the lines.
    fn round(&mut self, well: impl Fn(usize) -> bool) -> Vec<String> {
        self.now += 1;
        let checks: Vec<_> = self.keeper.checks().map(|(c, v)| (c.clone(), v)).collect();
        for (index, (check, verdict)) in checks.iter().enumerate() {
            let mut tracker = Tracker::new(check.spec().fall, check.spec().rise, *verdict);
            let outcome = if well(index) {
                Outcome::Passed {
                    detail: "status 200".to_owned(),
                }
            } else {
                Outcome::Failed {
                    reason: "status 503".to_owned(),
                }
            };
            let _ = tracker.note(&outcome);
            let attempt = Attempt {
                outcome,
                took: Duration::ZERO,
            };
            self.keeper.note(check, &attempt, &tracker, self.now);
        }
        let lines = &mut self.lines;
        let mut journal = |_: Level, line: &str| lines.push(line.to_owned());
        self.keeper
            .round(&mut self.machine.clone(), self.now, &mut journal);
        std::mem::take(&mut self.lines)
    }

    /// Killed, and started again from what was on the disk.
    fn restart(&mut self) {
        self.keeper = start(&self.spec, &self.machine, self.now, &mut self.lines);
    }

    fn weights(&self) -> Vec<u32> {
        let world = self.machine.0.borrow();
        world.table.iter().flatten().map(|s| s.weight).collect()
    }

    fn set(&self, index: usize, weight: u32) {
        self.machine.0.borrow_mut().table.as_mut().unwrap()[index].weight = weight;
    }

    fn report(&self) -> ServiceReport {
        ServiceReport::from(self.keeper.state())
    }
}

fn two() -> Vec<Server> {
    vec![server(1, 2), server(2, 3)]
}

fn drain(last: u8) -> Drain {
    Drain {
        address: server(last, 0).address,
        port: 80,
        by: "alice".to_owned(),
        at: 7,
        reason: "new kernel".to_owned(),
        weight_before: Some(2),
        calls_sorry: false,
    }
}

#[test]
fn a_server_that_was_down_when_the_probe_was_killed_comes_back() {
    let mut story = Story::new(two());
    let lines = story.round(|index| index != 0);
    assert_eq!(story.weights(), [0, 3]);
    let line = "tcp 192.0.2.100:80: 192.0.2.1:80 is down: status 503 (1 of 1); weight 2 -> 0";
    assert!(lines.iter().any(|it| it == line), "{lines:?}");
    story.restart();
    story.round(|_| true);
    assert_eq!(story.weights(), [2, 3]);
}

#[test]
fn a_weight_that_was_set_by_hand_is_kept_and_reported() {
    let mut story = Story::new(two());
    story.round(|_| true);
    story.set(0, 7);
    let lines = story.round(|_| true);
    let line = "tcp 192.0.2.100:80: 192.0.2.1:80 weight was set to 7 by somebody else; keeping it";
    assert_eq!(lines, [line]);
    story.restart();
    for well in [false, true, false] {
        story.round(|_| well);
        assert_eq!(story.weights()[0], 7);
    }
    let report = story.report();
    let server = &report.servers[0];
    assert_eq!((server.foreign, server.weight), (true, Some(7)));
    assert_eq!(server.configured_weight, 2);
    assert_eq!(
        server
            .change
            .as_deref()
            .map(|it| it.contains("set by somebody else")),
        Some(true)
    );
    assert_eq!(report.name.as_deref(), Some("web"));
}

#[test]
fn what_somebody_removes_is_put_back_in_one_round_and_told() {
    let mut story = Story::new(two());
    story.round(|_| true);
    story
        .machine
        .0
        .borrow_mut()
        .table
        .as_mut()
        .unwrap()
        .remove(0);
    let lines = story.round(|_| true);
    let mut weights = story.weights();
    weights.sort_unstable();
    assert_eq!(weights, [2, 3]);
    let line =
        "tcp 192.0.2.100:80: 192.0.2.1:80 was missing from the table; put back with weight 2";
    assert_eq!(lines, [line]);
    story.machine.0.borrow_mut().table = None;
    let lines = story.round(|index| index != 1);
    assert_eq!(story.weights(), [2, 0]);
    assert_eq!(
        lines[0],
        "tcp 192.0.2.100:80: was missing from the table; put back"
    );
}

#[test]
fn a_drain_outlives_checks_kills_and_a_file_that_cannot_be_read() {
    let mut story = Story::new(two());
    story.round(|_| true);
    story.machine.0.borrow_mut().drains = vec![drain(1)];
    let lines = story.round(|_| true);
    let line = "tcp 192.0.2.100:80: 192.0.2.1:80 is drained by alice: new kernel; weight 2 -> 0";
    assert_eq!(lines, [line]);
    for well in [false, true, false, true] {
        story.round(|index| well || index == 1);
        assert_eq!(story.weights(), [0, 3]);
    }
    story.restart();
    story.round(|_| true);
    // The second operation of a round asks for the drains.
    story.machine.0.borrow_mut().refuse = Some(1);
    let lines = story.round(|_| true);
    assert!(lines[0].contains("cannot read who is drained"), "{lines:?}");
    assert_eq!(story.weights(), [0, 3]);
    let server = story.report().servers.remove(0);
    assert_eq!(server.state, ServerStatus::Drained);
    assert_eq!(server.drain.unwrap().by, "alice");
    // It fails when the drain ends, and comes back when it is well.
    story.machine.0.borrow_mut().drains.clear();
    story.round(|index| index == 1);
    assert_eq!(story.weights(), [0, 3]);
    story.round(|_| true);
    assert_eq!(story.weights(), [2, 3]);
}

#[test]
fn a_drain_that_also_took_the_weight_is_not_somebody_elses() {
    let mut story = Story::new(two());
    story.round(|_| true);
    story.machine.0.borrow_mut().drains = vec![drain(1)];
    story.set(0, 0);
    story.round(|_| true);
    assert!(!story.report().servers[0].foreign);
    story.machine.0.borrow_mut().drains.clear();
    story.round(|_| true);
    assert_eq!(story.weights(), [2, 3]);
}

#[test]
fn a_round_over_ten_thousand_servers_reads_once_and_writes_what_changed() {
    let servers: Vec<Server> = (0..10_000u16)
        .map(|port| Server {
            port: port + 1,
            ..server(1, 1)
        })
        .collect();
    let mut story = Story::new(servers);
    story.round(|_| true);
    let count = |story: &Story| {
        let world = story.machine.0.borrow();
        (world.reads, world.writes, world.saves)
    };
    let before = count(&story);
    story.round(|index| index % 100 != 0);
    let after = count(&story);
    assert_eq!(after.0 - before.0, 1);
    assert_eq!(after.1 - before.1, 100);
    assert!(after.2 - before.2 <= 2);
    let weights = story.weights();
    assert_eq!(weights.iter().filter(|weight| **weight == 0).count(), 100);
}
