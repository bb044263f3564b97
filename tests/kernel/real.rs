//! `real` on a kernel: who answers for a VIP, what is missing, what is refused. The way
//! back stands in `real_undo`; `matrix` sends packets through all of it.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use libtest_mimic::Failed;
use serde_json::Value;

use super::Test;
use super::lab::{self, Answer, Namespace};
use super::walkthrough::expect_same;

pub const TESTS: &[Test] = &[
    ("real::neighbours_do_not_learn_of_it", neighbours),
    ("real::what_is_missing_is_named_and_mended", missing),
    ("real::what_cannot_be_is_refused", refused),
    ("real::segments_that_fit_are_asked_for", segments),
];

pub const VIP: &str = "192.168.100.100";
pub const SIX: &str = "2001:db8:100::100";
/// What one can ask for, with options that others leave as they are.
pub const KINDS: [&str; 4] = [
    "--method dr",
    "--method tun",
    "--tun-type gue --tun-port 6080",
    "--tun-type gre",
];

/// A machine with one interface, to a neighbour.
pub struct Machine {
    pub real: Namespace,
    pub neighbour: Namespace,
}

impl Machine {
    pub fn new(name: &str) -> Self {
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
    pub fn picture(&self) -> BTreeSet<String> {
        picture(&self.real)
    }

    pub fn check(&self) -> Answer {
        self.real.lbctl("real check")
    }
}

fn picture(namespace: &Namespace) -> BTreeSet<String> {
    // An interface that was up once has IPv6 parameters from then on.
    let mut parameters = namespace.enter(|| {
        let mut found = BTreeSet::new();
        for family in ["ipv4/conf", "ipv6/conf"] {
            let interfaces = fs::read_dir(Path::new("/proc/sys/net").join(family)).unwrap();
            for interface in interfaces.map(|entry| entry.unwrap().path()) {
                let name = interface.file_name().unwrap().to_owned();
                if family == "ipv6/conf"
                    && !["all", "default", "eth0", "lo"]
                        .map(OsStr::new)
                        .contains(&name.as_os_str())
                {
                    continue;
                }
                for leaf in fs::read_dir(interface).unwrap() {
                    let path = leaf.unwrap().path();
                    // stable_secret cannot be read before it was written.
                    if let Ok(value) = fs::read_to_string(&path) {
                        found.insert(format!("{}: {}", path.display(), value.trim()));
                    }
                }
            }
        }
        found
    });
    parameters.extend(shown(namespace));
    parameters
}

/// What the tools show.
fn shown(namespace: &Namespace) -> BTreeSet<String> {
    [
        "ip -o address",
        "ip -br link",
        // Of both families.
        "ip route show table all",
        "ip fou show",
        "nft list ruleset",
    ]
    .into_iter()
    .flat_map(|line| {
        let text = namespace.line(line).ok();
        let lines = text.lines().map(|text| format!("{line}: {}", text.trim()));
        // Each veth has its own hardware address, and a number for its other end.
        // Tunnels over IPv6 have a link-local address by chance.
        let lines =
            lines.filter(|text| !text.starts_with("ip -br link: eth0") && !text.contains("fe80::"));
        lines.collect::<Vec<_>>()
    })
    .collect()
}

fn neighbours() -> Result<(), Failed> {
    let machine = Machine::new("arp");
    let Machine { real, neighbour } = &machine;
    neighbour.line(&format!("ip route add {VIP} dev eth0")).ok();
    neighbour.line(&format!("ip route add {SIX} dev eth0")).ok();
    let knows = |address: &str| {
        let shown = neighbour.line(&format!("ip neigh show {address}")).ok();
        shown.contains("lladdr")
    };
    let learns = |vip: &str| {
        neighbour.line("ip neigh flush all").ok();
        // Whether it is answered; a neighbour is asked for three times.
        neighbour.line(&format!("ping -c 1 -W 4 {vip}"));
        knows(vip)
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
    assert!(knows("192.168.31.100") && !knows(VIP));
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
