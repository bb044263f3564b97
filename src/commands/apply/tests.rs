//! What `apply` leaves to the probe and to those who drain.

use super::*;
use crate::health::Record;

const FILE: &str = r#"
[[virtual_server]]
listen = "192.0.2.1:80"
protocol = "tcp"
sorry_server = "10.0.0.9:80"
[[virtual_server.real_server]]
address = "10.0.0.1:80"
weight = 20
[[virtual_server.real_server]]
address = "10.0.0.2:80"
weight = 20
"#;

fn config() -> Config {
    Config::parse(Path::new("lbctl.toml"), FILE.as_bytes(), &System).unwrap()
}

#[test]
fn who_is_drained_has_no_weight_whatever_the_file_says() {
    let name = format!("lbctl-apply-{}", std::process::id());
    let directory = std::env::temp_dir().join(name);
    let config = config();
    let weights = || -> Vec<u32> {
        let desired = desired(&config, &directory).unwrap();
        desired.services[0]
            .servers
            .iter()
            .map(|s| s.weight)
            .collect()
    };
    assert_eq!(weights(), [20, 20]);
    let drain = Drain {
        address: [10, 0, 0, 2].into(),
        port: 80,
        by: "alice".to_owned(),
        at: 7,
        reason: String::new(),
        weight_before: Some(20),
        calls_sorry: false,
    };
    let id = config.virtual_servers[0].service.id;
    drains::set(&directory, &id, &drain).unwrap();
    let drained = weights();
    std::fs::write(drains::path(&directory, &id), "{").unwrap();
    let damaged = desired(&config, &directory).map(drop);
    let _ = std::fs::remove_dir_all(&directory);
    assert_eq!(drained, [20, 0]);
    assert!(damaged.unwrap_err().to_string().contains("damaged"));
}

#[test]
fn what_the_probe_holds_is_left_to_it() {
    let config = config();
    let virtual_server = &config.virtual_servers[0];
    let server = &virtual_server.real_servers[0].server;
    let at = |weight| Some(Entry::Weight(weight));
    let up = Record {
        verdict: Verdict::Up,
        written: at(20),
        ..Record::new(server.clone(), 0)
    };
    for (what, record, hold) in [
        ("up", up.clone(), None),
        (
            "down",
            Record {
                verdict: Verdict::Down,
                written: at(0),
                ..up.clone()
            },
            Some(Hold::Weight),
        ),
        (
            "removed",
            Record {
                verdict: Verdict::Down,
                written: Some(Entry::Absent),
                ..up.clone()
            },
            Some(Hold::Presence),
        ),
        (
            "slow start",
            Record {
                written: at(4),
                rising: Some(7),
                ..up.clone()
            },
            Some(Hold::Weight),
        ),
        (
            "replaced by the sorry server",
            Record {
                written: at(0),
                replaced: true,
                ..up.clone()
            },
            Some(Hold::Weight),
        ),
        (
            "in maintenance, as the file said before",
            Record {
                written: at(0),
                maintenance: true,
                ..up.clone()
            },
            None,
        ),
        (
            "in maintenance and down",
            Record {
                verdict: Verdict::Down,
                written: at(0),
                maintenance: true,
                ..up
            },
            Some(Hold::Weight),
        ),
    ] {
        let mut state = State::new(&virtual_server.service.id, 0);
        state.servers.push(record);
        let holds = holds(&config, &[state]);
        let found = holds[&virtual_server.service.id]
            .get(&server.name())
            .copied();
        assert_eq!(found, hold, "{what}");
    }
}
