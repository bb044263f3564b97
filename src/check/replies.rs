//! Findings about what comes back: `no-way-back`, `never-established`,
//! `rp-filter`, `send-redirects`.

use std::net::{IpAddr, SocketAddr};

use super::facts::{Facts, target};
use super::finding::MACHINE;
use super::reach::Reach;
use super::{Finding, Fix, Id, Severity, Subject};
use crate::model::{Forward, Protocol, Server, ServiceState};

/// Connections that never came to be, and answers that go elsewhere.
pub(super) fn find_stuck(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for state in facts.table() {
        let protocol = state.service.id.protocol();
        if protocol.is_some_and(|protocol| protocol != Protocol::Tcp) {
            continue;
        }
        for server in state.servers.iter().map(|state| &state.server) {
            let lost = no_way_back(facts, state, server);
            findings.extend(lost.or_else(|| never_established(facts, state, server)));
        }
    }
    findings
}

/// How many connections of a service got no further than their SYN at a server.
fn stuck(facts: &Facts, state: &ServiceState, server: &Server) -> usize {
    let id = &state.service.id;
    let addresses = facts.addresses(id);
    let of = |(virtual_end, end): &(SocketAddr, SocketAddr)| {
        (addresses.is_empty() || addresses.contains(&virtual_end.ip()))
            && id
                .port()
                .is_none_or(|port| port == 0 || port == virtual_end.port())
            && end.ip() == server.address
    };
    let found = facts.connections.iter().filter(|(ends, _)| of(ends));
    found.map(|(_, connections)| connections.stuck).sum()
}

fn no_way_back(facts: &Facts, state: &ServiceState, server: &Server) -> Option<Finding> {
    if server.forward != Forward::Nat {
        return None;
    }
    let target = target(server);
    let asked = |((other, source), answer): &(&(SocketAddr, Option<IpAddr>), &Reach)| {
        *other == target && source.is_some() && **answer == Reach::Silent
    };
    let ((_, source), _) = facts.reach.iter().find(asked)?;
    let source = (*source)?;
    let way = facts.server_ways.get(&server.address)?;
    let ours = way.source.map_or_else(String::new, |ours| ours.to_string());
    Some(Finding {
        id: Id::NoWayBack,
        severity: Severity::Critical,
        subject: Subject::server(server, state.service.id),
        seen: format!(
            "asked from {ours} it answers; asked from {source}, which is beyond its own net, its \
             answer does not come back here"
        ),
        means: "nat needs the server's answers to come back through this machine; clients \
                connect and time out"
            .to_owned(),
        fix: to_come_back(&ours),
    })
}

fn to_come_back(ours: &str) -> Fix {
    Fix::Advice(format!(
        "on the server: ip route replace default via {ours}; where it needs another default \
         route: ip route add CLIENTS via {ours}"
    ))
}

fn plural(count: usize) -> &'static str {
    if count == 1 {
        "connection"
    } else {
        "connections"
    }
}

fn never_established(facts: &Facts, state: &ServiceState, server: &Server) -> Option<Finding> {
    let reached = facts.reach.get(&(target(server), None));
    let count = stuck(facts, state, server);
    // One that does not answer at all is named already.
    if count == 0 || !matches!(reached, Some(Reach::There | Reach::Refused)) {
        return None;
    }
    let vip = facts.addresses(&state.service.id).first().copied();
    let vip = vip.map_or_else(|| "VIP".to_owned(), |vip| vip.to_string());
    let ours = facts.server_ways.get(&server.address)?.source;
    let ours = ours.map_or_else(String::new, |ours| ours.to_string());
    let (means, fix) = match server.forward {
        Forward::Nat => (
            "the server answers this machine, but its answers to these clients do not come back \
             through here, as nat needs it: they are lost, or they go past IPVS"
                .to_owned(),
            to_come_back(&ours),
        ),
        Forward::Dr => (
            format!(
                "with dr the server must take packets for {vip} itself ({vip} on its lo) and \
                 answer the client; it does not"
            ),
            Fix::Advice(format!("on the server: lbctl real setup {vip}")),
        ),
        _ => (
            format!(
                "with tun the server must unpack (tunl0 up), take packets for {vip} itself \
                 ({vip} on its lo) and answer the client; it does not"
            ),
            Fix::Advice(format!(
                "on the server: lbctl real setup {vip} --method tun"
            )),
        ),
    };
    Some(Finding {
        id: Id::NeverEstablished,
        severity: Severity::Critical,
        subject: Subject::server(server, state.service.id),
        seen: format!(
            "{count} {} to it got no further than the SYN",
            plural(count)
        ),
        means,
        fix,
    })
}

