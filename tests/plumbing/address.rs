//! VIPs in mode address, VIPs that answer ping, and changing from one to the other.

use std::fs;

use lbctl::model::{HostStep, VipMode};
use lbctl::plumbing::{Namespace, Network, Part, Wanted, WantedMode, look, sysctl};

use crate::world::{World, ip, machine, numbers, play, settled, sh};

fn bound(interface: Option<&str>) -> Wanted {
    let interface = interface.map(|name| name.parse().unwrap());
    Wanted {
        mode: Some(WantedMode::Address(interface)),
        ..Wanted::default()
    }
}

fn lan() {
    sysctl::write("net.ipv6.conf.default.addr_gen_mode", "1").unwrap();
    for line in [
        "ip link add d0 type veth peer name d1",
        "ip link set d0 up",
        "ip link set d1 up",
        "ip addr add 10.1.0.1/24 dev d0",
        "ip addr add 2001:db8:1::1/64 dev d0 nodad",
    ] {
        sh(line);
    }
    settled(&["d0", "d1"]);
}

pub fn the_interface_is_found_by_the_network(world: &World) {
    lan();
    let before = machine();
    for (vip, device, line) in [
        ("192.0.2.1", "lo", "inet 192.0.2.1/32 scope global"),
        ("10.1.0.9", "d0", "inet 10.1.0.9/32 scope global"),
        ("2001:db8::1", "lo", "inet6 2001:db8::1/128 scope global"),
        (
            "2001:db8:1::9",
            "d0",
            "inet6 2001:db8:1::9/128 scope global",
        ),
    ] {
        let (made, steps) = world.try_add(vip, bound(None)).unwrap();
        assert_eq!((made.mark, steps), (0, 1));
        assert_eq!(made.interface().unwrap().as_str(), device);
        let shown = sh(&format!("ip address show dev {device}"));
        assert!(shown.contains(line), "{vip}: {shown}");
        // Twice is once, with and without the mode.
        assert_eq!(world.try_add(vip, bound(None)).unwrap().1, 0);
        assert_eq!(world.add(vip), (made, 0));
        let listed = look(&world.state).unwrap().0.list();
        assert!(
            listed
                .iter()
                .all(|it| it.is_complete() && it.address == Part::Ours)
        );
    }
    assert_eq!(look(&world.state).unwrap().0.list().len(), 4);
    for vip in ["192.0.2.1", "10.1.0.9", "2001:db8::1", "2001:db8:1::9"] {
        world.remove(vip);
    }
    assert_eq!(machine(), before);
    assert!(!world.has_record());
}

pub fn what_is_there_stays(world: &World) {
    lan();
    sh("ip addr add 192.0.2.1/32 dev d0");
    sh("ip addr add 192.0.2.2/24 dev lo");
    let before = machine();
    for vip in ["192.0.2.1", "192.0.2.2"] {
        let (made, steps) = world.try_add(vip, bound(None)).unwrap();
        assert_eq!(steps, 1, "it is only remembered");
        assert_eq!(machine(), before);
        let state = look(&world.state).unwrap().0.list()[0];
        assert_eq!((state.vip, state.address), (made, Part::Foreign));
        world.remove(vip);
        assert_eq!(machine(), before);
    }
    assert!(!world.has_record());
    // Somebody adds it between the plan and the step: it is theirs.
    let mut plumbing = world.plumbing();
    let planned = plumbing
        .vips()
        .unwrap()
        .plan_add(ip("192.0.2.3"), bound(None));
    sh("ip addr add 192.0.2.3/32 dev lo");
    let before = machine();
    play(&mut plumbing, &planned.unwrap().steps).unwrap();
    drop(plumbing);
    world.remove("192.0.2.3");
    assert_eq!(machine(), before);
}

pub fn the_mode_changes_make_before_break(world: &World) {
    lan();
    let before = machine();
    let (first, _) = world.add("192.0.2.1");
    let marked = machine();
    let mut plumbing = world.plumbing();
    let planned = plumbing
        .vips()
        .unwrap()
        .plan_add(ip("192.0.2.1"), bound(Some("d0")))
        .unwrap();
    assert!(matches!(planned.steps[0], HostStep::AddAddress(_)));
    assert_eq!(planned.steps.len(), 4, "{:?}", planned.steps);
    play(&mut plumbing, &planned.steps).unwrap();
    drop(plumbing);
    assert!(!sh("ip rule").contains("fwmark"));
    // To another interface.
    let (moved, steps) = world.try_add("192.0.2.1", bound(Some("lo"))).unwrap();
    assert_eq!(steps, 2);
    assert_eq!(moved.mode, VipMode::Address("lo".parse().unwrap()));
    assert!(!sh("ip address show dev d0").contains("192.0.2.1"));
    // And back.
    let wanted = Wanted {
        mode: Some(WantedMode::Fwmark),
        ..Wanted::default()
    };
    let (back, steps) = world.try_add("192.0.2.1", wanted).unwrap();
    assert_eq!((back, steps), (first, 4));
    assert_eq!(machine(), marked);
    world.remove("192.0.2.1");
    assert_eq!(machine(), before);
    assert!(!world.has_record());
    let error = world.try_add("192.0.2.1", bound(Some("none"))).unwrap_err();
    assert!(error.contains("no interface none"), "{error}");
    let both = Wanted {
        mark: Some(7),
        ..bound(None)
    };
    let error = world.try_add("192.0.2.1", both).unwrap_err();
    assert!(error.contains("mode fwmark"), "{error}");
    assert_eq!(machine(), before);
}

