//! Refusals, kills, reboots and others at work: whatever happens, the way back
//! leads to the machine as it was.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lbctl::model::{Family, HostStep};
use lbctl::plumbing::{
    Namespace, Network, Plumbing, VipState, Wanted, WantedMode, forwarding, look, sysctl,
};

use crate::world::{World, furnish, ip, machine, play, settled, sh, sysctl_value, sysctls};

/// Set for the child that is killed: its state directory.
pub const VICTIM: &str = "LBCTL_TEST_VICTIM";
pub const SEED: u64 = 20_261_123;

pub fn a_refused_step(world: &World) {
    furnish();
    world.add("192.0.2.9");
    let (before, sysctls_before) = (machine(), sysctls());
    let record = fs::read_to_string(world.state.join("state.json")).unwrap();
    let mut plumbing = world.plumbing();
    let mut vips = plumbing.vips().unwrap();
    let mut steps = forwarding::plan(Family::Ipv4, true).unwrap();
    for address in ["192.0.2.1", "2001:db8::1"] {
        let planned = vips.plan_add(ip(address), Wanted::default()).unwrap();
        steps.extend(planned.steps);
    }
    steps.push(HostStep::SetSysctl {
        name: "net.ipv4.no_such_thing".to_owned(),
        before: "0".to_owned(),
        after: "1".to_owned(),
    });
    let failure = play(&mut plumbing, &steps).unwrap_err();
    assert!(failure.left.is_empty(), "{failure}");
    assert!(
        failure
            .to_string()
            .starts_with("cannot set net.ipv4.no_such_thing to 1: No such")
    );
    assert_eq!(machine(), before);
    assert_eq!(sysctls(), sysctls_before);
    let after = fs::read_to_string(world.state.join("state.json")).unwrap();
    assert_eq!(after, record);
}

pub fn forwarding_is_put_back(world: &World) {
    sh("ip link add v0 type veth peer name v1");
    for (name, value) in [
        ("net.ipv4.ip_forward", "0"),
        ("net.ipv6.conf.all.forwarding", "0"),
        ("net/ipv4/conf/v0/forwarding", "1"),
        ("net/ipv4/conf/all/accept_redirects", "1"),
        ("net/ipv6/conf/v1/forwarding", "1"),
        ("net/ipv6/conf/default/forwarding", "1"),
    ] {
        sysctl::write(name, value).unwrap();
    }
    let before = sysctls();
    for family in [Family::Ipv4, Family::Ipv6] {
        let mut plumbing = world.plumbing();
        assert_eq!(forwarding::inspect(family).unwrap(), Some(false));
        let plan = forwarding::plan(family, true).unwrap();
        assert_eq!(plan.len(), 1);
        play(&mut plumbing, &plan).unwrap();
        assert_eq!(forwarding::inspect(family).unwrap(), Some(true));
        assert!(forwarding::plan(family, true).unwrap().is_empty());
    }
    assert_eq!(sysctl_value("net/ipv4/conf/v1/forwarding"), "1");
    assert_eq!(sysctl_value("net/ipv4/conf/all/accept_redirects"), "0");
    assert_eq!(world.plumbing().record().sysctls.len(), 2);
    let mut plumbing = world.plumbing();
    let back = forwarding::plan(Family::Ipv4, false).unwrap();
    play(&mut plumbing, &back).unwrap();
    let rest = plumbing.vips().unwrap().plan_parameters_back().unwrap();
    assert_eq!(rest.len(), 1);
    play(&mut plumbing, &rest).unwrap();
    assert_eq!(sysctls(), before);
    assert!(!world.has_record());
    assert_eq!(
        forwarding::advertised_defaults().unwrap(),
        Vec::<String>::new()
    );
}

