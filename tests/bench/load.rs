//! A saved table loaded into an empty one, and saved again: `lbctl restore` and
//! `lbctl save` beside `ipvsadm -R` and `ipvsadm -Sn`; and how they grow.

use std::fs;
use std::path::PathBuf;

use super::Bench;
use super::lab::{self, Namespace};
use super::measure::{self, Reach, Row};
use super::table;

pub const BENCH: Bench = ("load", load);

/// The text of the table.
const FILE: &str = "/tmp/lbctl-bench-table";
const SERVERS: usize = 100;
const RUNS: usize = 5;

fn load() {
    let peer = (measure::find("ipvsadm"), "-R");
    let ours = (lab::lbctl(), "restore");
    for (services, reach) in [
        (10, Reach::Nothing),
        (100, Reach::AtMost(1.0 / 15.0)),
        (500, Reach::Nothing),
    ] {
        let lines = write(services);
        let [a, b] = measure::in_turn(RUNS, [&peer, &ours], |way| loaded(way, lines));
        Row {
            what: &format!("{services} services x {SERVERS} servers loaded: whole process, ms"),
            a: ("ipvsadm -R", &a),
            b: ("lbctl restore", &b),
            reach,
        }
        .print();
    }
    let _ = fs::remove_file(FILE);

    let namespace = table::loaded("bench-save", 100, SERVERS);
    let ways = [(measure::find("ipvsadm"), "-Sn"), (lab::lbctl(), "save")];
    let [a, b] = namespace.enter(|| {
        measure::in_turn(RUNS, [0, 1], |number: usize| {
            let (program, line) = &ways[number];
            measure::whole_process(program, line)
        })
    });
    Row {
        what: "100 services x 100 servers saved: whole process, ms",
        a: ("ipvsadm -Sn", &a),
        b: ("lbctl save", &b),
        reach: Reach::Nothing,
    }
    .print();
}

/// Writes the file; how many lines it has.
fn write(services: usize) -> usize {
    fs::write(FILE, table::text(services, SERVERS)).unwrap();
    services * (SERVERS + 1)
}

/// Loads the file into the table of a namespace of its own: servers that were there
/// before would wait in the kernel's trash, and slow the next load down.
fn loaded((program, line): &(PathBuf, &str), lines: usize) -> f64 {
    let namespace = Namespace::new("bench-load");
    let took = namespace.enter(|| measure::whole_process_with(program, line, FILE));
    let there = namespace.line("ipvsadm -Sn").ok().lines().count();
    assert_eq!(there, lines, "{} {line}", program.display());
    took
}
