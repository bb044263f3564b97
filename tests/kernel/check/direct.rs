//! dr and tun: servers that answer clients themselves.

use libtest_mimic::Failed;

use super::{
    SERVICE, Test, VIP, World, broken, broken_and_mended_by_hand, flows, ids, try_in_vain, warned,
};

pub const TESTS: &[Test] = &[
    ("check::dr_without_the_vip", dr_without_the_vip),
    ("check::dr_server_answers_arp", answers_arp),
    ("check::rp_filter", rp_filter),
    ("check::tun_without_a_tunnel", tun_without_a_tunnel),
    ("check::tunnel_mtu", tunnel_mtu),
];

/// A server as dr wants it: the VIP on lo, and no word about it on the link.
fn prepare(world: &World, vip: &str) {
    for worker in &world.workers[..2] {
        for line in [
            "sysctl -q -w net.ipv4.conf.all.arp_ignore=1".to_owned(),
            "sysctl -q -w net.ipv4.conf.all.arp_announce=2".to_owned(),
            format!("ip address add {vip}/32 dev lo"),
        ] {
            worker.line(&line).ok();
        }
    }
}

/// The walkthrough by another method, working. Replies pass the director, which is
/// the servers' gateway.
fn working(name: &str, method: &str) -> World {
    let world = World::with_servers(name);
    let director = &world.director;
    director.lbctl("forward on -4").ok();
    director.lbctl(&format!("vip add {VIP}")).ok();
    prepare(&world, VIP);
    if method == "-i" {
        for worker in &world.workers[..2] {
            for line in ["ip tunnel add tunl0 mode ipip", "ip link set tunl0 up"] {
                // The kernel may have made it with its module.
                let _ = worker.line(line);
            }
            worker.line("ip link show dev tunl0 up").ok();
        }
    }
    director
        .lbctl(&format!(
            "add {SERVICE} -s rr -r 192.168.31.100 -r 192.168.31.101 {method}"
        ))
        .ok();
    assert!(flows(&world), "{}", world.get());
    director.lbctl("check").ok();
    world
}

fn dr_without_the_vip() -> Result<(), Failed> {
    let world = working("check-dr", "-g");
    let [w1, ..] = &world.workers;
    w1.line(&format!("ip address del {VIP}/32 dev lo")).ok();
    try_in_vain(&world);
    let answer = broken(&world, "no VIP on lo", "never-established");
    assert!(answer.stdout.contains("lbctl real setup"), "{answer}");
    w1.line(&format!("ip address add {VIP}/32 dev lo")).ok();
    assert!(flows(&world));
    world.director.lbctl("check").ok();
    Ok(())
}

/// Clients of the VIP are beyond a router here, so they do not notice: a warning.
/// With a VIP of the servers' own net it is critical; who asks first is chance, so
/// that traffic may flow all the same, past the director.
fn answers_arp() -> Result<(), Failed> {
    let world = working("check-arp", "-g");
    let [w1, ..] = &world.workers;
    w1.line("sysctl -q -w net.ipv4.conf.all.arp_ignore=0").ok();
    let answer = warned(&world, "", "server-answers-arp");
    assert!(answer.stdout.contains("192.168.31.100 answers"), "{answer}");
    let director = &world.director;
    let vip = "192.168.31.200";
    director.lbctl(&format!("vip add {vip}")).ok();
    prepare(&world, vip);
    director
        .lbctl(&format!("add -t {vip}:80 -s rr -r 192.168.31.100 -g"))
        .ok();
    w1.line("sysctl -q -w net.ipv4.conf.all.arp_ignore=0").ok();
    // A neighbour asks, and a server answers that is not the director.
    let neighbour = &world.workers[2];
    neighbour.line("ping -c 1 -W 5 192.168.31.200").ok();
    let answer = director.lbctl("check --json");
    assert_eq!(answer.code, 2, "{answer}");
    assert_eq!(ids(&answer), ["server-answers-arp", "server-answers-arp"]);
    w1.line("sysctl -q -w net.ipv4.conf.all.arp_ignore=1").ok();
    director.lbctl("check").ok();
    Ok(())
}

fn rp_filter() -> Result<(), Failed> {
    let world = working("check-rp", "-g");
    world
        .director
        .line("sysctl -q -w net.ipv4.conf.inside.rp_filter=1")
        .ok();
    try_in_vain(&world);
    broken_and_mended_by_hand(&world, "rp_filter", "rp-filter");
    Ok(())
}

fn tun_without_a_tunnel() -> Result<(), Failed> {
    let world = working("check-tun", "-i");
    let [w1, ..] = &world.workers;
    w1.line("ip link set tunl0 down").ok();
    try_in_vain(&world);
    let answer = broken(&world, "tunl0 down", "never-established");
    assert!(answer.stdout.contains("tunl0 up"), "{answer}");
    w1.line("ip link set tunl0 up").ok();
    assert!(flows(&world));
    world.director.lbctl("check").ok();
    Ok(())
}

/// Only long requests suffer, and only where the director's 'fragmentation needed' is
/// lost on its way to the client.
fn tunnel_mtu() -> Result<(), Failed> {
    let world = working("check-mtu", "-i");
    world.director.line("ip link set inside mtu 1400").ok();
    world.client.line("iptables -A INPUT -p icmp -j DROP").ok();
    assert!(flows(&world));
    let long = "x".repeat(3000);
    let request = format!("curl -sS -m 3 http://{VIP}/?{long}");
    assert_ne!(world.client.line(&request).code, 0);
    let answer = warned(&world, "", "tunnel-mtu");
    super::run_commands(&world.director, &answer);
    world.director.lbctl("check").ok();
    Ok(())
}