pub fn ping_is_answered_when_asked_for(world: &World) {
    let before = machine();
    world.add("192.0.2.1");
    let without = machine();
    let ping = |ping| Wanted {
        ping: Some(ping),
        ..Wanted::default()
    };
    for vip in ["192.0.2.1", "2001:db8::1"] {
        let (made, _) = world.try_add(vip, ping(true)).unwrap();
        assert_eq!(numbers(made), (1, 100, 100));
        assert!(made.ping);
        assert_eq!(world.add(vip).1, 0, "it stays");
        let six = if vip.contains(':') { "-6 " } else { "" };
        let routes = sh(&format!("ip {six}route show table local proto 76"));
        assert!(routes.contains(&format!("local {vip} dev lo")), "{routes}");
        let way = sh(&format!("ip route get {vip}"));
        assert!(
            way.starts_with(&format!("local {vip} ")) && way.contains("dev lo"),
            "{way}"
        );
    }
    assert_eq!(world.try_add("192.0.2.1", ping(false)).unwrap().1, 2);
    world.remove("2001:db8::1");
    assert_eq!(machine(), without);
    world.try_add("192.0.2.1", ping(true)).unwrap();
    // Ping goes along into the other mode, where the address answers.
    world.try_add("192.0.2.1", bound(None)).unwrap();
    assert!(!sh("ip route show table local proto 76").contains("192.0.2.1"));
    world.remove("192.0.2.1");
    assert_eq!(machine(), before);
    assert!(!world.has_record());
}

pub fn a_lost_record_leaves_the_address_known(world: &World) {
    lan();
    let before = machine();
    world.try_add("192.0.2.1", bound(None)).unwrap();
    world.try_add("2001:db8:1::9", bound(None)).unwrap();
    fs::remove_file(world.state.join("state.json")).unwrap();
    let mut plumbing = world.plumbing();
    let listed = plumbing.vips().unwrap().list();
    assert_eq!(listed.len(), 2, "{listed:?}");
    let plan = plumbing.vips().unwrap().plan_remove_all().unwrap();
    play(&mut plumbing, &plan).unwrap();
    assert_eq!(machine(), before);
}

pub fn a_reboot_puts_it_back(world: &World) {
    world.try_add("192.0.2.1", bound(None)).unwrap();
    let ping = Wanted {
        ping: Some(true),
        ..Wanted::default()
    };
    world.try_add("192.0.2.2", ping).unwrap();
    let with = machine();
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

pub fn neighbours_are_told(world: &World) {
    use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, recv, socket};
    use std::os::fd::AsRawFd;
    use std::time::Duration;

    let peer = Namespace::anonymous().unwrap();
    let mut network = Network::open().unwrap();
    network.add_veth("d0", "eth0", Some(&peer)).unwrap();
    network.set_up("d0").unwrap();
    sh("ip addr add 10.1.0.1/24 dev d0");
    sh("ip addr add 2001:db8:1::1/64 dev d0 nodad");
    let ear = peer
        .run(|| {
            Network::open().unwrap().set_up("eth0").unwrap();
            let ear = socket(
                AddressFamily::Packet,
                SockType::Raw,
                SockFlag::empty(),
                SockProtocol::EthAll,
            )
            .unwrap();
            let patience = Duration::from_secs(10);
            let patience = nix::sys::time::TimeVal::from(nix::libc::timeval {
                tv_sec: i64::try_from(patience.as_secs()).unwrap(),
                tv_usec: 0,
            });
            nix::sys::socket::setsockopt(
                &ear,
                nix::sys::socket::sockopt::ReceiveTimeout,
                &patience,
            )
            .unwrap();
            ear
        })
        .unwrap();
    settled(&["d0"]);
    let hears = |wanted: &dyn Fn(&[u8]) -> bool| {
        let mut buffer = [0; 2000];
        loop {
            match recv(
                ear.as_raw_fd(),
                &mut buffer,
                nix::sys::socket::MsgFlags::empty(),
            ) {
                Ok(length) if wanted(&buffer[..length]) => return,
                // Another test's child ended.
                Ok(_) | Err(nix::errno::Errno::EINTR) => {}
                Err(error) => panic!("it was not told: {error}"),
            }
        }
    };
    world.try_add("10.1.0.9", bound(None)).unwrap();
    // ARP, both senses, about 10.1.0.9 from 10.1.0.9.
    for operation in [1, 2] {
        hears(&|frame| {
            frame.get(12..14) == Some(&[8, 6])
                && frame.get(20..22) == Some(&[0, operation])
                && frame.get(28..32) == Some(&[10, 1, 0, 9])
                && frame.get(38..42) == Some(&[10, 1, 0, 9])
        });
    }
    world.try_add("2001:db8:1::9", bound(None)).unwrap();
    hears(&|frame| {
        frame.get(12..14) == Some(&[0x86, 0xdd])
            && frame.get(54) == Some(&136)
            && frame.get(62..64) == Some(&[0x20, 1])
            && frame.get(77) == Some(&9)
    });
}
