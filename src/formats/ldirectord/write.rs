//! A [`Config`] as ldirectord.cf.

use std::fmt::Write as _;
use std::time::Duration;

use crate::config::{
    Check, CheckKind, Config, DnsRecord, HttpQuestion, OnExit, SorryMode, VipWay, VirtualServer,
};
use crate::formats::translation::{Exported, losses_of_host, losses_of_service};
use crate::health::{OnFailure, StatusSet};
use crate::model::{
    Family, Forward, Netmask, Protocol, Server, Service, ServiceId, Timeouts, Tunnel, bracketed,
    format_duration,
};

/// The lines so far, and what could not be written.
#[derive(Debug, Default)]
struct Writer {
    lines: Vec<String>,
    losses: Vec<String>,
    /// Of what losses are told.
    subject: String,
}

impl Writer {
    /// A line of a virtual server.
    fn key(&mut self, key: &str, value: impl std::fmt::Display) {
        self.lines.push(format!("\t{key}={value}"));
    }

    fn loss(&mut self, text: &str) {
        self.losses.push(format!("{}: {text}", self.subject));
    }
}

/// The file as ldirectord.cf. It has one check for all servers of a virtual server.
#[must_use]
pub fn export(config: &Config) -> Exported {
    let mut writer = Writer::default();
    losses_of_host(config, &mut writer.losses);
    if config.timeouts != Timeouts::default() {
        writer
            .losses
            .push("timeouts: ipvsadm --set has to set them".to_owned());
    }
    if !config.sync.is_empty() {
        writer
            .losses
            .push("sync: ldirectord starts no daemons".to_owned());
    }
    writer.lines.push(
        "# Written by lbctl export. ldirectord does not lead packets to IPVS by marks,".to_owned(),
    );
    writer
        .lines
        .push("# rules and routes: lbctl vip add does.".to_owned());
    let clean = match config.on_exit {
        OnExit::Keep => "no",
        OnExit::Remove => "yes",
    };
    writer.lines.push(format!("cleanstop={clean}"));
    for server in &config.virtual_servers {
        virtual_server(&mut writer, server);
    }
    writer.lines.push(String::new());
    Exported {
        text: writer.lines.join("\n"),
        losses: writer.losses,
    }
}

fn virtual_server(writer: &mut Writer, server: &VirtualServer) {
    let id = server.service.id;
    writer.subject = match &server.name {
        Some(name) => format!("{} ({id})", name.escape_debug()),
        None => id.to_string(),
    };
    if !matches!(id.protocol(), None | Some(Protocol::Tcp | Protocol::Udp)) {
        return writer.loss("ldirectord has no services of this protocol; it is left out");
    }
    losses_of_service(server, &mut writer.losses, &writer.subject);
    if !matches!(
        (id, server.vip),
        (ServiceId::Fwmark { .. }, _) | (_, VipWay::Fwmark)
    ) {
        writer.loss("vip: how packets reach IPVS is not ldirectord's to say");
    }
    let six = if id.family() == Family::Ipv6 { "6" } else { "" };
    writer.lines.push(String::new());
    writer.lines.push(match id {
        ServiceId::Address { address, port, .. } => {
            format!("virtual{six}={}:{port}", bracketed(address))
        }
        ServiceId::Fwmark { mark, .. } => format!("virtual{six}={mark}"),
    });
    if let Some(name) = &server.name {
        if name.contains(['#', '\t', '"']) || name.trim() != name {
            writer.loss("name: ldirectord cannot quote it");
        } else {
            writer.key("servicename", name);
        }
    }
    if let Some(protocol) = id.protocol() {
        writer.key("protocol", protocol);
    }
    service(writer, &server.service);
    let quiescent = server.policy.on_failure == OnFailure::Inhibit;
    writer.key("quiescent", if quiescent { "yes" } else { "no" });
    if server.policy.quorum != 1 || server.policy.hysteresis != 0 {
        writer.loss("quorum, hysteresis: ldirectord has none");
    }
    sorry(writer, server, six);
    for real in &server.real_servers {
        let mut written = real.server.clone();
        if real.maintenance {
            writer.loss(&format!(
                "{}: maintenance; weight 0 is written",
                written.endpoint()
            ));
            written.weight = 0;
        }
        real_server(writer, id, &written, six);
    }
    let mut checks = server.real_servers.iter().map(|real| real.check.as_ref());
    let first = checks.next().flatten();
    if checks.any(|other| other != first) {
        writer.loss("ldirectord has one check for all servers; that of the first is written");
    }
    match first {
        Some(found) => check(writer, id, found),
        None => writer.key("checktype", "on"),
    }
}

