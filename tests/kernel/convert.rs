//! `import` and `export`: the other tools take what is written for them, and what
//! is read from them works.

use libtest_mimic::Failed;

use super::Test;
use super::lab::{self, Namespace};
use super::save::File;
use super::table::saved;
use super::world::World;

pub const TESTS: &[Test] = &[
    (
        "convert::others_take_every_export",
        others_take_every_export,
    ),
    (
        "convert::an_exported_table_is_the_applied_one",
        exported_table,
    ),
    ("convert::the_walkthrough_of_keepalived_works", walkthrough),
];

/// Every kind of service, server and check. `PROGRAM` stands for one that is there.
const FILE: &str = r#"
[[virtual_server]]
name = "web #1 {a}"
listen = "10.0.0.100:80"
protocol = "tcp"
scheduler = "mh"
scheduler_flags = ["mh-port", "mh-fallback"]
persistence_timeout = "10m"
persistence_netmask = "255.255.255.0"
sorry_server = "10.0.0.99:8080"
quorum = 4
hysteresis = 2
  [virtual_server.check]
  type = "http"
  path = "/health.html?a=b&c=!d"
  virtualhost = "example.com"
  status = [200, "301-302"]
  body = "^\\d+ \"quoted\" it's \\$x $|a{2}#!"
  port = 8081
  interval = "1500ms"
  fall = 5
  [[virtual_server.real_server]]
  address = "10.0.0.1:8080"
  weight = 3
  upper_threshold = 100
  lower_threshold = 50
  [[virtual_server.real_server]]
  address = "10.0.0.2:8080"
    [virtual_server.real_server.check]
    type = "https"
  [[virtual_server.real_server]]
  address = "10.0.0.3:8080"
    [virtual_server.real_server.check]
    type = "tcp"
    address = "10.0.0.4"
  [[virtual_server.real_server]]
  address = "10.0.0.4:80"
  method = "tun"
  tunnel = { type = "gue", port = 6080, checksum = "full" }
    [virtual_server.real_server.check]
    type = "exec"
    command = ["PROGRAM", "{address}", "{port}", "it's", "a \"b\" $c", "", "\\d {x y} #!"]
  [[virtual_server.real_server]]
  address = "10.0.0.5:8080"
  maintenance = true
    [virtual_server.real_server.check]
    type = "ping"

[[virtual_server]]
listen = "10.0.0.100:53"
protocol = "udp"
scheduler = "rr"
method = "dr"
one_packet = true
inhibit_on_failure = false
  [virtual_server.check]
  type = "dns"
  query = "a_b.example.com"
  record = "AAAA"
  [[virtual_server.real_server]]
  address = "10.0.0.1"
  [[virtual_server.real_server]]
  address = "10.0.0.2"
    [virtual_server.real_server.check]
    type = "udp"
    payload = "0a0d"
    require_reply = true

[[virtual_server]]
listen = "[fd00::100]:0"
protocol = "tcp"
persistence_timeout = "5m"
persistence_netmask = 64
  [[virtual_server.real_server]]
  address = "[fd00::1]:0"

[[virtual_server]]
fwmark = 7
method = "tun"
  [virtual_server.check]
  type = "tcp"
  port = 22
  [[virtual_server.real_server]]
  address = "10.0.0.1"
  [virtual_server.sorry_server]
  address = "10.0.0.9:80"
  method = "nat"

[[virtual_server]]
fwmark = 4294967295
family = "ipv6"
  [[virtual_server.real_server]]
  address = "[fd00::1]:80"

[timeouts]
tcp = "15m"
udp = "30s"
[sync.master]
interface = "eth0"
syncid = 3
[sync.backup]
interface = "eth0"
syncid = 3
"#;

fn file(name: &str) -> File {
    let program = lab::lbctl();
    File::new(
        name,
        &FILE.replace("PROGRAM", program.to_str().expect("a path in UTF-8")),
    )
}

