//! A big table listed: `lbctl list` beside `ipvsadm -Ln`; and how both grow.

use std::path::Path;

use super::Bench;
use super::lab::{self, Namespace};
use super::measure::{self, Reach, Row};
use super::table;

pub const BENCH: Bench = ("list", list);

const SERVERS: usize = 100;
const RUNS: usize = 11;

fn list() {
    for services in [10, 100, 500] {
        let namespace = table::loaded("bench-list", services, SERVERS);
        let reach = || match services {
            100 => Reach::AtMost(0.5),
            _ => Reach::Nothing,
        };
        let look = |peer, ours| compare(&namespace, services, [peer, ours], reach());
        look("ipvsadm -Ln", "lbctl list");
        if services == 100 {
            look("ipvsadm -Ln --rate", "lbctl list --rate");
        }
    }
}

fn compare(namespace: &Namespace, services: usize, ways: [&str; 2], reach: Reach) {
    let commands = ways.map(|words| {
        let (name, line) = words.split_once(' ').unwrap_or((words, ""));
        let program = match name {
            "lbctl" => lab::lbctl(),
            _ => measure::find(name),
        };
        expect_whole(namespace, services, &program, line);
        (program, line)
    });
    let [a, b] = namespace.enter(|| {
        measure::in_turn(RUNS, [0, 1], |number: usize| {
            let (program, line) = &commands[number];
            measure::whole_process(program, line)
        })
    });
    Row {
        what: &format!("{services} services x {SERVERS} servers listed: whole process, ms"),
        a: (ways[0], &a),
        b: (ways[1], &b),
        reach,
    }
    .print();
}

/// The command shows all that it is timed for.
#[track_caller]
fn expect_whole(namespace: &Namespace, services: usize, program: &Path, line: &str) {
    let words = std::iter::once(program.as_os_str())
        .chain(line.split_whitespace().map(std::ffi::OsStr::new));
    let text = namespace.run(words).ok();
    let last = table::server(SERVERS - 1);
    let found = text.lines().filter(|line| line.contains(&last)).count();
    assert_eq!(found, services, "{} {line}", program.display());
}
