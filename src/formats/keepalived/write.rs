//! A [`Config`] as keepalived.conf, accepted by `keepalived -t` 2.2.7.

use std::fmt::Write as _;

use super::write_check;
use crate::config::{CheckKind, Config, OnExit, SorryMode, VipWay, VirtualServer};
use crate::formats::translation::{Exported, losses_of_host, losses_of_service};
use crate::health::OnFailure;
use crate::model::{
    Family, Forward, Netmask, Protocol, Server, Service, ServiceId, TunnelChecksum, TunnelKind,
};

/// Indented lines, and what could not be written.
#[derive(Debug, Default)]
pub(super) struct Writer {
    text: String,
    depth: usize,
    pub(super) losses: Vec<String>,
    /// Of what losses are told.
    pub(super) subject: String,
}

impl Writer {
    pub(super) fn line(&mut self, text: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "{:indent$}{text}", "", indent = self.depth * 4);
    }

    pub(super) fn open(&mut self, text: &str) {
        self.line(&format!("{text} {{"));
        self.depth += 1;
    }

    pub(super) fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.line("}");
    }

    pub(super) fn loss(&mut self, text: &str) {
        self.losses.push(format!("{}: {text}", self.subject));
    }
}

/// The file as keepalived.conf. How packets reach IPVS and what the machine is set to
/// is not keepalived's to say.
#[must_use]
pub fn export(config: &Config) -> Exported {
    let mut writer = Writer {
        text: "# Written by lbctl export. keepalived does not lead packets for the virtual\n\
               # addresses to IPVS by marks, rules and routes: lbctl vip add does.\n\n"
            .to_owned(),
        subject: "the file".to_owned(),
        ..Writer::default()
    };
    globals(&mut writer, config);
    for server in &config.virtual_servers {
        virtual_server(&mut writer, server);
    }
    Exported {
        text: writer.text,
        losses: writer.losses,
    }
}

fn globals(writer: &mut Writer, config: &Config) {
    if config.on_exit == OnExit::Keep && !config.virtual_servers.is_empty() {
        writer.loss(
            "on_exit: keepalived takes its services out of the table when it stops, unless it is \
             started with --dont-release-ipvs",
        );
    }
    losses_of_host(config, &mut writer.losses);
    let timeouts = config.timeouts;
    let mut lines = Vec::new();
    let all = [
        ("tcp", timeouts.tcp),
        ("tcpfin", timeouts.tcp_fin),
        ("udp", timeouts.udp),
    ];
    let set: Vec<String> = all
        .iter()
        .filter(|(_, seconds)| *seconds != 0)
        .map(|(name, seconds)| format!("{name} {seconds}"))
        .collect();
    if !set.is_empty() {
        lines.push(format!("lvs_timeouts {}", set.join(" ")));
    }
    lines.extend(sync(writer, config));
    let runs_scripts = config.virtual_servers.iter().any(|server| {
        let mut checks = server
            .real_servers
            .iter()
            .filter_map(|real| real.check.as_ref());
        checks.any(|check| matches!(check.kind, CheckKind::Exec(_)))
    });
    if runs_scripts {
        lines.extend([
            "script_user root".to_owned(),
            "enable_script_security".to_owned(),
        ]);
    }
    if !lines.is_empty() {
        writer.open("global_defs");
        for line in lines {
            writer.line(&line);
        }
        writer.close();
    }
}

/// keepalived runs both daemons or lets VRRP choose one.
fn sync(writer: &mut Writer, config: &Config) -> Option<String> {
    let (first, second) = match config.sync.as_slice() {
        [] => return None,
        [first, second] => (first, second),
        _ => {
            writer.loss("sync: keepalived starts one daemon alone only with a VRRP instance");
            return None;
        }
    };
    let mut like_first = second.clone();
    like_first.role = first.role;
    if like_first != *first || first.interface.contains(char::is_whitespace) {
        writer.loss("sync: keepalived has the same settings for both daemons");
        return None;
    }
    let mut text = format!("lvs_sync_daemon {} id {}", first.interface, first.id);
    // Writing to a String cannot fail.
    for (name, value) in [
        ("maxlen", first.max_length),
        ("port", first.port),
        ("ttl", first.ttl.into()),
    ] {
        if value != 0 {
            let _ = write!(text, " {name} {value}");
        }
    }
    if let Some(group) = first.group {
        let _ = write!(text, " group {group}");
    }
    Some(text)
}

fn virtual_server(writer: &mut Writer, server: &VirtualServer) {
    let id = server.service.id;
    writer.subject = match &server.name {
        Some(name) => format!("{} ({id})", name.escape_debug()),
        None => id.to_string(),
    };
    if let Some(Protocol::Other(_)) = id.protocol() {
        return writer.loss("keepalived has no services of this protocol; it is left out");
    }
    losses_of_service(server, &mut writer.losses, &writer.subject);
    if !matches!(
        (id, server.vip),
        (ServiceId::Fwmark { .. }, _) | (_, VipWay::Fwmark)
    ) {
        writer.loss("vip: how packets reach IPVS is not keepalived's to say");
    }
    writer.open(&match id {
        ServiceId::Address { address, port, .. } => format!("virtual_server {address} {port}"),
        ServiceId::Fwmark { mark, .. } => format!("virtual_server fwmark {mark}"),
    });
    if let Some(name) = &server.name {
        // A brace alone opens or closes a block even in quotes.
        if name.contains(['"', '\\', '$']) || ["{", "}"].contains(&name.as_str()) {
            writer.loss("name: keepalived cannot quote it");
        } else {
            writer.line(&format!("snmp_name \"{name}\""));
        }
    }
    if let Some(protocol) = id.protocol() {
        writer.line(&format!("protocol {}", protocol.to_string().to_uppercase()));
    }
    service(writer, &server.service);
    writer.line(&format!("lvs_method {}", method(server.forward)));
    let tunnels = server
        .real_servers
        .iter()
        .all(|real| !real.server.forward.maps_ports());
    if let (
        ServiceId::Fwmark {
            family: Family::Ipv6,
            ..
        },
        true,
    ) = (id, tunnels)
    {
        writer.line("ip_family inet6");
    }
    policy(writer, server);
    // lbctl, too, waits for the first check of a new server.
    writer.line("alpha");
    sorry(writer, server);
    for real in &server.real_servers {
        real_server(writer, server, real);
    }
    writer.close();
}

