//! Firewalls on the director that stop clients' packets or servers' replies.

use libtest_mimic::Failed;

use super::{Test, World, broken, broken_and_mended_by_hand, flows, ids, warned, working};

pub const TESTS: &[Test] = &[
    ("check::firewall_input_of_nft", input_nft),
    ("check::firewall_input_of_iptables", input_iptables),
    ("check::firewall_sends_elsewhere", elsewhere),
    ("check::firewall_forward", forward),
    ("check::firewall_forward_and_conntrack", forward_conntrack),
    ("check::firewall_output", output),
    ("check::firewall_checks", checks),
    ("check::firewall_unclear", unclear),
    ("check::ipv6", ipv6),
];

fn run(world: &World, lines: &[&str]) {
    for line in lines {
        world.director.line(line).ok();
    }
}

fn input_nft() -> Result<(), Failed> {
    let world = working("check-input");
    run(
        &world,
        &[
            "nft add table inet filter",
            "nft add chain inet filter input { type filter hook input priority 0; policy drop; }",
            "nft add rule inet filter input iifname lo accept",
            "nft add rule inet filter input ct state established,related accept",
            "nft add rule inet filter input tcp dport 22 accept",
        ],
    );
    broken_and_mended_by_hand(&world, "policy drop", "firewall-input");
    // A rule in a chain of its own, with a set, that refuses.
    run(
        &world,
        &[
            "nft flush table inet filter",
            "nft chain inet filter input { policy accept; }",
            "nft add set inet filter web { type inet_service; flags interval; elements = { 80-89, 443 }; }",
            "nft add chain inet filter services",
            "nft add rule inet filter services meta l4proto tcp tcp dport @web reject with tcp reset",
            "nft add rule inet filter input ip daddr 192.168.100.0/24 jump services",
        ],
    );
    broken_and_mended_by_hand(&world, "reject in a chain", "firewall-input");
    // Dropped before it is routed.
    run(
        &world,
        &[
            "nft flush table inet filter",
            "nft add chain inet filter early { type filter hook prerouting priority raw; }",
            "nft add rule inet filter early ip daddr . tcp dport { 192.168.100.100 . 80 } drop",
        ],
    );
    broken_and_mended_by_hand(&world, "raw prerouting", "firewall-input");
    Ok(())
}

fn input_iptables() -> Result<(), Failed> {
    let world = working("check-iptables");
    run(
        &world,
        &[
            "iptables -A INPUT -i lo -j ACCEPT",
            "iptables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
            "iptables -A INPUT -p tcp -m tcp --dport 22 -j ACCEPT",
            "iptables -A INPUT -p tcp -m multiport --dports 443,8000:8080 -j ACCEPT",
            "iptables -P INPUT DROP",
        ],
    );
    broken_and_mended_by_hand(&world, "policy drop", "firewall-input");
    run(
        &world,
        &[
            "iptables -F INPUT",
            "iptables -P INPUT ACCEPT",
            "iptables -A INPUT -p tcp --syn -m tcp --dport 80 -j REJECT",
        ],
    );
    broken_and_mended_by_hand(&world, "reject", "firewall-input");
    Ok(())
}

/// What docker does when it publishes port 80.
fn elsewhere() -> Result<(), Failed> {
    let world = working("check-dnat");
    run(
        &world,
        &["iptables -t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 172.17.0.2:80"],
    );
    let answer = broken(&world, "dnat", "firewall-input");
    assert!(answer.stdout.contains("sends elsewhere (nat)"), "{answer}");
    run(
        &world,
        &["iptables -t nat -D PREROUTING -p tcp --dport 80 -j DNAT --to-destination 172.17.0.2:80"],
    );
    assert!(flows(&world));
    world.director.lbctl("check").ok();
    Ok(())
}

const INVALID: &[&str] = &[
    "nft add table inet filter",
    "nft add chain inet filter forward { type filter hook forward priority 0; policy accept; }",
    "nft add rule inet filter forward ct state invalid drop",
];

fn forward() -> Result<(), Failed> {
    let world = working("check-replies");
    run(&world, INVALID);
    broken_and_mended_by_hand(&world, "ct state invalid drop", "firewall-forward");
    run(
        &world,
        &[
            "nft delete table inet filter",
            "iptables -A FORWARD -p tcp -m tcp --dport 80 -j ACCEPT",
            "iptables -P FORWARD DROP",
        ],
    );
    broken_and_mended_by_hand(&world, "policy drop", "firewall-forward");
    Ok(())
}

/// The other way that the finding names.
fn forward_conntrack() -> Result<(), Failed> {
    let world = working("check-conntrack");
    run(&world, INVALID);
    let answer = broken(&world, "ct state invalid drop", "firewall-forward");
    assert!(
        answer.stdout.contains("sysctl -w net.ipv4.vs.conntrack=1"),
        "{answer}"
    );
    run(&world, &["sysctl -q -w net.ipv4.vs.conntrack=1"]);
    assert!(flows(&world));
    world.director.lbctl("check").ok();
    Ok(())
}

