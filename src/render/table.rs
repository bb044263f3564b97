//! The table as a person reads it: one grid, a line per service and one per
//! server below it.

use std::io;

use crate::model::Forward;
use crate::model::{Counters, Server, ServerState, Service, ServiceState, Tunnel, TunnelKind};

use super::number::number;
use super::{Names, Output, Style, columns};

/// Which columns stand behind the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// Weight, active and inactive connections.
    Connections,
    /// Connections, packets and bytes per second.
    Rate,
    /// Connections, packets and bytes so far.
    Stats,
    /// Upper and lower connection thresholds.
    Thresholds,
    /// Persistence templates.
    Persistent,
    /// How packets are tunnelled.
    Tunnels,
}

/// How a list is shown.
#[derive(Debug, Clone, Copy)]
pub struct ListOptions<'a> {
    /// Its columns.
    pub view: View,
    /// Whole numbers.
    pub exact: bool,
    /// What endpoints are called.
    pub names: &'a Names,
}

impl View {
    fn headings(self) -> &'static [&'static str] {
        match self {
            Self::Connections => &["Weight", "Active", "Inactive"],
            Self::Rate => &[
                "Conns/s",
                "Pkts in/s",
                "Pkts out/s",
                "Bytes in/s",
                "Bytes out/s",
            ],
            Self::Stats => &["Conns", "Pkts in", "Pkts out", "Bytes in", "Bytes out"],
            Self::Thresholds => &["Weight", "Upper", "Lower", "Active", "Inactive"],
            Self::Persistent => &["Weight", "Persistent", "Active", "Inactive"],
            Self::Tunnels => &["Tunnel", "Port", "Checksum", "Weight", "Active", "Inactive"],
        }
    }

    fn of_service(self, state: &ServiceState, exact: bool) -> Vec<String> {
        match self {
            Self::Rate => counters(&state.stats.rates, exact),
            Self::Stats => counters(&state.stats.totals, exact),
            _ => vec![String::new(); self.headings().len()],
        }
    }

    fn of_server(self, state: &ServerState, exact: bool) -> Vec<String> {
        let count = |value: u32| number(u64::from(value), exact);
        let server = &state.server;
        // A weight is a setting: it is never shortened.
        let weight = server.weight.to_string();
        match self {
            Self::Connections => vec![weight, count(state.active), count(state.inactive)],
            Self::Rate => counters(&state.stats.rates, exact),
            Self::Stats => counters(&state.stats.totals, exact),
            Self::Thresholds => vec![
                weight,
                server.upper_threshold.to_string(),
                server.lower_threshold.to_string(),
                count(state.active),
                count(state.inactive),
            ],
            Self::Tunnels => {
                let (kind, port, checksum) = match server.forward {
                    Forward::Tun(tunnel) => (
                        tunnel.kind.as_str(),
                        tunnel.port.to_string(),
                        tunnel.checksum.as_str(),
                    ),
                    _ => ("-", "-".to_owned(), "-"),
                };
                vec![
                    kind.to_owned(),
                    port,
                    checksum.to_owned(),
                    weight,
                    count(state.active),
                    count(state.inactive),
                ]
            }
            Self::Persistent => vec![
                weight,
                count(state.persistent),
                count(state.active),
                count(state.inactive),
            ],
        }
    }
}

fn counters(counters: &Counters, exact: bool) -> Vec<String> {
    [
        counters.connections,
        counters.packets_in,
        counters.packets_out,
        counters.bytes_in,
        counters.bytes_out,
    ]
    .into_iter()
    .map(|value| number(value, exact))
    .collect()
}

/// The scheduler and everything that is not as usual.
fn settings(service: &Service) -> String {
    let mut words = vec![service.scheduler.to_string()];
    let flags = service.scheduler_flags.names(&service.scheduler);
    if !flags.is_empty() {
        words.push(format!("({})", flags.join(",")));
    }
    if let Some(seconds) = service.persistence_timeout {
        // 0: the kernel did not say how long.
        words.push(match seconds {
            0 => "persistent".to_owned(),
            seconds => format!("persistent {seconds}s"),
        });
        if !service.netmask.is_host() {
            words.push(format!("mask {}", service.netmask));
        }
    }
    if let Some(engine) = &service.persistence_engine {
        words.push(format!("pe {engine}"));
    }
    if service.one_packet {
        words.push("ops".to_owned());
    }
    words.join(" ")
}

fn method(server: &Server) -> String {
    match server.forward {
        Forward::Tun(Tunnel { kind, port, .. }) => match kind {
            TunnelKind::Gue => format!("tun gue:{port}"),
            _ => format!("tun {}", kind.as_str()),
        },
        other => other.to_string(),
    }
}

/// Writes the table.
///
/// # Errors
/// The stream's.
pub fn list(
    services: &[ServiceState],
    options: ListOptions<'_>,
    output: &mut Output,
) -> io::Result<()> {
    let mut headings = vec!["Service", "Scheduler"];
    headings.extend(options.view.headings());
    let mut rows = Vec::new();
    let mut styles = vec![Style::Heading];
    for state in services {
        let id = &state.service.id;
        let mut row = vec![options.names.service(id), settings(&state.service)];
        row.extend(options.view.of_service(state, options.exact));
        rows.push(row);
        styles.push(Style::Strong);
        for server in &state.servers {
            let mut row = vec![
                format!(
                    "  -> {}",
                    options.names.endpoint(id.protocol(), server.server.name())
                ),
                method(&server.server),
            ];
            row.extend(options.view.of_server(server, options.exact));
            rows.push(row);
            styles.push(if server.server.weight == 0 {
                Style::Warning
            } else {
                Style::Plain
            });
        }
    }
    for (line, style) in columns(&headings, 2, &rows).iter().zip(styles) {
        output.styled(line, style)?;
    }
    Ok(())
}
