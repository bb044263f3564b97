//! The table as command lines that `-R` reads, as `-S` writes them. Thresholds
//! are missing, as in ipvsadm's; `lbctl save` is complete.

use std::fmt::Write as _;

use crate::model::{
    Family, Forward, Protocol, Server, Service, ServiceId, ServiceState, TunnelChecksum, TunnelKind,
};

use super::list::protocol;
use super::writer::Writer;

/// A service and its servers.
pub(super) fn service(state: &ServiceState, writer: &Writer<'_>) -> String {
    let service = &state.service;
    let name = name(&service.id, writer);
    let mut text = format!("-A {name} -s {}{}\n", service.scheduler, settings(service));
    for server in &state.servers {
        // Writing to a String cannot fail; so too below.
        let server = server_options(&server.server, protocol(&service.id), writer);
        let _ = writeln!(text, "-a {name} -r {server}");
    }
    text
}

fn name(id: &ServiceId, writer: &Writer<'_>) -> String {
    match *id {
        ServiceId::Fwmark { mark, family } => match family {
            Family::Ipv4 => format!("-f {mark}"),
            Family::Ipv6 => format!("-f {mark} -6"),
        },
        ServiceId::Address {
            protocol,
            address,
            port,
        } => {
            let option = match protocol {
                Protocol::Tcp => "-t",
                Protocol::Udp => "-u",
                Protocol::Sctp => "--sctp-service",
                Protocol::Other(_) => "--xxx-service",
            };
            format!("{option} {}", writer.endpoint(address, port, protocol))
        }
    }
}

fn settings(service: &Service) -> String {
    let mut text = String::new();
    if let Some(seconds) = service.persistence_timeout {
        let _ = write!(text, " -p {seconds}");
        if !service.netmask.is_host() {
            let _ = write!(text, " -M {}", service.netmask);
        }
    }
    if let Some(engine) = &service.persistence_engine {
        let _ = write!(text, " --pe {engine}");
    }
    if service.one_packet {
        text += " -o";
    }
    let flags = service.scheduler_flags.names(&service.scheduler);
    if !flags.is_empty() {
        let _ = write!(text, " -b {}", flags.join(","));
    }
    text
}

fn server_options(server: &Server, protocol: Protocol, writer: &Writer<'_>) -> String {
    let endpoint = writer.endpoint(server.address, server.port, protocol);
    let method = match server.forward {
        Forward::Nat => "-m",
        Forward::Tun(_) => "-i",
        Forward::Dr | Forward::Local => "-g",
        // What the C library prints for a missing word.
        Forward::Bypass | Forward::Unknown(_) => "(null)",
    };
    let text = format!("{endpoint} {method} -w {}", server.weight);
    let Forward::Tun(tunnel) = server.forward else {
        return text;
    };
    let checksum = match tunnel.checksum {
        TunnelChecksum::None => "--tun-nocsum",
        TunnelChecksum::Full => "--tun-csum",
        TunnelChecksum::Remote => "--tun-remcsum",
    };
    match tunnel.kind {
        TunnelKind::Ipip => format!("{text} --tun-type ipip"),
        TunnelKind::Gue => {
            format!(
                "{text} --tun-type gue --tun-port {} {checksum}",
                tunnel.port
            )
        }
        TunnelKind::Gre => format!("{text} --tun-type gre {checksum}"),
        TunnelKind::Unknown(_) => text,
    }
}
