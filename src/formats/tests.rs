//! There and back: what a language can say comes back as it was.

use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::translation::Draft;
use super::{export_table, import_table, keepalived, ldirectord, to_json};
use crate::config::tests::generate::config;
use crate::config::{Check, CheckKind, Config, Host, OnExit, SorryMode, System, Trust, VipWay};
use crate::model::{Server, Service, ServiceId};

/// The longest time of keepalived.
const LONGEST: Duration = Duration::from_micros(u32::MAX as u64);

/// The part of a file that keepalived.conf can say.
fn for_keepalived(mut config: Config) -> Config {
    config.host = Host::default();
    config.on_exit = OnExit::Remove;
    if config.sync.len() != 2 {
        config.sync.clear();
    }
    for server in &mut config.virtual_servers {
        let by_mark = matches!(server.service.id, ServiceId::Fwmark { .. });
        server.vip = if by_mark {
            VipWay::None
        } else {
            VipWay::Fwmark
        };
        server.name = server
            .name
            .take()
            .filter(|name| !name.contains(['"', '\\', '$']) && name != "{" && name != "}");
        server.sorry_mode = SorryMode::Replace;
        server.depool_threshold = 0.0;
        server.slow_start = None;
        server.snat = false;
        server.check_required = false;
        let portless = |server: &mut Server| {
            let old = server.port;
            if by_mark && !server.forward.maps_ports() {
                server.port = 0;
            }
            old
        };
        if let Some(sorry) = &mut server.sorry {
            sorry.check = None;
            portless(&mut sorry.server);
        }
        let mut total = 0;
        for real in &mut server.real_servers {
            if std::mem::take(&mut real.maintenance) {
                real.server.weight = 0;
            }
            total += u64::from(real.server.weight);
            let port = portless(&mut real.server);
            real.check = real
                .check
                .take()
                .map(|check| check_for_keepalived(check, port, &real.server));
        }
        let total = u32::try_from(total.max(1)).unwrap_or(u32::MAX);
        server.policy.quorum = server.policy.quorum.min(total);
        server.policy.hysteresis = server.policy.hysteresis.min(server.policy.quorum - 1);
        let mut draft = Draft {
            server: server.clone(),
            notes: Vec::new(),
        };
        draft.gather_checks();
        *server = draft.server;
    }
    config
}

