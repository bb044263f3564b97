//! The policy as a table: what is remembered, what is found, what becomes of it.

mod rules;

use super::*;
use crate::model::Forward;

fn server(last: u8, weight: u32) -> Server {
    Server {
        address: [192, 0, 2, last].into(),
        port: 80,
        forward: Forward::Nat,
        weight,
        upper_threshold: 0,
        lower_threshold: 0,
    }
}

fn record(last: u8, verdict: Verdict, written: Option<Entry>) -> Record {
    Record {
        written,
        verdict,
        ..Record::new(server(last, 1), 0)
    }
}

const UP: Verdict = Verdict::Up;
const DOWN: Verdict = Verdict::Down;
const UNKNOWN: Verdict = Verdict::Unknown;
const AT_0: Option<Entry> = Some(Entry::Weight(0));
const AT_1: Option<Entry> = Some(Entry::Weight(1));
const GONE: Option<Entry> = Some(Entry::Absent);

fn remove() -> Policy {
    Policy {
        on_failure: OnFailure::Remove,
        ..Policy::default()
    }
}

fn decide(
    policy: &Policy,
    members: &[Record],
    sorry: Option<&Record>,
    actual: &[Server],
    sorry_busy: bool,
) -> Decision {
    let rules = Rules {
        policy: *policy,
        ..Rules::default()
    };
    let situation = Situation {
        members,
        sorry,
        actual,
        sorry_busy,
        now: 0,
    };
    super::decide(&rules, &situation)
}

/// The writes in order, as `+1=0` (add .1 at 0), `1:0>1`, `-1`.
fn writes(decision: &Decision) -> String {
    let last = |server: &Server| server.endpoint()[8..].replace(":80", "");
    let written: Vec<String> = decision
        .rulings
        .iter()
        .filter_map(|ruling| match ruling.write.as_ref()? {
            Write::Add(server) => Some(format!("+{}={}", last(server), server.weight)),
            Write::Edit { before, after } => Some(format!(
                "{}:{}>{}",
                last(before),
                before.weight,
                after.weight
            )),
            Write::Delete(server) => Some(format!("-{}", last(server))),
        })
        .collect();
    written.join(" ")
}

#[test]
fn one_server() {
    use Standing::{Foreign, Lost, New, Own};
    let inhibit = Policy::default();
    let remove = remove();
    let at = |weight| Some(server(1, weight));
    for (policy, verdict, written, foreign, found, standing, expected) in [
        // Nothing is remembered.
        (inhibit, UNKNOWN, None, None, None, New, "+1=0"),
        (inhibit, UP, None, None, None, New, "+1=1"),
        (inhibit, DOWN, None, None, None, New, "+1=0"),
        (remove, DOWN, None, None, None, New, ""),
        (inhibit, UNKNOWN, None, None, at(1), Own, ""),
        (inhibit, DOWN, None, None, at(1), Own, "1:1>0"),
        (remove, DOWN, None, None, at(1), Own, "-1"),
        (inhibit, UP, None, None, at(0), Foreign(0), ""),
        (inhibit, UP, None, None, at(5), Foreign(5), ""),
        // What was written is there.
        (inhibit, UNKNOWN, AT_0, None, at(0), Own, ""),
        (inhibit, UP, AT_0, None, at(0), Own, "1:0>1"),
        (inhibit, DOWN, AT_0, None, at(0), Own, ""),
        (inhibit, DOWN, AT_1, None, at(1), Own, "1:1>0"),
        (remove, DOWN, AT_1, None, at(1), Own, "-1"),
        (remove, UP, GONE, None, None, Own, "+1=1"),
        (remove, DOWN, GONE, None, None, Own, ""),
        (remove, UNKNOWN, GONE, None, None, Own, ""),
        // It was lost.
        (inhibit, UP, AT_1, None, None, Lost, "+1=1"),
        (inhibit, UNKNOWN, AT_1, None, None, Lost, "+1=1"),
        (inhibit, DOWN, AT_0, None, None, Lost, "+1=0"),
        (remove, DOWN, AT_1, None, None, Lost, ""),
        (inhibit, UP, AT_1, Some(0), None, Lost, "+1=0"),
        (remove, DOWN, AT_1, Some(0), None, Lost, "+1=0"),
        // Somebody else set it.
        (inhibit, UP, AT_1, None, at(0), Foreign(0), ""),
        (inhibit, DOWN, AT_1, None, at(0), Foreign(0), ""),
        (inhibit, DOWN, AT_1, Some(0), at(0), Foreign(0), ""),
        (inhibit, UP, AT_1, Some(0), at(0), Foreign(0), ""),
        (inhibit, UP, AT_1, None, at(5), Foreign(5), ""),
        (inhibit, DOWN, AT_1, Some(5), at(5), Foreign(5), ""),
        (inhibit, DOWN, AT_0, None, at(1), Foreign(1), ""),
        (remove, DOWN, GONE, None, at(1), Foreign(1), ""),
        (remove, UP, GONE, None, at(5), Foreign(5), ""),
        (inhibit, UP, AT_0, Some(7), at(0), Foreign(0), ""),
        (inhibit, DOWN, AT_0, Some(0), at(0), Foreign(0), ""),
        // And gave it back.
        (inhibit, UP, AT_1, Some(0), at(1), Own, ""),
        (inhibit, DOWN, AT_1, Some(0), at(1), Own, "1:1>0"),
        (inhibit, DOWN, AT_0, Some(5), at(0), Own, ""),
        (inhibit, UP, AT_0, None, at(1), Own, ""),
        (remove, UP, GONE, None, at(1), Own, ""),
    ] {
        let record = Record {
            foreign,
            ..record(1, verdict, written)
        };
        let found: Vec<Server> = found.into_iter().collect();
        let case = format!("{policy:?} {verdict:?} {written:?} {foreign:?} {found:?}");
        let decision = decide(&policy, &[record], None, &found, false);
        assert_eq!(decision.rulings[0].standing, standing, "{case}");
        assert_eq!(writes(&decision), expected, "{case}");
    }
}

