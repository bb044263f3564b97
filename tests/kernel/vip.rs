//! How packets for a VIP get in, with real traffic: both modes and families, ping,
//! clients on the director and among the servers, servers without a way back.

use std::collections::BTreeSet;
use std::time::Duration;

use libtest_mimic::Failed;
use serde_json::Value;

use super::Test;
use super::apply::ConfigFile;
use super::lab::{Answer, NO_ANSWER, Namespace, REFUSED, TIMED_OUT};
use super::service::{Service, expected, text, until, weights};
use super::walkthrough::{expect_same, picture};
use super::world::{VIP, World};

pub const TESTS: &[Test] = &[
    ("vip::an_address_on_lo", on_lo),
    ("vip::an_address_of_the_lan_is_announced", announced),
    ("vip::ipv6_both_modes", ipv6),
    ("vip::ping_when_asked_for", ping),
    ("vip::clients_on_the_director", local_clients),
    (
        "vip::snat_for_servers_without_a_way_back",
        snat_without_way_back,
    ),
    ("vip::snat_for_clients_among_the_servers", snat_hairpin),
    ("vip::many_share_one_map", many),
    ("vip::what_was_made_by_hand_is_adopted", adopted),
    ("vip::marks_of_others_are_not_taken", marks_of_others),
    ("vip::a_file_says_how", from_a_file),
    ("vip::a_reboot_is_survived", reboot),
];

fn get(from: &Namespace, url: &str) -> String {
    from.get(url, Duration::from_secs(3))
}

/// Both servers answer.
#[track_caller]
fn flows(from: &Namespace, url: &str) {
    let answers: BTreeSet<String> = (0..4).map(|_| get(from, url)).collect();
    let both = BTreeSet::from(["w1".to_owned(), "w2".to_owned()]);
    assert_eq!(answers, both, "{url} from {}", from.name);
}

#[track_caller]
fn answers_ping(from: &Namespace, vip: &str) {
    from.line(&format!("ping -n -c 1 -W 10 {vip}")).ok();
}

fn service(world: &World, vip: &str, servers: [&str; 2]) {
    let [one, other] = servers;
    world.director.lbctl("forward on").ok();
    let line = format!("add -t {vip}:80 -s rr -r {one} -r {other} -m");
    world.director.lbctl(&line).ok();
}

const SERVERS: [&str; 2] = ["192.168.31.100", "192.168.31.101"];

fn listed(director: &Namespace) -> Value {
    let json: Value = serde_json::from_str(&director.lbctl("vip list --json").ok()).unwrap();
    json["vips"][0].clone()
}

fn on_lo() -> Result<(), Failed> {
    let world = World::with_servers("vip-lo");
    let director = &world.director;
    service(&world, VIP, SERVERS);
    let before = picture(director);
    // Routed on, or refused: it is nobody's here.
    assert!(get(&world.client, &format!("http://{VIP}/")).starts_with(NO_ANSWER));
    let line = format!("vip add {VIP} --mode address");
    let commands = director.lbctl(&format!("{line} --dry-run")).ok();
    assert_eq!(commands, format!("ip address add {VIP}/32 dev lo\n"));
    expect_same(&before, &picture(director));
    director.lbctl(&line).ok();
    flows(&world.client, &format!("http://{VIP}/"));
    answers_ping(&world.client, VIP);
    assert_eq!(get(&world.client, &format!("http://{VIP}:81/")), REFUSED);
    let vip = listed(director);
    assert_eq!(
        (
            &vip["mode"],
            &vip["interface"],
            &vip["mark"],
            &vip["complete"]
        ),
        (&"address".into(), &"lo".into(), &Value::Null, &true.into())
    );
    // Somebody takes it away; the next one puts it back.
    director
        .line(&format!("ip address del {VIP}/32 dev lo"))
        .ok();
    assert_eq!(listed(director)["missing"][0], "address");
    director.lbctl(&format!("vip add {VIP}")).ok();
    flows(&world.client, &format!("http://{VIP}/"));
    // Over to marks while requests come, and back: none is lost.
    for mode in ["fwmark", "address"] {
        let requests = world.client.enter(|| {
            std::process::Command::new("ab")
                .args(["-q", "-n", "300", "-c", "4"])
                .arg(format!("http://{VIP}/"))
                .stdout(std::process::Stdio::piped())
                .spawn()
                .unwrap()
        });
        director.lbctl(&format!("vip add {VIP} --mode {mode}")).ok();
        let output = requests.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains("Complete requests:      300"), "{said}");
        assert_eq!(listed(director)["mode"], mode);
    }
    director.lbctl(&format!("vip del {VIP}")).ok();
    expect_same(&before, &picture(director));
    Ok(())
}

