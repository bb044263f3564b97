//! What keeps packets from being delivered locally.

use libtest_mimic::Failed;

use super::{
    SERVICE, Test, VIP, broken, broken_and_mended, broken_and_mended_by_hand, flows, warned,
    working,
};

pub const TESTS: &[Test] = &[
    ("check::vip_not_local", vip_not_local),
    ("check::rule_in_the_way", rule_in_the_way),
    ("check::marks_of_others", marks_of_others),
    ("check::bits_beside_our_mark", bits_beside_our_mark),
    ("check::service_without_mark", service_without_mark),
    ("check::mark_without_service", mark_without_service),
    ("check::local_default", local_default),
];

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
    Ok(())
}

/// A rule before ours takes the packets elsewhere: not ours to remove.
fn rule_in_the_way() -> Result<(), Failed> {
    let world = working("check-rule");
    for line in [
        "ip route add unreachable default table 99",
        "ip rule add priority 50 fwmark 1 lookup 99",
    ] {
        world.director.line(line).ok();
    }
    let answer = broken(&world, "a rule before", "rule-in-the-way");
    assert!(
        answer.stdout.contains("priority 50, fwmark 0x1, table 99"),
        "{answer}"
    );
    broken_and_mended_by_hand(&world, "a rule before", "rule-in-the-way");
    Ok(())
}

/// The usual recipe with iptables, then one bit too many.
fn marks_of_others() -> Result<(), Failed> {
    let world = working("check-marks");
    let director = &world.director;
    director.lbctl(&format!("vip del {VIP}")).ok();
    director.lbctl(&format!("del {SERVICE}")).ok();
    let mark = "-t mangle -A PREROUTING -d 192.168.100.100 -p tcp --dport 80 -j MARK";
    for line in [
        format!("iptables {mark} --set-mark 7"),
        "ip rule add fwmark 7/0xffff lookup 107".to_owned(),
        format!("ip route add local {VIP}/32 dev lo table 107"),
    ] {
        director.line(&line).ok();
    }
    director
        .lbctl("add -f 7 -s rr -r 192.168.31.100 -r 192.168.31.101 -m")
        .ok();
    assert!(flows(&world));
    director.lbctl("check").ok();
    director
        .line("iptables -t mangle -A PREROUTING -d 192.168.100.100 -j MARK --or-mark 0x10000")
        .ok();
    let answer = broken(&world, "one bit more", "mark-bits");
    assert!(answer.stdout.contains("--set-mark 7"), "{answer}");
    director
        .line("iptables -t mangle -D PREROUTING -d 192.168.100.100 -j MARK --or-mark 0x10000")
        .ok();
    assert!(flows(&world));
    // A rule for another mark: they never meet.
    director.line("ip rule del fwmark 7/0xffff").ok();
    director.line("ip rule add fwmark 8 lookup 107").ok();
    let answer = broken(&world, "no rule", "vip-not-local");
    assert!(answer.stdout.contains("mark 7, but no rule"), "{answer}");
    // A service of the address needs the same way.
    director.lbctl("del -f 7").ok();
    director
        .lbctl(&format!("add {SERVICE} -s rr -r 192.168.31.100 -m"))
        .ok();
    let answer = broken(&world, "no rule", "vip-not-local");
    assert!(answer.stdout.contains("they are not the same"), "{answer}");
    director.line("ip rule add fwmark 7 lookup 107").ok();
    assert!(flows(&world));
    director.lbctl("check").ok();
    Ok(())
}

/// Somebody else's rule turns a bit in the mark that lbctl set.
fn bits_beside_our_mark() -> Result<(), Failed> {
    let world = working("check-bits");
    let director = &world.director;
    for line in [
        "nft add table inet other",
        "nft add chain inet other prerouting { type filter hook prerouting priority -140; }",
        "nft add rule inet other prerouting meta mark set meta mark or 0x10000",
    ] {
        director.line(line).ok();
    }
    let answer = broken(&world, "one bit more", "mark-bits");
    assert!(answer.stdout.contains("get mark 0x10001"), "{answer}");
    // So for a service of the mark.
    director.lbctl(&format!("del {SERVICE}")).ok();
    director
        .lbctl("add -f 1 -s rr -r 192.168.31.100 -r 192.168.31.101 -m")
        .ok();
    broken(&world, "one bit more", "mark-bits");
    director.line("nft delete table inet other").ok();
    assert!(flows(&world));
    director.lbctl("check").ok();
    Ok(())
}

fn service_without_mark() -> Result<(), Failed> {
    let world = working("check-service-mark");
    let director = &world.director;
    director.lbctl(&format!("del {SERVICE}")).ok();
    director.lbctl(&format!("vip del {VIP}")).ok();
    director
        .lbctl("add -f 9 -s rr -r 192.168.31.100 -r 192.168.31.101 -m")
        .ok();
    let answer = broken(&world, "nobody marks", "service-without-mark");
    assert!(
        answer.stdout.contains("lbctl vip add ADDR --mark 9"),
        "{answer}"
    );
    director.lbctl(&format!("vip add {VIP} --mark 9")).ok();
    assert!(flows(&world));
    director.lbctl("check").ok();
    Ok(())
}

/// The other service of the machine flows, so this is a warning.
fn mark_without_service() -> Result<(), Failed> {
    let world = working("check-mark-service");
    let director = &world.director;
    director.lbctl("vip add 192.168.100.101").ok();
    let answer = warned(&world, "", "mark-without-service");
    super::run_commands(director, &answer);
    director.lbctl("check").ok();
    assert!(flows(&world));
    Ok(())
}

fn local_default() -> Result<(), Failed> {
    let world = working("check-default");
    let director = &world.director;
    for line in [
        "ip route del local 192.168.100.100/32 table 100",
        "ip route add local 0.0.0.0/0 dev lo table 100",
    ] {
        director.line(line).ok();
    }
    // It works until somebody sets src_valid_mark.
    assert!(flows(&world));
    warned(&world, "", "local-default");
    director
        .line("sysctl -q -w net.ipv4.conf.outside.src_valid_mark=1")
        .ok();
    broken_and_mended_by_hand(&world, "src_valid_mark", "local-default");
    Ok(())
}
