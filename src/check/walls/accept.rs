//! Commands that let packets through before the rule that stops them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::check::Fix;
use crate::check::firewall::Stop;

/// The end of a connection that a rule is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct End {
    pub address: IpAddr,
    pub protocol: &'static str,
    pub port: u16,
}

/// Which end of the packets.
pub(super) enum Side {
    /// They go there.
    To,
    /// They come from there.
    From,
}

pub(super) fn names(ends: &BTreeSet<End>) -> String {
    let mut names = ends.iter().map(|end| {
        let address = crate::model::bracketed(end.address);
        match end.port {
            0 => format!("{} {address}", end.protocol),
            port => format!("{} {address}:{port}", end.protocol),
        }
    });
    let first: Vec<String> = names.by_ref().take(4).collect();
    match names.count() {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// Rules before the one that stops, which let exactly these ends through.
pub(super) fn accept(stop: &Stop, ends: &BTreeSet<End>, side: Side) -> Fix {
    let (side, short, port_side, long) = match side {
        Side::To => ("daddr", "-d", "dport", "--dport"),
        Side::From => ("saddr", "-s", "sport", "--sport"),
    };
    if stop.does.starts_with("sends elsewhere") {
        return Fix::Advice(format!(
            "take that rule away, or have it leave these addresses alone: nft -a list table {} {}",
            stop.family, stop.table
        ));
    }
    let mut groups: BTreeMap<(bool, &str, u16), Vec<String>> = BTreeMap::new();
    for end in ends {
        let group = (end.address.is_ipv4(), end.protocol, end.port);
        let group = groups.entry(group).or_default();
        group.push(end.address.to_string());
    }
    let commands = groups.into_iter().map(|((v4, protocol, port), addresses)| {
        if stop.is_iptables() {
            let program = if v4 { "iptables" } else { "ip6tables" };
            let port = match port {
                0 => String::new(),
                port => format!(" {long} {port}"),
            };
            return format!(
                "{program} -t {} -I {} {short} {} -p {protocol}{port} -j ACCEPT",
                stop.table,
                stop.chain,
                addresses.join(",")
            );
        }
        let family = if v4 { "ip" } else { "ip6" };
        let addresses = match addresses.as_slice() {
            [one] => one.clone(),
            many => format!("{{ {} }}", many.join(", ")),
        };
        let port = match port {
            0 => format!("meta l4proto {protocol}"),
            port => format!("{protocol} {port_side} {port}"),
        };
        format!(
            "nft insert rule {} {} {} {family} {side} {addresses} {port} accept",
            stop.family, stop.table, stop.chain
        )
    });
    Fix::Commands {
        commands: commands.collect(),
        mind: "lasts until the firewall is loaded again: put it into its file, too".to_owned(),
    }
}
