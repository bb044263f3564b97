//! `real` on a kernel: who answers for a VIP, the way there and exactly back, kills on
//! the way, and the script beside lbctl. `matrix` sends packets through all of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use libtest_mimic::Failed;
use serde_json::Value;

use super::Test;
use super::lab::{self, Answer, Namespace};
use super::walkthrough::expect_same;

pub const TESTS: &[Test] = &[
    ("real::neighbours_do_not_learn_of_it", neighbours),
    ("real::there_and_exactly_back", there_and_back),
    ("real::vips_share_what_they_need", shared),
    ("real::what_is_missing_is_named_and_mended", missing),
    ("real::what_cannot_be_is_refused", refused),
    ("real::killed_anywhere_it_can_be_undone", killed),
    ("real::the_script_does_the_same", script),
    ("real::segments_that_fit_are_asked_for", segments),
];

const VIP: &str = "192.168.100.100";
const SIX: &str = "2001:db8:100::100";
/// What one can ask for, with options that others leave as they are.
const KINDS: [&str; 4] = [
    "--method dr",
    "--method tun",
    "--tun-type gue --tun-port 6080",
    "--tun-type gre",
];

/// A machine with one interface, to a neighbour.
struct Machine {
    real: Namespace,
    neighbour: Namespace,
}

impl Machine {
    fn new(name: &str) -> Self {
        for device in ["tunl0", "ip6tnl0", "sit0", "gre0", "ip6gre0"] {
            // The kernel loads the module, whose interfaces are in every namespace.
            let _ = lab::host(["ip", "link", "show", "dev", device]);
        }
        for module in ["ipip", "ip6_tunnel", "sit", "ip_gre", "ip6_gre", "fou"] {
            lab::host(["modprobe", module]).ok();
        }
        let machine = Self {
            real: Namespace::new(&format!("{name}-real")),
            neighbour: Namespace::new(&format!("{name}-neighbour")),
        };
        let ends = [(&machine.real, "100"), (&machine.neighbour, "1")];
        for (namespace, _) in ends {
            namespace
                .line("sysctl -q -w net.ipv6.conf.default.addr_gen_mode=1")
                .ok();
        }
        let peer = format!("netns {}", machine.neighbour.name);
        machine
            .real
            .line(&format!("ip link add eth0 type veth peer name eth0 {peer}"))
            .ok();
        for (namespace, number) in ends {
            for address in [
                format!("192.168.31.{number}/24"),
                format!("fe80::{number}/64"),
                format!("2001:db8:31::{number}/64"),
            ] {
                let nodad = if address.contains(':') { "nodad" } else { "" };
                namespace
                    .line(&format!("ip address add {address} dev eth0 {nodad}"))
                    .ok();
            }
            namespace.line("ip link set eth0 up").ok();
        }
        machine
    }

    /// All that `real` may change. What the kernel counts down or names anew is not
    /// among it.
    fn picture(&self) -> BTreeSet<String> {
        picture(&self.real)
    }

    fn check(&self) -> Answer {
        self.real.lbctl("real check")
    }
}

fn picture(namespace: &Namespace) -> BTreeSet<String> {
    [
        "ip -o address",
        "ip -br link",
        "ip route show table all",
        "ip -6 route show table all",
        "ip fou show",
        "nft list ruleset",
        "sysctl -a -r ^net\\.ipv[46]\\.conf\\..*\\.(arp|rp_filter|disable|forw)",
    ]
    .into_iter()
    .flat_map(|line| {
        let text = namespace.line(line).ok();
        let lines = text.lines().map(|text| format!("{line}: {}", text.trim()));
        // Each veth has its own hardware address, and a number for its other end.
        let lines = lines.filter(|text| !text.starts_with("ip -br link: eth0"));
        lines.collect::<Vec<_>>()
    })
    .collect()
}

