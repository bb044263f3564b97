//! `check --path`: one client's packet, hop by hop.

use libtest_mimic::Failed;
use serde_json::Value;

use super::{Answer, SERVICE, Test, VIP, flows, working};

pub const TESTS: &[Test] = &[
    ("check::path_of_a_healthy_world", healthy),
    ("check::path_ends_where_it_is_broken", broken),
    ("check::path_of_wrong_words", wrong_words),
];

const CLIENT: &str = "192.168.10.10";

/// Place and sign of every hop.
#[track_caller]
fn hops(answer: &Answer) -> Vec<(String, String)> {
    let json: Value = serde_json::from_str(&answer.stdout).unwrap_or_else(|_| panic!("{answer}"));
    let hops = json["hops"].as_array().unwrap().iter();
    let word = |hop: &Value, key: &str| hop[key].as_str().unwrap().to_owned();
    hops.map(|hop| (word(hop, "place"), word(hop, "sign")))
        .collect()
}

fn healthy() -> Result<(), Failed> {
    let world = working("check-path");
    let answer = world
        .director
        .lbctl(&format!("check --path {CLIENT} {VIP}:80 --json"));
    assert_eq!(answer.code, 0, "{answer}");
    let places: Vec<String> = hops(&answer).into_iter().map(|(place, _)| place).collect();
    assert_eq!(
        places,
        [
            "arrives",
            "firewall",
            "mark",
            "route",
            "firewall",
            "service",
            "scheduler",
            "server",
            "firewall",
            "reply",
            "server",
            "firewall",
            "reply"
        ]
    );
    let text = world.director.lbctl(&format!("check --path {CLIENT}")).ok();
    for part in [
        "192.168.10.10 comes in by outside",
        "the packet gets mark 0x1",
        "192.168.100.100 is delivered here by table 100, where IPVS takes it",
        "tcp 192.168.100.100:80 takes it",
        "rr takes one of 192.168.31.100:80 (weight 1), 192.168.31.101:80 (weight 1)",
        "192.168.31.100:80 by nat on inside; it answers on its port",
        "IPVS makes it 192.168.100.100 again, outside carries it to 192.168.10.10",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    Ok(())
}

/// Each way to break it, the place where the packet ends, and how to mend it.
fn broken() -> Result<(), Failed> {
    let world = working("check-path-broken");
    for (break_it, place, mend) in [
        (
            "nft delete element inet lbctl vip4 { 192.168.100.100 }",
            "route",
            "nft add element inet lbctl vip4 { 192.168.100.100 : 1 }",
        ),
        (
            "iptables -A INPUT -s 192.168.10.10 -j DROP",
            "firewall",
            "iptables -D INPUT -s 192.168.10.10 -j DROP",
        ),
        (
            "iptables -A FORWARD -d 192.168.10.0/24 -p tcp -m tcp --sport 80 -j DROP",
            "firewall",
            "iptables -D FORWARD -d 192.168.10.0/24 -p tcp -m tcp --sport 80 -j DROP",
        ),
        (
            "sysctl -q -w net.ipv4.ip_forward=0",
            "reply",
            "sysctl -q -w net.ipv4.ip_forward=1",
        ),
    ] {
        world.director.line(break_it).ok();
        assert!(!flows(&world), "{break_it}");
        let answer = world
            .director
            .lbctl(&format!("check --path {CLIENT} --json"));
        let ends: Vec<String> = hops(&answer)
            .into_iter()
            .filter(|(_, sign)| sign == "ends")
            .map(|(place, _)| place)
            .collect();
        assert!(
            !ends.is_empty() && ends.iter().all(|end| end == place),
            "{answer}"
        );
        assert_eq!(answer.code, 2, "{answer}");
        world.director.line(mend).ok();
        assert!(flows(&world), "{mend}");
    }
    // Another client is not stopped by what stops this one.
    world
        .director
        .line("iptables -A INPUT -s 192.168.10.10 -j DROP")
        .ok();
    world.director.lbctl("check --path 192.168.10.11").ok();
    // No service, no server.
    let answer = world
        .director
        .lbctl(&format!("check --path 192.168.10.11 {VIP}:81 --json"));
    assert_eq!(
        hops(&answer).last(),
        Some(&("service".to_owned(), "ends".to_owned()))
    );
    for server in ["192.168.31.100", "192.168.31.101"] {
        world
            .director
            .lbctl(&format!("edit {SERVICE} -r {server} -w 0"))
            .ok();
    }
    let answer = world.director.lbctl("check --path 192.168.10.11 --json");
    assert_eq!(
        hops(&answer).last(),
        Some(&("scheduler".to_owned(), "ends".to_owned()))
    );
    Ok(())
}

fn wrong_words() -> Result<(), Failed> {
    let world = working("check-path-words");
    for (words, part) in [
        ("nobody", "'nobody' is no address"),
        ("192.0.2.1 192.0.2.2", "is not ADDR:PORT"),
        ("2001:db8::1 192.0.2.2:80", "different address families"),
    ] {
        let message = world
            .director
            .lbctl(&format!("check --path {words}"))
            .fails(2);
        assert!(message.contains(part), "{message}");
    }
    world.director.lbctl("add -t 192.168.100.100:81 -s rr").ok();
    let message = world.director.lbctl("check --path 192.0.2.1").fails(2);
    assert!(message.contains("say which address and port"), "{message}");
    Ok(())
}