fn check_for_keepalived(mut check: Check, port: u16, server: &Server) -> Check {
    let time =
        |time: Duration| Duration::from_micros(time.min(LONGEST).as_micros().try_into().unwrap());
    check.rise = 1;
    check.interval = time(check.interval);
    check.retry_interval = time(check.retry_interval);
    let connects = matches!(
        check.kind,
        CheckKind::Http(_) | CheckKind::Https(..) | CheckKind::Tcp
    );
    if connects {
        check.connect_timeout = time(check.connect_timeout);
        check.timeout = check.connect_timeout;
    }
    check.timeout = time(check.timeout);
    match &mut check.kind {
        CheckKind::Http(_) => check.timeout *= 2,
        CheckKind::Https(_, trust) => {
            check.timeout *= 2;
            *trust = Trust {
                verify: false,
                ca_file: None,
            };
        }
        CheckKind::Exec(words) => {
            check.timeout =
                Duration::from_secs(check.timeout.as_secs().clamp(1, LONGEST.as_secs()));
            // Of another address than the server's nothing tells that it stood for it.
            if let Some(address) = check.address.take() {
                for word in words {
                    *word = word.replace("{address}", &address.to_string());
                }
            }
            check.port = None;
            return check;
        }
        CheckKind::Ping => return check,
        _ => {}
    }
    if server.port != port {
        check.port = check.port.or(Some(port));
    }
    check
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn keepalived_there_and_back(config in config()) {
        let written = keepalived::export(&config);
        let wanted = for_keepalived(config.clone());
        if config.virtual_servers.is_empty() {
            return Ok(());
        }
        let back = keepalived::import(Path::new("k"), written.text.as_bytes(), &System);
        let back = back.map_err(|error| TestCaseError::fail(format!("{error}\n{}", written.text)))?;
        prop_assert_eq!(&back.config, &wanted, "{}", written.text);
        // Whatever changed has been told.
        let mut settled = config;
        settled.virtual_servers.iter_mut().for_each(|it| {
            let mut draft = Draft { server: it.clone(), notes: Vec::new() };
            draft.gather_checks();
            *it = draft.server;
        });
        prop_assert!(settled == wanted || !written.losses.is_empty());
        // What came back can be said in full.
        let again = keepalived::export(&wanted);
        let all_zero = |loss: &String| loss.contains("all weights are 0");
        prop_assert!(again.losses.iter().all(all_zero), "{:?}\n{}", again.losses, again.text);
    }

    #[test]
    fn ldirectord_there_and_back(config in config()) {
        let written = ldirectord::export(&config);
        let Ok(once) = ldirectord::import(Path::new("l"), written.text.as_bytes(), &System) else {
            prop_assert!(config.virtual_servers.is_empty(), "{}", written.text);
            return Ok(());
        };
        prop_assert_eq!(once.config.virtual_servers.len(), config.virtual_servers.len(), "{}", written.text);
        for (before, after) in config.virtual_servers.iter().zip(&once.config.virtual_servers) {
            prop_assert_eq!(before.service.id, after.service.id);
            prop_assert_eq!(&before.service.scheduler, &after.service.scheduler);
            prop_assert_eq!(before.service.persistence_timeout, after.service.persistence_timeout);
            prop_assert_eq!(before.real_servers.len(), after.real_servers.len());
        }
        prop_assert!(once.config == config || !written.losses.is_empty() || once.config.virtual_servers.iter().any(|it| it.check.is_some()));
        // What came back can be said in full, and comes back as it is.
        let again = ldirectord::export(&once.config);
        let several_checks = |loss: &String| loss.contains("one check for all");
        prop_assert!(again.losses.iter().all(several_checks), "{:?}", again.losses);
        let twice = ldirectord::import(Path::new("l"), again.text.as_bytes(), &System).unwrap();
        prop_assert!(!again.losses.is_empty() || twice.config == once.config, "{}", again.text);
    }

    #[test]
    fn json_is_complete(config in config()) {
        let value = to_json(&config);
        prop_assert_eq!(value["virtual_servers"].as_array().unwrap().len(), config.virtual_servers.len());
    }
}

#[test]
fn a_table_there_and_back() {
    let table = |config: &Config| -> Vec<(Service, Vec<Server>)> {
        let servers = |it: &crate::config::VirtualServer| {
            it.real_servers
                .iter()
                .map(|real| real.server.clone())
                .collect()
        };
        config
            .virtual_servers
            .iter()
            .map(|it| (it.service.clone(), servers(it)))
            .collect()
    };
    let text = "\
[[virtual_server]]
listen = \"10.0.0.100:80\"
protocol = \"tcp\"
sorry_server = \"10.0.0.9:80\"
[virtual_server.check]
type = \"tcp\"
[[virtual_server.real_server]]
address = \"10.0.0.1:80\"
weight = 3
upper_threshold = 9
[timeouts]
tcp = \"10s\"
";
    let config = Config::parse(Path::new("f"), text.as_bytes(), &System).unwrap();
    let written = export_table(&config);
    assert_eq!(
        written.text,
        "--set 10 0 0\n-A -t 10.0.0.100:80 -s wlc\n-a -t 10.0.0.100:80 -r 10.0.0.1:80 -m -w 3 -x 9 -y 0\n"
    );
    assert_eq!(written.losses.len(), 2, "{:?}", written.losses);
    let mut services = table(&config);
    services.push((
        Service::new(ServiceId::Fwmark {
            mark: 1,
            family: crate::model::Family::Ipv4,
        }),
        Vec::new(),
    ));
    let back = import_table(Path::new("saved"), services, Some(config.timeouts)).unwrap();
    assert_eq!(table(&back.config), table(&config));
    assert_eq!(back.config.timeouts, config.timeouts);
    assert_eq!(back.remarks.len(), 1, "{:?}", back.remarks);
    let file = back.to_toml();
    assert!(file.contains("A table has no checks"), "{file}");
    assert_eq!(
        Config::parse(Path::new("f"), file.as_bytes(), &System).unwrap(),
        back.config
    );
}
