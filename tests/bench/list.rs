//! A big table listed: `lbctl list` beside `ipvsadm -Ln`.

use std::path::Path;

use super::Bench;
use super::lab::{self, Namespace};
use super::measure::{self, Reach, Row};
use super::table;

pub const BENCH: Bench = ("list", list);

const SERVICES: usize = 100;
const SERVERS: usize = 100;
const RUNS: usize = 11;

fn list() {
    let namespace = table::loaded("bench-list", SERVICES, SERVERS);
    compare(&namespace, "ipvsadm -Ln", "lbctl list");
    compare(&namespace, "ipvsadm -Ln --rate", "lbctl list --rate");
}

fn compare(namespace: &Namespace, peer: &str, ours: &str) {
    let commands = [peer, ours].map(|words| {
        let (name, line) = words.split_once(' ').unwrap_or((words, ""));
        let program = match name {
            "lbctl" => lab::lbctl(),
            _ => measure::find(name),
        };
        expect_whole(namespace, &program, line);
        (program, line)
    });
    let [a, b] = namespace.enter(|| {
        measure::in_turn(RUNS, [0, 1], |number: usize| {
            let (program, line) = &commands[number];
            measure::whole_process(program, line)
        })
    });
    Row {
        what: "100 services x 100 servers listed: whole process, ms",
        a: (peer, &a),
        b: (ours, &b),
        reach: Reach::AtMost(0.5),
    }
    .print();
}

/// The command shows all that it is timed for.
#[track_caller]
fn expect_whole(namespace: &Namespace, program: &Path, line: &str) {
    let words = std::iter::once(program.as_os_str())
        .chain(line.split_whitespace().map(std::ffi::OsStr::new));
    let text = namespace.run(words).ok();
    let last = table::server(SERVERS - 1);
    let found = text.lines().filter(|line| line.contains(&last)).count();
    assert_eq!(found, SERVICES, "{} {line}", program.display());
}
