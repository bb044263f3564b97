//! VIPs: what is made for one, what stays, what is refused.

use std::fs;
use std::process::Command;

use lbctl::model::{Family, HostStep, LocalRoute, PolicyRule};
use lbctl::plumbing::{Part, Plumbing, Wanted, look, route};

use crate::world::{World, furnish, ip, machine, numbers, play, run, sh};

pub fn one_vip_makes_exactly_this(world: &World) {
    let (vip, steps) = world.add("192.168.100.100");
    assert_eq!((numbers(vip), steps), ((1, 100, 100), 3));
    assert_eq!(
        sh("ip rule"),
        "0:\tfrom all lookup local\n100:\tfrom all fwmark 0x1 lookup 100 proto 76\n\
         32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n"
    );
    assert_eq!(
        sh("ip route show table 100").trim_end(),
        "local 192.168.100.100 dev lo proto 76 scope host"
    );
    assert_eq!(
        sh("nft list ruleset"),
        "table inet lbctl {
\tmap vip4 {
\t\ttype ipv4_addr : mark
\t\telements = { 192.168.100.100 : 0x00000001 }
\t}

\tmap vip6 {
\t\ttype ipv6_addr : mark
\t}

\tchain prerouting {
\t\ttype filter hook prerouting priority mangle; policy accept;
\t\tmeta mark set ip daddr map @vip4
\t\tmeta mark set ip6 daddr map @vip6
\t}

\tchain output {
\t\ttype route hook output priority mangle; policy accept;
\t\tmeta mark set ip daddr map @vip4
\t\tmeta mark set ip6 daddr map @vip6
\t}
}
"
    );
    // What nft writes of it and reads again is still ours.
    let file = world.state.join("ruleset");
    fs::write(&file, sh("nft list ruleset")).unwrap();
    sh("nft flush ruleset");
    run("nft", &["-f", file.to_str().unwrap()]);
    assert_eq!(world.add("192.168.100.100").1, 0);
    let json = sh("ip -j rule");
    assert!(
        json.contains(r#""fwmark":"0x1","table":"100","protocol":"76""#),
        "{json}"
    );
}

pub fn ipv6_has_its_own(world: &World) {
    let before = machine();
    let (vip, steps) = world.add("2001:db8::100");
    assert_eq!((numbers(vip), steps), ((1, 100, 100), 3));
    assert!(sh("ip -6 rule").contains("100:\tfrom all fwmark 0x1 lookup 100 proto 76\n"));
    assert!(!sh("ip rule").contains("fwmark"));
    let routes = sh("ip -6 route show table 100");
    assert!(
        routes.starts_with("local 2001:db8::100 dev lo proto 76"),
        "{routes}"
    );
    assert!(sh("nft list map inet lbctl vip6").contains("{ 2001:db8::100 : 0x00000001 }"));
    assert_eq!(world.add("2001:db8::100").1, 0);
    world.remove("2001:db8::100");
    assert_eq!(machine(), before);
}

pub fn twice_is_once(world: &World) {
    let (first, _) = world.add("192.0.2.1");
    let after = machine();
    assert_eq!(world.add("192.0.2.1"), (first, 0));
    // Steps that were done already do no harm when they are run again.
    let mut plumbing = world.plumbing();
    let vip = first;
    let again = [
        HostStep::AddMark { vip, first: true },
        HostStep::AddRoute(LocalRoute {
            address: vip.address,
            table: 100,
        }),
    ];
    play(&mut plumbing, &again).unwrap();
    assert_eq!(machine(), after);
    let (vips, warning) = look(&world.state).unwrap();
    assert!(warning.is_none());
    let listed = vips.list();
    assert_eq!(listed.len(), 1);
    assert!(listed[0].is_complete() && listed[0].vip == vip);
}

pub fn two_vips_share_a_rule(world: &World) {
    let before = machine();
    world.add("192.0.2.1");
    let with_first = machine();
    let (second, steps) = world.add("192.0.2.2");
    assert_eq!((numbers(second), steps), ((1, 100, 100), 2));
    world.remove("192.0.2.2");
    assert_eq!(machine(), with_first);
    let other = Wanted {
        mark: Some(7),
        ..Wanted::default()
    };
    let (third, _) = world.try_add("192.0.2.3", other).unwrap();
    assert_eq!(numbers(third), (7, 100, 101));
    world.remove("192.0.2.1");
    assert_eq!(sh("ip rule").matches("proto 76").count(), 1);
    assert_eq!(sh("ip route show table 100").lines().count(), 1);
    assert!(sh("nft list ruleset").contains("{ 192.0.2.3 : 0x00000007 }"));
    world.remove("192.0.2.3");
    assert_eq!(machine(), before);
    assert!(!world.has_record());
}

