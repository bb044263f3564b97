//! Findings that bite later: settings of the kernel and of the file that do not fit
//! the services.

use std::net::IpAddr;

use super::facts::{Facts, FileService};
use super::finding::MACHINE;
use super::{Finding, Fix, Id, Severity};
use crate::model::{Forward, HostStep, Protocol, Service, Step, TunnelChecksum, TunnelKind};

/// The hash table of mh has 4093 places unless the kernel was built otherwise
/// (`CONFIG_IP_VS_MH_TAB_INDEX`); a hundred for each server keep shares even to
/// about one in a hundred (Maglev, NSDI 2016).
const MH_SERVERS: usize = 40;

pub(super) fn find(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(arp(facts));
    findings.extend(tunnel(facts));
    findings.extend(pins(facts));
    findings.extend(removed(facts));
    findings.extend(udp(facts));
    findings.extend(mh(facts));
    findings.extend(estimator(facts));
    findings.extend(file(facts));
    findings
}

fn of_file(facts: &Facts) -> &[FileService] {
    facts.file.as_ref().map_or(&[], |file| &file.services)
}

/// Setting a parameter harms nobody and is put back by teardown.
fn set(facts: &Facts, name: &str, value: &str) -> Fix {
    Fix::Safe {
        command: format!("sysctl -w {name}={value}"),
        steps: vec![Step::from(HostStep::SetSysctl {
            name: name.to_owned(),
            before: facts.sysctls.get(name).cloned().unwrap_or_default(),
            after: value.to_owned(),
        })],
    }
}

fn names(services: &[&Service]) -> String {
    let names: Vec<String> = services
        .iter()
        .take(4)
        .map(|it| it.id.to_string())
        .collect();
    match services.len().saturating_sub(names.len()) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

fn arp(facts: &Facts) -> Vec<Finding> {
    let found = facts.arp.iter().map(|(vip, server, device)| {
        let on_link = |(address, length): &(IpAddr, u8)| covers(*address, *length, *vip);
        let mut links = facts.links.iter();
        let shared =
            links.any(|link| link.device.name == *device && link.addresses.iter().any(on_link));
        Finding {
            id: Id::ServerAnswersArp,
            severity: if shared {
                Severity::Critical
            } else {
                Severity::Warning
            },
            subject: server.to_string().into(),
            seen: format!("asked on {device} who has {vip}, {server} answers"),
            means: "clients on that link send their packets to one server past this machine"
                .to_owned(),
            fix: Fix::Advice(format!(
                "on the server: lbctl real setup {vip}, which sets arp_ignore=1 and \
                 arp_announce=2"
            )),
        }
    });
    found.collect()
}

fn covers(network: IpAddr, length: u8, address: IpAddr) -> bool {
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            (network.to_bits() ^ address.to_bits()).leading_zeros() >= u32::from(length)
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            (network.to_bits() ^ address.to_bits()).leading_zeros() >= u32::from(length)
        }
        _ => false,
    }
}

/// Bytes that a tunnel adds (`ip_vs_tunnel_xmit_prepare`, ip_vs_xmit.c).
fn overhead(server: &crate::model::Server) -> Option<u32> {
    let Forward::Tun(tunnel) = server.forward else {
        return None;
    };
    let outer = if server.address.is_ipv4() { 20 } else { 40 };
    Some(
        outer
            + match (tunnel.kind, tunnel.checksum) {
                (TunnelKind::Gue, TunnelChecksum::Remote) => 20,
                (TunnelKind::Gue, _) => 12,
                (TunnelKind::Gre, TunnelChecksum::Full) => 8,
                (TunnelKind::Gre, _) => 4,
                _ => 0,
            },
    )
}

/// A link to a server that is narrower than the clients', beyond what the tunnel
/// itself takes. Links of the same width are usual, and the kernel tells clients.
fn tunnel(facts: &Facts) -> Option<Finding> {
    let widest = facts.client_sides().iter().map(|link| link.mtu).max()?;
    let servers = facts.table().iter().flat_map(|state| &state.servers);
    servers.map(|state| &state.server).find_map(|server| {
        let way = facts.server_ways.get(&server.address)?;
        let mut links = facts.links.iter();
        let link = links.find(|link| link.device == way.device)?;
        let overhead = overhead(server)?;
        (link.mtu < widest).then(|| Finding {
            id: Id::TunnelMtu,
            severity: Severity::Warning,
            subject: server.endpoint().into(),
            seen: format!(
                "{} carries {} bytes, of which the tunnel takes {overhead}; clients send up \
                     to {widest}",
                link.device.name, link.mtu
            ),
            means: "long requests are refused with 'fragmentation needed'; where that is \
                        filtered on the way, clients hang in the middle of an upload"
                .to_owned(),
            fix: Fix::command(
                format!("ip link set {} mtu {}", link.device.name, widest + overhead),
                "if the link and the servers can; else sysctl -w net.ipv4.vs.pmtu_disc=0",
            ),
        })
    })
}

