//! The benchmark: lbctl beside the programs it stands for, as ratios measured in
//! turn on one kernel. `tests/run bench` runs it; a word on its command line
//! leaves only the benches whose name contains it.
//!
//! A bench is a function in a file of its own that prints its rows when it has
//! them, so that what came before a failure is seen. It fails by panicking.

mod apply;
mod checker;
mod compute;
mod edit;
mod health;
#[path = "../kernel/lab.rs"]
#[allow(dead_code, reason = "the kernel tests use the rest of it")]
mod lab;
mod list;
mod load;
mod measure;
mod server;
mod table;
mod target;
mod walkthrough;
#[path = "../kernel/world.rs"]
#[allow(dead_code, reason = "the kernel tests use the rest of it")]
mod world;

use std::process::ExitCode;

/// A name, and what measures and prints its rows.
type Bench = (&'static str, fn());

/// Those that need a kernel with IPVS.
const BENCHES: &[Bench] = &[
    walkthrough::BENCH,
    edit::BENCH,
    list::BENCH,
    load::BENCH,
    apply::BENCH,
    health::PROCESSOR,
    health::BENCH,
];

/// Those that need none, and are run where there is none.
const NATIVE: &[Bench] = &[compute::BENCH];

fn main() -> ExitCode {
    // cargo itself says --bench.
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let is_chosen = |(name, _): &&Bench| {
        words.is_empty() || words.iter().any(|word| name.contains(word.as_str()))
    };
    if !BENCHES.iter().chain(NATIVE).any(|bench| is_chosen(&bench)) {
        eprintln!("no bench has a name with {}", words.join(" or "));
        return ExitCode::FAILURE;
    }
    if !lab::is_able() {
        eprintln!("what needs a kernel with IPVS is left out; tests/run bench has one");
        for (_, bench) in NATIVE.iter().filter(is_chosen) {
            bench();
        }
        return ExitCode::SUCCESS;
    }
    measure::print_head();
    if !lab::is_native() {
        // An emulator translates a program's code anew wherever it finds it: with
        // addresses that differ from run to run, most of a short run would be that.
        lab::host(["sysctl", "-q", "-w", "kernel.randomize_va_space=0"]).ok();
        measure::print_note("every run of a program has the same addresses");
    }
    for (_, bench) in BENCHES.iter().filter(is_chosen) {
        bench();
    }
    ExitCode::SUCCESS
}