fn announced() -> Result<(), Failed> {
    const LAN_VIP: &str = "192.168.10.77";
    let world = World::with_servers("vip-lan");
    let (client, director) = (&world.client, &world.director);
    service(&world, LAN_VIP, SERVERS);
    // It was at another machine, the client still believes, and does not ask again.
    client
        .line(&format!(
            "ip neigh replace {LAN_VIP} lladdr 02:00:00:00:00:99 dev eth0 nud reachable"
        ))
        .ok();
    let answer = director.lbctl(&format!("vip add {LAN_VIP}"));
    assert!(
        answer.stderr.contains("lies in the network of outside"),
        "{answer}"
    );
    director
        .lbctl(&format!("vip add {LAN_VIP} --mode address"))
        .ok();
    assert_eq!(listed(director)["interface"], "outside");
    // An address that was confirmed a moment ago is kept for a second (locktime).
    until(false, || {
        let known = client.line("ip neigh show 192.168.10.77").ok();
        if known.contains("02:00:00:00:00:99") {
            director.lbctl(&format!("vip del {LAN_VIP}")).ok();
            director
                .lbctl(&format!("vip add {LAN_VIP} --mode address"))
                .ok();
        }
        known.contains("02:00:00:00:00:99")
    });
    flows(client, &format!("http://{LAN_VIP}/"));
    answers_ping(client, LAN_VIP);
    // Without the right to send, it says so and takes the address all the same.
    director.lbctl(&format!("vip del {LAN_VIP}")).ok();
    let lbctl = super::lab::lbctl();
    let answer = director.run([
        "setpriv".as_ref(),
        "--bounding-set".as_ref(),
        "-all,+net_admin".as_ref(),
        lbctl.as_os_str(),
        "vip".as_ref(),
        "add".as_ref(),
        LAN_VIP.as_ref(),
        "--mode".as_ref(),
        "address".as_ref(),
    ]);
    assert!(
        answer.code == 0 && answer.stderr.contains("CAP_NET_RAW"),
        "{answer}"
    );
    Ok(())
}

fn ipv6() -> Result<(), Failed> {
    const VIP6: &str = "2001:db8:100::100";
    let world = World::with_servers("vip-six");
    let director = &world.director;
    // A router asks for neighbours from its link-local address only.
    let address = |namespace: &Namespace, address: &str, device: &str| {
        let (_, last) = address.rsplit_once("::").unwrap();
        for address in [address, &format!("fe80::{last}")] {
            namespace
                .line(&format!("ip address add {address}/64 dev {device} nodad"))
                .ok();
        }
    };
    address(&world.client, "2001:db8:10::10", "eth0");
    address(director, "2001:db8:10::1", "outside");
    address(director, "2001:db8:31::1", "inside");
    world
        .client
        .line(&format!("ip -6 route add {VIP6}/128 via 2001:db8:10::1"))
        .ok();
    for (number, worker) in (100..).zip(&world.workers) {
        address(worker, &format!("2001:db8:31::{number}"), "eth0");
        worker
            .line("ip -6 route add default via 2001:db8:31::1")
            .ok();
    }
    let vip = format!("[{VIP6}]");
    service(&world, &vip, ["[2001:db8:31::100]", "[2001:db8:31::101]"]);
    let url = format!("http://{vip}/");
    let before = picture(director);
    assert!(get(&world.client, &url).starts_with(NO_ANSWER));
    for options in ["", " --mode address", " --mode fwmark --ping"] {
        director.lbctl(&format!("vip add {VIP6}{options}")).ok();
        flows(&world.client, &url);
    }
    answers_ping(&world.client, VIP6);
    director.lbctl(&format!("vip del {VIP6}")).ok();
    expect_same(&before, &picture(director));
    // The servers have no way back, and hide the client for IPv6, too.
    for worker in &world.workers {
        worker.line("ip -6 route del default").ok();
    }
    director.lbctl(&format!("vip add {VIP6}")).ok();
    assert_eq!(get(&world.client, &url), TIMED_OUT);
    director.lbctl(&format!("vip add {VIP6} --snat")).ok();
    flows(&world.client, &url);
    director.lbctl(&format!("vip del {VIP6}")).ok();
    expect_same(&before, &picture(director));
    Ok(())
}

