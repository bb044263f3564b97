//! What holds when nothing is said, and what `[defaults]` says.

use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::config::{CheckKind, VipWay};
use crate::model::{Family, Forward, Netmask, Tunnel};

#[test]
fn defaults_that_are_said_are_those_left_out() {
    let short = "[[virtual_server]]\nlisten = \"192.0.2.1:80\"\nprotocol = \"tcp\"\n\
                 [virtual_server.check]\ntype = \"https\"\npath = \"/\"\n\
                 [[virtual_server.real_server]]\naddress = \"10.0.0.1\"\n";
    let long = r#"
include = []
[[virtual_server]]
listen = "192.0.2.1:80"
protocol = "tcp"
scheduler = "wlc"
scheduler_flags = []
method = "nat"
persistence_timeout = "off"
persistence_netmask = "255.255.255.255"
persistence_engine = "none"
one_packet = false
vip = "fwmark"
snat = false
sorry_server = false
quorum = 1
hysteresis = 0
depool_threshold = 0.0
inhibit_on_failure = true
slow_start = "off"
check_required = false
[virtual_server.check]
type = "https"
path = "/"
virtualhost = ""
status = [200]
body = ""
tls_verify = true
ca_file = ""
address = ""
port = 0
interval = "10s"
connect_timeout = "3s"
timeout = "5s"
fall = 2
rise = 1
retry_interval = "1s"
[[virtual_server.real_server]]
address = "10.0.0.1:80"
weight = 1
upper_threshold = 0
lower_threshold = 0
maintenance = false
method = "nat"
check = true
[host]
[timeouts]
[sync]
[probe]
on_exit = "keep"
"#;
    assert_eq!(read(long), read(short));
}

#[test]
fn defaults_are_for_those_they_fit() {
    let config = read(
        r#"
[defaults]
protocol = "tcp"
scheduler = "sh"
scheduler_flags = ["sh-port"]
method = "tun"
tunnel = { type = "gue", port = 6080 }
persistence_timeout = "6m"
persistence_netmask = "255.255.255.0"
quorum = 2
vip = "none"
interval = "3s"
path = "/health"
ca_file = "/etc/ssl/internal.pem"
[defaults.check]
type = "http"

[[virtual_server]]
listen = "192.0.2.1:80"
[[virtual_server.real_server]]
address = "10.0.0.1"

[[virtual_server]]
listen = "[2001:db8::1]:80"
scheduler = "rr"
method = "nat"
check = { type = "tcp" }
[[virtual_server.real_server]]
address = "fd00::1"

[[virtual_server]]
listen = "192.0.2.1:443"
persistence_timeout = "off"
check = false
[[virtual_server.real_server]]
address = "10.0.0.1"
[[virtual_server.real_server]]
address = "10.0.0.2"
check = { type = "https" }

[[virtual_server]]
fwmark = 1
[[virtual_server.real_server]]
address = "10.0.0.1"
check.port = 80
"#,
    );
    let [http, tcp, none, mark] = config.virtual_servers.as_slice() else {
        panic!("{config:?}");
    };
    assert_eq!(
        http.service.scheduler_flags.names(&http.service.scheduler),
        ["sh-port"]
    );
    assert!(matches!(
        http.forward,
        Forward::Tun(Tunnel { port: 6080, .. })
    ));
    assert_eq!(http.service.netmask, Netmask::V4([255, 255, 255, 0].into()));
    assert_eq!((http.policy.quorum, http.vip), (2, VipWay::None));
    let check = http.check.as_ref().unwrap();
    assert!(matches!(&check.kind, CheckKind::Http(it) if it.request.path() == "/health"));
    assert_eq!(check.interval, Duration::from_secs(3));

    assert!(
        tcp.service
            .scheduler_flags
            .names(&tcp.service.scheduler)
            .is_empty()
    );
    assert_eq!(
        (tcp.forward, tcp.service.netmask),
        (Forward::Nat, Netmask::V6(128))
    );
    assert_eq!(tcp.check.as_ref().unwrap().kind, CheckKind::Tcp);

    assert_eq!(none.service.persistence_timeout, None);
    assert_eq!(none.service.netmask, Netmask::host(Family::Ipv4));
    assert_eq!((&none.check, &none.real_servers[0].check), (&None, &None));
    let own = none.real_servers[1].check.as_ref().unwrap();
    let CheckKind::Https(question, trust) = &own.kind else {
        panic!("{own:?}");
    };
    assert_eq!(question.request.path(), "/health");
    assert!(trust.verify);
    assert_eq!(trust.ca_file, Some(PathBuf::from("/etc/ssl/internal.pem")));

    assert_eq!(mark.service.id.to_string(), "fwmark 1");
    assert_eq!(mark.real_servers[0].check.as_ref().unwrap().port, Some(80));
}
