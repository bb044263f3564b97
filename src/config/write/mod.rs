//! A [`Config`] as a person would write it: defaults left out, comments where they
//! are wanted.

mod check;
mod notes;
mod text;

use std::time::Duration;

pub use notes::{Notes, Spot};

use self::text::{Lines, quoted, span};
use super::{Config, OnExit, RealServer, SorryMode, SorryServer, VipWay, VirtualServer};
use crate::health::{OnFailure, Policy};
use crate::model::{
    Family, Forward, Netmask, Server, Service, ServiceId, SyncDaemon, SyncRole, Tunnel, bracketed,
};

impl Config {
    /// The file, with these notes in it. Reading it gives this value again, if it is
    /// one that reading can give: methods and protocols that only the kernel knows
    /// have no words.
    #[must_use]
    pub fn to_toml(&self, notes: &Notes) -> String {
        let mut lines = Lines::new(notes);
        lines.comment(Spot::File);
        for (index, server) in self.virtual_servers.iter().enumerate() {
            virtual_server(&mut lines, index, server);
        }
        host(&mut lines, self);
        timeouts(&mut lines, self);
        for daemon in &self.sync {
            sync(&mut lines, daemon);
        }
        if self.on_exit == OnExit::Remove {
            lines.header("[probe]", 0, Spot::Table("probe"));
            lines.key("on_exit", quoted("remove"));
        }
        lines.finish()
    }
}

fn virtual_server(lines: &mut Lines<'_>, index: usize, server: &VirtualServer) {
    lines.header("[[virtual_server]]", 0, Spot::VirtualServer(index));
    if let Some(name) = &server.name {
        lines.key("name", quoted(name));
    }
    identity(lines, server.service.id);
    service(lines, &server.service);
    forward(lines, server.forward, Forward::Nat);
    let by_mark = matches!(server.service.id, ServiceId::Fwmark { .. });
    match server.vip {
        VipWay::Fwmark => {}
        VipWay::Address => lines.key("vip", quoted("address")),
        // A service by mark has no other.
        VipWay::None if by_mark => {}
        VipWay::None => lines.key("vip", quoted("none")),
    }
    if server.snat {
        lines.key("snat", true);
    }
    let own_table = server
        .sorry
        .as_ref()
        .is_some_and(|sorry| sorry.check.is_some() || sorry.server.forward != server.forward);
    if let (Some(sorry), false) = (&server.sorry, own_table) {
        lines.key("sorry_server", endpoint(&sorry.server, server.service.id));
    }
    if server.sorry_mode == SorryMode::Join {
        lines.key("sorry_mode", quoted("join"));
    }
    policy(lines, server.policy);
    if server.depool_threshold > 0.0 {
        lines.key("depool_threshold", format!("{:?}", server.depool_threshold));
    }
    if let Some(time) = server.slow_start {
        lines.key("slow_start", span(time));
    }
    if server.check_required {
        lines.key("check_required", true);
    }
    if let Some(check) = &server.check {
        lines.header("[virtual_server.check]", 1, Spot::Check(index));
        check::write(lines, check, None);
    }
    if let (Some(sorry), true) = (&server.sorry, own_table) {
        sorry_server(lines, index, sorry, server);
    }
    for (number, real) in server.real_servers.iter().enumerate() {
        real_server(lines, (index, number), real, server);
    }
}

fn identity(lines: &mut Lines<'_>, id: ServiceId) {
    match id {
        ServiceId::Address {
            protocol,
            address,
            port,
        } => {
            let address = bracketed(address);
            lines.key("listen", quoted(&format!("{address}:{port}")));
            lines.key("protocol", quoted(&protocol.to_string()));
        }
        ServiceId::Fwmark { mark, family } => {
            lines.key("fwmark", mark);
            if family == Family::Ipv6 {
                lines.key("family", quoted(family.as_str()));
            }
        }
    }
}

fn service(lines: &mut Lines<'_>, service: &Service) {
    let default = Service::new(service.id);
    if service.scheduler != default.scheduler {
        lines.key("scheduler", quoted(service.scheduler.as_str()));
    }
    if service.scheduler_flags != default.scheduler_flags {
        let flags = service.scheduler_flags.names(&service.scheduler);
        let flags: Vec<String> = flags.into_iter().map(quoted).collect();
        lines.key("scheduler_flags", format!("[{}]", flags.join(", ")));
    }
    if let Some(seconds) = service.persistence_timeout {
        let time = Duration::from_secs(seconds.into());
        lines.key("persistence_timeout", span(time));
        match service.netmask {
            mask if mask.is_host() => {}
            Netmask::V4(mask) => lines.key("persistence_netmask", quoted(&mask.to_string())),
            Netmask::V6(length) => lines.key("persistence_netmask", length),
        }
    }
    if let Some(engine) = &service.persistence_engine {
        lines.key("persistence_engine", quoted(engine));
    }
    if service.one_packet {
        lines.key("one_packet", true);
    }
}

fn policy(lines: &mut Lines<'_>, policy: Policy) {
    let default = Policy::default();
    if policy.quorum != default.quorum {
        lines.key("quorum", policy.quorum);
    }
    if policy.hysteresis != default.hysteresis {
        lines.key("hysteresis", policy.hysteresis);
    }
    if policy.on_failure == OnFailure::Remove {
        lines.key("inhibit_on_failure", false);
    }
}

