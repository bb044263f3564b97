//! The whole probe with real sockets on loopback and a table in memory.

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::*;
use crate::health::check::{CheckKind, CheckSpec};
use crate::health::policy::Rules;
use crate::health::pool::PoolError;
use crate::health::report::Severity;
use crate::health::spec::{Roster, ServerSpec};
use crate::model::{
    Forward, Protocol, Server, ServerState, Service, ServiceId, ServiceState, Stats,
};

#[derive(Clone, Default)]
pub(super) struct Table(pub(super) Arc<Mutex<Vec<Server>>>);

impl Table {
    pub(super) fn weights(&self) -> Vec<u32> {
        self.0.lock().unwrap().iter().map(|s| s.weight).collect()
    }
}

impl Pool for Table {
    fn read(&mut self, id: &ServiceId) -> Result<Option<ServiceState>, PoolError> {
        let servers = self.0.lock().unwrap().clone();
        Ok(Some(ServiceState {
            service: Service::new(*id),
            stats: Stats::default(),
            servers: servers
                .into_iter()
                .map(|server| ServerState {
                    server,
                    active: 0,
                    inactive: 0,
                    persistent: 0,
                    stats: Stats::default(),
                })
                .collect(),
        }))
    }

    fn add_service(&mut self, _: &Service) -> Result<(), PoolError> {
        Ok(())
    }

    fn add_server(&mut self, _: &ServiceId, server: &Server) -> Result<(), PoolError> {
        self.0.lock().unwrap().push(server.clone());
        Ok(())
    }

    fn edit_server(&mut self, _: &ServiceId, old: &Server, new: &Server) -> Result<(), PoolError> {
        for server in self.0.lock().unwrap().iter_mut() {
            if server == old {
                *server = new.clone();
            }
        }
        Ok(())
    }

    fn delete_server(&mut self, _: &ServiceId, server: &Server) -> Result<(), PoolError> {
        self.0.lock().unwrap().retain(|other| other != server);
        Ok(())
    }
}

pub(super) fn server(port: u16) -> Server {
    Server {
        address: [127, 0, 0, 1].into(),
        port,
        forward: Forward::Nat,
        weight: 1,
        upper_threshold: 0,
        lower_threshold: 0,
    }
}

pub(super) fn spec(sorry: Option<Server>) -> ServiceSpec {
    let check = CheckSpec {
        interval: Duration::from_millis(20),
        retry_interval: Duration::from_millis(1),
        ..CheckSpec::new(CheckKind::Tcp)
    };
    ServiceSpec {
        id: ServiceId::Address {
            protocol: Protocol::Tcp,
            address: [192, 0, 2, 1].into(),
            port: 80,
        },
        roster: Roster::Table { check: Some(check) },
        sorry: sorry.map(|server| ServerSpec {
            server,
            check: None,
            maintenance: false,
        }),
        name: None,
        rules: Rules::default(),
    }
}

/// An empty directory that goes away again.
pub(super) struct Directory(pub(super) PathBuf);

impl Directory {
    pub(super) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("lbctl-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A port that nothing listens on.
pub(super) fn closed() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[test]
fn once_asks_every_server_to_a_conclusion_and_sets_the_weights() {
    let directory = Directory::new("once");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let open = listener.local_addr().unwrap().port();
    let shut = closed();
    let table = Table::default();
    *table.0.lock().unwrap() = vec![server(open), server(shut)];
    let mut lines = Vec::new();
    let mut journal = |level, line: &str| {
        if level == Level::Transition {
            lines.push(line.to_owned());
        }
    };
    let mut pool = table.clone();
    let probe = Probe::new(vec![spec(None)], &directory.0, &mut pool, &mut journal).unwrap();
    let report = probe.once();
    assert_eq!(table.weights(), [1, 0]);
    assert_eq!(report.severity(), Severity::Warning);
    let down = &report.services[0].servers[1];
    assert_eq!(down.reason.as_deref(), Some("connection refused"));
    assert_eq!((down.attempts, down.weight), (2, Some(0)));
    lines.sort();
    let mut expected = [
        format!("tcp 192.0.2.1:80: 127.0.0.1:{open} is up: connected; its weight is 1"),
        format!(
            "tcp 192.0.2.1:80: 127.0.0.1:{shut} is down: connection refused (2 of 2); weight 1 -> 0"
        ),
    ];
    expected.sort();
    assert_eq!(lines, expected);

    // The next run knows from the file that it holds the server down.
    let listener = TcpListener::bind(("127.0.0.1", shut));
    let mut silent = |_: Level, _: &str| {};
    let probe = Probe::new(vec![spec(None)], &directory.0, &mut pool, &mut silent).unwrap();
    let _ = probe.once();
    if listener.is_ok() {
        assert_eq!(table.weights(), [1, 1]);
    }
}

#[test]
fn the_loop_brings_the_sorry_server_and_stops_when_told() {
    let directory = Directory::new("loop");
    let table = Table::default();
    *table.0.lock().unwrap() = vec![server(closed())];
    let mut pool = table.clone();
    let mut silent = |_: Level, _: &str| {};
    let specs = vec![spec(Some(server(9)))];
    let mut probe = Probe::new(specs, &directory.0, &mut pool, &mut silent).unwrap();
    let (mut other, mut mute) = (table.clone(), |_: Level, _: &str| {});
    let second = Probe::new(vec![spec(None)], &directory.0, &mut other, &mut mute);
    assert!(matches!(second.err(), Some(ProbeError::Lock(_))));
    let stopper = probe.stopper();
    probe.run_loop(&mut |_| {
        if table.weights() == [0, 1] {
            stopper.stop();
        }
    });
    assert_eq!(table.weights(), [0, 1]);
}

#[test]
fn a_service_twice_is_refused() {
    let directory = Directory::new("twice");
    let specs = vec![spec(None), spec(None)];
    let mut silent = |_: Level, _: &str| {};
    let mut table = Table::default();
    let probe = Probe::new(specs, &directory.0, &mut table, &mut silent);
    assert!(matches!(probe.err(), Some(ProbeError::ServiceTwice(_))));
}