pub fn a_damaged_record(world: &World) {
    let before = machine();
    world.add("192.0.2.1");
    let file = world.state.join("state.json");
    for (number, damage) in ["{", "{\"version\": 99}"].iter().enumerate() {
        fs::write(&file, damage).unwrap();
        let plumbing = world.plumbing();
        let warning = plumbing.warning().unwrap().to_string();
        let kept = format!("state.json.damaged-{}", number + 1);
        assert!(warning.contains(&kept), "{warning}");
        assert_eq!(fs::read_to_string(world.state.join(kept)).unwrap(), *damage);
        assert!(plumbing.record().is_empty());
    }
    // The kernel still knows the VIP; marking it again writes the record anew.
    assert_eq!(world.add("192.0.2.1").1, 1);
    assert!(world.has_record());
    world.remove("192.0.2.1");
    assert_eq!(machine(), before);
}

pub fn a_reboot_is_survived(world: &World) {
    world.add("192.0.2.1");
    world.add("2001:db8::1");
    let with = machine();
    // Another namespace is as empty as this one after a reboot.
    let rebooted = Namespace::anonymous().unwrap();
    rebooted
        .run(|| {
            Network::open().unwrap().set_up("lo").unwrap();
            let before = machine();
            let mut plumbing = world.plumbing();
            let plan = plumbing.vips().unwrap().plan_repair().unwrap();
            play(&mut plumbing, &plan).unwrap();
            assert_eq!(machine(), with);
            let plan = plumbing.vips().unwrap().plan_remove_all().unwrap();
            play(&mut plumbing, &plan).unwrap();
            assert_eq!(machine(), before);
        })
        .unwrap();
    assert!(!world.has_record());
}

pub fn many_at_once(world: &World) {
    let before = machine();
    // Another program changes the ruleset all the time; that is none of ours,
    // but the kernel counts it.
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                sh("nft add table inet other");
                sh("nft delete table inet other");
            }
        });
        let workers: Vec<_> = (0..4)
            .map(|worker| {
                scope.spawn(move || {
                    for number in 0..5 {
                        world.add(&format!("192.0.2.{}", 10 * worker + number));
                    }
                    world.remove(&format!("192.0.2.{}", 10 * worker));
                })
            })
            .collect();
        for worker in workers {
            worker.join().unwrap();
        }
        done.store(true, Ordering::Relaxed);
        other.join().unwrap();
    });
    let (vips, _) = look(&world.state).unwrap();
    assert_eq!(vips.list().len(), 16);
    assert!(vips.list().iter().all(VipState::is_complete));
    assert_eq!(sh("ip rule").matches("proto 76").count(), 1);
    let mut plumbing = world.plumbing();
    let plan = plumbing.vips().unwrap().plan_remove_all().unwrap();
    play(&mut plumbing, &plan).unwrap();
    assert_eq!(machine(), before);
}

/// A wish of one VIP, by chance.
fn a_wish(random: &mut impl FnMut(u64) -> u64) -> Wanted {
    let mut chance = |percent: u64| random(100) < percent;
    let mark = chance(20).then_some(10);
    let mode = match (mark, chance(30), chance(20)) {
        (None, true, on_d0) => {
            let name = if on_d0 { "d0" } else { "lo" };
            Some(WantedMode::Address(Some(name.parse().unwrap())))
        }
        (_, _, true) => Some(WantedMode::Fwmark),
        _ => None,
    };
    Wanted {
        mark,
        mode,
        ping: chance(30).then(|| chance(70)),
        ..Wanted::default()
    }
}