/// Method and tunnel, as far as they differ from what is the case without them.
fn forward(lines: &mut Lines<'_>, forward: Forward, without: Forward) {
    if forward == without {
        return;
    }
    if forward.as_str() != without.as_str() {
        lines.key("method", quoted(forward.as_str()));
    }
    let Forward::Tun(tunnel) = forward else {
        return;
    };
    // Said in full: what is left out would be that of the virtual server.
    if matches!(without, Forward::Tun(_)) || tunnel != Tunnel::default() {
        let mut parts = vec![format!("type = {}", quoted(tunnel.kind.as_str()))];
        if tunnel.port != 0 {
            parts.push(format!("port = {}", tunnel.port));
        }
        let checksum = tunnel.checksum.as_str();
        parts.push(format!("checksum = {}", quoted(checksum)));
        lines.key("tunnel", format!("{{ {} }}", parts.join(", ")));
    }
}

/// The server's address, and its port where it has one.
fn endpoint(server: &Server, id: ServiceId) -> String {
    match (id, server.port) {
        (ServiceId::Fwmark { .. }, 0) => quoted(&server.address.to_string()),
        _ => quoted(&server.endpoint()),
    }
}

fn real_server(
    lines: &mut Lines<'_>,
    (index, number): (usize, usize),
    real: &RealServer,
    above: &VirtualServer,
) {
    lines.header(
        "[[virtual_server.real_server]]",
        1,
        Spot::RealServer(index, number),
    );
    lines.key("address", endpoint(&real.server, above.service.id));
    if real.server.weight != 1 {
        lines.key("weight", real.server.weight);
    }
    if real.server.upper_threshold != 0 {
        lines.key("upper_threshold", real.server.upper_threshold);
    }
    if real.server.lower_threshold != 0 {
        lines.key("lower_threshold", real.server.lower_threshold);
    }
    if real.maintenance {
        lines.key("maintenance", true);
    }
    forward(lines, real.server.forward, above.forward);
    match (&real.check, &above.check) {
        (own, inherited) if own == inherited => {}
        (None, _) => lines.key("check", false),
        (Some(own), inherited) => {
            let header = "[virtual_server.real_server.check]";
            lines.header(header, 2, Spot::RealServerCheck(index, number));
            check::write(lines, own, inherited.as_ref());
        }
    }
}

fn sorry_server(lines: &mut Lines<'_>, index: usize, sorry: &SorryServer, above: &VirtualServer) {
    lines.header("[virtual_server.sorry_server]", 1, Spot::SorryServer(index));
    lines.key("address", endpoint(&sorry.server, above.service.id));
    forward(lines, sorry.server.forward, above.forward);
    match (&sorry.check, &above.check) {
        (None, _) => {}
        (own, inherited) if own == inherited => lines.key("check", true),
        (Some(own), inherited) => {
            let header = "[virtual_server.sorry_server.check]";
            lines.header(header, 2, Spot::SorryServerCheck(index));
            check::write(lines, own, inherited.as_ref());
        }
    }
}

fn host(lines: &mut Lines<'_>, config: &Config) {
    if let Some(forward) = config.host.ip_forward {
        lines.header("[host]", 0, Spot::Table("host"));
        lines.key("ip_forward", forward);
    }
    if !config.host.sysctl.is_empty() {
        lines.header("[host.sysctl]", 0, Spot::Table("host.sysctl"));
        for (name, value) in &config.host.sysctl {
            // As the kernel prints numbers; other texts keep their quotes.
            let plain = value
                .parse::<i64>()
                .is_ok_and(|it| it.to_string() == *value);
            let value = if plain { value.clone() } else { quoted(value) };
            lines.key(&quoted(name), value);
        }
    }
}

fn timeouts(lines: &mut Lines<'_>, config: &Config) {
    let all = [
        ("tcp", config.timeouts.tcp),
        ("tcpfin", config.timeouts.tcp_fin),
        ("udp", config.timeouts.udp),
    ];
    if all.iter().all(|(_, seconds)| *seconds == 0) {
        return;
    }
    lines.header("[timeouts]", 0, Spot::Table("timeouts"));
    for (key, seconds) in all.into_iter().filter(|(_, seconds)| *seconds != 0) {
        let time = Duration::from_secs(seconds.into());
        lines.key(key, span(time));
    }
}

fn sync(lines: &mut Lines<'_>, daemon: &SyncDaemon) {
    let table = match daemon.role {
        SyncRole::Master => "sync.master",
        SyncRole::Backup => "sync.backup",
    };
    lines.header(&format!("[{table}]"), 0, Spot::Table(table));
    lines.key("interface", quoted(&daemon.interface));
    if daemon.id != 0 {
        lines.key("syncid", daemon.id);
    }
    let unless_zero: [(&str, u16); 3] = [
        ("maxlen", daemon.max_length),
        ("port", daemon.port),
        ("ttl", daemon.ttl.into()),
    ];
    if let Some(group) = daemon.group {
        lines.key("group", quoted(&group.to_string()));
    }
    for (key, value) in unless_zero {
        if value != 0 {
            lines.key(key, value);
        }
    }
}
