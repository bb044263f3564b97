//! What Prometheus reads: node_exporter's names and labels for the table
//! (collector/ipvs_linux.go), so that dashboards go on as they are, and lbctl's own
//! for what the checks say.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use crate::health::{ProbeReport, ServerReport, ServerStatus, ServiceReport, Verdict};
use crate::model::{Counters, Protocol, ServerState, ServiceId, ServiceState};

/// Prometheus' text format, version 0.0.4.
#[must_use]
pub fn metrics(table: &[ServiceState], totals: &Counters, report: &ProbeReport) -> String {
    let mut text = Text::default();
    for (name, help, value) in [
        (
            "node_ipvs_connections_total",
            "connections made",
            totals.connections,
        ),
        (
            "node_ipvs_incoming_packets_total",
            "incoming packets",
            totals.packets_in,
        ),
        (
            "node_ipvs_outgoing_packets_total",
            "outgoing packets",
            totals.packets_out,
        ),
        (
            "node_ipvs_incoming_bytes_total",
            "incoming bytes",
            totals.bytes_in,
        ),
        (
            "node_ipvs_outgoing_bytes_total",
            "outgoing bytes",
            totals.bytes_out,
        ),
    ] {
        text.family(name, "counter", &format!("The total number of {help}."));
        text.sample(name, &[], value);
    }
    for (name, help, value) in BACKENDS {
        text.family(name, "gauge", help);
        for state in table {
            for server in &state.servers {
                text.sample(name, &backend(&state.service.id, server), value(server));
            }
        }
    }
    for (name, kind, help, value) in CHECKS {
        text.family(name, kind, help);
        for (service, server) in servers(report) {
            if let Some(value) = value(server) {
                text.sample(name, &labels(service, server), value);
            }
        }
    }
    let name = "lbctl_check_duration_seconds";
    let help = "How long the last check of a server took.";
    text.family(name, "gauge", help);
    for (service, server) in servers(report) {
        if let Some(took) = server.took_us {
            let seconds = Duration::from_micros(took).as_secs_f64();
            text.sample(name, &labels(service, server), seconds);
        }
    }
    let name = "lbctl_check_transitions_total";
    let help = "How often the checks of a server changed their mind.";
    text.family(name, "counter", help);
    for (service, server) in servers(report) {
        let counts = server.transitions;
        for (direction, count) in [("up", counts.up), ("down", counts.down)] {
            let [service, server] = labels(service, server);
            let labels = [service, server, ("direction", direction.to_owned())];
            text.sample(name, &labels, count);
        }
    }
    text.0
}

fn servers(report: &ProbeReport) -> impl Iterator<Item = (&ServiceReport, &ServerReport)> {
    report.services.iter().flat_map(|service| {
        let servers = service.servers.iter().chain(&service.sorry);
        servers.map(move |server| (service, server))
    })
}