pub fn the_last_one_leaves_no_trace(world: &World) {
    furnish();
    let before = machine();
    // Before the rules at 100, which may be for our packets, too.
    assert_eq!(numbers(world.add("192.0.2.1").0), (2, 101, 99));
    assert_eq!(numbers(world.add("2001:db8::1").0), (2, 101, 99));
    world.add("192.0.2.2");
    assert_ne!(machine(), before);
    assert!(world.has_record());
    for address in ["192.0.2.1", "192.0.2.2", "2001:db8::1"] {
        world.remove(address);
    }
    assert_eq!(machine(), before);
    assert!(!world.has_record());
}

pub fn what_does_the_job_stays(world: &World) {
    sh("ip rule add fwmark 1 lookup 100 priority 90");
    sh("ip route add local 192.0.2.1 dev lo table 100");
    let before = machine();
    let (vip, steps) = world.add("192.0.2.1");
    assert_eq!((numbers(vip), steps), ((1, 100, 90), 1));
    let state = look(&world.state).unwrap().0.list()[0];
    assert_eq!(
        (state.mark, state.rule, state.route),
        (Part::Ours, Part::Foreign, Part::Foreign)
    );
    // Told to make them all the same, the kernel's EEXIST counts as done.
    let rule = PolicyRule {
        family: Family::Ipv4,
        priority: 90,
        mark: 1,
        table: 100,
    };
    let route = LocalRoute {
        address: ip("192.0.2.1"),
        table: 100,
    };
    let mut plumbing = world.plumbing();
    play(
        &mut plumbing,
        &[HostStep::AddRule(rule), HostStep::AddRoute(route)],
    )
    .unwrap();
    play(
        &mut plumbing,
        &[HostStep::RemoveRule(rule), HostStep::RemoveRoute(route)],
    )
    .unwrap();
    drop(plumbing);
    world.remove("192.0.2.1");
    assert_eq!(machine(), before);
    assert!(!world.has_record());
}

pub fn numbers_of_others(world: &World) {
    sh("ip rule add fwmark 0x1/0xff lookup 200 priority 100");
    sh("ip route add unreachable default table 100");
    assert_eq!(numbers(world.add("192.0.2.1").0), (2, 101, 101));
    let ask = |mark, table, priority| {
        let wanted = Wanted {
            mark,
            table,
            priority,
            ..Wanted::default()
        };
        world.try_add("192.0.2.2", wanted).unwrap_err()
    };
    assert!(ask(Some(0x101), None, None).contains("mark 257 is in use by the rule"));
    assert!(ask(None, Some(100), None).contains("table 100 is in use by a route to 0.0.0.0/0"));
    assert!(ask(None, None, Some(100)).contains("priority 100 is in use by another rule"));
    assert!(ask(None, Some(200), None).contains("table 200 is in use by the rule"));
}

pub fn foreign_table(world: &World) {
    for extra in [
        "nft add table inet lbctl",
        "nft add map inet lbctl vip4 { type ipv4_addr : mark; }",
        "nft add map inet lbctl vip6 { type ipv6_addr : mark; }",
        "nft add chain inet lbctl prerouting { type filter hook prerouting priority mangle; }",
        "nft add chain inet lbctl output { type route hook output priority mangle; }",
    ] {
        sh(extra);
        let before = machine();
        let error = Plumbing::at(&world.state).unwrap().vips().unwrap_err();
        assert!(
            error.to_string().contains("nft delete table inet lbctl"),
            "{error}"
        );
        assert_eq!(machine(), before);
    }
    sh("nft delete table inet lbctl");
    world.add("192.0.2.1");
    sh("nft add rule inet lbctl output counter");
    let mut plumbing = world.plumbing();
    let error = plumbing.vips().unwrap_err().to_string();
    assert!(
        error.contains("the rules in its chain 'output' differ"),
        "{error}"
    );
}