/// All that may stand before it: VIPs in any mode, changed and broken, forwarding,
/// reboots of what is remembered. Then all of it is taken away.
pub fn random_sequences(world: &World) {
    sysctl::write("net.ipv6.conf.default.addr_gen_mode", "1").unwrap();
    furnish();
    sh("ip link set d0 up");
    sh("ip link set d1 up");
    settled(&["d0", "d1"]);
    sysctl::write("net.ipv4.ip_forward", "0").unwrap();
    sysctl::write("net/ipv4/conf/d1/forwarding", "1").unwrap();
    let (before, sysctls_before) = (machine(), sysctls());
    let mut state = SEED;
    let mut random = move |below: u64| {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    for sequence in 0..220 {
        let mut there: BTreeSet<String> = BTreeSet::new();
        for _ in 0..=random(7) {
            let address = match random(2) {
                0 => format!("203.0.113.{}", random(6)),
                _ => format!("2001:db8:7::{:x}", 1 + random(6)),
            };
            match random(8) {
                0 if there.contains(&address) => {
                    world.remove(&address);
                    there.remove(&address);
                }
                1 => {
                    let family = [Family::Ipv4, Family::Ipv6][usize::from(random(2) == 0)];
                    let plan = forwarding::plan(family, random(3) > 0).unwrap();
                    play(&mut world.plumbing(), &plan).unwrap();
                }
                2 => {
                    // Others break it.
                    let words = ["nft delete table inet lbctl", "ip route flush table 101"];
                    let line = words[usize::from(random(2) == 0)];
                    let words: Vec<&str> = line.split(' ').collect();
                    let _ = Command::new(words[0]).args(&words[1..]).output();
                    let mut plumbing = world.plumbing();
                    let plan = plumbing.vips().unwrap().plan_repair().unwrap();
                    play(&mut plumbing, &plan).unwrap();
                }
                _ => {
                    let wanted = a_wish(&mut random);
                    // There already with another mark: an error, and nothing is changed.
                    if world.try_add(&address, wanted).is_ok() {
                        there.insert(address);
                    }
                }
            }
        }
        let (vips, _) = look(&world.state).unwrap();
        let listed = vips.list();
        let named: BTreeSet<String> = listed.iter().map(|it| it.vip.address.to_string()).collect();
        assert_eq!(named, there, "sequence {sequence}");
        let broken = listed.iter().find(|it| !it.is_complete());
        assert_eq!(broken, None, "sequence {sequence}");
        let mut plumbing = world.plumbing();
        let mut vips = plumbing.vips().unwrap();
        let mut plan = vips.plan_remove_all().unwrap();
        plan.extend(vips.plan_parameters_back().unwrap());
        play(&mut plumbing, &plan).unwrap();
        drop(plumbing);
        assert_eq!(machine(), before, "sequence {sequence}");
        assert_eq!(sysctls(), sysctls_before, "sequence {sequence}");
        assert!(!world.has_record(), "sequence {sequence}");
    }
}

/// What the child does until it is killed.
pub fn victim(state: &Path) {
    let mut plumbing = Plumbing::at(state).unwrap();
    let mut steps = forwarding::plan(Family::Ipv4, true).unwrap();
    let mut vips = plumbing.vips().unwrap();
    let bound = Wanted {
        mode: Some(WantedMode::Address(None)),
        ..Wanted::default()
    };
    let ping = Wanted {
        mode: Some(WantedMode::Fwmark),
        ping: Some(true),
        ..Wanted::default()
    };
    for (address, wanted) in [
        ("192.0.2.1", Wanted::default()),
        ("2001:db8::1", bound),
        ("192.0.2.1", bound),
        ("192.0.2.1", ping),
    ] {
        steps.extend(vips.plan_add(ip(address), wanted).unwrap().steps);
    }
    play(&mut plumbing, &steps).unwrap();
    steps = vips.plan_remove_all().unwrap();
    play(&mut plumbing, &steps).unwrap();
}

pub fn killed_at_any_point(world: &World) {
    sysctl::write("net.ipv4.ip_forward", "0").unwrap();
    let (before, sysctls_before) = (machine(), sysctls());
    let mut caught = 0;
    for delay in 0..100 {
        let mut child = Command::new(env::current_exe().unwrap())
            .env(VICTIM, &world.state)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_micros(500 + 150 * delay));
        child.kill().unwrap();
        child.wait().unwrap();
        let mut plumbing = world.plumbing();
        assert!(plumbing.warning().is_none());
        caught += u32::from(!plumbing.record().is_empty());
        let mut steps = plumbing.vips().unwrap().plan_remove_all().unwrap();
        steps.extend(plumbing.vips().unwrap().plan_parameters_back().unwrap());
        play(&mut plumbing, &steps).unwrap();
        assert_eq!(machine(), before, "delay {delay}");
        assert_eq!(sysctls(), sysctls_before, "delay {delay}");
        assert!(!world.has_record(), "delay {delay}");
    }
    println!("{caught} of 100 were caught half way");
}
