//! Findings `firewall-input`, `firewall-output`, `firewall-forward` and
//! `firewall-unclear`: rules of nf_tables that stop clients' packets, or servers'
//! replies.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Facts, target};
use super::finding::MACHINE;
use super::firewall::{Device, Doubt, Fate, Hook, Packet, State, Stop, follow};
use super::ways::{ALL_CHAINS, CLIENT_PORT, request};
use super::{Finding, Fix, Id, Severity};
use crate::model::{Family, Forward, Protocol, Server, ServiceId};
use crate::plumbing::ruleset::Ruleset;
use accept::{End, Side, accept, names};

mod accept;

/// IPVS takes packets at `NF_IP_PRI_NAT_SRC - 2` in LOCAL_IN and FORWARD
/// (`ip_vs_ops4`); later kernels at -1.
pub(super) const IPVS: i32 = 98;

/// Who stops which ends, by hook and stop.
type Stopped = BTreeMap<(String, u64), (Stop, BTreeSet<End>)>;

fn protocol(id: &ServiceId) -> &'static str {
    match id.protocol() {
        Some(Protocol::Udp) => "udp",
        Some(Protocol::Sctp) => "sctp",
        _ => "tcp",
    }
}

fn remember(stopped: &mut Stopped, stop: &Stop, end: End) {
    let handle = stop.rule.as_ref().map_or(0, |(_, handle)| *handle);
    let (_, ends) = stopped
        .entry((stop.name(), handle))
        .or_insert_with(|| (stop.clone(), BTreeSet::new()));
    ends.insert(end);
}

/// What becomes of a packet on its way in, by the interfaces that clients come by:
/// the first hook that stops it, and its fate there.
pub(super) fn inwards(facts: &Facts, ruleset: &Ruleset, packet: &Packet) -> (Hook, Fate) {
    let mut last = (Hook::Input, Fate::default());
    let mut passes = None;
    for link in facts.client_sides() {
        let mut packet = packet.clone();
        packet.input = Some(link.device.clone());
        let early = follow(ruleset, &packet, Hook::Prerouting, ALL_CHAINS);
        if early.certain().is_some() {
            last = (Hook::Prerouting, early);
            continue;
        }
        packet.marks = early.marks;
        let mut fate = follow(ruleset, &packet, Hook::Input, IPVS);
        fate.may_stop.extend(early.may_stop);
        if fate.certain().is_some() {
            last = (Hook::Input, fate);
        } else {
            passes = Some((Hook::Input, fate));
        }
    }
    // One interface that lets them through may be the clients'.
    passes.unwrap_or(last)
}

pub(super) fn find_input(facts: &Facts) -> Vec<Finding> {
    let Some(ruleset) = &facts.ruleset else {
        return Vec::new();
    };
    let mut stopped = Stopped::new();
    let mut unread = BTreeSet::new();
    for state in facts.table() {
        let id = &state.service.id;
        for address in facts.addresses(id) {
            let packet = request(id, Some(address));
            let (_, fate) = inwards(facts, ruleset, &packet);
            if let Some(stop) = fate.certain() {
                let end = End {
                    address,
                    protocol: protocol(id),
                    port: id.port().unwrap_or(0),
                };
                remember(&mut stopped, stop, end);
                continue;
            }
            for stop in &fate.may_stop {
                if let Some(Doubt::Unread(what)) = &stop.doubt {
                    unread.insert(format!("{}, if {what} holds", stop.name()));
                }
            }
        }
    }
    let mut findings: Vec<Finding> = stopped
        .into_values()
        .map(|(stop, ends)| Finding {
            id: Id::FirewallInput,
            severity: Severity::Critical,
            subject: names(&ends).into(),
            seen: stop.name(),
            means: "clients' packets end in this machine's firewall, before IPVS; IPVS takes \
                    them behind its INPUT"
                .to_owned(),
            fix: accept(&stop, &ends, Side::To),
        })
        .collect();
    if !unread.is_empty() {
        findings.push(Finding {
            id: Id::FirewallUnclear,
            severity: Severity::Unknown,
            subject: MACHINE.into(),
            seen: unread.into_iter().collect::<Vec<_>>().join("; "),
            means: "whether these rules stop clients' packets cannot be told by reading them"
                .to_owned(),
            fix: Fix::Advice("look at them with: nft -a list ruleset".to_owned()),
        });
    }
    findings
}

