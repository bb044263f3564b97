//! The metrics as Prometheus' own tool reads them. `tests/run` says where that is;
//! elsewhere the test is left out, and said to be.

use std::io::Write as _;
use std::process::{Command, Stdio};

use lbctl::health::{ProbeReport, ServerReport, ServerStatus, ServiceReport, Transitions, Verdict};
use lbctl::model::{
    Counters, Family, Forward, Protocol, Server, ServerState, Service, ServiceId, ServiceState,
    Stats,
};
use lbctl::render;

fn server(last: u8, weight: u32) -> ServerState {
    ServerState {
        server: Server {
            address: [10, 0, 0, last].into(),
            port: 80,
            forward: Forward::Nat,
            weight,
            upper_threshold: 0,
            lower_threshold: 0,
        },
        active: 7,
        inactive: 9,
        persistent: 0,
        stats: Stats::default(),
    }
}

fn judged(last: u8, state: ServerStatus, verdict: Verdict) -> ServerReport {
    ServerReport {
        address: [10, 0, 0, last].into(),
        port: 80,
        state,
        weight: Some(1),
        wanted_weight: Some(1),
        written_weight: Some(1),
        configured_weight: 1,
        foreign: false,
        maintenance: false,
        drain: None,
        slow_start: None,
        kept_in: false,
        replaced: false,
        verdict,
        since: 1_700_000_000,
        checked: Some(1_700_000_001),
        passed: Some(verdict == Verdict::Up),
        reason: Some("\"no\"\nanswer\\".to_owned()),
        transitions: Transitions { up: 2, down: 1 },
        attempts: 1,
        took_us: (verdict != Verdict::Unknown).then_some(1234),
        changed: None,
        change: None,
    }
}

/// Services of each kind, servers of each state, a sorry server.
fn metrics() -> String {
    let ids = [
        ServiceId::Address {
            protocol: Protocol::Tcp,
            address: [192, 0, 2, 1].into(),
            port: 80,
        },
        ServiceId::Address {
            protocol: Protocol::Udp,
            address: "2001:db8::1".parse().unwrap(),
            port: 53,
        },
        ServiceId::Fwmark {
            mark: 1,
            family: Family::Ipv4,
        },
    ];
    let table = ids.map(|id| ServiceState {
        service: Service::new(id),
        stats: Stats::default(),
        servers: vec![server(1, 3), server(2, 0)],
    });
    let services = ids.map(|id| ServiceReport {
        service: id.to_string(),
        name: Some("web".to_owned()),
        pid: 1,
        heartbeat: 1_700_000_002,
        servers: vec![
            judged(1, ServerStatus::Up, Verdict::Up),
            judged(2, ServerStatus::Down, Verdict::Down),
            judged(3, ServerStatus::Drained, Verdict::Unknown),
        ],
        sorry: Some(judged(4, ServerStatus::Up, Verdict::Up)),
    });
    let totals = Counters {
        connections: 42,
        ..Counters::default()
    };
    let report = ProbeReport {
        services: services.to_vec(),
        troubles: Vec::new(),
    };
    render::metrics(&table, &totals, &report)
}

/// Gives this to `promtool check metrics`; what it complains of.
fn complaints(text: &str) -> String {
    let promtool = std::env::var("LBCTL_PROMTOOL").expect("LBCTL_PROMTOOL names promtool");
    let mut child = Command::new(&promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{promtool:?}: {error}"));
    let mut input = child.stdin.take().unwrap();
    input.write_all(text.as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    assert_eq!(output.status.success(), said.is_empty(), "{said}");
    said
}

#[test]
#[ignore = "needs promtool, which tests/run fetches"]
fn promtool_has_no_complaint() {
    let text = metrics();
    assert!(text.contains("lbctl_server_up{service=\"udp [2001:db8::1]:53\""));
    let labels = "{service=\"fwmark 1\",server=\"10.0.0.2:80\"";
    for line in [
        format!("lbctl_check_duration_seconds{labels}}} 0.001234\n"),
        format!("lbctl_check_transitions_total{labels},direction=\"up\"}} 2\n"),
        format!("lbctl_check_transitions_total{labels},direction=\"down\"}} 1\n"),
    ] {
        assert!(text.contains(&line), "{line} in {text}");
    }
    assert_eq!(complaints(&text), "");
    // It does look.
    let broken = text.replace("# HELP lbctl_server_up ", "# HELP lbctl_server_gone ");
    assert!(complaints(&broken).contains("lbctl_server_up"));
}
