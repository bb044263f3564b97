//! Plans played on pictures of machines.

use super::*;
use crate::model::{Family, InterfaceName, LocalRoute, PolicyRule, Vip};
use crate::plumbing::record::Record;
use crate::plumbing::route::{Route, RouteKind};
use crate::plumbing::rule::Rule;
use crate::plumbing::{ByHand, Part, VipState};

const A: &str = "192.0.2.1";
const B: &str = "192.0.2.2";
const SIX: &str = "2001:db8::1";

fn empty() -> Vips {
    Vips {
        marks: None,
        can_mark: true,
        rules: Vec::new(),
        routes: Vec::new(),
        interfaces: vec![InterfaceName::loopback(), "eth0".parse().unwrap()],
        own: Vec::new(),
        snats: None,
        conntrack: Some("0".to_owned()),
        by_hand: ByHand::default(),
        record: Record::default(),
    }
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// A rule somebody made.
fn rule(priority: u32, mark: u32, table: u32) -> Rule {
    Rule {
        protocol: 3,
        ..Rule::ours(&PolicyRule {
            family: Family::Ipv4,
            priority,
            mark,
            table,
        })
    }
}

/// A route somebody made.
fn route(destination: &str, table: u32) -> Route {
    Route {
        protocol: 3,
        ..Route::ours(&LocalRoute {
            address: address(destination),
            table,
        })
    }
}

fn add(vips: &mut Vips, text: &str) -> (Vip, usize) {
    let planned = vips.plan_add(address(text), Wanted::default()).unwrap();
    (planned.vip, planned.steps.len())
}

fn numbers(vip: Vip) -> (u32, u32, u32) {
    (vip.mark, vip.table, vip.priority)
}

fn refusal(vips: &mut Vips, wanted: Wanted) -> String {
    let error = vips.plan_add(address(A), wanted).unwrap_err();
    error.reason.to_string()
}

#[test]
fn twice_is_once_and_vips_of_a_family_share_their_numbers() {
    let mut vips = empty();
    let (first, steps) = add(&mut vips, A);
    assert_eq!((numbers(first), steps), ((1, 100, 100), 3));
    assert_eq!(add(&mut vips, A), (first, 0));
    let (second, steps) = add(&mut vips, B);
    assert_eq!((numbers(second), steps), ((1, 100, 100), 2));
    let (six, steps) = add(&mut vips, SIX);
    assert_eq!((numbers(six), steps), ((1, 100, 100), 3));
    assert!(vips.list().iter().all(VipState::is_complete));
    assert_eq!(vips.plan_remove(address(A)).unwrap().len(), 2);
    let last = vips.plan_remove(address(B)).unwrap();
    assert_eq!(last.len(), 3);
    assert_eq!(
        last[2],
        HostStep::RemoveMark {
            vip: second,
            last: false
        }
    );
    assert_eq!(vips.plan_remove_all().unwrap().len(), 3);
    assert!(vips.marks.is_none() && vips.rules.is_empty() && vips.routes.is_empty());
}

#[test]
fn numbers_in_use_are_passed_over() {
    let mut vips = empty();
    // Bits 0x1 of any mark, and so mark 1, 3, 5 are somebody's.
    vips.rules.push(Rule {
        mask: 1,
        ..rule(100, 1, 200)
    });
    vips.routes.push(Route {
        kind: RouteKind::Unicast,
        length: 0,
        ..route("0.0.0.0", 100)
    });
    assert_eq!(numbers(add(&mut vips, A).0), (2, 101, 101));
    let wanted = Wanted {
        mark: Some(3),
        ..Wanted::default()
    };
    vips.plan_remove(address(A)).unwrap();
    assert_eq!(
        refusal(&mut vips, wanted),
        "mark 3 is in use by the rule with priority 100; leave it out, or take --mark 2"
    );
}

#[test]
fn numbers_that_are_asked_for_are_taken_or_refused() {
    let wanted = |mark, table, priority| Wanted {
        mark,
        table,
        priority,
        ..Wanted::default()
    };
    let mut vips = empty();
    vips.rules.push(rule(50, 7, 70));
    assert!(refusal(&mut vips, wanted(Some(0), None, None)).contains("unmarked"));
    assert!(refusal(&mut vips, wanted(None, Some(254), None)).contains("kernel's own"));
    assert!(refusal(&mut vips, wanted(None, Some(70), None)).contains("--table 100"));
    assert!(refusal(&mut vips, wanted(None, None, Some(0))).contains("between"));
    assert!(refusal(&mut vips, wanted(None, None, Some(32766))).contains("between"));
    assert!(refusal(&mut vips, wanted(None, None, Some(50))).contains("--priority 100"));
    let five = wanted(Some(5), Some(500), Some(55));
    let planned = vips.plan_add(address(A), five).unwrap();
    assert_eq!(numbers(planned.vip), (5, 500, 55));
    let six = wanted(Some(6), None, None);
    assert!(refusal(&mut vips, six).contains("lbctl vip del 192.0.2.1"));
    let other = vips.plan_add(address(B), six).unwrap();
    assert_eq!(numbers(other.vip), (6, 100, 100));
    let same_mark = wanted(Some(5), None, Some(56));
    let other = vips.plan_add(address("192.0.2.3"), same_mark).unwrap();
    assert_eq!(numbers(other.vip), (5, 100, 56));
}

#[test]
fn a_rule_and_a_route_that_do_the_job_already_stay() {
    let mut vips = empty();
    vips.rules.push(rule(60, 1, 100));
    vips.routes.push(route(A, 100));
    let (vip, steps) = add(&mut vips, A);
    assert_eq!((numbers(vip), steps), ((1, 100, 60), 1));
    let state = vips.list()[0];
    assert_eq!((state.rule, state.route), (Part::Foreign, Part::Foreign));
    let steps = vips.plan_remove(address(A)).unwrap();
    assert_eq!(steps, [HostStep::RemoveMark { vip, last: true }]);
}

#[test]
fn only_what_is_missing_is_planned() {
    let mut whole = empty();
    let (vip, _) = add(&mut whole, A);
    let mut vips = whole.clone();
    vips.rules.clear();
    assert_eq!(
        vips.plan_repair().unwrap(),
        [HostStep::AddRule(rule_of(&vip))]
    );
    let mut vips = whole.clone();
    vips.routes.clear();
    assert_eq!(
        vips.plan_repair().unwrap(),
        [HostStep::AddRoute(route_of(&vip))]
    );
    // Another program flushed the ruleset.
    let mut vips = whole.clone();
    vips.marks = None;
    let mark = HostStep::AddMark { vip, first: true };
    assert_eq!(vips.plan_repair().unwrap(), [mark]);
    // The record is lost: marking again records it again.
    let mut vips = whole.clone();
    vips.record = Record::default();
    let mark = HostStep::AddMark { vip, first: false };
    assert_eq!(vips.plan_repair().unwrap(), [mark]);
    // After a reboot, or when only a route is left to tell of it.
    let mut vips = empty();
    vips.record = whole.record;
    assert_eq!(vips.plan_repair().unwrap().len(), 3);
    let mut vips = empty();
    vips.routes = whole.routes;
    assert_eq!(vips.plan_remove_all().unwrap().len(), 2);
}

#[test]
fn an_address_of_the_machine_is_noted_and_an_unknown_one_refused() {
    let mut vips = empty();
    vips.routes.push(route(A, 255));
    let planned = vips.plan_add(address(A), Wanted::default()).unwrap();
    assert_eq!(planned.notes.len(), 1);
    let error = vips.plan_remove(address(B)).unwrap_err().to_string();
    assert!(error.contains("it has: 192.0.2.1"), "{error}");
    vips.can_mark = false;
    assert!(refusal(&mut vips, Wanted::default()).contains("modprobe nf_tables"));
}
