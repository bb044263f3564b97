//! The table as `-L` shows it, in every view. Trailing blanks are ipvsadm's.

use std::fmt::Write as _;
use std::net::IpAddr;

use crate::ipvs::Info;
use crate::model::{
    Counters, Family, Forward, Protocol, ServerState, Service, ServiceId, ServiceState, SyncDaemon,
    Timeouts, TunnelChecksum, TunnelKind,
};

use super::invocation::View;
use super::value;
use super::writer::{Writer, number_of};

/// IPv4 names are cut so that columns stay in line.
const SERVICE_WIDTH: usize = 33;
const SERVER_WIDTH: usize = 28;

/// Headings of two lines, where the second names no columns.
fn columns(first: &str) -> String {
    format!("{first}\n  -> RemoteAddress:Port\n")
}

/// The first line of a list of everything.
pub(super) fn version(info: Info) -> String {
    let [_, major, minor, patch] = info.version.to_be_bytes();
    format!(
        "IP Virtual Server version {major}.{minor}.{patch} (size={})\n",
        info.table_size
    )
}

/// The headings.
pub(super) fn title(view: View) -> String {
    let head = "Prot LocalAddress:Port";
    match view {
        View::Stats => columns(&format!(
            "{head:<33} {:>8} {:>8} {:>8} {:>8} {:>8}",
            "Conns", "InPkts", "OutPkts", "InBytes", "OutBytes"
        )),
        View::Rate => columns(&format!(
            "{head:<33} {:>8} {:>8} {:>8} {:>8} {:>8}",
            "CPS", "InPPS", "OutPPS", "InBPS", "OutBPS"
        )),
        View::Thresholds => columns(&format!(
            "{head:<33} {:<10} {:<10} {:<10} {:<10}",
            "Uthreshold", "Lthreshold", "ActiveConn", "InActConn"
        )),
        View::PersistentConnections => columns(&format!(
            "{head:<33} {:<9} {:<11} {:<10} {:<10}",
            "Weight", "PersistConn", "ActiveConn", "InActConn"
        )),
        View::Tunnels => format!(
            "{head} Scheduler Flags\n  -> RemoteAddress:Port           Forward TunnelInfo    \
             Weight ActiveConn InActConn\n"
        ),
        View::Settings => format!(
            "{head} Scheduler Flags\n  -> RemoteAddress:Port           Forward Weight ActiveConn \
             InActConn\n"
        ),
    }
}

/// The timeouts.
pub(super) fn timeouts(timeouts: &Timeouts) -> String {
    format!(
        "Timeout (tcp tcpfin udp): {} {} {}\n",
        timeouts.tcp, timeouts.tcp_fin, timeouts.udp
    )
}

/// One synchronisation daemon. What the kernel did not tell is left out.
pub(super) fn daemon(daemon: &SyncDaemon) -> String {
    let mut text = format!(
        "{} sync daemon (mcast={}, syncid={}",
        daemon.role.as_str(),
        daemon.interface,
        daemon.id
    );
    // Writing to a String cannot fail; so too below.
    if daemon.max_length != 0 {
        let _ = write!(text, ", maxlen={}", daemon.max_length);
    }
    if let Some(group) = daemon.group {
        let _ = write!(text, ", group={}", number_of(group));
    }
    if daemon.port != 0 {
        let _ = write!(text, ", port={}", daemon.port);
    }
    if daemon.ttl != 0 {
        let _ = write!(text, ", ttl={}", daemon.ttl);
    }
    text + ")\n"
}

/// A service with its servers below it.
pub(super) fn service(state: &ServiceState, view: View, writer: &Writer<'_>) -> String {
    let service = &state.service;
    let name = service_name(&service.id, writer);
    let mut text = match view {
        View::Stats => format!("{name:<33}{}", counters(&state.stats.totals, writer)),
        View::Rate => format!("{name:<33}{}", counters(&state.stats.rates, writer)),
        _ => format!("{name} {}{}", service.scheduler, flags(service)),
    };
    text.push('\n');
    let protocol = protocol(&service.id);
    for server in &state.servers {
        text += &self::server(server, protocol, view, writer);
    }
    text
}

/// The protocol that names of ports belong to.
pub(super) fn protocol(id: &ServiceId) -> Protocol {
    match id {
        ServiceId::Address { protocol, .. } => *protocol,
        ServiceId::Fwmark { .. } => Protocol::Other(0),
    }
}