pub(super) fn find(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(reverse_path(facts));
    findings.extend(redirects(facts));
    findings
}

/// Servers of dr and tun whose replies pass here bring packets from the VIP in by an
/// interface that does not lead to the VIP.
fn reverse_path(facts: &Facts) -> Option<Finding> {
    if facts.reverse_path_drops == 0 {
        return None;
    }
    let strict = |state: &ServiceState, server: &Server| -> Option<(String, bool)> {
        let way = facts.server_ways.get(&server.address)?;
        let name = &way.device.name;
        let vips = facts.addresses(&state.service.id);
        let elsewhere = |vip: &IpAddr| facts.vip_devices.get(vip) != Some(&way.device.index);
        let direct = matches!(server.forward, Forward::Dr | Forward::Tun(_));
        let filters = facts.of_interface(name, "rp_filter") == 1;
        let found = direct && filters && vips.iter().any(elsewhere);
        found.then(|| (name.clone(), stuck(facts, state, server) > 0))
    };
    let found = facts.table().iter().flat_map(|state| {
        let servers = state.servers.iter();
        servers.filter_map(move |server| strict(state, &server.server))
    });
    let (name, stops) = found.max_by_key(|(_, stops)| *stops)?;
    let mut commands = vec![format!("sysctl -w net.ipv4.conf.{name}.rp_filter=0")];
    if facts.is_set("net/ipv4/conf/all/rp_filter", "1") {
        commands.insert(0, "sysctl -w net.ipv4.conf.all.rp_filter=0".to_owned());
    }
    Some(Finding {
        id: Id::RpFilter,
        severity: if stops {
            Severity::Critical
        } else {
            Severity::Warning
        },
        subject: name.clone().into(),
        seen: format!(
            "rp_filter is 1 on {name}, and {} packets were dropped by it here",
            facts.reverse_path_drops
        ),
        means: "replies of dr and tun servers that pass here come from the VIP, which is not \
                behind that interface: they are dropped"
            .to_owned(),
        fix: Fix::Commands {
            commands,
            mind: "or give the servers another gateway".to_owned(),
        },
    })
}

fn redirects(facts: &Facts) -> Option<Finding> {
    let nat = facts.table().iter().any(|state| {
        let mut servers = state.servers.iter();
        servers.any(|server| server.server.forward == Forward::Nat)
    });
    let links = facts
        .links
        .iter()
        .filter(|link| link.up && !link.loopback && !link.addresses.is_empty());
    let one: Vec<_> = links.collect();
    let [arm] = one.as_slice() else {
        return None;
    };
    let name = &arm.device.name;
    if !nat || facts.of_interface(name, "send_redirects") == 0 {
        return None;
    }
    Some(Finding {
        id: Id::SendRedirects,
        severity: Severity::Warning,
        subject: MACHINE.into(),
        seen: format!("clients and servers are both behind {name}, and send_redirects is on"),
        means: "this machine tells servers to answer clients directly; connections then break \
                off"
        .to_owned(),
        fix: Fix::Commands {
            commands: vec![
                "sysctl -w net.ipv4.conf.all.send_redirects=0".to_owned(),
                format!("sysctl -w net.ipv4.conf.{name}.send_redirects=0"),
            ],
            mind: "on the servers, to forget at once: ip route flush cache".to_owned(),
        },
    })
}