pub fn a_broken_vip_is_mended(world: &World) {
    world.add("192.0.2.1");
    let whole = machine();
    for (damage, steps) in [
        ("ip rule del fwmark 1", 1),
        ("ip route flush table 100", 1),
        ("nft flush ruleset", 1),
        ("nft delete element inet lbctl vip4 { 192.0.2.1 }", 1),
    ] {
        sh(damage);
        let listed = look(&world.state).unwrap().0.list();
        assert!(!listed[0].is_complete(), "{damage}");
        let mut plumbing = world.plumbing();
        let plan = plumbing.vips().unwrap().plan_repair().unwrap();
        assert_eq!(plan.len(), steps, "{damage}: {plan:?}");
        play(&mut plumbing, &plan).unwrap();
        assert_eq!(machine(), whole, "{damage}");
    }
    // Another mark than the recorded one.
    sh("nft delete element inet lbctl vip4 { 192.0.2.1 }");
    sh("nft add element inet lbctl vip4 { 192.0.2.1 : 9 }");
    assert_eq!(world.add("192.0.2.1").1, 1);
    assert_eq!(machine(), whole);
}

pub fn big_tables_and_many_routes(world: &World) {
    let batch: String = (0..3000)
        .map(|n| {
            format!(
                "route add local 10.0.{}.{} dev lo table 7000\n",
                n / 250,
                n % 250 + 1
            )
        })
        .chain((0..300).map(|n| format!("rule add from 10.0.0.{} lookup 7000\n", n % 250 + 1)))
        .collect();
    fs::create_dir_all(&world.state).unwrap();
    let file = world.state.join("batch");
    fs::write(&file, batch).unwrap();
    let _ = Command::new("ip")
        .args(["-force", "-batch"])
        .arg(&file)
        .output();
    let before = machine();
    let wanted = Wanted {
        mark: Some(u32::MAX),
        table: Some(u32::MAX),
        priority: Some(32765),
        ..Wanted::default()
    };
    world.try_add("192.0.2.1", wanted).unwrap_err();
    let wanted = Wanted {
        priority: Some(9),
        ..wanted
    };
    world.try_add("192.0.2.1", wanted).unwrap();
    assert!(sh("ip rule").contains("9:\tfrom all fwmark 0xffffffff lookup 4294967295"));
    let routes = look(&world.state).unwrap().0.routes;
    assert!(routes.iter().filter(|route| route.table == 7000).count() > 2900);
    assert!(routes.iter().any(|route| route.table == route::TABLE_LOCAL));
    world.remove("192.0.2.1");
    assert_eq!(machine(), before);
}

pub fn refusals_have_a_reason(world: &World) {
    sh("ip link add d0 type veth peer name d1");
    sh("ip addr add 10.1.0.1/24 brd + dev d0");
    sh("ip link set d0 up");
    let before = machine();
    for (address, part) in [
        ("127.0.0.1", "loopback"),
        ("224.0.0.1", "multicast"),
        ("10.1.0.255", "broadcast address of a network"),
        ("::", "unspecified"),
    ] {
        let error = world.try_add(address, Wanted::default()).unwrap_err();
        assert!(error.contains(part), "{error}");
    }
    assert_eq!(machine(), before);
    let mut vips = world.plumbing().vips().unwrap();
    assert!(vips.plan_remove(ip("192.0.2.1")).is_err());
    let planned = vips.plan_add(ip("10.1.0.1"), Wanted::default()).unwrap();
    assert!(planned.notes[0].to_string().contains("not needed"));
    let planned = vips.plan_add(ip("10.1.0.2"), Wanted::default()).unwrap();
    let note = planned.notes[0].to_string();
    assert!(note.contains("lies in the network of d0"), "{note}");
    let planned = vips.plan_add(ip("192.0.2.1"), Wanted::default()).unwrap();
    assert_eq!(planned.notes, []);
    // lo down: the kernel refuses an IPv6 route over it, and all is undone.
    sh("ip link set lo down");
    let before = machine();
    let error = world.try_add("2001:db8::1", Wanted::default()).unwrap_err();
    assert!(error.contains("ip link set lo up"), "{error}");
    assert_eq!(machine(), before);
}