fn ping() -> Result<(), Failed> {
    let world = World::with_servers("vip-ping");
    let (client, director) = (&world.client, &world.director);
    service(&world, VIP, SERVERS);
    director.lbctl(&format!("vip add {VIP}")).ok();
    let unanswered = |_| client.line(&format!("ping -n -c 1 -W 1 {VIP}")).code != 0;
    assert!((0..2).all(unanswered));
    assert_eq!(get(client, &format!("http://{VIP}:81/")), TIMED_OUT);
    let without = picture(director);
    let commands = director
        .lbctl(&format!("vip add {VIP} --ping --dry-run"))
        .ok();
    assert_eq!(
        commands,
        format!("ip route add local {VIP}/32 dev lo table 255\n")
    );
    director.lbctl(&format!("vip add {VIP} --ping")).ok();
    answers_ping(client, VIP);
    assert_eq!(get(client, &format!("http://{VIP}:81/")), REFUSED);
    flows(client, &format!("http://{VIP}/"));
    director.lbctl(&format!("vip del {VIP}")).ok();
    director.lbctl(&format!("vip add {VIP}")).ok();
    expect_same(&without, &picture(director));
    Ok(())
}

fn local_clients() -> Result<(), Failed> {
    let world = World::with_servers("vip-local");
    let director = &world.director;
    let url = format!("http://{VIP}/");
    service(&world, VIP, SERVERS);
    let before = picture(director);
    director.lbctl(&format!("vip add {VIP}")).ok();
    // Some way for the first look-up, which the mark then changes.
    director.line("ip route add default via 192.168.10.10").ok();
    flows(director, &url);
    director.line("ip route del default").ok();
    for options in ["--ping", "--mode address"] {
        director.lbctl(&format!("vip add {VIP} {options}")).ok();
        flows(director, &url);
    }
    director.lbctl(&format!("vip del {VIP}")).ok();
    expect_same(&before, &picture(director));
    Ok(())
}

fn snat_without_way_back() -> Result<(), Failed> {
    let world = World::with_servers("vip-snat");
    let director = &world.director;
    let url = format!("http://{VIP}/");
    service(&world, VIP, SERVERS);
    for worker in &world.workers {
        worker.line("ip route del default").ok();
    }
    let before = picture(director);
    for mode in ["fwmark", "address"] {
        director.lbctl(&format!("vip add {VIP} --mode {mode}")).ok();
        let without = picture(director);
        assert_eq!(get(&world.client, &url), TIMED_OUT);
        let line = format!("vip add {VIP} --snat");
        let commands = director.lbctl(&format!("{line} --dry-run")).ok();
        assert!(
            commands.starts_with("sysctl -w net.ipv4.vs.conntrack=1\n"),
            "{commands}"
        );
        director.lbctl(&line).ok();
        flows(&world.client, &url);
        assert_eq!(listed(director)["snat"], true);
        assert_eq!(director.lbctl(&line).ok(), "");
        let made = picture(director);
        director.lbctl(&format!("vip del {VIP}")).ok();
        expect_same(&before, &picture(director));
        // The commands of --dry-run do the same.
        director.lbctl(&format!("vip add {VIP} --mode {mode}")).ok();
        expect_same(&without, &picture(director));
        let script = format!("set -e\n{commands}");
        director.run_with(["bash"], &script).ok();
        expect_same(&made, &picture(director));
        director.line("nft delete table inet lbctl_snat").ok();
        director.line("sysctl -q -w net.ipv4.vs.conntrack=0").ok();
        director.lbctl(&format!("vip del {VIP}")).ok();
        expect_same(&before, &picture(director));
    }
    Ok(())
}

