//! What lbctl itself computes for a file: read it, plan it against a table that is
//! as it says. It needs no kernel, and is measured where none is emulated.

use std::fs;
use std::path::Path;
use std::time::Instant;

use lbctl::config::{Config, System};
use lbctl::model::{ServerState, ServiceState, Stats};
use lbctl::reconcile::{self, Actual, Holds, HostPlan, Manner, Owned};

use super::Bench;
use super::measure;
use super::table;

pub const BENCH: Bench = ("compute", compute);

const SERVICES: usize = 1000;
const SERVERS: usize = 10;
const RUNS: usize = 11;
const LIMIT: f64 = 50.0;

fn compute() {
    let text = table::config(SERVICES, SERVERS);
    let path = Path::new("/tmp/lbctl-bench-compute.toml");
    fs::write(path, &text).unwrap();
    let read = || Config::load(path, &System).unwrap_or_else(|errors| panic!("{errors}"));
    let desired = read().desired();
    let actual = Actual {
        table: desired
            .services
            .iter()
            .map(|wanted| ServiceState {
                service: wanted.service.clone(),
                stats: Stats::default(),
                servers: wanted
                    .servers
                    .iter()
                    .map(|server| ServerState {
                        server: server.clone(),
                        active: 0,
                        inactive: 0,
                        persistent: 0,
                        stats: Stats::default(),
                    })
                    .collect(),
            })
            .collect(),
        ..Actual::default()
    };
    let owned = Owned::of(&desired);
    let [all, plan] = measure::in_turn(RUNS, [true, false], |reads: bool| {
        let begin = Instant::now();
        let desired = if reads {
            read().desired()
        } else {
            desired.clone()
        };
        let begin = if reads { begin } else { Instant::now() };
        let steps = reconcile::plan(
            &desired,
            &Holds::new(),
            &actual,
            &owned,
            HostPlan::default(),
            Manner::default(),
        );
        assert!(steps.is_empty(), "{} steps", steps.len());
        begin.elapsed().as_secs_f64() * 1000.0
    });
    let _ = fs::remove_file(path);
    let verdict = |median: f64| if median <= LIMIT { "met" } else { "MISSED" };
    println!(
        "a diff's own computing, {SERVICES} services x {SERVERS} servers, ms; {RUNS} runs of each"
    );
    println!(
        "    plan alone                {plan}  <= {LIMIT}, {}",
        verdict(plan.median())
    );
    println!(
        "    read the file, and plan   {all}  <= {LIMIT}, {}",
        verdict(all.median())
    );
}
