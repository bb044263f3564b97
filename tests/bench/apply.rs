//! A file that is already so: `lbctl apply` beside `ipvsadm -Ln` of the same table.

use std::fs;

use super::Bench;
use super::lab::{self, Namespace};
use super::measure::{self, Reach, Row};
use super::table;

pub const BENCH: Bench = ("apply", apply);

const FILE: &str = "/tmp/lbctl-bench.toml";
const RUNS: usize = 11;

fn apply() {
    for (services, servers) in [(100, 100), (1000, 10)] {
        fs::write(FILE, table::config(services, servers)).unwrap();
        let namespace = Namespace::new("bench-apply");
        namespace.lbctl(&format!("apply -q {FILE}")).ok();
        let there = namespace.line("ipvsadm -Sn").ok().lines().count();
        assert_eq!(there, services * (servers + 1));
        let ways = [
            (measure::find("ipvsadm"), "-Ln".to_owned()),
            (lab::lbctl(), format!("apply -q {FILE}")),
        ];
        let [a, b] = namespace.enter(|| {
            measure::in_turn(RUNS, [0, 1], |number: usize| {
                let (program, line) = &ways[number];
                measure::whole_process(program, line)
            })
        });
        Row {
            what: &format!(
                "{services} services x {servers} servers, nothing to do: whole process, ms"
            ),
            a: ("ipvsadm -Ln", &a),
            b: ("lbctl apply of an unchanged file", &b),
            reach: Reach::AtMost(1.0),
        }
        .print();
    }
    let _ = fs::remove_file(FILE);
}
