//! Each finding of `check`: a working world, broken in exactly this way; traffic
//! stops, `check` names it and nothing else, and what it says mends it.

use libtest_mimic::Failed;
use serde_json::Value;

use super::Test;
use super::lab::{self, Answer};
use super::world::{VIP, World};

pub const TESTS: &[Test] = &[
    ("check::a_healthy_world_has_no_finding", healthy),
    ("check::ip_forward_off", ip_forward_off),
    ("check::vip_not_local", vip_not_local),
    ("check::no_usable_server", no_usable_server),
    ("check::server_unreachable", server_unreachable),
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
    assert!(flows(&world), "{}", world.curl());
    world
}

/// Whether the client is served, by each server once.
fn flows(world: &World) -> bool {
    let serves = |_| {
        world
            .client
            .line(&format!("curl -sS -m 3 http://{VIP}/"))
            .code
            == 0
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

/// `check` names exactly this, traffic has stopped, and `--fix` mends it.
#[track_caller]
fn broken_and_mended(world: &World, what: &str, id: &str) {
    assert!(!flows(world), "traffic still flows: {what}");
    let answer = world.director.lbctl("check --json");
    assert_eq!(
        (ids(&answer), answer.code),
        (vec![id.to_owned()], 2),
        "{what}: {answer}"
    );
    let commands = world.director.lbctl("check --fix --dry-run").ok();
    assert!(!commands.is_empty(), "{what}");
    let mended = world.director.lbctl("check --fix");
    assert_eq!(mended.code, 0, "{what}: {mended}");
    assert!(flows(world), "{what}: {mended}");
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

fn vip_not_local() -> Result<(), Failed> {
    let world = working("check-vip");
    for (what, break_it) in [
        (
            "no mark",
            "nft delete element inet lbctl vip4 { 192.168.100.100 }",
        ),
        ("no table of marks", "nft delete table inet lbctl"),
        ("no rule", "ip rule del priority 100"),
        (
            "no route",
            "ip route del local 192.168.100.100/32 table 100",
        ),
        ("nothing", "lbctl vip del 192.168.100.100"),
    ] {
        match break_it.strip_prefix("lbctl ") {
            Some(line) => world.director.lbctl(line).ok(),
            None => world.director.line(break_it).ok(),
        };
        broken_and_mended(&world, what, "vip-not-local");
    }
    // A rule before ours takes the packets elsewhere: not ours to remove.
    world
        .director
        .line("ip route add unreachable default table 99")
        .ok();
    world
        .director
        .line("ip rule add priority 50 fwmark 1 lookup 99")
        .ok();
    assert!(!flows(&world));
    let answer = world.director.lbctl("check");
    assert_eq!(answer.code, 2, "{answer}");
    for part in ["vip-not-local", "before priority 100", "ip rule"] {
        assert!(answer.stdout.contains(part), "{answer}");
    }
    world.director.line("ip rule del priority 50").ok();
    assert!(flows(&world));
    Ok(())
}

fn no_usable_server() -> Result<(), Failed> {
    let world = working("check-usable");
    for server in ["192.168.31.100", "192.168.31.101"] {
        world
            .director
            .lbctl(&format!("edit {SERVICE} -r {server} -w 0"))
            .ok();
    }
    assert!(!flows(&world));
    let answer = world.director.lbctl("check --json");
    assert_eq!(
        (ids(&answer), answer.code),
        (vec!["no-usable-server".to_owned()], 2),
        "{answer}"
    );
    // The advice is a command line that works.
    let json: Value = serde_json::from_str(&answer.stdout)?;
    let fix = json["findings"][0]["fix"].as_str().unwrap();
    let command = fix.split("lbctl ").nth(1).ok_or("no command")?;
    world.director.lbctl(command).ok();
    assert!(flows(&world));

    world
        .director
        .lbctl(&format!(
            "del {SERVICE} -r 192.168.31.100 -r 192.168.31.101"
        ))
        .ok();
    let answer = world.director.lbctl("check --json");
    assert_eq!(
        (ids(&answer), answer.code),
        (vec!["no-server".to_owned()], 2),
        "{answer}"
    );
    Ok(())
}

fn server_unreachable() -> Result<(), Failed> {
    let world = working("check-reach");
    let [w1, ..] = &world.workers;
    w1.line("ip link set eth0 down").ok();
    assert!(!flows(&world));
    let answer = world.director.lbctl("check --json");
    assert_eq!(
        (ids(&answer), answer.code),
        (vec!["server-unreachable".to_owned()], 2),
        "{answer}"
    );
    let text = world.director.lbctl("check").stdout;
    assert!(
        text.contains("192.168.31.100:80 of tcp 192.168.100.100:80"),
        "{text}"
    );
    // The advice: out with it. Clients are served again, and it is a warning.
    world
        .director
        .lbctl(&format!("edit {SERVICE} -r 192.168.31.100 -w 0"))
        .ok();
    assert!(flows(&world));
    assert_eq!(world.director.lbctl("check").code, 1);
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