fn service(writer: &mut Writer, service: &Service) {
    if service.scheduler.as_str() == "none" {
        writer.loss("scheduler none: keepalived does not know it; wlc is written");
        writer.line("lvs_sched wlc");
    } else {
        writer.line(&format!("lvs_sched {}", service.scheduler));
    }
    for flag in service.scheduler_flags.names(&service.scheduler) {
        writer.line(flag);
    }
    if service.one_packet {
        writer.line("ops");
    }
    if let Some(engine) = &service.persistence_engine {
        writer.line(&format!("persistence_engine {engine}"));
    }
    if let Some(seconds) = service.persistence_timeout {
        writer.line(&format!("persistence_timeout {seconds}"));
        match service.netmask {
            mask if mask.is_host() => {}
            Netmask::V4(mask) => writer.line(&format!("persistence_granularity {mask}")),
            Netmask::V6(length) => writer.line(&format!("persistence_granularity {length}")),
        }
    }
}

fn policy(writer: &mut Writer, server: &VirtualServer) {
    let policy = server.policy;
    let total: u64 = server
        .real_servers
        .iter()
        .filter(|real| !real.maintenance)
        .map(|real| u64::from(real.server.weight))
        .sum();
    if total == 0 {
        writer.loss("all weights are 0, and keepalived warns of it");
    }
    let total = u32::try_from(total).unwrap_or(u32::MAX).max(1);
    let quorum = policy.quorum.min(total);
    if quorum < policy.quorum {
        writer.loss(&format!(
            "quorum {}: more than all weights together; {quorum} is written",
            policy.quorum
        ));
    }
    let hysteresis = policy.hysteresis.min(quorum.saturating_sub(1));
    if hysteresis < policy.hysteresis {
        writer.loss(&format!(
            "hysteresis {}: not below the quorum; {hysteresis} is written",
            policy.hysteresis
        ));
    }
    if quorum != 1 {
        writer.line(&format!("quorum {quorum}"));
    }
    if hysteresis != 0 {
        writer.line(&format!("hysteresis {hysteresis}"));
    }
    if policy.on_failure == OnFailure::Inhibit {
        writer.line("inhibit_on_failure");
    }
}

fn sorry(writer: &mut Writer, server: &VirtualServer) {
    let Some(sorry) = &server.sorry else { return };
    let port = port(writer, server.service.id, &sorry.server);
    writer.line(&format!("sorry_server {} {port}", sorry.server.address));
    if sorry.server.forward != server.forward {
        writer.line(&format!(
            "sorry_server_lvs_method {}",
            method(sorry.server.forward)
        ));
    }
    if server.sorry_mode == SorryMode::Join {
        writer.loss("sorry_mode: keepalived's sorry server always answers alone");
    }
    if sorry.check.is_some() {
        writer.loss("sorry_server: keepalived never checks it");
    }
}

fn real_server(writer: &mut Writer, above: &VirtualServer, real: &crate::config::RealServer) {
    let server = &real.server;
    let port = port(writer, above.service.id, server);
    writer.open(&format!("real_server {} {port}", server.address));
    if real.maintenance {
        writer.loss(&format!(
            "{}: maintenance; weight 0 is written",
            server.endpoint()
        ));
        writer.line("weight 0");
    } else {
        writer.line(&format!("weight {}", server.weight));
    }
    if server.forward != above.forward {
        writer.line(&format!("lvs_method {}", method(server.forward)));
    }
    if server.upper_threshold != 0 {
        writer.line(&format!("uthreshold {}", server.upper_threshold));
    }
    if server.lower_threshold != 0 {
        writer.line(&format!("lthreshold {}", server.lower_threshold));
    }
    if let Some(check) = &real.check {
        write_check::check(writer, server, port, check);
    }
    writer.close();
}

/// A server's port, which keepalived clears where a service by mark does not use it.
fn port(writer: &mut Writer, id: ServiceId, server: &Server) -> u16 {
    if !matches!(id, ServiceId::Fwmark { .. }) || server.forward.maps_ports() || server.port == 0 {
        return server.port;
    }
    writer.loss(&format!(
        "{}: a server of a service by mark has no port in keepalived",
        server.endpoint()
    ));
    0
}

fn method(forward: Forward) -> String {
    let tunnel = match forward {
        Forward::Dr => return "DR".to_owned(),
        Forward::Tun(tunnel) => tunnel,
        // The others are the kernel's own choice and never asked for.
        Forward::Nat | Forward::Local | Forward::Bypass | Forward::Unknown(_) => {
            return "NAT".to_owned();
        }
    };
    let checksum = match tunnel.checksum {
        TunnelChecksum::None => "nocsum",
        TunnelChecksum::Full => "csum",
        TunnelChecksum::Remote => "remcsum",
    };
    match tunnel.kind {
        TunnelKind::Ipip | TunnelKind::Unknown(_) => "TUN".to_owned(),
        TunnelKind::Gue => format!("TUN type gue port {} {checksum}", tunnel.port),
        TunnelKind::Gre => format!("TUN type gre {checksum}"),
    }
}
