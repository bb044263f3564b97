//! What goes before the checks, and what stands between them and the table.

use super::super::*;
use super::{AT_0, AT_1, DOWN, GONE, UP, record, server, writes};
use crate::health::drains::Drain;

fn rules() -> Rules {
    Rules::default()
}

fn judge(rules: &Rules, members: &[Record], sorry: Option<&Record>, actual: &[Server]) -> Decision {
    let situation = Situation {
        members,
        sorry,
        actual,
        sorry_busy: false,
        now: 1000,
    };
    decide(rules, &situation)
}

fn drained(record: Record, calls_sorry: bool) -> Record {
    let drain = Drain {
        address: record.server.address,
        port: record.server.port,
        by: "alice".to_owned(),
        at: 7,
        reason: "new kernel".to_owned(),
        weight_before: Some(1),
        calls_sorry,
    };
    Record {
        drain: Some(drain),
        ..record
    }
}

fn failed(last: u8, since: u64) -> Record {
    Record {
        since,
        ..record(last, DOWN, AT_1)
    }
}

fn table(weights: &[u32]) -> Vec<Server> {
    (1..)
        .zip(weights)
        .map(|(last, w)| server(last, *w))
        .collect()
}

#[test]
fn those_that_failed_last_stay_when_too_many_fail() {
    let half = Rules {
        depool_threshold: 0.5,
        ..rules()
    };
    let mut members = [
        failed(1, 30),
        failed(2, 10),
        failed(3, 20),
        record(4, UP, AT_1),
    ];
    let decision = judge(&half, &members, None, &table(&[1, 1, 1, 1]));
    assert_eq!(writes(&decision), "2:1>0 3:1>0");
    let kept: Vec<Slot> = decision
        .rulings
        .iter()
        .filter(|ruling| ruling.kept_in)
        .map(|ruling| ruling.slot)
        .collect();
    assert_eq!(kept, [Slot::Member(0)]);
    // It fails, so it does not count as live.
    assert_eq!(decision.live, 1);
    // The next one that fails stays, too, and nobody's place changes.
    members = [
        Record {
            kept_in: true,
            ..failed(1, 30)
        },
        record(2, DOWN, AT_0),
        record(3, DOWN, AT_0),
        failed(4, 40),
    ];
    (members[1].since, members[2].since) = (10, 20);
    let decision = judge(&half, &members, None, &table(&[1, 0, 0, 1]));
    assert_eq!(writes(&decision), "");
    // One of them is drained: of the three that are left two must stay.
    members[0] = drained(members[0].clone(), false);
    let decision = judge(&half, &members, None, &table(&[1, 0, 0, 1]));
    assert_eq!(writes(&decision), "3:0>1 1:1>0");
    // All of them fail, and a sorry server answers alone.
    let decision = judge(
        &half,
        &members,
        Some(&record(9, UP, GONE)),
        &table(&[0, 0, 0, 1]),
    );
    assert_eq!(writes(&decision), "+9=1 4:1>0");
}

#[test]
fn a_sorry_server_replaces_or_joins() {
    let mut quorum = rules();
    quorum.policy.quorum = 2;
    let members = [record(1, UP, AT_1), record(2, DOWN, AT_1)];
    let sorry = record(9, UP, GONE);
    let decision = judge(&quorum, &members, Some(&sorry), &table(&[1, 1]));
    assert_eq!(writes(&decision), "+9=1 1:1>0 2:1>0");
    quorum.sorry_mode = SorryMode::Join;
    let decision = judge(&quorum, &members, Some(&sorry), &table(&[1, 1]));
    assert_eq!(writes(&decision), "+9=1 2:1>0");
    // Back: those that it stood for first, at their whole weight.
    let replace = Rules {
        sorry_mode: SorryMode::Replace,
        slow_start: Some(Duration::from_secs(30)),
        ..quorum
    };
    let heavy = |last, replaced| Record {
        server: server(last, 20),
        replaced,
        ..record(last, UP, AT_0)
    };
    let members = [heavy(1, true), heavy(2, false)];
    let mut there = table(&[0, 0]);
    there.push(server(9, 1));
    let decision = judge(&replace, &members, Some(&record(9, UP, AT_1)), &there);
    assert_eq!(writes(&decision), "1:0>20 2:0>2 9:1>0");
}

#[test]
fn a_sorry_server_that_cannot_come_in_replaces_nobody() {
    let mut quorum = rules();
    quorum.policy.quorum = 2;
    let members = [record(1, UP, AT_1), record(2, DOWN, AT_1)];
    let decision = judge(
        &quorum,
        &members,
        Some(&record(9, DOWN, GONE)),
        &table(&[1, 1]),
    );
    assert_eq!(writes(&decision), "2:1>0");
    let emptied = Record {
        foreign: Some(0),
        ..record(9, UP, AT_1)
    };
    let mut there = table(&[1, 1]);
    there.push(server(9, 0));
    let decision = judge(&quorum, &members, Some(&emptied), &there);
    assert_eq!(writes(&decision), "2:1>0");
}