/// Servers' answers to what this machine itself asks pass INPUT, too.
pub(super) fn find_checks(facts: &Facts) -> Option<Finding> {
    let ruleset = facts.ruleset.as_ref()?;
    let servers = facts.table().iter().flat_map(|state| {
        let servers = state.servers.iter();
        servers.map(|server| (&state.service.id, &server.server))
    });
    let mut stopped = BTreeMap::new();
    for (id, server) in servers.filter(|(id, _)| protocol(id) == "tcp") {
        let Some(way) = facts.server_ways.get(&server.address) else {
            continue;
        };
        let mut packet = reply(facts, id, server, (&way.device, &way.device));
        packet.output = None;
        packet.family = Family::of(server.address);
        packet.target = way.source;
        packet.state = State::Established;
        let fate = follow(ruleset, &packet, Hook::Input, ALL_CHAINS);
        if let Some(stop) = fate.certain() {
            stopped
                .entry(server.endpoint())
                .or_insert_with(|| stop.clone());
        }
    }
    let stop = stopped.values().next()?;
    let command = if stop.is_iptables() {
        let program = if stop.family == "ip" {
            "iptables"
        } else {
            "ip6tables"
        };
        format!(
            "{program} -t {} -I {} -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
            stop.table, stop.chain
        )
    } else {
        format!(
            "nft insert rule {} {} {} ct state established,related accept",
            stop.family, stop.table, stop.chain
        )
    };
    Some(Finding {
        id: Id::FirewallChecks,
        severity: Severity::Warning,
        subject: stopped
            .keys()
            .take(4)
            .cloned()
            .collect::<Vec<_>>()
            .join(", ")
            .into(),
        seen: stop.name(),
        means: "what servers answer to this machine itself ends in its firewall: health checks \
                fail, and whether the servers are well cannot be told"
            .to_owned(),
        fix: Fix::command(
            command,
            "lasts until the firewall is loaded again: put it into its file, too",
        ),
    })
}

/// The packet that goes to a server, as the firewall's OUTPUT sees it.
fn sent(facts: &Facts, id: &ServiceId, server: &Server, device: &Device) -> Option<Packet> {
    let mut packet = request(id, None);
    packet.output = Some(device.clone());
    packet.state = state(facts, State::New, State::Untracked);
    match server.forward {
        Forward::Nat => {
            packet.target = Some(server.address);
            packet.family = Family::of(server.address);
            packet.target_port = Some(target(server).port());
        }
        Forward::Dr => packet.target = facts.addresses(id).first().copied(),
        // What is sent is another packet around it.
        _ => return None,
    }
    Some(packet)
}

/// The first reply of a server, as the firewall's FORWARD sees it.
pub(super) fn reply(
    facts: &Facts,
    id: &ServiceId,
    server: &Server,
    devices: (&Device, &Device),
) -> Packet {
    let mut packet = request(id, None);
    packet.input = Some(devices.0.clone());
    packet.output = Some(devices.1.clone());
    packet.source = Some(server.address);
    packet.target = None;
    packet.source_port = Some(target(server).port());
    packet.target_port = Some(CLIENT_PORT);
    packet.flags = 0x12;
    // A SYN-ACK of a connection that conntrack never saw is invalid; a datagram is new.
    let unseen = match id.protocol() {
        Some(Protocol::Udp) => State::New,
        _ => State::Invalid,
    };
    packet.state = state(facts, State::Established, unseen);
    packet
}

