//! Host steps in the words of sysctl, nft and ip.

use std::net::IpAddr;

use super::real;
use crate::model::{
    Family, HandMade, HandMadeKind, HostStep, InterfaceName, LocalRoute, PolicyRule, Vip,
};

/// The commands for a step.
pub(super) fn commands(step: &HostStep) -> Vec<String> {
    match step {
        HostStep::SetSysctl { name, after, .. } => vec![format!("sysctl -w {name}={after}")],
        HostStep::AddMark { vip, first } => {
            let mut lines = if *first { mark_table() } else { Vec::new() };
            lines.push(format!(
                "nft add element inet lbctl {} '{{ {} : {} }}'",
                map(vip.address),
                vip.address,
                vip.mark
            ));
            lines
        }
        HostStep::RemoveMark { last: true, .. } => vec!["nft delete table inet lbctl".to_owned()],
        HostStep::RemoveMark { vip, last: false } => vec![format!(
            "nft delete element inet lbctl {} '{{ {} }}'",
            map(vip.address),
            vip.address
        )],
        HostStep::AddAddress(vip) => vec![address_command("add", vip)],
        HostStep::RemoveAddress(vip) => vec![address_command("del", vip)],
        // Only lbctl remembers.
        HostStep::NoteVip { .. } => Vec::new(),
        HostStep::AddSnat { address, first } => {
            let mut lines = if *first { snat_table() } else { Vec::new() };
            let set = map(*address);
            lines.push(format!(
                "nft add element inet lbctl_snat {set} '{{ {address} }}'"
            ));
            lines
        }
        HostStep::RemoveSnat { last: true, .. } => {
            vec!["nft delete table inet lbctl_snat".to_owned()]
        }
        HostStep::RemoveSnat {
            address,
            last: false,
        } => vec![format!(
            "nft delete element inet lbctl_snat {} '{{ {address} }}'",
            map(*address)
        )],
        HostStep::SetAside { thing, .. } => vec![by_hand("del", thing)],
        HostStep::PutBack { thing, .. } => vec![by_hand("add", thing)],
        HostStep::AddRule(rule) => vec![rule_command("add", rule)],
        HostStep::RemoveRule(rule) => vec![rule_command("del", rule)],
        HostStep::AddRoute(route) => vec![route_command("add", route)],
        HostStep::RemoveRoute(route) => vec![route_command("del", route)],
        HostStep::Real(step) => real::commands(step),
    }
}

fn map(address: IpAddr) -> &'static str {
    match Family::of(address) {
        Family::Ipv4 => "vip4",
        Family::Ipv6 => "vip6",
    }
}

fn mark_table() -> Vec<String> {
    let mut lines = vec![
        "nft add table inet lbctl".to_owned(),
        "nft add map inet lbctl vip4 '{ type ipv4_addr : mark; }'".to_owned(),
        "nft add map inet lbctl vip6 '{ type ipv6_addr : mark; }'".to_owned(),
    ];
    for (chain, kind) in [("prerouting", "filter"), ("output", "route")] {
        lines.push(format!(
            "nft add chain inet lbctl {chain} '{{ type {kind} hook {chain} priority mangle; }}'"
        ));
        for (family, map) in [("ip", "vip4"), ("ip6", "vip6")] {
            lines.push(format!(
                "nft add rule inet lbctl {chain} meta mark set {family} daddr map @{map}"
            ));
        }
    }
    lines
}

fn snat_table() -> Vec<String> {
    let mut lines = vec![
        "nft add table inet lbctl_snat".to_owned(),
        "nft add set inet lbctl_snat vip4 '{ type ipv4_addr; }'".to_owned(),
        "nft add set inet lbctl_snat vip6 '{ type ipv6_addr; }'".to_owned(),
        "nft add chain inet lbctl_snat postrouting '{ type nat hook postrouting priority srcnat; }'"
            .to_owned(),
    ];
    for (family, set) in [("ip", "vip4"), ("ip6", "vip6")] {
        lines.push(format!(
            "nft add rule inet lbctl_snat postrouting ct original {family} daddr @{set} masquerade"
        ));
    }
    lines
}

fn address_command(verb: &str, vip: &Vip) -> String {
    let family = vip.family();
    // It is ours alone: nobody has to be asked whether it is taken.
    let nodad = match (family, verb) {
        (Family::Ipv6, "add") => " nodad",
        _ => "",
    };
    format!(
        "{} address {verb} {}/{} dev {}{nodad}",
        ip(family),
        vip.address,
        family.bits(),
        vip.interface().unwrap_or_else(InterfaceName::loopback)
    )
}

/// A rule of nf_tables is deleted by its handle, which nft shows.
fn by_hand(verb: &str, thing: &HandMade) -> String {
    match (&thing.kind, verb) {
        (HandMadeKind::Mark { .. }, "del") => {
            format!(
                "nft delete rule {} handle N  # see: nft -a list ruleset",
                thing.text
            )
        }
        (HandMadeKind::Mark { .. }, _) => format!("# nft: again the rule in {}", thing.text),
        (HandMadeKind::Rule, _) => format!("ip rule {verb} {}", thing.text),
        (HandMadeKind::Route, _) => format!("ip route {verb} {}", thing.text),
    }
}

fn ip(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "ip",
        Family::Ipv6 => "ip -6",
    }
}

fn rule_command(verb: &str, rule: &PolicyRule) -> String {
    format!(
        "{} rule {verb} priority {} fwmark {} lookup {}",
        ip(rule.family),
        rule.priority,
        rule.mark,
        rule.table
    )
}

fn route_command(verb: &str, route: &LocalRoute) -> String {
    let family = Family::of(route.address);
    format!(
        "{} route {verb} local {}/{} dev lo table {}",
        ip(family),
        route.address,
        family.bits(),
        route.table
    )
}
