//! Plans without a kernel: what is asked for and what is there make the steps.

use std::collections::BTreeMap;

use super::parameters::{ALL, FILTER, IGNORE, PARAMETERS, parameter, parameter_parts};
use super::*;
use crate::plumbing::network::Interface;

const VIP: &str = "192.0.2.1";
const SIX: &str = "2001:db8::1";

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// A machine with lo, eth0 and tunl0, with rp_filter of `all` at this value.
fn machine(filter: u32) -> Reals {
    let interface = |name: &str, quiet, up, addresses| Interface {
        name: name.to_owned(),
        index: 1,
        up,
        quiet,
        addresses,
    };
    let mut parameters = BTreeMap::new();
    for name in ["all", "default", "lo", "eth0", "tunl0"] {
        for leaf in PARAMETERS {
            parameters.insert(parameter(name, leaf), "0".to_owned());
        }
    }
    parameters.insert(parameter(ALL, FILTER), filter.to_string());
    Reals {
        record: RealRecord::default(),
        originals: BTreeMap::new(),
        interfaces: vec![
            interface("lo", true, true, Vec::new()),
            interface("eth0", false, true, vec![(ip("192.0.2.100"), 24)]),
            interface("tunl0", true, false, Vec::new()),
        ],
        parameters,
        ports: None,
        segments: Segments::new(),
    }
}

fn wish(encapsulation: Option<Encapsulation>) -> RealWish {
    RealWish {
        encapsulation,
        ..RealWish::default()
    }
}

fn set_up(reals: &mut Reals, address: &str, wish: RealWish) -> Vec<String> {
    let vip = reals.named(ip(address), wish).unwrap();
    let steps = reals.plan_setup(&vip).unwrap();
    steps.iter().map(ToString::to_string).collect()
}

fn undo(reals: &mut Reals, address: &str) -> Vec<String> {
    let steps = reals.plan_undo(&[ip(address)]);
    steps.iter().map(ToString::to_string).collect()
}

#[test]
fn it_is_silent_before_it_has_the_address() {
    let mut reals = machine(0);
    assert_eq!(
        set_up(&mut reals, VIP, wish(None)),
        [
            "remember the VIP 192.0.2.1",
            "set net.ipv4.conf.all.arp_ignore to 1",
            "set net.ipv4.conf.all.arp_announce to 2",
            "add 192.0.2.1 to lo",
        ]
    );
    assert!(set_up(&mut reals, VIP, wish(None)).is_empty());
    // IPv6 has no such parameters, and needs none.
    assert_eq!(
        set_up(&mut reals, SIX, wish(None)),
        ["remember the VIP 2001:db8::1", "add 2001:db8::1 to lo"]
    );
    assert_eq!(undo(&mut reals, SIX).len(), 2);
    assert_eq!(
        undo(&mut reals, VIP),
        [
            "remove 192.0.2.1 from lo",
            "set net.ipv4.conf.all.arp_announce to 0",
            "set net.ipv4.conf.all.arp_ignore to 0",
            "forget the VIP 192.0.2.1",
        ]
    );
    assert!(undo(&mut reals, VIP).is_empty());
}

#[test]
fn the_filter_of_all_goes_to_each_interface() {
    let mut reals = machine(1);
    let steps = set_up(&mut reals, VIP, wish(Some(Encapsulation::Gue(6080))));
    let filters: Vec<&String> = steps.iter().filter(|text| text.contains(FILTER)).collect();
    assert_eq!(
        filters,
        [
            "set net.ipv4.conf.eth0.rp_filter to 1",
            "set net.ipv4.conf.lo.rp_filter to 1",
            "set net.ipv4.conf.all.rp_filter to 0",
        ]
    );
    let position = |text: &str| steps.iter().position(|step| step.contains(text)).unwrap();
    assert!(position("open UDP port 6080") < position("bring tunl0 up"));
    assert_eq!(position("add 192.0.2.1 to lo"), steps.len() - 1);
    let back = undo(&mut reals, VIP);
    let all = back
        .iter()
        .position(|text| text.contains("all.rp_filter to 1"));
    let eth0 = back
        .iter()
        .position(|text| text.contains("eth0.rp_filter to 0"));
    assert!(all.unwrap() < eth0.unwrap(), "{back:?}");
    assert_eq!(reals.record, RealRecord::default());
    assert!(reals.originals.is_empty());
}

#[test]
fn what_another_vip_needs_stays() {
    let mut reals = machine(0);
    let tunnel = wish(Some(Encapsulation::Ipip));
    set_up(&mut reals, VIP, tunnel);
    set_up(&mut reals, "192.0.2.2", tunnel);
    assert_eq!(
        undo(&mut reals, VIP),
        [
            "remove 192.0.2.1 from lo",
            "set the greatest TCP segment",
            "forget the VIP 192.0.2.1",
        ]
    );
    let last = undo(&mut reals, "192.0.2.2");
    assert!(last.contains(&"take tunl0 down".to_owned()), "{last:?}");
}

#[test]
fn what_is_there_already_is_used_and_stays() {
    let mut reals = machine(0);
    reals.interfaces[0].addresses.push((ip(VIP), 32));
    reals.interfaces[2].up = true;
    reals
        .parameters
        .insert(parameter(ALL, IGNORE), "2".to_owned());
    let mut tunnel = wish(Some(Encapsulation::Ipip));
    tunnel.mss = Some(0);
    let steps = set_up(&mut reals, VIP, tunnel);
    assert_eq!(steps.len(), 2, "{steps:?}");
    let back = undo(&mut reals, VIP);
    assert_eq!(back.len(), 2, "{back:?}");
}

#[test]
fn what_neighbours_ask_for_is_no_vip() {
    let reals = machine(0);
    let vip = reals.named(ip("192.0.2.100"), wish(None)).unwrap();
    let why = reals.missing(&vip).unwrap_err().to_string();
    assert!(
        why.contains("ip address del 192.0.2.100/24 dev eth0"),
        "{why}"
    );
    for address in ["0.0.0.0", "::1", "ff02::1", "fe80::1", "255.255.255.255"] {
        let vip = reals.named(ip(address), wish(None)).unwrap();
        assert!(reals.missing(&vip).is_err(), "{address}");
    }
}

#[test]
fn another_way_needs_an_undo_first() {
    let mut reals = machine(0);
    set_up(&mut reals, VIP, wish(Some(Encapsulation::Ipip)));
    assert!(set_up(&mut reals, VIP, RealWish::default()).is_empty());
    let other = reals.named(ip(VIP), wish(Some(Encapsulation::Gre)));
    let why = other.unwrap_err().to_string();
    assert!(why.contains("lbctl real undo 192.0.2.1"), "{why}");
}

#[test]
fn a_parameter_is_read_as_it_was_named() {
    for interface in ["all", "eth0", "eth0.5"] {
        let name = parameter(interface, FILTER);
        assert_eq!(parameter_parts(&name), Some((interface, FILTER)));
    }
    assert_eq!(parameter_parts("net.ipv4.ip_forward"), None);
}