/// Whether conntrack knows the connections of IPVS (`ip_vs_notrack`).
fn state(facts: &Facts, with: State, without: State) -> State {
    if facts.is_set("net.ipv4.vs.conntrack", "1") {
        with
    } else {
        without
    }
}

pub(super) fn find_output(facts: &Facts) -> Vec<Finding> {
    let Some(ruleset) = &facts.ruleset else {
        return Vec::new();
    };
    let mut stopped = Stopped::new();
    for state in facts.table() {
        let id = &state.service.id;
        for server in state.servers.iter().map(|state| &state.server) {
            let Some(way) = facts.server_ways.get(&server.address) else {
                continue;
            };
            let Some(packet) = sent(facts, id, server, &way.device) else {
                continue;
            };
            let fate = follow(ruleset, &packet, Hook::Output, ALL_CHAINS);
            if let (Some(stop), Some(address)) = (fate.certain(), packet.target) {
                let end = End {
                    address,
                    protocol: protocol(id),
                    port: packet.target_port.unwrap_or(0),
                };
                remember(&mut stopped, stop, end);
            }
        }
    }
    stopped
        .into_values()
        .map(|(stop, ends)| Finding {
            id: Id::FirewallOutput,
            severity: Severity::Critical,
            subject: names(&ends).into(),
            seen: stop.name(),
            means: "what IPVS sends to the servers ends in this machine's firewall".to_owned(),
            fix: accept(&stop, &ends, Side::To),
        })
        .collect()
}

pub(super) fn find_forward(facts: &Facts) -> Vec<Finding> {
    let Some(ruleset) = &facts.ruleset else {
        return Vec::new();
    };
    let mut stopped = Stopped::new();
    let mut tracked_passes = true;
    for state in facts.table() {
        let id = &state.service.id;
        let servers = state.servers.iter().map(|state| &state.server);
        for server in servers.filter(|server| server.forward == Forward::Nat) {
            let Some(stop) = stops_reply(facts, ruleset, id, server, None) else {
                continue;
            };
            let tracked = Some(State::Established);
            tracked_passes &= stops_reply(facts, ruleset, id, server, tracked).is_none();
            let end = End {
                address: server.address,
                protocol: protocol(id),
                port: target(server).port(),
            };
            remember(&mut stopped, &stop, end);
        }
    }
    stopped
        .into_values()
        .map(|(stop, ends)| {
            let mut fix = accept(&stop, &ends, Side::From);
            if let (Fix::Commands { mind, .. }, true) = (&mut fix, tracked_passes) {
                "or let conntrack follow IPVS's connections, which costs some speed: sysctl -w \
                 net.ipv4.vs.conntrack=1"
                    .clone_into(mind);
            }
            let hint = if tracked_passes {
                "; conntrack does not know IPVS's connections (net.ipv4.vs.conntrack=0), so \
                 their replies are invalid to it"
            } else {
                ""
            };
            Finding {
                id: Id::FirewallForward,
                severity: Severity::Critical,
                subject: names(&ends).into(),
                seen: format!("{}{hint}", stop.name()),
                means: "the servers' replies end in this machine's firewall; clients connect \
                        and time out"
                    .to_owned(),
                fix,
            }
        })
        .collect()
}

/// Who stops a server's replies whichever interface they leave by.
pub(super) fn stops_reply(
    facts: &Facts,
    ruleset: &Ruleset,
    id: &ServiceId,
    server: &Server,
    state: Option<State>,
) -> Option<Stop> {
    let way = facts.server_ways.get(&server.address)?;
    let mut last = None;
    for link in facts.client_sides() {
        let mut packet = reply(facts, id, server, (&way.device, &link.device));
        packet.state = state.unwrap_or(packet.state);
        let mut early = packet.clone();
        early.output = None;
        let early = follow(ruleset, &early, Hook::Prerouting, ALL_CHAINS);
        let fate = match early.certain() {
            Some(_) => early,
            None => follow(ruleset, &packet, Hook::Forward, IPVS),
        };
        last = Some(fate.certain()?.clone());
    }
    last
}
