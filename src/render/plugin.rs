//! What a probe found, as the monitoring plugins of Nagios and its heirs say it: one
//! line, `STATE - text | performance data`
//! (<https://www.monitoring-plugins.org/doc/guidelines.html>).

use std::fmt::Write as _;
use std::net::SocketAddr;

use crate::health::{ProbeReport, ServerReport, ServerStatus, ServiceReport, Severity};

/// The line, without its end. The performance data are, for each service, its servers
/// that are up: a warning below those that are not out on purpose, critical below
/// one, and the most there can be.
#[must_use]
pub fn plugin(report: &ProbeReport) -> String {
    let mut texts: Vec<String> = report.services.iter().map(text).collect();
    texts.extend(report.troubles.iter().cloned());
    if texts.is_empty() {
        texts.push("nothing is checked".to_owned());
    }
    let line = plugin_line(report.severity(), &texts.join("; "));
    let values: Vec<String> = report.services.iter().map(value).collect();
    if values.is_empty() {
        line
    } else {
        format!("{line} | {}", values.join(" "))
    }
}

/// The line when there are no numbers: an error, for example.
#[must_use]
pub fn plugin_line(severity: Severity, text: &str) -> String {
    let state = match severity {
        Severity::Well => "OK",
        Severity::Warning => "WARNING",
        Severity::Critical => "CRITICAL",
        Severity::Unknown => "UNKNOWN",
    };
    // A bar begins the performance data, an end of line the long text.
    let text: Vec<&str> = text.split_whitespace().collect();
    format!("LBCTL {state} - {}", text.join(" ").replace('|', "/"))
}

fn name(service: &ServiceReport) -> &str {
    service.name.as_deref().unwrap_or(&service.service)
}

fn is_up(server: &ServerReport) -> bool {
    server.state == ServerStatus::Up
}

fn is_out_on_purpose(server: &ServerReport) -> bool {
    matches!(
        server.state,
        ServerStatus::Drained | ServerStatus::Maintenance
    )
}

/// `web: 1 of 3 servers up, 10.0.0.2:80 down (connection refused), 10.0.0.3:80 drained`.
fn text(service: &ServiceReport) -> String {
    let servers = &service.servers;
    let up = servers.iter().filter(|it| is_up(it)).count();
    let mut text = format!("{}: {up} of {} servers up", name(service), servers.len());
    for server in servers.iter().filter(|server| !is_up(server)) {
        let endpoint = SocketAddr::new(server.address, server.port);
        let state = match server.state {
            ServerStatus::Up => "up",
            ServerStatus::Down => "down",
            ServerStatus::Unknown => "unknown",
            ServerStatus::Drained => "drained",
            ServerStatus::Maintenance => "in maintenance",
        };
        // Writing to a String cannot fail.
        let _ = write!(text, ", {endpoint} {state}");
        if let Some(reason) = &server.reason
            && !is_out_on_purpose(server)
        {
            let _ = write!(text, " ({reason})");
        }
    }
    text
}

/// `'web'=1;2:;1:;0;3`.
fn value(service: &ServiceReport) -> String {
    let servers = &service.servers;
    let up = servers.iter().filter(|it| is_up(it)).count();
    let out = servers.iter().filter(|it| is_out_on_purpose(it)).count();
    let all = servers.len();
    // A quote is doubled; an equals sign and a bar cannot be written.
    let label = name(service).replace('\'', "''").replace(['=', '|'], "_");
    format!("'{label}'={up};{}:;1:;0;{all}", all - out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Transitions;
    use crate::health::Verdict;

    fn server(last: u8, state: ServerStatus, reason: &str) -> ServerReport {
        ServerReport {
            address: [10, 0, 0, last].into(),
            port: 80,
            state,
            weight: Some(u32::from(state == ServerStatus::Up)),
            wanted_weight: None,
            written_weight: None,
            configured_weight: 1,
            foreign: false,
            maintenance: false,
            drain: None,
            slow_start: None,
            kept_in: false,
            replaced: false,
            verdict: Verdict::Unknown,
            since: 0,
            checked: None,
            passed: None,
            reason: Some(reason.to_owned()),
            transitions: Transitions::default(),
            attempts: 0,
            took_us: None,
            changed: None,
            change: None,
        }
    }

    fn line(name: Option<&str>, servers: Vec<ServerReport>) -> String {
        let service = ServiceReport {
            service: "tcp 192.0.2.1:80".to_owned(),
            name: name.map(str::to_owned),
            pid: 1,
            heartbeat: 0,
            servers,
            sorry: None,
        };
        plugin(&ProbeReport {
            services: vec![service],
            troubles: Vec::new(),
        })
    }

    #[test]
    fn one_line_with_numbers() {
        let up = || server(1, ServerStatus::Up, "status 200");
        assert_eq!(
            line(None, vec![up()]),
            "LBCTL OK - tcp 192.0.2.1:80: 1 of 1 servers up | 'tcp 192.0.2.1:80'=1;1:;1:;0;1"
        );
        let drained = server(3, ServerStatus::Drained, "status 200");
        assert_eq!(
            line(
                Some("web"),
                vec![up(), server(2, ServerStatus::Down, "refused"), drained]
            ),
            "LBCTL WARNING - web: 1 of 3 servers up, 10.0.0.2:80 down (refused), \
             10.0.0.3:80 drained | 'web'=1;2:;1:;0;3"
        );
    }

    #[test]
    fn foreign_text_breaks_neither_line_nor_numbers() {
        let down = server(1, ServerStatus::Down, "a\nb|c=1");
        assert_eq!(
            line(Some("it's=a|b"), vec![down]),
            "LBCTL CRITICAL - it's=a/b: 0 of 1 servers up, 10.0.0.1:80 down (a b/c=1) \
             | 'it''s_a_b'=0;1:;1:;0;1"
        );
    }

    #[test]
    fn troubles_are_said() {
        let report = ProbeReport {
            services: Vec::new(),
            troubles: vec!["cannot read the table".to_owned()],
        };
        assert_eq!(plugin(&report), "LBCTL UNKNOWN - cannot read the table");
    }
}