fn neighbours() -> Result<(), Failed> {
    let machine = Machine::new("arp");
    let Machine { real, neighbour } = &machine;
    neighbour.line(&format!("ip route add {VIP} dev eth0")).ok();
    neighbour.line(&format!("ip route add {SIX} dev eth0")).ok();
    let learns = |vip: &str| {
        neighbour.line("ip neigh flush all").ok();
        // Whether it is answered; a neighbour is asked for three times.
        neighbour.line(&format!("ping -c 1 -W 4 {vip}"));
        let found = neighbour.line(&format!("ip neigh show {vip}")).ok();
        found.contains("lladdr")
    };
    // With the address alone it is the wrong one that answers.
    real.line(&format!("ip address add {VIP}/32 dev lo")).ok();
    assert!(learns(VIP));
    real.line(&format!("ip address del {VIP}/32 dev lo")).ok();
    real.lbctl(&format!("real setup {VIP} {SIX}")).ok();
    assert!(!learns(VIP));
    // For IPv6, lo is enough.
    assert!(!learns(SIX));
    // Nor does it say so when it asks for a neighbour itself.
    neighbour.line("ip neigh flush all").ok();
    real.line("ip neigh flush all").ok();
    real.line(&format!("ping -c 1 -W 4 -I {VIP} 192.168.31.1"));
    let learnt = neighbour.line("ip neigh show").ok();
    assert!(
        learnt.contains("192.168.31.100") && !learnt.contains(VIP),
        "{learnt}"
    );
    // An interface's own setting that beats that of `all` is seen to.
    real.lbctl("real undo --all").ok();
    let own = "net.ipv4.conf.eth0.arp_ignore";
    real.line(&format!("sysctl -q -w {own}=3")).ok();
    real.lbctl(&format!("real setup {VIP}")).ok();
    assert!(!learns(VIP));
    real.lbctl("real undo --all").ok();
    assert_eq!(real.line(&format!("sysctl -n {own}")).ok(), "3\n");
    Ok(())
}

fn there_and_back() -> Result<(), Failed> {
    let machine = Machine::new("back");
    let real = &machine.real;
    for filter in ["0", "1"] {
        real.line(&format!(
            "sysctl -q -w net.ipv4.conf.all.rp_filter={filter}"
        ))
        .ok();
        let before = machine.picture();
        for vip in [VIP, SIX] {
            for kind in KINDS {
                let line = format!("real setup {vip} {kind}");
                let commands = real.lbctl(&format!("{line} --dry-run")).ok();
                assert!(commands.contains("address add"), "{commands}");
                expect_same(&before, &machine.picture());
                real.lbctl(&line).ok();
                let there = machine.picture();
                assert_eq!(machine.check().code, 0, "{line}");
                // Twice is once.
                assert_eq!(real.lbctl(&format!("{line} --dry-run")).ok(), "");
                real.lbctl(&line).ok();
                real.lbctl("real setup").ok();
                expect_same(&there, &machine.picture());
                // The filter that `all` stood for is still at work elsewhere.
                let eth0 = "sysctl -n net.ipv4.conf.eth0.rp_filter";
                let all = "sysctl -n net.ipv4.conf.all.rp_filter";
                let strongest = real.line(eth0).ok().max(real.line(all).ok());
                assert_eq!(strongest.trim(), filter, "{line}");
                real.lbctl(&format!("real undo {vip}")).ok();
                expect_same(&before, &machine.picture());
                // Nothing is left to undo, which is no error.
                real.lbctl(&format!("real undo {vip}")).ok();
            }
        }
    }
    // The commands of --dry-run do the same, by hand.
    let line = format!("real setup {VIP} --tun-type gue --tun-port 6080");
    let commands = real.lbctl(&format!("{line} --dry-run")).ok();
    let before = machine.picture();
    real.lbctl(&line).ok();
    let there = machine.picture();
    real.lbctl("real undo --all").ok();
    expect_same(&before, &machine.picture());
    real.run_with(["sh", "-e"], &commands).ok();
    expect_same(&there, &machine.picture());
    // What is there already is not lbctl's: it stays.
    real.lbctl(&line).ok();
    real.lbctl("real undo --all").ok();
    expect_same(&there, &machine.picture());
    Ok(())
}

fn shared() -> Result<(), Failed> {
    let machine = Machine::new("shared");
    let real = &machine.real;
    let before = machine.picture();
    let other = "192.168.100.101";
    real.lbctl(&format!("real setup {VIP} --method tun")).ok();
    let one = machine.picture();
    real.lbctl(&format!("real setup {other} --method tun")).ok();
    real.lbctl(&format!("real setup {SIX} --tun-type gre")).ok();
    real.lbctl(&format!("real undo {SIX}")).ok();
    real.lbctl(&format!("real undo {other}")).ok();
    expect_same(&one, &machine.picture());
    // The tunnel goes with its last VIP, the silence stays for the direct one.
    real.lbctl(&format!("real setup {other}")).ok();
    real.lbctl(&format!("real undo {VIP}")).ok();
    assert_eq!(machine.check().code, 0);
    let ignore = real.line("sysctl -n net.ipv4.conf.all.arp_ignore").ok();
    assert_eq!(ignore, "1\n");
    assert!(!real.line("ip -br link show up").ok().contains("tunl0"));
    real.lbctl("real undo --all").ok();
    expect_same(&before, &machine.picture());
    Ok(())
}