fn output() -> Result<(), Failed> {
    let world = working("check-output");
    run(
        &world,
        &[
            "nft add table inet filter",
            "nft add chain inet filter output { type filter hook output priority 0; policy accept; }",
            "nft add rule inet filter output ip daddr 192.168.31.0/24 tcp dport 80 drop",
        ],
    );
    broken_and_mended_by_hand(&world, "output drops", "firewall-output");
    Ok(())
}

/// Clients are let in, and what this machine asks itself is not answered: traffic
/// flows until a health check takes the servers out.
fn checks() -> Result<(), Failed> {
    let world = working("check-checks");
    run(
        &world,
        &[
            "nft add table inet filter",
            "nft add chain inet filter input { type filter hook input priority 0; policy drop; }",
            "nft add rule inet filter input tcp dport 80 accept",
        ],
    );
    assert!(flows(&world));
    assert_ne!(
        world
            .director
            .line("curl -s -m 1 http://192.168.31.100/")
            .code,
        0
    );
    let answer = warned(&world, "", "firewall-checks");
    super::run_commands(&world.director, &answer);
    world
        .director
        .line("curl -s -m 3 http://192.168.31.100/")
        .ok();
    world.director.lbctl("check").ok();
    Ok(())
}

/// A rule that asks what is not read here: it is said that it cannot be told. This
/// one lets the packets through, as it happens.
fn unclear() -> Result<(), Failed> {
    let world = working("check-unclear");
    run(
        &world,
        &["iptables -A INPUT -p tcp -m length --length 5000:6000 -j DROP"],
    );
    assert!(flows(&world));
    let answer = world.director.lbctl("check --json");
    assert_eq!(
        (ids(&answer), answer.code),
        (vec!["firewall-unclear".to_owned()], 3),
        "{answer}"
    );
    assert!(answer.stdout.contains("the match length"), "{answer}");
    Ok(())
}

/// Way in, firewall and way back of IPv6, whose server is busybox's httpd: the world's
/// servers listen on IPv4.
fn ipv6() -> Result<(), Failed> {
    const VIP: &str = "fd00:100::100";
    let world = World::with_servers("check-v6");
    let (director, client, w1) = (&world.director, &world.client, &world.workers[0]);
    for (machine, lines) in [
        (
            director,
            &[
                "ip address add fe80::1/64 dev outside nodad",
                "ip address add fd00:10::1/64 dev outside nodad",
                "ip address add fe80::1/64 dev inside nodad",
                "ip address add fd00:31::1/64 dev inside nodad",
            ][..],
        ),
        (
            client,
            &[
                "ip address add fe80::10/64 dev eth0 nodad",
                "ip address add fd00:10::10/64 dev eth0 nodad",
                "ip route add fd00:100::100/128 via fd00:10::1",
            ],
        ),
        (
            w1,
            &[
                "ip address add fe80::100/64 dev eth0 nodad",
                "ip address add fd00:31::100/64 dev eth0 nodad",
                "ip route add default via fd00:31::1",
            ],
        ),
    ] {
        for line in lines {
            machine.line(line).ok();
        }
    }
    let pages = std::env::temp_dir().join("lbctl-world-check-v6/w1");
    let pages = pages.to_str().unwrap();
    let listen = [
        "busybox",
        "httpd",
        "-f",
        "-p",
        "[fd00:31::100]:80",
        "-h",
        pages,
    ];
    let mut httpd = w1.spawn(listen, std::process::Stdio::null());
    let tried = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let serves = || {
            let curl = format!("curl -g -sS -m 3 http://[{VIP}]/");
            client.line(&curl).code == 0
        };
        let named = |what: &str, id: &str| {
            assert!(!serves(), "{what}");
            let answer = director.lbctl("check --json");
            assert_eq!(
                (ids(&answer), answer.code),
                (vec![id.to_owned()], 2),
                "{what}: {answer}"
            );
            answer
        };
        // It listens when a connection is taken.
        while w1.line("curl -g -s http://[fd00:31::100]/").code != 0 {}
        director.lbctl("forward on -6").ok();
        director
            .lbctl(&format!("add -t [{VIP}]:80 -s rr -r [fd00:31::100]:80 -m"))
            .ok();
        named("no VIP", "vip-not-local");
        director.lbctl("check --fix").ok();
        assert!(serves());
        director.lbctl("check").ok();
        run(
            &world,
            &[
                "ip6tables -A INPUT -p icmpv6 -j ACCEPT",
                "ip6tables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
                "ip6tables -P INPUT DROP",
            ],
        );
        let answer = named("policy drop", "firewall-input");
        super::run_commands(director, &answer);
        assert!(serves());
        run(&world, &["sysctl -q -w net.ipv6.conf.all.forwarding=0"]);
        named("no forwarding", "ip-forward-off");
        director.lbctl("check --fix").ok();
        assert!(serves());
        director.lbctl("check").ok();
        director.lbctl("check --path fd00:10::10").ok();
    }));
    let killed = httpd.kill();
    httpd.wait()?;
    killed?;
    match tried {
        Ok(()) => Ok(()),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}