#[test]
fn by_hand_goes_before_the_checks() {
    for on_failure in [OnFailure::Inhibit, OnFailure::Remove] {
        let mut rules = rules();
        rules.policy.on_failure = on_failure;
        for verdict in [UP, DOWN, Verdict::Unknown] {
            let maintenance = Record {
                maintenance: true,
                ..record(1, verdict, AT_1)
            };
            for out in [maintenance, drained(record(1, verdict, AT_1), false)] {
                let case = format!("{on_failure:?} {out:?}");
                let done = |out: &Record, there: &[Server]| {
                    writes(&judge(&rules, std::slice::from_ref(out), None, there))
                };
                assert_eq!(done(&out, &table(&[1])), "1:1>0", "{case}");
                // Lost, it comes back as it was left; a removed one stays out.
                let mut left = out.clone();
                left.written = AT_0;
                assert_eq!(done(&left, &[]), "+1=0", "{case}");
                assert_eq!(done(&left, &table(&[0])), "", "{case}");
                // Somebody sets a weight on top of it.
                assert_eq!(done(&left, &table(&[5])), "", "{case}");
                left.written = GONE;
                assert_eq!(done(&left, &[]), "", "{case}");
            }
        }
    }
}

#[test]
fn draining_the_last_server_calls_the_sorry_server_only_when_told() {
    let sorry = record(9, UP, GONE);
    let ask = |members: &[Record], there: &[u32]| {
        writes(&judge(&rules(), members, Some(&sorry), &table(there)))
    };
    let up = |last| record(last, UP, AT_1);
    let quiet = |last| drained(up(last), false);
    assert_eq!(ask(&[quiet(1), quiet(2)], &[1, 1]), "1:1>0 2:1>0");
    assert_eq!(
        ask(&[quiet(1), drained(up(2), true)], &[1, 1]),
        "1:1>0 2:1>0"
    );
    assert_eq!(ask(&[drained(up(1), true)], &[1]), "+9=1 1:1>0");
    // The last one that is not drained fails.
    assert_eq!(ask(&[quiet(1), failed(2, 5)], &[1, 1]), "+9=1 1:1>0 2:1>0");
    // The file takes all of them out.
    let maintenance = Record {
        maintenance: true,
        ..up(1)
    };
    assert_eq!(ask(&[maintenance], &[1]), "+9=1 1:1>0");
    // A quorum is cut to what those can reach that are not out.
    let mut two = rules();
    two.policy.quorum = 2;
    let decision = judge(&two, &[quiet(1), up(2)], Some(&sorry), &table(&[1, 1]));
    assert_eq!(writes(&decision), "1:1>0");
    // One that is in already stays when the last one is drained.
    let mut there = table(&[0]);
    there.push(server(9, 1));
    let out = drained(record(1, DOWN, AT_0), false);
    let decision = judge(&rules(), &[out], Some(&record(9, UP, AT_1)), &there);
    assert_eq!(writes(&decision), "");
}

#[test]
fn a_weight_grows_from_the_time_of_its_return() {
    let slow = Rules {
        slow_start: Some(Duration::from_secs(30)),
        ..rules()
    };
    let at = |weight| Some(Entry::Weight(weight));
    // What is written, since when it grows, what is found, what is wanted and grows.
    for (written, rising, found, wanted, still) in [
        (0, None, 0, 10, Some(1000)),
        (10, Some(1000), 10, 10, Some(1000)),
        (10, Some(990), 10, 40, Some(990)),
        (10, Some(970), 10, 100, None),
        (100, None, 100, 100, None),
        // The clock was set back, and forth.
        (40, Some(5000), 40, 40, Some(5000)),
        (40, Some(0), 40, 100, None),
        // Somebody gave it all of it, or something else.
        (40, Some(990), 100, 100, None),
        (40, Some(990), 55, 55, None),
        // It was failing when the probe was killed before its first step.
        (0, Some(900), 0, 10, Some(1000)),
    ] {
        let record = Record {
            server: server(1, 100),
            rising,
            ..record(1, UP, at(written))
        };
        let decision = judge(&slow, &[record], None, &table(&[found]));
        let ruling = &decision.rulings[0];
        let case = format!("{written} {rising:?} {found}");
        assert_eq!(ruling.wanted, Entry::Weight(wanted), "{case}");
        assert_eq!(ruling.rising, still, "{case}");
        // All of it counts for the quorum.
        let live = if found == 55 { 55 } else { 100 };
        assert_eq!(decision.live, live, "{case}");
    }
}
