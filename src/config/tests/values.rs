//! What right files mean.

use std::fmt::Write as _;
use std::time::Duration;

use super::*;
use crate::config::{Check, CheckKind, SorryMode, VipWay};
use crate::health::{OnFailure, Policy};
use crate::model::{Family, Forward, Netmask, ServiceId, Tunnel, TunnelChecksum, TunnelKind};

#[test]
fn the_walkthrough() {
    let config = read(WEB);
    let [web] = config.virtual_servers.as_slice() else {
        panic!("{config:?}");
    };
    assert_eq!(web.name.as_deref(), Some("web"));
    assert_eq!(web.service.id.to_string(), "tcp 192.168.100.100:80");
    assert_eq!(web.service.scheduler.as_str(), "rr");
    assert_eq!((web.forward, web.vip), (Forward::Nat, VipWay::Fwmark));
    assert_eq!(
        (web.policy, web.sorry_mode),
        (Policy::default(), SorryMode::Replace)
    );
    let sorry = web.sorry.as_ref().unwrap();
    assert_eq!(sorry.server.endpoint(), "192.168.31.102:80");
    assert_eq!((sorry.server.weight, &sorry.check), (1, &None));
    let check = web.check.as_ref().unwrap();
    let CheckKind::Http(question) = &check.kind else {
        panic!("{check:?}");
    };
    assert_eq!(question.request.path(), "/health.html");
    assert_eq!(question.request.virtualhost(), Some("example.com"));
    assert_eq!(question.request.status().to_string(), "200");
    assert_eq!(question.body, None);
    let expected = Check {
        interval: Duration::from_secs(3),
        ..Check::new(check.kind.clone())
    };
    assert_eq!(*check, expected);
    let servers: Vec<String> = web
        .real_servers
        .iter()
        .map(|it| it.server.endpoint())
        .collect();
    assert_eq!(servers, ["192.168.31.100:80", "192.168.31.101:80"]);
    for real in &web.real_servers {
        assert_eq!(real.check.as_ref(), Some(check));
        assert_eq!((real.server.weight, real.maintenance), (1, false));
    }
}

#[test]
fn every_setting_of_a_virtual_server() {
    let config = read(
        r#"
[[virtual_server]]
listen = "[2001:db8::1]:53"
protocol = "udp"
scheduler = "mh"
scheduler_flags = ["mh-port", "mh-fallback"]
method = "tun"
tunnel = { type = "gue", port = 6080, checksum = "remote" }
persistence_timeout = "1m30s"
persistence_netmask = 64
persistence_engine = "sip"
one_packet = true
vip = "address"
sorry_mode = "join"
quorum = 3
hysteresis = 1
depool_threshold = 0.25
inhibit_on_failure = false
slow_start = "30s"
[virtual_server.sorry_server]
address = "10.0.0.9"
method = "dr"
check = { type = "ping" }
[[virtual_server.real_server]]
address = "2001:db8::2"
weight = 0
upper_threshold = 100
lower_threshold = 80
maintenance = true
[[virtual_server.real_server]]
address = "10.0.0.1"
tunnel = { type = "gre" }
"#
        .replace("10.0.0.9", "2001:db8::9")
        .as_str(),
    );
    let server = &config.virtual_servers[0];
    let service = &server.service;
    assert_eq!(
        service.scheduler_flags.names(&service.scheduler),
        ["mh-fallback", "mh-port"]
    );
    assert_eq!(service.persistence_timeout, Some(90));
    assert_eq!(service.netmask, Netmask::V6(64));
    assert_eq!(service.persistence_engine.as_deref(), Some("sip"));
    assert!(service.one_packet);
    assert_eq!(
        (server.vip, server.sorry_mode),
        (VipWay::Address, SorryMode::Join)
    );
    let policy = Policy {
        on_failure: OnFailure::Remove,
        quorum: 3,
        hysteresis: 1,
    };
    assert_eq!(server.policy, policy);
    assert!((server.depool_threshold - 0.25).abs() < f64::EPSILON);
    assert_eq!(server.slow_start, Some(Duration::from_secs(30)));
    let sorry = server.sorry.as_ref().unwrap();
    assert_eq!(sorry.server.forward, Forward::Dr);
    assert_eq!(sorry.check, Some(Check::new(CheckKind::Ping)));
    let gue = Tunnel {
        kind: TunnelKind::Gue,
        port: 6080,
        checksum: TunnelChecksum::Remote,
    };
    let [first, second] = server.real_servers.as_slice() else {
        panic!("{server:?}");
    };
    assert_eq!(
        (first.server.forward, first.server.port),
        (Forward::Tun(gue), 53)
    );
    assert_eq!((first.server.weight, first.maintenance), (0, true));
    assert_eq!(
        (first.server.upper_threshold, first.server.lower_threshold),
        (100, 80)
    );
    let gre = Tunnel {
        kind: TunnelKind::Gre,
        ..Tunnel::default()
    };
    assert_eq!(second.server.forward, Forward::Tun(gre));
}

#[test]
fn a_mark_and_names() {
    let config = read(
        "[[virtual_server]]\nfwmark = 0x10\nfamily = \"ipv6\"\n\
         [[virtual_server.real_server]]\naddress = \"fd00::1\"\n\
         [[virtual_server.real_server]]\naddress = \"[fd00::1]:8080\"\n\
         [[virtual_server]]\nlisten = \"www.example.com:https\"\nprotocol = \"tcp\"\nvip = \"none\"\n\
         real_server = [{ address = \"10.0.0.1\" }, { address = \"10.0.0.2\" }]\n",
    );
    let [mark, name] = config.virtual_servers.as_slice() else {
        panic!("{config:?}");
    };
    let id = ServiceId::Fwmark {
        mark: 16,
        family: Family::Ipv6,
    };
    assert_eq!((mark.service.id, mark.vip), (id, VipWay::None));
    let ports: Vec<u16> = mark.real_servers.iter().map(|it| it.server.port).collect();
    assert_eq!(ports, [0, 8080]);
    assert_eq!(name.service.id.to_string(), "tcp 192.0.2.10:443");
    assert_eq!((name.vip, name.real_servers.len()), (VipWay::None, 2));
}

/// Ten thousand servers, half of them twice: what is looked up for one is looked up
/// for all, and a walk through all others for each would be seen.
#[test]
fn many_servers() {
    let mut text = WEB.to_owned();
    for number in 0..10_000_u32 {
        let address = std::net::Ipv4Addr::from(0x0a00_0001 + number);
        writeln!(
            text,
            "[[virtual_server.real_server]]\naddress = \"{address}\""
        )
        .unwrap();
    }
    assert_eq!(read(&text).virtual_servers[0].real_servers.len(), 10_002);
    text.push_str("[[virtual_server.real_server]]\naddress = \"10.0.0.1:80\"\n");
    let found = mistakes(&text);
    assert!(
        found.len() == 1 && found[0].contains("is there twice"),
        "{found:?}"
    );
}