fn service(writer: &mut Writer, service: &Service) {
    writer.key("scheduler", &service.scheduler);
    let flags = service.scheduler_flags.names(&service.scheduler);
    if !flags.is_empty() {
        writer.key("schedflags", flags.join(","));
    }
    if let Some(seconds) = service.persistence_timeout {
        writer.key("persistent", seconds);
        match service.netmask {
            mask if mask.is_host() => {}
            Netmask::V4(mask) => writer.key("netmask", mask),
            Netmask::V6(length) => writer.key("netmask", length),
        }
    }
    if service.persistence_engine.is_some() {
        writer.loss("persistence_engine: ldirectord has none");
    }
    match service.id.protocol() {
        Some(Protocol::Udp) if service.one_packet => writer.key("ops", "yes"),
        _ if service.one_packet => {
            writer.loss("one_packet: ldirectord has it for protocol udp alone");
        }
        _ => {}
    }
}

fn sorry(writer: &mut Writer, server: &VirtualServer, six: &str) {
    let Some(sorry) = &server.sorry else { return };
    let endpoint = endpoint(server.service.id, &sorry.server);
    let method = method(writer, sorry.server.forward);
    writer.key(&format!("fallback{six}"), format!("{endpoint} {method}"));
    if server.sorry_mode == SorryMode::Join {
        writer.loss("sorry_mode: ldirectord's fallback answers when no server is left");
    }
    if sorry.check.is_some() {
        writer.loss("sorry_server: ldirectord never checks it");
    }
}

fn real_server(writer: &mut Writer, id: ServiceId, server: &Server, six: &str) {
    let mut text = format!(
        "{} {} {}",
        endpoint(id, server),
        method(writer, server.forward),
        server.weight
    );
    if matches!(id, ServiceId::Fwmark { .. }) && !server.forward.maps_ports() && server.port != 0 {
        writer.loss(&format!(
            "{}: a server of a service by mark has no port",
            server.endpoint()
        ));
    }
    for (letter, threshold) in [('l', server.lower_threshold), ('u', server.upper_threshold)] {
        if threshold != 0 {
            // Writing to a String cannot fail.
            let _ = write!(text, " {letter}:{threshold}");
        }
    }
    writer.key(&format!("real{six}"), text);
}

/// The server's address, and its port where it has one.
fn endpoint(id: ServiceId, server: &Server) -> String {
    match id {
        ServiceId::Fwmark { .. } if server.port == 0 => bracketed(server.address),
        _ => server.endpoint(),
    }
}

fn method(writer: &mut Writer, forward: Forward) -> &'static str {
    match forward {
        Forward::Dr => "gate",
        Forward::Tun(tunnel) => {
            if tunnel != Tunnel::default() {
                writer.loss("tunnel: ldirectord has ipip alone; that is written");
            }
            "ipip"
        }
        // The others are the kernel's own choice and never asked for.
        Forward::Nat | Forward::Local | Forward::Bypass | Forward::Unknown(_) => "masq",
    }
}