fn missing() -> Result<(), Failed> {
    let machine = Machine::new("missing");
    let real = &machine.real;
    assert_eq!(machine.check().code, 3);
    let line = format!("real setup {VIP} --tun-type gue --tun-port 6080");
    let check = line.replace("setup", "check");
    let all = real.lbctl(&check);
    assert_eq!(all.code, 2, "{all}");
    real.lbctl(&line).ok();
    let whole = machine.picture();
    let ids = |answer: &Answer| -> Vec<String> {
        let json: Value = serde_json::from_str(&answer.stdout).unwrap();
        let findings = json["findings"].as_array().unwrap();
        let ids = findings.iter().map(|found| found["id"].as_str().unwrap());
        ids.map(str::to_owned).collect()
    };
    for (damage, id, code) in [
        (format!("ip address del {VIP}/32 dev lo"), "real-address", 2),
        (
            "sysctl -q -w net.ipv4.conf.all.arp_ignore=0".to_owned(),
            "real-arp-answers",
            2,
        ),
        (
            "sysctl -q -w net.ipv4.conf.all.arp_announce=0".to_owned(),
            "real-arp-announces",
            2,
        ),
        ("ip link set tunl0 down".to_owned(), "real-tunnel", 2),
        (
            "sysctl -q -w net.ipv4.conf.tunl0.rp_filter=2".to_owned(),
            "real-rp-filter",
            2,
        ),
        ("ip fou del port 6080".to_owned(), "real-port", 2),
        ("nft flush ruleset".to_owned(), "real-mss", 1),
    ] {
        real.line(&damage).ok();
        let found = real.lbctl("real check --json");
        assert_eq!(ids(&found), [id], "{damage}");
        assert_eq!(found.code, code, "{damage}");
        let words = machine.check();
        assert!(words.stdout.contains(&format!("{id}: {VIP}")), "{words}");
        // What it says mends it.
        let json: Value = serde_json::from_str(&found.stdout)?;
        let fix = json["findings"][0]["fix"].as_str().unwrap();
        real.lbctl(fix.strip_prefix("lbctl ").unwrap()).ok();
        assert_eq!(machine.check().code, 0, "{damage}");
        expect_same(&whole, &machine.picture());
    }
    Ok(())
}

fn refused() -> Result<(), Failed> {
    let machine = Machine::new("refused");
    let real = &machine.real;
    let before = machine.picture();
    for (line, code, part) in [
        ("real setup", 2, "name the VIP"),
        ("real setup 127.0.0.1", 2, "loopback"),
        ("real setup 224.0.0.1", 2, "multicast"),
        (
            "real setup 192.168.31.100",
            1,
            "ip address del 192.168.31.100/24 dev eth0",
        ),
        ("real setup 192.0.2.1 --tun-type gue", 2, "--tun-port"),
        ("real setup 192.0.2.1 --tun-port 6080", 2, "--tun-type gue"),
        (
            "real setup 192.0.2.1 --tun-type gue --tun-port 0",
            2,
            "tunnel port",
        ),
        (
            "real setup 192.0.2.1 --tun-type l2tp",
            2,
            "ipip, gue and gre",
        ),
        (
            "real setup 192.0.2.1 --method dr --tun-type gre",
            2,
            "no tunnel",
        ),
        ("real setup 192.0.2.1 --mss 100", 2, "536"),
        ("real setup --script", 2, "VIP"),
    ] {
        let why = real.lbctl(line).fails(code);
        assert!(why.contains(part), "{line}: {why}");
        expect_same(&before, &machine.picture());
    }
    let elsewhere = real.lbctl("real check 192.168.31.100");
    assert_eq!(elsewhere.code, 2);
    assert!(elsewhere.stdout.contains("real-address-elsewhere"));
    // Set up is set up; another way needs a word.
    real.lbctl(&format!("real setup {VIP} --method tun")).ok();
    let line = format!("real setup {VIP} --method dr");
    let why = real.lbctl(&line).fails(1);
    assert!(why.contains(&format!("lbctl real undo {VIP}")), "{why}");
    // A step that is refused takes those before it back.
    real.lbctl("real undo --all").ok();
    let taken = real.enter(|| std::net::UdpSocket::bind("0.0.0.0:6080").unwrap());
    let line = format!("real setup {VIP} --tun-type gue --tun-port 6080");
    let why = real.lbctl(&line).fails(1);
    assert!(why.contains("another program has the port"), "{why}");
    drop(taken);
    expect_same(&before, &machine.picture());
    assert_eq!(machine.check().code, 3);
    Ok(())
}