fn pins(facts: &Facts) -> Option<Finding> {
    const NAME: &str = "net.ipv4.vs.expire_quiescent_template";
    if !facts.is_set(NAME, "0") {
        return None;
    }
    let out = |state: &&crate::model::ServiceState| {
        let mut servers = state.servers.iter();
        state.service.persistence_timeout.is_some()
            && servers.any(|server| server.server.weight == 0 && server.persistent > 0)
    };
    let table = facts.table().iter().filter(out).map(|state| &state.service);
    let file = of_file(facts).iter().filter(|service| {
        service.service.persistence_timeout.is_some() && service.checked && service.inhibit
    });
    let mut services: Vec<&Service> = table.chain(file.map(|it| &it.service)).collect();
    services.dedup_by_key(|service| service.id);
    let first = services.first()?;
    Some(Finding {
        id: Id::PersistencePins,
        severity: Severity::Warning,
        subject: names(&services).into(),
        seen: format!("{} is persistent, and {NAME} is 0", first.id),
        means: "a client that is remembered goes on to a server with weight 0, even if it is \
                dead"
            .to_owned(),
        fix: set(facts, NAME, "1"),
    })
}

fn removed(facts: &Facts) -> Option<Finding> {
    const NAME: &str = "net.ipv4.vs.expire_nodest_conn";
    if !facts.is_set(NAME, "0") {
        return None;
    }
    let services: Vec<&Service> = of_file(facts)
        .iter()
        .filter(|service| service.checked && !service.inhibit)
        .map(|service| &service.service)
        .collect();
    let first = services.first()?;
    Some(Finding {
        id: Id::RemovedStalls,
        severity: Severity::Warning,
        subject: names(&services).into(),
        seen: format!(
            "servers of {} that fail are removed (inhibit_on_failure = false), and {NAME} is 0",
            first.id
        ),
        means: "connections of a removed server are not ended: they hang until the client gives \
                up"
        .to_owned(),
        fix: set(facts, NAME, "1"),
    })
}

fn udp(facts: &Facts) -> Option<Finding> {
    let sticks =
        |service: &Service| service.id.protocol() == Some(Protocol::Udp) && !service.one_packet;
    let services: Vec<&Service> = of_file(facts)
        .iter()
        .filter(|service| service.checked && service.inhibit && sticks(&service.service))
        .map(|service| &service.service)
        .collect();
    let first = services.first()?;
    Some(Finding {
        id: Id::UdpSticks,
        severity: Severity::Warning,
        subject: names(&services).into(),
        seen: format!(
            "servers of {} that fail get weight 0 (inhibit_on_failure = true)",
            first.id
        ),
        means: "a client that keeps its port goes on to the server that failed, as long as it \
                sends"
            .to_owned(),
        fix: Fix::Advice(
            "in the file: inhibit_on_failure = false, and \"net.ipv4.vs.expire_nodest_conn\" = 1 \
             in [host.sysctl]; or one_packet = true where datagrams stand alone"
                .to_owned(),
        ),
    })
}

fn mh(facts: &Facts) -> Option<Finding> {
    let state = facts.table().iter().find(|state| {
        state.service.scheduler.as_str() == "mh" && state.servers.len() > MH_SERVERS
    })?;
    Some(Finding {
        id: Id::MhTable,
        severity: Severity::Warning,
        subject: state.service.id.to_string().into(),
        seen: format!(
            "scheduler mh shares 4093 places among {} servers",
            state.servers.len()
        ),
        means: "shares differ by more than one in a hundred, and small weights may get nothing"
            .to_owned(),
        fix: Fix::Advice(format!(
            "where the kernel's CONFIG_IP_VS_MH_TAB_INDEX is larger than 12 all is well; else: \
             lbctl edit {} -s sh, or fewer servers",
            state.service.id.options()
        )),
    })
}

fn estimator(facts: &Facts) -> Option<Finding> {
    const NAME: &str = "net.ipv4.vs.run_estimation";
    (facts.is_set(NAME, "0") && !facts.table().is_empty()).then(|| Finding {
        id: Id::EstimatorOff,
        severity: Severity::Warning,
        subject: MACHINE.into(),
        seen: format!("{NAME} is 0"),
        means: "traffic flows, but rates stand still: list --rate shows what they were".to_owned(),
        fix: set(facts, NAME, "1"),
    })
}

fn file(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some(file) = &facts.file else {
        return findings;
    };
    if let Some(first) = file.differs.first() {
        let more = match file.differs.len() {
            1 => String::new(),
            many => format!(", and {} more", many - 1),
        };
        findings.push(Finding {
            id: Id::FileDiffers,
            severity: Severity::Warning,
            subject: file.path.clone().into(),
            seen: format!("the machine is not what it says: {first}{more}"),
            means:
                "what was changed by hand is lost, and what was changed in the file comes, with \
                    the next apply, reload or reboot"
                    .to_owned(),
            fix: Fix::command(
                format!("lbctl apply {}", file.path),
                format!("see it first: lbctl diff {}", file.path),
            ),
        });
    }
    if facts.at_boot == Some(false) {
        findings.push(Finding {
            id: Id::NotAtBoot,
            severity: Severity::Warning,
            subject: MACHINE.into(),
            seen: "lbctl.service is not enabled".to_owned(),
            means: "after a reboot nothing is balanced".to_owned(),
            fix: Fix::command("systemctl enable lbctl.service", ""),
        });
    }
    findings
}