#[test]
fn a_write_that_was_begun_is_known_by_either_value() {
    // Killed after the file said 0 and before the table did.
    let cut = Record {
        pending: AT_1,
        ..record(1, DOWN, AT_0)
    };
    for (found, expected) in [(1, "1:1>0"), (0, "")] {
        let decision = decide(
            &Policy::default(),
            std::slice::from_ref(&cut),
            None,
            &[server(1, found)],
            false,
        );
        assert_eq!(decision.rulings[0].standing, Standing::Own);
        assert_eq!(writes(&decision), expected);
    }
}

#[test]
fn the_sorry_server_comes_before_the_last_goes_and_leaves_after_the_first_is_back() {
    let policy = Policy::default();
    let sorry = |written| record(9, UP, written);
    let both = [server(1, 1), server(2, 1)];
    let one = [record(1, DOWN, AT_1), record(2, UP, AT_1)];
    let decision = decide(&policy, &one, Some(&sorry(GONE)), &both, false);
    assert_eq!(writes(&decision), "1:1>0");
    let none = [record(1, DOWN, AT_1), record(2, DOWN, AT_1)];
    let decision = decide(&policy, &none, Some(&sorry(GONE)), &both, false);
    assert_eq!(writes(&decision), "+9=1 1:1>0 2:1>0");
    assert!(decision.sorry);
    let table = [server(9, 1), server(1, 0), server(2, 0)];
    let back = [record(1, UP, AT_0), record(2, DOWN, AT_0)];
    let decision = decide(&policy, &back, Some(&sorry(AT_1)), &table, false);
    assert_eq!(writes(&decision), "1:0>1 9:1>0");
    // It goes when its last connection has gone.
    let table = [server(9, 0), server(1, 1), server(2, 0)];
    let back = [record(1, UP, AT_1), record(2, DOWN, AT_0)];
    let leaves = |busy| {
        let decision = decide(&policy, &back, Some(&sorry(AT_0)), &table, busy);
        writes(&decision)
    };
    assert_eq!(leaves(true), "");
    assert_eq!(leaves(false), "-9");
    // It is needed again before it has gone.
    let none = [record(1, DOWN, AT_1), record(2, DOWN, AT_0)];
    let decision = decide(&policy, &none, Some(&sorry(AT_0)), &table, true);
    assert_eq!(writes(&decision), "9:0>1 1:1>0");
}

#[test]
fn a_sorry_server_that_is_down_stays_out() {
    let members = [record(1, DOWN, AT_0)];
    let sorry = record(9, DOWN, GONE);
    let decision = decide(
        &Policy::default(),
        &members,
        Some(&sorry),
        &[server(1, 0)],
        false,
    );
    assert_eq!(writes(&decision), "");
}

#[test]
fn a_drained_last_server_calls_the_sorry_server() {
    let members = [record(1, UP, AT_1)];
    let sorry = record(9, UP, GONE);
    let decision = decide(
        &Policy::default(),
        &members,
        Some(&sorry),
        &[server(1, 0)],
        false,
    );
    assert_eq!(writes(&decision), "+9=1");
}

#[test]
fn a_sorry_server_that_somebody_else_put_in_stays() {
    let members = [record(1, UP, AT_1)];
    let sorry = record(9, UP, GONE);
    let table = [server(1, 1), server(9, 1)];
    let decision = decide(&Policy::default(), &members, Some(&sorry), &table, false);
    assert_eq!(writes(&decision), "");
}

#[test]
fn a_sorry_server_that_somebody_gave_back_leaves() {
    let members = [record(1, UP, AT_1)];
    let sorry = Record {
        foreign: Some(7),
        ..record(9, UP, AT_1)
    };
    let table = [server(1, 1), server(9, 1)];
    let decision = decide(&Policy::default(), &members, Some(&sorry), &table, false);
    assert_eq!(writes(&decision), "9:1>0");
}

#[test]
fn servers_that_nobody_told_us_of_are_left_alone_and_count() {
    let members = [record(1, DOWN, AT_1)];
    let sorry = record(9, UP, GONE);
    let table = [server(1, 1), server(7, 1)];
    let decision = decide(&Policy::default(), &members, Some(&sorry), &table, false);
    assert_eq!(writes(&decision), "1:1>0");
    assert_eq!(decision.live, 1);
}