fn service_name(id: &ServiceId, writer: &Writer<'_>) -> String {
    match *id {
        ServiceId::Fwmark { mark, family } => {
            let family = match family {
                Family::Ipv4 => "",
                Family::Ipv6 => " IPv6",
            };
            format!("FWM  {mark}{family}")
        }
        ServiceId::Address {
            protocol,
            address,
            port,
        } => {
            let endpoint = writer.endpoint(address, port, protocol);
            let protocol = match protocol {
                Protocol::Tcp => "TCP",
                Protocol::Udp => "UDP",
                Protocol::Sctp => "SCTP",
                Protocol::Other(_) => "?",
            };
            narrow(format!("{protocol:<4} {endpoint}"), address, SERVICE_WIDTH)
        }
    }
}

fn narrow(name: String, address: IpAddr, width: usize) -> String {
    match address {
        IpAddr::V4(_) => value::cut(&name, width).to_owned(),
        IpAddr::V6(_) => name,
    }
}

/// What stands behind the scheduler.
fn flags(service: &Service) -> String {
    let mut text = String::new();
    let names = service.scheduler_flags.names(&service.scheduler);
    if !names.is_empty() {
        let _ = write!(text, " ({})", names.join(","));
    }
    if let Some(seconds) = service.persistence_timeout {
        let _ = write!(text, " persistent {seconds}");
        if !service.netmask.is_host() {
            let _ = write!(text, " mask {}", service.netmask);
        }
        if let Some(engine) = &service.persistence_engine {
            let _ = write!(text, " pe {engine}");
        }
    }
    if service.one_packet {
        text += " ops";
    }
    text
}

fn counters(counters: &Counters, writer: &Writer<'_>) -> String {
    [
        counters.connections,
        counters.packets_in,
        counters.packets_out,
        counters.bytes_in,
        counters.bytes_out,
    ]
    .map(|number| writer.count(number))
    .concat()
}

fn server(state: &ServerState, protocol: Protocol, view: View, writer: &Writer<'_>) -> String {
    let server = &state.server;
    let endpoint = writer.endpoint(server.address, server.port, protocol);
    let name = narrow(endpoint, server.address, SERVER_WIDTH);
    let head = format!("  -> {name:<28}");
    let connections = format!("{:<10} {:<10}", state.active, state.inactive);
    match view {
        View::Stats => format!("{head}{}\n", counters(&state.stats.totals, writer)),
        View::Rate => {
            let rates = &state.stats.rates;
            format!(
                "{head} {:>8} {:>8} {:>8}{}{}\n",
                rates.connections,
                rates.packets_in,
                rates.packets_out,
                writer.count(rates.bytes_in),
                writer.count(rates.bytes_out)
            )
        }
        View::Thresholds => format!(
            "{head} {:<10} {:<10} {connections}\n",
            server.upper_threshold, server.lower_threshold
        ),
        View::PersistentConnections => {
            format!(
                "{head} {:<9} {:<11} {connections}\n",
                server.weight, state.persistent
            )
        }
        View::Tunnels => format!(
            "{head} {:<7} {:<13} {:<6} {connections}\n",
            method(server.forward),
            tunnel(server.forward),
            server.weight
        ),
        View::Settings => format!(
            "{head} {:<7} {:<6} {connections}\n",
            method(server.forward),
            server.weight
        ),
    }
}

fn method(forward: Forward) -> &'static str {
    match forward {
        Forward::Nat => "Masq",
        Forward::Local => "Local",
        Forward::Tun(_) => "Tunnel",
        Forward::Dr => "Route",
        // What the C library prints for a missing name.
        Forward::Bypass | Forward::Unknown(_) => "(null)",
    }
}

fn tunnel(forward: Forward) -> String {
    let Forward::Tun(tunnel) = forward else {
        return "n/a".to_owned();
    };
    let checksum = match tunnel.checksum {
        TunnelChecksum::None => "-c",
        TunnelChecksum::Full => "+c",
        TunnelChecksum::Remote => "r+c",
    };
    match tunnel.kind {
        TunnelKind::Ipip => "ipip".to_owned(),
        TunnelKind::Gue => format!("gue:{}:{checksum}", tunnel.port),
        TunnelKind::Gre => format!("gre:{checksum}"),
        TunnelKind::Unknown(_) => "n/a".to_owned(),
    }
}
