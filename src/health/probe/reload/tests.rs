//! Another list while the probe runs.

use std::net::TcpListener;

use super::super::tests::{Directory, Table, closed, server, spec};
use super::*;
use crate::health::drains;
use crate::health::report::ServerStatus;
use crate::health::spec::Roster;
use crate::model::{Protocol, ServiceId};

fn other() -> ServiceSpec {
    ServiceSpec {
        id: ServiceId::Address {
            protocol: Protocol::Tcp,
            address: [192, 0, 2, 1].into(),
            port: 81,
        },
        roster: Roster::Table { check: None },
        ..spec(None)
    }
}

/// The same service with its check changed.
fn changed(change: impl FnOnce(&mut crate::health::check::CheckSpec)) -> ServiceSpec {
    let mut spec = spec(None);
    if let Roster::Table { check: Some(check) } = &mut spec.roster {
        change(check);
    }
    spec
}

#[test]
fn a_reload_keeps_verdicts_and_lets_go_what_is_gone() {
    let directory = Directory::new("reload");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let open = listener.local_addr().unwrap().port();
    let table = Table::default();
    *table.0.lock().unwrap() = vec![server(closed())];
    let mut pool = table.clone();
    let mut silent = |_: Level, _: &str| {};
    let mut probe = Probe::new(vec![spec(None)], &directory.0, &mut pool, &mut silent).unwrap();
    let stopper = probe.stopper();
    probe.run_loop(&mut |_| {
        if table.weights() == [0] {
            stopper.stop();
        }
    });

    // Another option of the check: the server stays out until that one passes.
    let timeout = changed(|check| check.timeout += Duration::from_secs(1));
    probe.reload(vec![timeout]).unwrap();
    assert_eq!(
        probe.report().services[0].servers[0].state,
        ServerStatus::Down
    );
    let mut beats = 0;
    probe.run_loop(&mut |_| {
        assert_eq!(table.weights(), [0]);
        beats += 1;
        if beats == 3 {
            stopper.stop();
        }
    });
    // What it asks next answers.
    let port = changed(|check| check.port = Some(open));
    probe.reload(vec![port]).unwrap();
    probe.run_loop(&mut |_| {
        if table.weights() == [1] {
            stopper.stop();
        }
    });

    // A list that cannot be kept changes nothing.
    let twice = probe.reload(vec![other(), other()]);
    assert!(matches!(twice, Err(ProbeError::ServiceTwice(_))));
    assert_eq!(probe.report().services[0].service, "tcp 192.0.2.1:80");

    // It is gone, and with it what was remembered of it.
    let first = spec(None).id;
    let state = StateFile::new(&directory.0, &first);
    assert!(state.path().exists());
    probe.reload(vec![other()]).unwrap();
    assert!(!state.path().exists());
    assert_eq!(probe.report().services[0].service, "tcp 192.0.2.1:81");
    let (mut pool, mut silent) = (table.clone(), |_: Level, _: &str| {});
    assert!(Probe::new(vec![spec(None)], &directory.0, &mut pool, &mut silent).is_ok());
}

#[test]
fn a_probe_that_runs_heeds_who_drains_beside_it() {
    let directory = Directory::new("drain");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = server(listener.local_addr().unwrap().port());
    let table = Table::default();
    *table.0.lock().unwrap() = vec![server.clone()];
    let mut pool = table.clone();
    let mut silent = |_: Level, _: &str| {};
    let id = spec(None).id;
    let mut probe = Probe::new(vec![spec(None)], &directory.0, &mut pool, &mut silent).unwrap();
    let stopper = probe.stopper();
    let mut story = vec![Some(1), Some(0), Some(1)].into_iter();
    let mut next = story.next().flatten();
    probe.run_loop(&mut |report| {
        if report.services[0].servers[0].passed != Some(true) || Some(table.weights()[0]) != next {
            return;
        }
        next = story.next().flatten();
        let drain = drains::Drain {
            address: server.address,
            port: server.port,
            by: "alice".to_owned(),
            at: 7,
            reason: String::new(),
            weight_before: Some(1),
            calls_sorry: false,
        };
        match next {
            Some(0) => drop(drains::set(&directory.0, &id, &drain).unwrap()),
            Some(_) => drop(drains::clear(&directory.0, &id, server.name()).unwrap()),
            None => stopper.stop(),
        }
    });
    assert_eq!(table.weights(), [1]);
}