fn check(writer: &mut Writer, id: ServiceId, check: &Check) {
    let written = match &check.kind {
        CheckKind::Http(asked) => question(writer, asked, "http"),
        CheckKind::Https(asked, trust) => {
            if trust.verify || trust.ca_file.is_some() {
                writer.loss("tls_verify: ldirectord verifies no certificate");
            }
            question(writer, asked, "https")
        }
        CheckKind::Tcp => {
            writer.key("checktype", "connect");
            true
        }
        CheckKind::Ping => {
            writer.key("checktype", "ping");
            true
        }
        CheckKind::Exec(words) => exec(writer, id, words),
        CheckKind::Dns { query, record } => {
            writer.key("checktype", "negotiate");
            writer.key("service", "dns");
            writer.key("request", format!("\"{query}\""));
            if *record != DnsRecord::A {
                writer.loss("record: ldirectord asks for A");
            }
            true
        }
        CheckKind::Udp { .. } => {
            writer.loss("ldirectord has no such check; it is left out");
            false
        }
    };
    if !written {
        return writer.key("checktype", "on");
    }
    let negotiates = matches!(
        check.kind,
        CheckKind::Http(_) | CheckKind::Https(..) | CheckKind::Dns { .. }
    );
    let connects = matches!(
        check.kind,
        CheckKind::Http(_) | CheckKind::Https(..) | CheckKind::Tcp
    );
    if check.address.is_some() {
        writer.loss("address: ldirectord asks the server itself");
    }
    if let Some(port) = check.port {
        writer.key("checkport", port);
    }
    seconds(
        writer,
        if negotiates {
            "negotiatetimeout"
        } else {
            "checktimeout"
        },
        check.timeout,
    );
    seconds(writer, "checkinterval", check.interval);
    writer.key("failurecount", check.fall);
    if connects && check.connect_timeout != check.timeout {
        writer.loss("connect_timeout: ldirectord has one timeout for a check");
    }
    if check.retry_interval != check.interval {
        writer.loss("retry_interval: ldirectord asks again after checkinterval");
    }
    if check.rise > 1 {
        writer.loss("rise: one success brings a server back in ldirectord");
    }
}

/// Whether it could be written.
fn question(writer: &mut Writer, asked: &HttpQuestion, service: &str) -> bool {
    let texts = [Some(asked.request.path()), asked.request.virtualhost()];
    if texts
        .into_iter()
        .flatten()
        .any(|text| text.contains(['"', '#']))
    {
        writer.loss("path: ldirectord cannot quote it; the check is left out");
        return false;
    }
    writer.key("checktype", "negotiate");
    writer.key("service", service);
    writer.key("request", format!("\"{}\"", asked.request.path()));
    if let Some(body) = &asked.body {
        if body.contains(['"', '#']) || body.contains(char::is_control) {
            writer.loss("body: ldirectord cannot quote it; it is left out");
        } else {
            writer.key("receive", format!("\"{body}\""));
        }
    }
    if let Some(host) = asked.request.virtualhost() {
        writer.key("virtualhost", format!("\"{host}\""));
    }
    if "200-299".parse::<StatusSet>().as_ref() != Ok(asked.request.status()) {
        writer.loss("status: ldirectord takes 200 to 299");
    }
    true
}

/// ldirectord adds the same four words to every command.
fn exec(writer: &mut Writer, id: ServiceId, words: &[String]) -> bool {
    let address = match id {
        ServiceId::Address { address, .. } => address.to_string(),
        ServiceId::Fwmark { mark, .. } => mark.to_string(),
    };
    let port = id.port().unwrap_or_default().to_string();
    let Some((program, rest)) = words.split_first() else {
        return false;
    };
    if rest != [&address, &port, "{address}", "{port}"] || program.contains(['"', '#']) {
        writer.loss(&format!(
            "command: ldirectord calls it as PROGRAM {address} {port} {{address}} {{port}}; the check is left out"
        ));
        return false;
    }
    writer.key("checktype", "external");
    writer.key("checkcommand", format!("\"{program}\""));
    true
}

fn seconds(writer: &mut Writer, key: &str, time: Duration) {
    let seconds = time.as_secs().max(1);
    if Duration::from_secs(seconds) != time {
        writer.loss(&format!(
            "{}: {key}={seconds} is written",
            format_duration(time)
        ));
    }
    writer.key(key, seconds);
}
