//! What the file wants of a probe.

use std::time::Duration;

use super::*;
use crate::config::CheckKind;
use crate::health::{OnFailure, Policy, Roster, Rules, ServiceSpec, SorryMode};

/// Endpoint, maintenance, and the kind of check of each server.
fn servers(spec: &ServiceSpec) -> Vec<(String, bool, Option<&'static str>)> {
    let Roster::Listed { service, servers } = &spec.roster else {
        panic!("{spec:?}");
    };
    assert_eq!(service.id, spec.id);
    let servers = servers.iter().chain(&spec.sorry);
    servers
        .map(|it| {
            let kind = it.check.as_ref().map(|check| check.kind.as_str());
            (it.server.endpoint(), it.maintenance, kind)
        })
        .collect()
}

#[test]
fn every_virtual_server_is_a_service_of_the_probe() {
    let text = r#"
[[virtual_server]]
name = "web"
listen = "192.0.2.1:80"
protocol = "tcp"
sorry_mode = "join"
quorum = 3
hysteresis = 1
depool_threshold = 0.5
inhibit_on_failure = false
slow_start = "30s"
[virtual_server.sorry_server]
address = "10.0.0.9:80"
[virtual_server.sorry_server.check]
type = "ping"
[virtual_server.check]
type = "http"
path = "/"
[[virtual_server.real_server]]
address = "10.0.0.1:80"
[[virtual_server.real_server]]
address = "10.0.0.2:80"
maintenance = true
check = false
[[virtual_server.real_server]]
address = "10.0.0.3:80"
[virtual_server.real_server.check]
type = "tcp"
fall = 7

[[virtual_server]]
fwmark = 25
[[virtual_server.real_server]]
address = "10.0.0.4"
"#;
    let specs = read(text).services();
    assert_eq!(specs.len(), 2);
    assert_eq!(specs[0].name.as_deref(), Some("web"));
    let server = |name: &str, maintenance, kind| (format!("10.0.0.{name}"), maintenance, kind);
    assert_eq!(
        servers(&specs[0]),
        [
            server("1:80", false, Some("http")),
            server("2:80", true, None),
            server("3:80", false, Some("tcp")),
            server("9:80", false, Some("ping")),
        ]
    );
    let Roster::Listed {
        servers: listed, ..
    } = &specs[0].roster
    else {
        panic!("{specs:?}");
    };
    let check = listed[2].check.as_ref().unwrap();
    assert_eq!((&check.kind, check.fall), (&CheckKind::Tcp, 7));
    assert_eq!(
        specs[0].rules,
        Rules {
            policy: Policy {
                on_failure: OnFailure::Remove,
                quorum: 3,
                hysteresis: 1,
            },
            sorry_mode: SorryMode::Join,
            depool_threshold: 0.5,
            slow_start: Some(Duration::from_secs(30)),
        }
    );
    assert_eq!(servers(&specs[1]), [server("4:0", false, None)]);
    assert_eq!(specs[1].rules, Rules::default());
}
