//! Timeouts and synchronisation daemons, for people and for scripts.

use std::io;

use serde::Serialize;

use crate::model::{SyncDaemon, Timeouts};

use super::{Output, Style, grid};

#[derive(Serialize)]
struct TimeoutsJson {
    tcp: u32,
    tcp_fin: u32,
    udp: u32,
}

/// Writes a line for each timeout, in seconds.
///
/// # Errors
/// The stream's.
pub fn timeouts(timeouts: &Timeouts, output: &mut Output) -> io::Result<()> {
    for (name, seconds) in [
        ("tcp", timeouts.tcp),
        ("tcpfin", timeouts.tcp_fin),
        ("udp", timeouts.udp),
    ] {
        output.line(&format!("{name:<6}  {seconds}s"))?;
    }
    Ok(())
}

/// `{"tcp":900,"tcp_fin":120,"udp":300}`.
///
/// # Errors
/// None in practice.
pub fn timeouts_json(timeouts: &Timeouts) -> serde_json::Result<String> {
    serde_json::to_string(&TimeoutsJson {
        tcp: timeouts.tcp,
        tcp_fin: timeouts.tcp_fin,
        udp: timeouts.udp,
    })
}

#[derive(Serialize)]
struct DaemonsJson {
    daemons: Vec<DaemonJson>,
}

#[derive(Serialize)]
struct DaemonJson {
    role: &'static str,
    interface: String,
    syncid: u32,
    max_length: u16,
    group: Option<String>,
    port: u16,
    ttl: u8,
}

/// Writes a line for each daemon.
///
/// # Errors
/// The stream's.
pub fn daemons(daemons: &[SyncDaemon], output: &mut Output) -> io::Result<()> {
    let rows = daemons
        .iter()
        .map(|daemon| {
            vec![
                daemon.role.as_str().to_owned(),
                daemon.interface.clone(),
                daemon
                    .group
                    .map(|group| group.to_string())
                    .unwrap_or_default(),
                daemon.port.to_string(),
                daemon.ttl.to_string(),
                daemon.id.to_string(),
                daemon.max_length.to_string(),
            ]
        })
        .collect();
    let headings = [
        "Daemon",
        "Interface",
        "Group",
        "Port",
        "TTL",
        "Syncid",
        "Max length",
    ];
    let mut style = Style::Heading;
    for line in grid(&headings, 3, rows) {
        output.styled(&line, style)?;
        style = Style::Plain;
    }
    Ok(())
}

/// `{"daemons":[...]}`.
///
/// # Errors
/// None in practice.
pub fn daemons_json(daemons: &[SyncDaemon]) -> serde_json::Result<String> {
    serde_json::to_string(&DaemonsJson {
        daemons: daemons
            .iter()
            .map(|daemon| DaemonJson {
                role: daemon.role.as_str(),
                interface: daemon.interface.clone(),
                syncid: daemon.id,
                max_length: daemon.max_length,
                group: daemon.group.map(|group| group.to_string()),
                port: daemon.port,
                ttl: daemon.ttl,
            })
            .collect(),
    })
}