fn snat_hairpin() -> Result<(), Failed> {
    let world = World::with_servers("vip-hairpin");
    let director = &world.director;
    let [w1, ..] = &world.workers;
    let url = format!("http://{VIP}/");
    service(&world, VIP, SERVERS);
    director.lbctl(&format!("vip add {VIP}")).ok();
    let before = picture(director);
    // The reply goes straight from server to server, from an address that the
    // client never asked.
    let answers: BTreeSet<String> = (0..2).map(|_| get(w1, &url)).collect();
    assert_eq!(answers, BTreeSet::from([TIMED_OUT.to_owned()]));
    // Somebody else has conntrack on already: it stays so.
    director.line("sysctl -q -w net.ipv4.vs.conntrack=1").ok();
    director.lbctl(&format!("vip add {VIP} --snat")).ok();
    flows(w1, &url);
    flows(&world.client, &url);
    director.lbctl(&format!("vip del {VIP}")).ok();
    let conntrack = director.line("sysctl -n net.ipv4.vs.conntrack").ok();
    assert_eq!(conntrack, "1\n");
    director.line("sysctl -q -w net.ipv4.vs.conntrack=0").ok();
    director.lbctl(&format!("vip add {VIP}")).ok();
    expect_same(&before, &picture(director));
    Ok(())
}

/// Services by address and by mark, on many VIPs.
fn many() -> Result<(), Failed> {
    let world = World::with_servers("vip-many");
    let (client, director) = (&world.client, &world.director);
    director.lbctl("forward on").ok();
    let before = picture(director);
    client
        .line("ip route add 192.168.101.0/24 via 192.168.10.1")
        .ok();
    for last in 1..=20 {
        let vip = format!("192.168.101.{last}");
        let options = match last % 4 {
            0 => " --mode address",
            1 => " --mark 77",
            2 => " --ping",
            _ => "",
        };
        director.lbctl(&format!("vip add {vip}{options}")).ok();
    }
    director
        .lbctl("add -f 77 -s rr -r 192.168.31.100 -r 192.168.31.101 -m")
        .ok();
    for last in [1, 5, 9] {
        flows(client, &format!("http://192.168.101.{last}/"));
    }
    for last in [2, 3, 4] {
        let vip = format!("192.168.101.{last}");
        service(&world, &vip, SERVERS);
        flows(client, &format!("http://{vip}/"));
    }
    let elements = director.line("nft list map inet lbctl vip4").ok();
    assert_eq!(elements.matches(" : 0x").count(), 15, "{elements}");
    // A mark that was asked for is not shared by those that asked for none.
    assert_eq!(director.line("ip rule").ok().matches("proto 76").count(), 2);
    director.lbctl("clear --yes").ok();
    for last in 1..=20 {
        director.lbctl(&format!("vip del 192.168.101.{last}")).ok();
    }
    expect_same(&before, &picture(director));
    Ok(())
}

/// The walkthrough as its readers make it by hand.
const BY_HAND: &[&str] = &[
    "iptables -t mangle -A PREROUTING -d 192.168.100.100/32 -p tcp --dport 80 -j MARK --set-mark 1",
    "ip rule add fwmark 1 table 100",
    "ip route add local 0.0.0.0/0 dev lo table 100",
];

/// What packets were counted makes no difference.
fn uncounted(director: &Namespace) -> BTreeSet<String> {
    let lines = picture(director).into_iter();
    let without = |line: String| match line.split_once("counter packets ") {
        Some((before, behind)) => {
            let rest = behind.splitn(4, ' ').last().unwrap_or_default();
            format!("{before}{rest}")
        }
        None => line,
    };
    lines.map(without).collect()
}

