//! Rules put together by hand, and what they do to a packet.

use super::*;
use crate::model::Family;
use crate::plumbing::ruleset::{ChainRule, Data, Element, Set};
use std::net::IpAddr;

fn packet() -> Packet {
    Packet {
        input: None,
        output: None,
        source: None,
        target: Some(IpAddr::from([192, 0, 2, 1])),
        family: Family::Ipv4,
        protocol: 6,
        source_port: None,
        target_port: Some(80),
        flags: 2,
        state: State::New,
        marks: BTreeSet::from([0]),
    }
}

fn chain(name: &str, drops: bool, rules: Vec<Vec<Expression>>) -> Chain {
    Chain {
        family: INET,
        table: "filter".to_owned(),
        name: name.to_owned(),
        base: Some(Base {
            hook: 1,
            priority: 0,
            drops,
            kind: "filter".to_owned(),
        }),
        rules: (1..)
            .zip(rules)
            .map(|(handle, expressions)| ChainRule {
                handle,
                expressions,
            })
            .collect(),
    }
}

fn fate(chains: Vec<Chain>, sets: Vec<Set>) -> Fate {
    follow(&Ruleset { chains, sets }, &packet(), Hook::Input, 99)
}

/// `tcp dport PORT`, the protocol taken for granted.
fn port(port: u16) -> Vec<Expression> {
    vec![
        Expression::Payload {
            base: 2,
            offset: 2,
            length: 2,
            register: 4,
        },
        Expression::Compare {
            register: 4,
            operator: 0,
            value: port.to_be_bytes().to_vec(),
        },
    ]
}

/// `ip saddr ADDR`.
fn source() -> Vec<Expression> {
    vec![
        Expression::Payload {
            base: 1,
            offset: 12,
            length: 4,
            register: 4,
        },
        Expression::Compare {
            register: 4,
            operator: 0,
            value: vec![10, 0, 0, 1],
        },
    ]
}

fn with(mut rule: Vec<Expression>, verdict: Verdict) -> Vec<Expression> {
    rule.push(Expression::Verdict(verdict));
    rule
}

#[test]
fn a_policy_stops_what_no_rule_accepts() {
    let stopped = fate(
        vec![chain("input", true, vec![with(port(22), Verdict::Accept)])],
        Vec::new(),
    );
    let stop = stopped.certain().unwrap();
    assert_eq!(stop.rule, None);
    assert_eq!(
        stop.name(),
        "the policy of chain input (nft table inet filter) drops"
    );
    let passes = fate(
        vec![chain("input", true, vec![with(port(80), Verdict::Accept)])],
        Vec::new(),
    );
    assert_eq!(passes.certain(), None);
    assert!(passes.may_stop.is_empty());
}

#[test]
fn what_hangs_on_the_client_is_not_certain() {
    let some = fate(
        vec![chain("input", true, vec![with(source(), Verdict::Accept)])],
        Vec::new(),
    );
    assert_eq!(some.certain(), None);
    assert_eq!(some.may_stop.len(), 1);
    let blocked = fate(
        vec![chain("input", false, vec![with(source(), Verdict::Drop)])],
        Vec::new(),
    );
    assert_eq!(blocked.certain(), None);
    assert_eq!(blocked.may_stop[0].doubt, Some(Doubt::Varies));
    // A part that is known to differ decides, whatever the rest is.
    let mut both = source();
    both.extend(port(22));
    let other = fate(
        vec![chain("input", false, vec![with(both, Verdict::Drop)])],
        Vec::new(),
    );
    assert!(other.may_stop.is_empty());
}

#[test]
fn a_chain_is_entered_and_left() {
    let mut inner = chain("services", false, vec![with(port(80), Verdict::Drop)]);
    inner.base = None;
    let jump = || vec![Expression::Verdict(Verdict::Jump("services".to_owned()))];
    let accept_first = fate(
        vec![
            chain(
                "input",
                false,
                vec![with(port(80), Verdict::Accept), jump()],
            ),
            inner.clone(),
        ],
        Vec::new(),
    );
    assert_eq!(accept_first.certain(), None);
    let stopped = fate(
        vec![chain("input", false, vec![jump()]), inner.clone()],
        Vec::new(),
    );
    let stop = stopped.certain().unwrap();
    assert_eq!(
        (stop.chain.as_str(), stop.rule.clone()),
        ("input", Some(("services".to_owned(), 1)))
    );
    // A verdict map sends ports to chains.
    let map = Set {
        family: INET,
        table: "filter".to_owned(),
        name: "__map0".to_owned(),
        intervals: false,
        fields: false,
        elements: Some(vec![Element {
            key: 80_u16.to_be_bytes().to_vec(),
            last: None,
            ends_interval: false,
            catches_all: false,
            data: Data::Verdict(Verdict::Jump("services".to_owned())),
        }]),
    };
    let mut look = port(80);
    look[1] = Expression::LookUp {
        set: "__map0".to_owned(),
        register: 4,
        result: Some(0),
        inverted: false,
    };
    let stopped = fate(vec![chain("input", false, vec![look]), inner], vec![map]);
    assert!(stopped.certain().is_some());
}

#[test]
fn an_interval_holds_what_is_between() {
    let bound = |port: u16, ends_interval| Element {
        key: port.to_be_bytes().to_vec(),
        last: None,
        ends_interval,
        catches_all: false,
        data: Data::Nothing,
    };
    let set = |elements| Set {
        family: INET,
        table: "filter".to_owned(),
        name: "ports".to_owned(),
        intervals: true,
        fields: false,
        elements: Some(elements),
    };
    let mut look = port(80);
    look[1] = Expression::LookUp {
        set: "ports".to_owned(),
        register: 4,
        result: None,
        inverted: false,
    };
    let rule = with(look, Verdict::Drop);
    for (first, behind, stops) in [
        (0, 100, true),
        (80, 81, true),
        (90, 100, false),
        (10, 80, false),
    ] {
        let elements = vec![bound(first, false), bound(behind, true)];
        let fate = fate(
            vec![chain("input", false, vec![rule.clone()])],
            vec![set(elements)],
        );
        assert_eq!(fate.certain().is_some(), stops, "{first} to {behind}");
    }
}

#[test]
fn a_mark_is_set_under_a_mask() {
    let mut info = 1_u32.to_ne_bytes().to_vec();
    info.extend(0xff_u32.to_ne_bytes());
    let target = Expression::Target {
        name: "MARK".to_owned(),
        info,
    };
    let marked = fate(
        vec![chain("input", false, vec![vec![target.clone()]])],
        Vec::new(),
    );
    assert_eq!(marked.marks, BTreeSet::from([1]));
    let mut perhaps = source();
    perhaps.push(target);
    let marked = fate(vec![chain("input", false, vec![perhaps])], Vec::new());
    assert_eq!(marked.marks, BTreeSet::from([0, 1]));
}

#[test]
fn what_is_not_read_is_said() {
    let odd = vec![
        Expression::Unread("osf".to_owned()),
        Expression::Verdict(Verdict::Drop),
    ];
    let fate = fate(vec![chain("input", false, vec![odd])], Vec::new());
    assert_eq!(fate.certain(), None);
    assert_eq!(
        fate.may_stop[0].doubt,
        Some(Doubt::Unread("osf".to_owned()))
    );
}