fn killed() -> Result<(), Failed> {
    let machine = Machine::new("killed");
    let real = &machine.real;
    real.line("sysctl -q -w net.ipv4.conf.all.rp_filter=1").ok();
    let before = machine.picture();
    let program = lab::lbctl();
    let program = program.to_str().expect("a path in UTF-8");
    let setup = format!("real setup {VIP} --tun-type gue --tun-port 6080");
    let undo = format!("real undo {VIP}");
    let mut ends = 0;
    // Behind each record that is written, and behind each change.
    for call in ["rename", "sendto", "write"] {
        for (first, line) in [(None, &setup), (Some(&setup), &undo)] {
            for number in 1.. {
                if let Some(first) = first {
                    real.lbctl(first).ok();
                }
                let inject = format!("inject={call}:signal=KILL:when={number}");
                let words = [
                    "strace",
                    "-qq",
                    "-o",
                    "/dev/null",
                    "-e",
                    "trace=none",
                    "-e",
                    &inject,
                    program,
                ];
                let words = words.into_iter().chain(line.split_whitespace());
                let answer = real.run(words);
                let whole = answer.code == 0;
                real.lbctl(&undo).ok();
                expect_same(&before, &machine.picture());
                assert_eq!(machine.check().code, 3, "{call} {number}");
                if whole {
                    assert!(number > 5, "{call}: {answer}");
                    ends += 1;
                    break;
                }
            }
        }
    }
    assert_eq!(ends, 6);
    Ok(())
}

fn script() -> Result<(), Failed> {
    let (ours, theirs) = (Machine::new("ours"), Machine::new("theirs"));
    let directory = PathBuf::from("/tmp/lbctl-real-script");
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory)?;
    let file = directory.join("real.sh");
    let sh = |word: &str| {
        let state = format!("LBCTL_REAL_STATE={}", directory.join("state").display());
        let file = file.to_str().expect("a path in UTF-8");
        // A shell that is not bash.
        theirs
            .real
            .run(["env", &state, "busybox", "sh", file, word])
    };
    for filter in ["0", "1"] {
        for machine in [&ours, &theirs] {
            let line = format!("sysctl -q -w net.ipv4.conf.all.rp_filter={filter}");
            machine.real.line(&line).ok();
        }
        let before = theirs.picture();
        expect_same(&ours.picture(), &before);
        for kind in KINDS {
            let line = format!("real setup {VIP} {SIX} {kind}");
            fs::write(&file, ours.real.lbctl(&format!("{line} --script")).ok())?;
            expect_same(&before, &ours.picture());
            ours.real.lbctl(&line).ok();
            let answer = sh("setup");
            assert!(answer.code == 0 && answer.stderr.is_empty(), "{answer}");
            let there = ours.picture();
            expect_same(&there, &theirs.picture());
            // Twice is once.
            sh("setup").ok();
            expect_same(&there, &theirs.picture());
            ours.real.lbctl("real undo --all").ok();
            let answer = sh("undo");
            assert!(answer.code == 0 && answer.stderr.is_empty(), "{answer}");
            expect_same(&before, &theirs.picture());
            sh("undo").ok();
            expect_same(&before, &theirs.picture());
        }
    }
    sh("").fails(2);
    fs::remove_dir_all(&directory)?;
    Ok(())
}

fn segments() -> Result<(), Failed> {
    let machine = Machine::new("segments");
    let Machine { real, neighbour } = &machine;
    neighbour
        .line(&format!("ip route add {VIP} via 192.168.31.100"))
        .ok();
    let server = format!("{VIP}:7000");
    let asked = |options: &str| {
        real.lbctl(&format!("real setup {VIP} {options}")).ok();
        let listener = real.enter(|| std::net::TcpListener::bind(&server).unwrap());
        let client = neighbour.enter(|| std::net::TcpStream::connect(&server).unwrap());
        let shown = neighbour.line("ss -tin dport = 7000").ok();
        drop((listener, client));
        real.lbctl(&format!("real undo {VIP}")).ok();
        shown
    };
    // With time stamps, which take 12 bytes of each segment.
    for (options, mss) in [
        ("--method tun", 1440),
        ("--method tun --mss 1000", 1000),
        ("--method tun --mss 0", 1460),
    ] {
        let shown = asked(options);
        let wanted = format!(" mss:{} ", mss - 12);
        assert!(shown.contains(&wanted), "{options}: {shown}");
    }
    Ok(())
}
