//! Each finding of `check`: a working world, broken in exactly this way; traffic
//! stops, `check` names it and nothing else, and what it says mends it. One file per
//! theme below `check/`.

use std::time::Duration;

use libtest_mimic::Failed;
use serde_json::Value;

use super::Test;
use super::lab::{self, Answer, NO_ANSWER, Namespace};
use super::world::{VIP, World};

pub use direct::TESTS as DIRECT;
pub use path::TESTS as PATH;
pub use servers::TESTS as SERVERS;
pub use settings::TESTS as SETTINGS;
pub use walls::TESTS as WALLS;
pub use way_in::TESTS as WAY_IN;

mod direct;
mod path;
mod servers;
mod settings;
mod walls;
mod way_in;

pub const TESTS: &[Test] = &[
    ("check::a_healthy_world_has_no_finding", healthy),
    ("check::ip_forward_off", ip_forward_off),
    ("check::no_privilege", no_privilege),
    ("check::no_service", no_service),
];

const SERVICE: &str = "-t 192.168.100.100:80";

/// The walkthrough, working.
fn working(name: &str) -> World {
    let world = World::with_servers(name);
    let director = &world.director;
    director.lbctl("forward on -4").ok();
    director.lbctl(&format!("vip add {VIP}")).ok();
    director
        .lbctl(&format!(
            "add {SERVICE} -s rr -r 192.168.31.100 -r 192.168.31.101 -m"
        ))
        .ok();
    assert!(flows(&world), "{}", world.get());
    world
}

/// Whether the client is served, by each server once.
fn flows(world: &World) -> bool {
    let url = format!("http://{VIP}/");
    let serves = |_| {
        let page = world.client.get(&url, Duration::from_secs(3));
        !page.starts_with(NO_ANSWER)
    };
    (0..2).all(serves)
}

#[track_caller]
fn ids(answer: &Answer) -> Vec<String> {
    let json: Value = serde_json::from_str(&answer.stdout).unwrap_or_else(|_| panic!("{answer}"));
    let findings = json["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|finding| finding["id"].as_str().unwrap().to_owned())
        .collect()
}

/// Lets clients try until what they got before is some seconds ago: connections that
/// are stuck count only if nothing got through lately.
fn try_in_vain(world: &World) {
    for _ in 0..3 {
        assert!(!flows(world));
    }
}

/// Traffic has stopped, and `check` names exactly this.
#[track_caller]
fn broken(world: &World, what: &str, id: &str) -> Answer {
    assert!(!flows(world), "traffic still flows: {what}");
    let answer = world.director.lbctl("check --json");
    assert_eq!(
        (ids(&answer), answer.code),
        (vec![id.to_owned()], 2),
        "{what}: {answer}"
    );
    answer
}

/// As [`broken`], and `--fix` mends it.
#[track_caller]
fn broken_and_mended(world: &World, what: &str, id: &str) {
    broken(world, what, id);
    let commands = world.director.lbctl("check --fix --dry-run").ok();
    assert!(!commands.is_empty(), "{what}");
    let mended = world.director.lbctl("check --fix");
    assert_eq!(mended.code, 0, "{what}: {mended}");
    assert!(flows(world), "{what}: {mended}");
}

/// As [`broken`], and the commands that it prints mend it.
#[track_caller]
fn broken_and_mended_by_hand(world: &World, what: &str, id: &str) {
    let answer = broken(world, what, id);
    let commands = run_commands(&world.director, &answer);
    assert!(flows(world), "{what}: {commands:?}");
    let after = world.director.lbctl("check --json");
    assert_eq!(
        (ids(&after), after.code),
        (Vec::new(), 0),
        "{what}: {after}"
    );
}

/// Traffic flows all the same, and `check` warns of exactly this.
#[track_caller]
fn warned(world: &World, arguments: &str, id: &str) -> Answer {
    let answer = world.director.lbctl(&format!("check --json {arguments}"));
    assert_eq!(
        (ids(&answer), answer.code),
        (vec![id.to_owned()], 1),
        "{answer}"
    );
    answer
}

/// The commands of all findings, which are run.
#[track_caller]
fn run_commands(machine: &Namespace, answer: &Answer) -> Vec<String> {
    let json: Value = serde_json::from_str(&answer.stdout).unwrap();
    let findings = json["findings"].as_array().unwrap().iter();
    let commands: Vec<String> = findings
        .flat_map(|finding| finding["commands"].as_array().unwrap())
        .map(|command| command.as_str().unwrap().to_owned())
        .collect();
    assert!(!commands.is_empty(), "{answer}");
    for command in &commands {
        match command.strip_prefix("lbctl ") {
            Some(line) => machine.lbctl(line).ok(),
            None => machine.line(command).ok(),
        };
    }
    commands
}

fn healthy() -> Result<(), Failed> {
    let world = working("check-well");
    let answer = world.director.lbctl("check");
    assert_eq!(answer.code, 0, "{answer}");
    assert!(answer.stdout.starts_with("all well"), "{answer}");
    // A bound VIP and a service by its mark are well, too.
    world
        .director
        .line(&format!("ip address add {VIP}/32 dev lo"))
        .ok();
    world
        .director
        .lbctl("add -f 1 -s rr -r 192.168.31.100 -m")
        .ok();
    world.director.lbctl("check").ok();
    // So is one behind a firewall that lets it through, made by nft or by iptables.
    for line in [
        "nft add table inet filter",
        "nft add chain inet filter input { type filter hook input priority 0; policy drop; }",
        "nft add rule inet filter input iif lo accept",
        "nft add rule inet filter input ct state vmap { established : accept, related : accept, invalid : drop }",
        "nft add rule inet filter input ip protocol icmp limit rate 5/second accept",
        "nft add rule inet filter input tcp dport { 22, 80-90, 443 } accept",
        "nft add chain inet filter forward { type filter hook forward priority 0; policy drop; }",
        "nft add rule inet filter forward ip saddr 192.168.31.0/24 accept",
        "iptables -A INPUT -m state --state ESTABLISHED,RELATED -j ACCEPT",
        "iptables -A INPUT -p tcp -m multiport --dports 80,443 -m conntrack --ctstate NEW -j ACCEPT",
        "iptables -A INPUT -p icmp -j ACCEPT",
        "iptables -P INPUT DROP",
    ] {
        world.director.line(line).ok();
    }
    assert!(flows(&world));
    let answer = world.director.lbctl("check");
    assert_eq!(answer.code, 0, "{answer}");
    Ok(())
}

fn ip_forward_off() -> Result<(), Failed> {
    let world = working("check-forward");
    world
        .director
        .line("sysctl -q -w net.ipv4.ip_forward=0")
        .ok();
    broken_and_mended(&world, "ip_forward=0", "ip-forward-off");
    Ok(())
}

fn no_privilege() -> Result<(), Failed> {
    let world = World::new("check-privilege");
    let program = lab::lbctl();
    let answer = world.director.run([
        "setpriv",
        "--reuid",
        "65534",
        "--regid",
        "65534",
        "--clear-groups",
        program.to_str().expect("a path in UTF-8"),
        "check",
        "--json",
    ]);
    assert_eq!(
        (ids(&answer), answer.code),
        (vec!["no-privilege".to_owned()], 3),
        "{answer}"
    );
    Ok(())
}

fn no_service() -> Result<(), Failed> {
    let world = World::new("check-empty");
    let answer = world.director.lbctl("check --json");
    assert_eq!(
        (ids(&answer), answer.code),
        (vec!["no-service".to_owned()], 1),
        "{answer}"
    );
    Ok(())
}