fn others_take_every_export() -> Result<(), Failed> {
    let ns = Namespace::new("convert-export");
    let ours = file("every.toml");
    let exported = |language: &str| {
        ns.lbctl(&format!("-q export {language} {}", ours.path()))
            .ok()
    };
    let keepalived = File::new("convert-keepalived.conf", &exported("keepalived"));
    let answer = ns.line(&format!("keepalived -t -f {}", keepalived.path()));
    assert_eq!(
        (answer.code, answer.stderr.as_str()),
        (0, ""),
        "{}",
        exported("keepalived")
    );
    let ldirectord = File::new("convert-ldirectord.cf", &exported("ldirectord"));
    // It reads its file first: 2 if that is wrong, 3 because it does not run.
    ns.line(&format!("ldirectord {} status", ldirectord.path()))
        .fails(3);
    // There and back there is nothing that keepalived could not say.
    let back = ns
        .lbctl(&format!("-q import keepalived {}", keepalived.path()))
        .ok();
    let back = File::new("convert-back.toml", &back);
    let again = ns.lbctl(&format!("export keepalived {}", back.path()));
    assert_eq!((again.code, again.stderr.as_str()), (0, ""));
    assert_eq!(again.stdout, exported("keepalived"));
    Ok(())
}

fn exported_table() -> Result<(), Failed> {
    let (theirs, ours) = (
        Namespace::new("convert-theirs"),
        Namespace::new("convert-ours"),
    );
    let file = file("table.toml");
    let text = ours
        .lbctl(&format!("-q export ipvsadm {}", file.path()))
        .ok();
    theirs.run_with(["ipvsadm", "-R"], &text).ok();
    ours.run_with([lab::lbctl().as_os_str(), "restore".as_ref()], &text)
        .ok();
    assert_eq!(saved(&theirs), saved(&ours));
    let saved = theirs.lbctl("save").ok();
    let mut lines: Vec<&str> = saved
        .lines()
        .filter(|line| !line.starts_with("--set"))
        .collect();
    let mut wanted: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("--set"))
        .collect();
    lines.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(lines, wanted);
    // And back: a file that applies to nothing new but what a table does not say.
    let back = ours.run_with(
        [
            lab::lbctl().as_os_str(),
            "import".as_ref(),
            "ipvsadm".as_ref(),
            "-".as_ref(),
        ],
        &saved,
    );
    let back = File::new("convert-table-back.toml", &back.ok());
    let again = ours
        .lbctl(&format!("-q export ipvsadm {}", back.path()))
        .ok();
    let mut again: Vec<&str> = again
        .lines()
        .filter(|line| !line.starts_with("--set"))
        .collect();
    again.sort_unstable();
    assert_eq!(again, wanted);
    Ok(())
}

/// As it is found on many machines: a stray block, servers without ports.
const WALKTHROUGH: &str = "\
! Configuration File for keepalived
virtual_server 192.168.100.100 80 {
    192.168.100.100 80
}
virtual_server 192.168.100.100 80 {
    delay_loop 3
    lb_algo rr
    lb_kind NAT
    protocol TCP
    inhibit_on_failure
    sorry_server 192.168.31.102
    real_server 192.168.31.100 {
        HTTP_GET {
            url {
                path /health.html
                virtualhost example.com
                status_code 200
            }
            connect_timeout 3
        }
    }
    real_server 192.168.31.101 {
        HTTP_GET {
            url { path /health.html
                virtualhost example.com
                status_code 200 }
            connect_timeout 3
        }
    }
}
";

fn walkthrough() -> Result<(), Failed> {
    let world = World::with_servers("convert-walk");
    let theirs = File::new("convert-walk.conf", WALKTHROUGH);
    let answer = world
        .director
        .lbctl(&format!("import keepalived {}", theirs.path()));
    for part in [
        ":2: virtual_server",
        ":3: 192.168.100.100 80",
        ":11: ",
        ":12: ",
        ":22: ",
    ] {
        assert!(answer.stderr.contains(part), "{part}: {answer}");
    }
    let ours = File::new("convert-walk.toml", &answer.ok());
    world.director.lbctl(&format!("apply {}", ours.path())).ok();
    let mut answers: Vec<String> = (0..4).map(|_| world.get()).collect();
    answers.sort();
    assert_eq!(answers, ["w1", "w1", "w2", "w2"]);
    Ok(())
}