fn adopted() -> Result<(), Failed> {
    let world = World::with_servers("vip-adopt");
    let director = &world.director;
    let url = format!("http://{VIP}/");
    // The service goes by the mark: taking over means the same mark.
    director.lbctl("forward on").ok();
    director
        .lbctl("add -f 1 -s rr -r 192.168.31.100 -r 192.168.31.101 -m")
        .ok();
    for line in BY_HAND {
        director.line(line).ok();
    }
    flows(&world.client, &url);
    let before = uncounted(director);
    let shown = director.lbctl("vip list").ok();
    assert!(
        shown
            .contains("192.168.100.100 is led to IPVS by hand: mark 1 set in ip mangle PREROUTING"),
        "{shown}"
    );
    let message = director.lbctl(&format!("vip add {VIP}")).fails(1);
    assert!(
        message.contains(&format!("lbctl vip add {VIP} --adopt")),
        "{message}"
    );
    let line = format!("vip add {VIP} --adopt");
    let commands = director.lbctl(&format!("{line} --dry-run")).ok();
    assert!(
        commands.contains("nft delete rule ip mangle PREROUTING handle"),
        "{commands}"
    );
    assert_eq!(uncounted(director), before);

    let requests = world.client.enter(|| {
        std::process::Command::new("ab")
            .args(["-q", "-n", "300", "-c", "4"])
            .arg(&url)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap()
    });
    director.lbctl(&line).ok();
    let output = requests.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("Complete requests:      300"), "{said}");
    flows(&world.client, &url);
    let vip = listed(director);
    assert_eq!((&vip["mark"], &vip["complete"]), (&1.into(), &true.into()));
    assert!(
        !director
            .line("iptables-save -t mangle")
            .ok()
            .contains("MARK")
    );
    assert!(
        !director
            .line("ip route show table 100")
            .ok()
            .contains("local default")
    );
    assert_eq!(
        director.line("ip rule").ok().matches("fwmark 0x1 ").count(),
        1
    );
    assert_eq!(director.lbctl(&line).ok(), "");

    // And the way back, without a gap.
    director.lbctl("teardown --yes").ok();
    let after: BTreeSet<String> = uncounted(director);
    let plumbing = |lines: &BTreeSet<String>| -> BTreeSet<String> {
        let all = lines.iter();
        // Forwarding went, too, with what it had changed.
        all.filter(|line| !line.starts_with("sysctl"))
            .cloned()
            .collect()
    };
    expect_same(&plumbing(&before), &plumbing(&after));
    director.lbctl("forward on").ok();
    flows(&world.client, &url);
    Ok(())
}

/// Marks that others set or lead, seen or not yet in use.
fn marks_of_others() -> Result<(), Failed> {
    let world = World::new("vip-marks");
    let director = &world.director;
    for line in [
        // kube-proxy, tailscale, wg-quick, and somebody who has 2 and all up to 0xf.
        "iptables -t mangle -A PREROUTING -j MARK --set-xmark 0x4000/0x4000",
        "ip rule add priority 5210 fwmark 0x80000/0xff0000 lookup main",
        "ip rule add priority 90 not fwmark 0xca6c lookup 51820",
        "ip rule add priority 5000 fwmark 0x1/0x1 lookup 100",
        "iptables -t mangle -A PREROUTING -d 192.0.2.7 -j MARK --set-mark 2",
    ] {
        director.line(line).ok();
    }
    director.lbctl(&format!("vip add {VIP}")).ok();
    let vip = listed(director);
    // 1 and 3 are led by a mask, 2 is set; a rule for all but one mark comes before 100.
    assert_eq!(
        (&vip["mark"], &vip["table"], &vip["priority"]),
        (&4.into(), &101.into(), &89.into())
    );
    for (number, by) in [
        ("--mark 3", "the rule with priority 5000"),
        ("--mark 51820", "free"),
        ("--table 51820", "the rule with priority 90"),
    ] {
        let answer = director.lbctl(&format!("vip add 192.0.2.9 {number} --dry-run"));
        assert!(
            by == "free" || answer.stderr.contains(by),
            "{number}: {answer}"
        );
    }
    let message = director.lbctl("vip add 192.0.2.9 --mark 0x80000").fails(2);
    assert!(message.contains("mark"), "{message}");
    director.lbctl("vip add 192.0.2.9 --mark 524288").fails(1);
    Ok(())
}