fn labels(service: &ServiceReport, server: &ServerReport) -> [(&'static str, String); 2] {
    let endpoint = SocketAddr::new(server.address, server.port);
    [
        ("service", service.service.clone()),
        ("server", endpoint.to_string()),
    ]
}

type OfBackend = (&'static str, &'static str, fn(&ServerState) -> u32);

const BACKENDS: [OfBackend; 3] = [
    (
        "node_ipvs_backend_connections_active",
        "The current active connections by local and remote address.",
        |server| server.active,
    ),
    (
        "node_ipvs_backend_connections_inactive",
        "The current inactive connections by local and remote address.",
        |server| server.inactive,
    ),
    (
        "node_ipvs_backend_weight",
        "The current backend weight by local and remote address.",
        |server| server.server.weight,
    ),
];

type OfCheck = (
    &'static str,
    &'static str,
    &'static str,
    fn(&ServerReport) -> Option<u64>,
);

const CHECKS: [OfCheck; 4] = [
    (
        "lbctl_server_up",
        "gauge",
        "Whether the checks of a server pass; missing while they have not spoken.",
        |server| match server.verdict {
            Verdict::Up => Some(1),
            Verdict::Down => Some(0),
            Verdict::Unknown => None,
        },
    ),
    (
        "lbctl_server_drained",
        "gauge",
        "Whether somebody took the weight of a server away.",
        |server| {
            let out = [ServerStatus::Drained, ServerStatus::Maintenance];
            Some(u64::from(out.contains(&server.state)))
        },
    ),
    (
        "lbctl_server_since_timestamp_seconds",
        "gauge",
        "When the checks of a server last changed their mind.",
        |server| Some(server.since),
    ),
    (
        "lbctl_server_checked_timestamp_seconds",
        "gauge",
        "When a server was last checked.",
        |server| server.checked,
    ),
];

/// node_exporter's labels: a mark stands as /proc/net/ip_vs shows it.
fn backend(id: &ServiceId, server: &ServerState) -> [(&'static str, String); 6] {
    let (address, port, mark, protocol) = match id {
        ServiceId::Address {
            protocol,
            address,
            port,
        } => {
            let protocol = match protocol {
                Protocol::Tcp => "TCP".to_owned(),
                Protocol::Udp => "UDP".to_owned(),
                Protocol::Sctp => "SCTP".to_owned(),
                other @ Protocol::Other(_) => other.to_string(),
            };
            (address.to_string(), *port, String::new(), protocol)
        }
        ServiceId::Fwmark { mark, .. } => {
            (String::new(), 0, format!("{mark:08X}"), "FWM".to_owned())
        }
    };
    [
        ("local_address", address),
        ("local_mark", mark),
        ("local_port", port.to_string()),
        ("proto", protocol),
        ("remote_address", server.server.address.to_string()),
        ("remote_port", server.server.port.to_string()),
    ]
}

#[derive(Default)]
struct Text(String);

impl Text {
    // Writing to a String cannot fail.
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, String)], value: impl std::fmt::Display) {
        self.0.push_str(name);
        for (number, (label, text)) in labels.iter().enumerate() {
            self.0.push(if number == 0 { '{' } else { ',' });
            // No label of ours holds a backslash, a quote or a line's end.
            let _ = write!(self.0, "{label}=\"{text}\"");
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
        let _ = writeln!(self.0, " {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Family, Forward, Server, Service, Stats};

    #[test]
    fn names_and_labels_are_those_of_node_exporter() {
        let server = ServerState {
            server: Server {
                address: [10, 0, 0, 1].into(),
                port: 80,
                forward: Forward::Nat,
                weight: 3,
                upper_threshold: 0,
                lower_threshold: 0,
            },
            active: 7,
            inactive: 9,
            persistent: 0,
            stats: Stats::default(),
        };
        let state = |id| ServiceState {
            service: Service::new(id),
            stats: Stats::default(),
            servers: vec![server.clone()],
        };
        let table = [
            state(ServiceId::Address {
                protocol: Protocol::Tcp,
                address: [192, 0, 2, 1].into(),
                port: 80,
            }),
            state(ServiceId::Fwmark {
                mark: 0x1000_1000,
                family: Family::Ipv4,
            }),
        ];
        let totals = Counters {
            connections: 42,
            ..Counters::default()
        };
        let report = ProbeReport {
            services: Vec::new(),
            troubles: Vec::new(),
        };
        let text = metrics(&table, &totals, &report);
        for line in [
            "# TYPE node_ipvs_connections_total counter",
            "node_ipvs_connections_total 42",
            "node_ipvs_backend_connections_active{local_address=\"192.0.2.1\",local_mark=\"\",\
             local_port=\"80\",proto=\"TCP\",remote_address=\"10.0.0.1\",remote_port=\"80\"} 7",
            "node_ipvs_backend_weight{local_address=\"\",local_mark=\"10001000\",\
             local_port=\"0\",proto=\"FWM\",remote_address=\"10.0.0.1\",remote_port=\"80\"} 3",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in {text}");
        }
    }
}
