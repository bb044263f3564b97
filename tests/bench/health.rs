//! Health checks beside keepalived's: what a check costs in processor time, what a
//! hundred servers cost in memory, and how soon a dead server gets nothing more.

use std::net::SocketAddr;
use std::time::Instant;

use super::Bench;
use super::checker::{Checker, PORT, Pair, Way, server, service};
use super::measure::{self, Reach, Row};
use super::target::Target;

pub const BENCH: Bench = ("health", health);
pub const PROCESSOR: Bench = ("processor", processor);

/// Servers that are each checked once a second: as many as leave an emulated machine
/// idle for most of the time, and as many as the number to reach names.
const MANY: [u16; 2] = [300, 1000];
/// Rounds of checks over which processor time is counted.
const ROUNDS: u64 = 10;
const RUNS: usize = 3;
const FEW: u16 = 100;
const DEATHS: usize = 7;
/// Servers that share a few targets: so many services of one server each per target.
const SERVICES: u16 = 1250;
const SHARED: u16 = 8;

const WAYS: [Way; 2] = [Way::Keepalived, Way::Lbctl];
const A: &str = "keepalived HTTP_GET";
const B: &str = "lbctl run";

fn health() {
    memory();
    failover();
    shared_targets();
}

fn processor() {
    MANY.into_iter().for_each(processor_time);
}

fn processor_time(many: u16) {
    let checks = ROUNDS * u64::from(many);
    let pair = Pair::new("bench-cpu");
    let target = pair.everywhere();
    let mut rates: [Vec<f64>; 2] = Default::default();
    let [a, b] = measure::in_turn(RUNS, WAYS, |way| {
        let checker = Checker::start(&pair, way, many);
        // What starting costs is not what is measured.
        target.wait_for(2 * u64::from(many));
        let (before, begin) = (checker.processor_time(), Instant::now());
        target.wait_for(checks);
        let (after, took) = (checker.processor_time(), begin.elapsed());
        #[allow(clippy::cast_precision_loss, reason = "some thousands")]
        let checks = checks as f64;
        rates[usize::from(way == Way::Lbctl)].push(checks / took.as_secs_f64());
        (after - before) / checks
    });
    Row {
        what: &format!(
            "{many} servers, an HTTP check of each every second: processor time per check, us"
        ),
        a: (A, &a),
        b: (B, &b),
        reach: Reach::AtMost(1.0),
    }
    .print();
    let [a, b] = rates.map(|rates| {
        let texts = rates.iter().map(|rate| format!("{rate:.0}"));
        texts.collect::<Vec<_>>().join(", ")
    });
    measure::print_note(&format!("checks in a second: {a} of A, {b} of B"));
}

fn memory() {
    let pair = Pair::new("bench-memory");
    let target = pair.everywhere();
    let mut whole: [f64; 2] = [0.0; 2];
    let [a, b] = measure::in_turn(RUNS, WAYS, |way| {
        let checker = Checker::start(&pair, way, FEW);
        target.wait_for(10 * u64::from(FEW));
        whole[usize::from(way == Way::Lbctl)] = checker.memory("Rss:");
        checker.memory("Pss:")
    });
    Row {
        what: &format!("{FEW} servers, HTTP checks: resident memory of all processes (PSS), kB"),
        a: (A, &a),
        b: (B, &b),
        reach: Reach::AtMost(1.0),
    }
    .print();
    measure::print_note(&format!(
        "with pages that processes share counted for each (RSS): {:.0} of A, {:.0} of B",
        whole[0], whole[1]
    ));
}

/// Each has a server of its own, which dies when it has answered a check: the
/// moment from which finding it out takes longest.
fn failover() {
    let pairs = [Pair::new("bench-a"), Pair::new("bench-b")];
    let checkers = [0, 1].map(|number| Checker::start(&pairs[number], WAYS[number], 1));
    let address = SocketAddr::from((server(0), PORT));
    let [a, b] = measure::in_turn(DEATHS, [0, 1], |number: usize| {
        let pair = &pairs[number];
        let target = Target::start(&pair.behind, address);
        target.wait_for(1);
        pair.wait_for(|weights| weights == [1]);
        target.wait_for(1);
        drop(target);
        let begin = Instant::now();
        pair.wait_for(|weights| weights == [0]);
        begin.elapsed().as_secs_f64() * 1000.0
    });
    drop(checkers);
    Row {
        what: "a server dies when a check has passed, interval 1 s: until its weight is 0, ms",
        a: ("keepalived, delay_loop 1, retry 0", &a),
        b: ("lbctl run, interval 1 s, fall 1", &b),
        reach: Reach::AtMost(1.0),
    }
    .print();
}

/// What is checked alike is checked once.
fn shared_targets() {
    const ROUNDS: u64 = 10;
    let pair = Pair::new("bench-shared");
    let target = pair.everywhere();
    let text: String = (1..=SERVICES)
        .map(|port| service(port, (0..SHARED).map(server)))
        .collect();
    let _checker = Checker::with(&pair, Way::Lbctl, &text);
    let all = usize::from(SERVICES) * usize::from(SHARED);
    pair.wait_for(|weights| weights.len() == all && weights.iter().all(|weight| *weight == 1));
    let before = target.wait(|_| true);
    let first = server(0).into();
    let begin = before.get(&first).copied().unwrap_or(0);
    let after = target.wait(|counts| counts.get(&first).is_some_and(|it| *it >= begin + ROUNDS));
    let checks = after.values().sum::<u64>() - before.values().sum::<u64>();
    // Others may be one ahead of the first, and may have been one behind.
    let most = ROUNDS + 2;
    assert!(
        checks <= most * u64::from(SHARED),
        "{checks} checks while one target had {ROUNDS}"
    );
    measure::print_note(&format!(
        "{all} servers at {SHARED} addresses: {checks} checks while one address had {ROUNDS}"
    ));
}