fn file(way: &str) -> String {
    let text =
        super::apply::walkthrough("web", "rr", &[("192.168.31.100", 1), ("192.168.31.101", 1)]);
    text.replacen("method =", &format!("{way}\nmethod ="), 1)
}

fn from_a_file() -> Result<(), Failed> {
    let world = World::with_servers("vip-file");
    let director = &world.director;
    let url = format!("http://{VIP}/");
    let before = picture(director);
    let config = ConfigFile::new("vip-file", &file("vip = \"address\""));
    let told = config.run(director, "apply").ok();
    assert!(
        told.contains("+ vip 192.168.100.100  interface lo"),
        "{told}"
    );
    flows(&world.client, &url);
    assert_eq!(config.run(director, "diff").ok(), "");
    for worker in &world.workers {
        worker.line("ip route del default").ok();
    }
    config.set(&file("vip = \"fwmark\"\nsnat = true"));
    let told = config.run(director, "apply").ok();
    assert!(told.contains("+ snat 192.168.100.100"), "{told}");
    assert!(
        told.contains("- vip 192.168.100.100  interface lo"),
        "{told}"
    );
    flows(&world.client, &url);
    assert_eq!(config.run(director, "diff").ok(), "");
    let conflict = format!(
        "{}[host.sysctl]\n\"net.ipv4.vs.conntrack\" = 0\n",
        file("snat = true")
    );
    config.set(&conflict);
    let message = config.run(director, "apply").fails(1);
    assert!(message.contains("snat = true needs it"), "{message}");
    // Wanted by its own key, too: it stays when snat goes, and goes with the key.
    config.set(&conflict.replace("= 0\n", "= 1\n"));
    config.run(director, "apply").ok();
    let conntrack = || director.line("sysctl -n net.ipv4.vs.conntrack").ok();
    config.set(&format!(
        "{}[host.sysctl]\n\"net.ipv4.vs.conntrack\" = 1\n",
        file("")
    ));
    config.run(director, "apply").ok();
    assert_eq!(conntrack(), "1\n");
    assert_eq!(config.run(director, "diff").ok(), "");
    config.set(&file("snat = true"));
    config.run(director, "apply").ok();
    assert_eq!(conntrack(), "1\n");
    assert_eq!(config.run(director, "diff").ok(), "");
    config.set("");
    config.run(director, "apply --allow-empty").ok();
    director.lbctl("forward off").ok();
    expect_same(&before, &picture(director));
    Ok(())
}

/// All of it is gone, and the unit's command line brings it back from the disk.
fn reboot() -> Result<(), Failed> {
    const NAME: &str = "vip-boot";
    let by_hand = ["192.168.101.1", "192.168.101.2 --mode address"];
    let text = text(&[("192.168.31.100", 1), ("192.168.31.101", 1)]);
    let text = text.replacen("method =", "snat = true\nmethod =", 1)
        + "[host.sysctl]\n\"net.ipv4.vs.expire_nodest_conn\" = 1\n";
    let config = ConfigFile::new(NAME, &text);
    let there = expected(&[("100", 1), ("101", 1)]);
    let (with, before) = {
        let world = World::with_servers(NAME);
        let before = picture(&world.director);
        for vip in by_hand {
            world.director.lbctl(&format!("vip add {vip}")).ok();
        }
        config.run(&world.director, "apply").ok();
        until(there.clone(), || weights(&world));
        (picture(&world.director), before)
    };
    let world = World::with_servers(NAME);
    let director = &world.director;
    expect_same(&before, &picture(director));
    let mut service = Service::start(&world, &config, "127.0.0.1:9871");
    until(there, || weights(&world));
    until(0, || director.lbctl("status").code);
    expect_same(&with, &picture(director));
    flows(&world.client, &format!("http://{VIP}/"));
    let answer: Answer = director.lbctl("teardown --yes");
    assert!(
        answer.code == 1 && answer.stderr.contains("stop it first"),
        "{answer}"
    );
    expect_same(&with, &picture(director));
    service.end(nix::sys::signal::Signal::SIGTERM);
    director.lbctl("teardown --yes").ok();
    expect_same(&before, &picture(director));
    Ok(())
}
