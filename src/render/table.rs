//! The table as a person reads it: one grid, a line per service and one per
//! server below it.

use std::fmt::Write as _;
use std::io;

use crate::model::Forward;
use crate::model::{Counters, ServerState, Service, ServiceState, Tunnel, TunnelKind};

use super::columns::{Cells, Columns};
use super::number::Number;
use super::{Names, Output, Style};

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

    fn of_service(self, state: &ServiceState, exact: bool, row: &mut Cells<'_>) {
        match self {
            Self::Rate => counters(&state.stats.rates, exact, row),
            Self::Stats => counters(&state.stats.totals, exact, row),
            _ => {}
        }
    }

    fn of_server(self, state: &ServerState, exact: bool, row: &mut Cells<'_>) {
        let count = |value: u32| Number {
            value: u64::from(value),
            exact,
        };
        let server = &state.server;
        // A weight is a setting, as thresholds are: they are never shortened.
        match self {
            Self::Rate => return counters(&state.stats.rates, exact, row),
            Self::Stats => return counters(&state.stats.totals, exact, row),
            Self::Connections => row.number(server.weight),
            Self::Thresholds => row
                .number(server.weight)
                .number(server.upper_threshold)
                .number(server.lower_threshold),
            Self::Tunnels => match server.forward {
                Forward::Tun(tunnel) => row
                    .cell(tunnel.kind.as_str())
                    .number(tunnel.port)
                    .cell(tunnel.checksum.as_str()),
                _ => row.cell("-").cell("-").cell("-"),
            }
            .number(server.weight),
            Self::Persistent => row
                .number(server.weight)
                .write(|cell| count(state.persistent).push(cell)),
        }
        .write(|cell| count(state.active).push(cell))
        .write(|cell| count(state.inactive).push(cell));
    }
}

fn counters(counters: &Counters, exact: bool, row: &mut Cells<'_>) {
    for value in [
        counters.connections,
        counters.packets_in,
        counters.packets_out,
        counters.bytes_in,
        counters.bytes_out,
    ] {
        row.write(|cell| Number { value, exact }.push(cell));
    }
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

fn method(forward: Forward, row: &mut Cells<'_>) {
    match forward {
        Forward::Tun(Tunnel { kind, port, .. }) => match kind {
            TunnelKind::Gue => row.write(|cell| write!(cell, "tun gue:{port}")),
            _ => row.write(|cell| write!(cell, "tun {}", kind.as_str())),
        },
        other => row.cell(other.as_str()),
    };
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
    let mut columns = Columns::new(&headings, 2);
    for state in services {
        let id = &state.service.id;
        columns.row(Style::Strong, |row| {
            row.write(|cell| options.names.write_service(id, cell));
            row.cell(&settings(&state.service));
            options.view.of_service(state, options.exact, row);
        });
        for server in &state.servers {
            let style = if server.server.weight == 0 {
                Style::Warning
            } else {
                Style::Plain
            };
            columns.row(style, |row| {
                row.write(|cell| {
                    cell.push_str("  -> ");
                    options
                        .names
                        .write_endpoint(id.protocol(), server.server.name(), cell);
                    Ok(())
                });
                method(server.server.forward, row);
                options.view.of_server(server, options.exact, row);
            });
        }
    }
    columns.write(output)
}
