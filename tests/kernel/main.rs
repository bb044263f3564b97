//! Tests on a kernel with IPVS. They run where `LBCTL_LAB` says so: in the guest
//! that `tests/run` boots, or on this machine's own kernel (`LBCTL_LAB=native`).
//! Elsewhere they are left out, and said to be.

// Every test has the harness's signature, also those that fail only by panicking.
#![allow(clippy::unnecessary_wraps)]

mod apply;
mod bad_input;
mod bad_servers;
mod check;
mod convert;
mod demo;
mod differential;
mod drain;
mod first_mistakes;
mod health;
mod lab;
mod large;
mod ldirectord;
mod many_checks;
mod matrix;
mod model;
mod no_module;
mod overflow;
mod probe_kinds;
mod random;
mod rate;
mod real;
mod real_undo;
mod removal;
mod save;
mod service;
mod setup;
mod setup_again;
mod setup_flags;
mod setup_mistakes;
mod setup_ways;
mod systemd;
mod table;
mod teardown;
mod traffic;
mod vip;
mod walkthrough;
mod world;

use libtest_mimic::{Arguments, Failed, Trial};

/// A test: a name and what it does. It fails by panicking or by an error.
type Test = (&'static str, fn() -> Result<(), Failed>);

fn main() {
    let mut arguments = Arguments::from_args();
    let able = lab::is_able();
    if !able && !arguments.list {
        eprintln!(
            "the tests of the kernel are left out: this run has no kernel with IPVS; \
             tests/run has one"
        );
    }
    // Before any test has the module loaded.
    let no_module = if able && !arguments.list {
        no_module::try_without()
    } else {
        Vec::new()
    };
    let mut trials: Vec<Trial> = [
        // The longest first.
        teardown::TESTS,
        differential::FIXED,
        differential::TESTS,
        walkthrough::TESTS,
        check::TESTS,
        check::WAY_IN,
        check::WALLS,
        check::SERVERS,
        check::DIRECT,
        check::SETTINGS,
        check::PATH,
        setup::TESTS,
        first_mistakes::TESTS,
        setup_again::TESTS,
        setup_flags::TESTS,
        setup_mistakes::TESTS,
        setup_ways::TESTS,
        vip::TESTS,
        table::TESTS,
        bad_input::TESTS,
        random::TESTS,
        rate::TESTS,
        save::TESTS,
        convert::TESTS,
        apply::TESTS,
        health::TESTS,
        service::TESTS,
        drain::TESTS,
        traffic::TESTS,
        model::TESTS,
        matrix::TESTS,
        real::TESTS,
        real_undo::TESTS,
        probe_kinds::TESTS,
        bad_servers::TESTS,
        removal::TESTS,
        demo::TESTS,
        ldirectord::TESTS,
    ]
    .concat()
    .into_iter()
    .map(|(name, test)| Trial::test(name, test).with_ignored_flag(!able))
    .collect();
    // They put files where a machine of its own has them.
    for (name, test) in systemd::TESTS {
        trials.push(Trial::test(*name, test).with_ignored_flag(!able || lab::is_native()));
    }
    trials.push(
        Trial::test("no_module::is_explained", move || {
            no_module::verdict(no_module)
        })
        .with_ignored_flag(!able || lab::is_native()),
    );
    if able && !arguments.list {
        // The kernel may lock up when it loads these by itself while another test's
        // namespace goes away; see src/ipvs/apply.rs. ipvsadm lets it.
        lab::host(["modprobe", "-a", "ip_vs_lblc", "ip_vs_lblcr"]).ok();
    }
    // They wait for answers that do not come about as much as they work.
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    arguments.test_threads.get_or_insert(2 * processors);
    let conclusion = libtest_mimic::run(&arguments, trials);
    let alone = [
        table::ALONE,
        large::ALONE,
        overflow::ALONE,
        many_checks::ALONE,
    ]
    .concat()
    .into_iter()
    .map(|(name, test)| Trial::test(name, test).with_ignored_flag(!able))
    .collect();
    // One after the other.
    arguments.test_threads = Some(1);
    if libtest_mimic::run(&arguments, alone).has_failed() {
        std::process::exit(101);
    }
    conclusion.exit();
}
