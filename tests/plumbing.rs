//! Plumbing against a real kernel: what lbctl does is compared with what ip,
//! nft and /proc/sys say. Each test has a network namespace and a state
//! directory of its own; all of it happens in a user and mount namespace that
//! this program makes for itself, so that nothing touches the machine.

use std::env;
use std::path::Path;
use std::process::{Command, ExitCode};

use lbctl::plumbing::Namespace;
use libtest_mimic::{Arguments, Trial};

use world::World;

#[path = "plumbing/address.rs"]
mod address;
#[path = "plumbing/network.rs"]
mod network;
#[path = "plumbing/undo.rs"]
mod undo;
#[path = "plumbing/vip.rs"]
mod vip;
#[path = "plumbing/world.rs"]
mod world;

/// Set inside the namespaces.
const INSIDE: &str = "LBCTL_TEST_INSIDE";

type Test = fn(&World);

const TESTS: &[(&str, Test)] = &[
    (
        "one_vip_makes_exactly_this",
        vip::one_vip_makes_exactly_this,
    ),
    ("ipv6_has_its_own_rule_and_table", vip::ipv6_has_its_own),
    ("twice_is_once", vip::twice_is_once),
    ("two_vips_share_a_rule", vip::two_vips_share_a_rule),
    (
        "the_last_one_leaves_no_trace",
        vip::the_last_one_leaves_no_trace,
    ),
    (
        "what_does_the_job_already_stays",
        vip::what_does_the_job_stays,
    ),
    ("numbers_of_others_are_passed_over", vip::numbers_of_others),
    ("a_table_that_is_not_ours_is_left_alone", vip::foreign_table),
    ("a_broken_vip_is_mended", vip::a_broken_vip_is_mended),
    ("a_refused_step_undoes_the_plan", undo::a_refused_step),
    (
        "forwarding_is_put_back_exactly",
        undo::forwarding_is_put_back,
    ),
    ("a_damaged_record_is_set_aside", undo::a_damaged_record),
    ("a_reboot_is_survived", undo::a_reboot_is_survived),
    (
        "big_tables_and_many_routes",
        vip::big_tables_and_many_routes,
    ),
    ("refusals_have_a_reason", vip::refusals_have_a_reason),
    (
        "the_interface_is_found_by_the_network",
        address::the_interface_is_found_by_the_network,
    ),
    (
        "an_address_that_is_there_stays",
        address::what_is_there_stays,
    ),
    (
        "the_mode_changes_make_before_break",
        address::the_mode_changes_make_before_break,
    ),
    (
        "ping_is_answered_when_asked_for",
        address::ping_is_answered_when_asked_for,
    ),
    (
        "a_lost_record_leaves_the_address_known",
        address::a_lost_record_leaves_the_address_known,
    ),
    (
        "a_reboot_puts_an_address_back",
        address::a_reboot_puts_it_back,
    ),
    (
        "neighbours_are_told_of_an_address",
        address::neighbours_are_told,
    ),
    ("killed_at_any_point", undo::killed_at_any_point),
    ("many_at_once_do_not_mix", undo::many_at_once),
    ("random_sequences_leave_no_trace", undo::random_sequences),
    ("packets_for_the_vip_arrive", network::packets_arrive),
    ("namespaces_have_names", network::namespaces_have_names),
    ("interfaces_are_made_and_listed", network::interfaces),
];

fn main() -> ExitCode {
    if let Some(state) = env::var_os(undo::VICTIM) {
        undo::victim(Path::new(&state));
        return ExitCode::SUCCESS;
    }
    if env::var_os(INSIDE).is_none() {
        let exe = env::current_exe().expect("own path");
        let probe = Command::new("unshare").args(["-rnm", "true"]).output();
        match probe {
            Ok(output) if output.status.success() => {
                let status = Command::new("unshare")
                    .arg("-rnm")
                    .arg(exe)
                    .args(env::args_os().skip(1))
                    .env(INSIDE, "1")
                    .status()
                    .expect("unshare ran a moment ago");
                return ExitCode::from(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1));
            }
            Ok(output) => eprintln!(
                "plumbing: all ignored, no namespaces here: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            ),
            Err(error) => eprintln!("plumbing: all ignored, cannot run unshare: {error}"),
        }
        let ignored = TESTS
            .iter()
            .map(|(name, _)| Trial::test(*name, || Ok(())).with_ignored_flag(true));
        return libtest_mimic::run(&Arguments::from_args(), ignored.collect()).exit_code();
    }
    // /run/netns and the state directories, in memory and gone at the end.
    world::sh("mount -t tmpfs tmpfs /run");
    for tool in ["ip", "nft"] {
        assert!(
            Command::new(tool).arg("-V").output().is_ok(),
            "{tool} is not installed; these tests compare with it"
        );
    }
    println!("seed {}", undo::SEED);
    let trials = TESTS.iter().map(|(name, test)| {
        Trial::test(*name, move || {
            let namespace = Namespace::anonymous()?;
            Ok(namespace.run(|| test(&World::new(name)))?)
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}
