//! The walkthrough with lbctl alone: ipvsadm, nft and ip only look.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::Test;
use super::lab::{self, NO_ANSWER, Namespace};
use super::world::{VIP, World};

pub const TESTS: &[Test] = &[
    (
        "walkthrough::from_nothing_to_nothing",
        from_nothing_to_nothing,
    ),
    ("walkthrough::by_the_mark", by_the_mark),
    (
        "walkthrough::failed_servers_are_removed_and_come_back",
        removed_and_back,
    ),
];

const SERVICE: &str = "-t 192.168.100.100:80";

/// All that must be the same when everything is taken away. ipvsadm comes first:
/// it loads the module, which brings kernel parameters of its own.
pub fn picture(director: &Namespace) -> BTreeSet<String> {
    let mut picture = BTreeSet::new();
    let table = director.look("ipvsadm -Sn").ok();
    picture.extend(table.lines().map(|text| format!("ipvsadm -Sn: {text}")));
    for (line, input) in [
        ("nft list ruleset", ""),
        ("ip -o -batch -", "address\nrule\nroute show table all\n"),
        ("ip -6 -o -batch -", "rule\nroute show table all\n"),
    ] {
        let text = director.run_with(line.split(' '), input).ok();
        picture.extend(text.lines().map(|text| format!("{line}: {text}")));
    }
    director.enter(|| {
        for part in ["core", "ipv4", "ipv6"] {
            parameters(&Path::new("/proc/sys/net").join(part), &mut picture);
        }
    });
    // Schedulers and tunnels that other tests load bring parameters and devices of their
    // own, into every namespace.
    let names = ["vs.lblc", ".tunl0.", ".ip6tnl0.", ".sit0.", ".gre0."];
    let tunnels = [".gretap0.", ".erspan0.", ".ip6gre0."];
    let foreign = |text: &str| names.iter().chain(&tunnels).any(|name| text.contains(name));
    picture.retain(|text| !foreign(text));
    picture
}

/// As `sysctl -a` shows them, which also reads all the others and takes its time.
fn parameters(directory: &Path, into: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            parameters(&path, into);
        } else if let Ok(value) = fs::read_to_string(&path) {
            let path = path.display().to_string();
            let name = path.trim_start_matches("/proc/sys/").replace('/', ".");
            into.insert(format!("sysctl: {name} = {}", value.trim()));
        }
    }
}

/// Fails with the lines that came and went.
#[track_caller]
pub fn expect_same(before: &BTreeSet<String>, after: &BTreeSet<String>) {
    let gone: Vec<_> = before.difference(after).collect();
    let new: Vec<_> = after.difference(before).collect();
    assert!(
        gone.is_empty() && new.is_empty(),
        "gone: {gone:#?}\nnew: {new:#?}"
    );
}

/// What ipvsadm and /proc show is what `lbctl list --json` says.
#[track_caller]
pub fn agree(director: &Namespace) -> Value {
    let json: Value = serde_json::from_str(&director.lbctl("list --json").ok()).unwrap();
    let mut lines = Vec::new();
    let mut proc_servers = BTreeSet::new();
    for service in json["services"].as_array().unwrap() {
        let id = if let Some(mark) = service["fwmark"].as_u64() {
            format!("-f {mark}")
        } else {
            let (address, port) = (service["address"].as_str().unwrap(), &service["port"]);
            format!("-t {address}:{port}")
        };
        lines.push(format!(
            "-A {id} -s {}",
            service["scheduler"].as_str().unwrap()
        ));
        for server in service["servers"].as_array().unwrap() {
            let address = server["address"].as_str().unwrap();
            let (port, weight) = (server["port"].as_u64().unwrap(), &server["weight"]);
            assert_eq!(server["forward"], "nat");
            lines.push(format!("-a {id} -r {address}:{port} -m -w {weight}"));
            let octets: Vec<String> = address
                .split('.')
                .map(|octet| format!("{:02X}", octet.parse::<u8>().unwrap()))
                .collect();
            proc_servers.insert(format!("{}:{port:04X} Masq {weight}", octets.concat()));
        }
    }
    let saved = director.look("ipvsadm -Sn").ok();
    assert_eq!(saved.lines().collect::<Vec<_>>(), lines);
    let proc = director.look("cat /proc/net/ip_vs").ok();
    let shown: BTreeSet<String> = proc
        .lines()
        .filter_map(|line| line.strip_prefix("  -> "))
        .filter(|line| !line.starts_with("Remote"))
        .map(|line| {
            line.split_whitespace()
                .take(3)
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    assert_eq!(shown, proc_servers);
    json
}

/// Asks again and again until the answers fit, and returns all of them; the
/// limit is what the check's own times allow.
fn answers_until(world: &World, limit: Duration, fits: impl Fn(&[String]) -> bool) -> Vec<String> {
    let begin = Instant::now();
    let mut answers = Vec::new();
    while !fits(&answers) {
        assert!(begin.elapsed() < limit, "after {limit:?}: {answers:?}");
        answers.push(world.get());
    }
    answers
}

fn last_are(answers: &[String], wanted: &str) -> bool {
    answers.len() >= 4
        && answers[answers.len() - 4..]
            .iter()
            .all(|answer| answer == wanted)
}

fn alternates(world: &World) {
    let answers: Vec<String> = (0..6).map(|_| world.get()).collect();
    for pair in answers.windows(2) {
        assert_ne!(pair[0], pair[1], "{answers:?}");
    }
    let names: BTreeSet<&str> = answers.iter().map(String::as_str).collect();
    assert_eq!(names, BTreeSet::from(["w1", "w2"]));
}

/// A running `lbctl probe --loop`, ended by SIGTERM.
struct Probe(Child);

impl Probe {
    fn start(director: &Namespace, extra: &str) -> Self {
        let program = lab::lbctl();
        let line = format!(
            "probe {SERVICE} --http /health.html --virtualhost example.com --status 200 \
             --interval 1s --connect-timeout 3s --sorry 192.168.31.102:80 --loop {extra}"
        );
        let words = std::iter::once(program.to_str().expect("a path in UTF-8"))
            .chain(line.split_whitespace());
        Self(director.spawn(words, Stdio::null()))
    }

    fn stop(mut self) {
        let pid = Pid::from_raw(i32::try_from(self.0.id()).unwrap());
        kill(pid, Signal::SIGTERM).unwrap();
        assert!(self.0.wait().unwrap().success());
    }
}

/// interval x fall + the check's own timeout.
const LIMIT: Duration = Duration::from_secs(2 + 5);

fn from_nothing_to_nothing() -> Result<(), Failed> {
    let world = World::with_servers("walk");
    let director = &world.director;
    director.line("sysctl -q -w net.ipv4.ip_forward=0").ok();
    let before = picture(director);

    // 1. The way in.
    director.lbctl("forward on -4").ok();
    assert_eq!(director.line("sysctl -n net.ipv4.ip_forward").ok(), "1\n");
    director.lbctl(&format!("vip add {VIP}")).ok();
    agree(director);
    // Twice is once.
    assert_eq!(director.lbctl(&format!("vip add {VIP} --dry-run")).ok(), "");
    director.lbctl(&format!("vip add {VIP}")).ok();

    // 2. The service.
    director
        .lbctl(&format!(
            "add {SERVICE} -s rr -r 192.168.31.100 -r 192.168.31.101 -m"
        ))
        .ok();
    agree(director);

    // 4. The client is served in turn.
    alternates(&world);

    // 5. Under load, nothing fails, and the list shows it.
    let load = world
        .client
        .line(&format!("ab -q -n 1000 -c 100 http://{VIP}/"))
        .ok();
    assert!(load.contains("Complete requests:      1000"), "{load}");
    assert!(load.contains("Failed requests:        0"), "{load}");
    // The kernel adds its counters up every 2 s (ip_vs_est.c).
    let begin = Instant::now();
    loop {
        let json = agree(director);
        let connections = json["services"][0]["stats"]["connections"].as_u64();
        if connections >= Some(1000) {
            break;
        }
        assert!(begin.elapsed() < Duration::from_secs(10), "{json}");
    }
    let rate = director.lbctl("list --rate").ok();
    assert!(
        rate.contains("Conns/s") && rate.contains("192.168.31.101:80"),
        "{rate}"
    );

    // 3 and 6. Checks; the sorry server; back again.
    let probe = Probe::start(director, "");
    world.set_health("w1", false);
    answers_until(&world, LIMIT, |answers| last_are(answers, "w2"));
    agree(director);
    world.set_health("w2", false);
    let answers = answers_until(&world, LIMIT, |answers| last_are(answers, "sorry"));
    assert!(
        answers
            .iter()
            .all(|answer| answer == "w2" || answer == "sorry"),
        "{answers:?}"
    );
    agree(director);
    world.set_health("w1", true);
    world.set_health("w2", true);
    let both = |answers: &[String]| {
        let last = &answers[answers.len().saturating_sub(4)..];
        let count = |name: &str| last.iter().filter(|answer| *answer == name).count();
        count("w1") == 2 && count("w2") == 2
    };
    let answers = answers_until(&world, LIMIT, both);
    assert!(
        !answers.iter().any(|answer| answer.starts_with(NO_ANSWER)),
        "{answers:?}"
    );
    // SIGTERM leaves the table.
    let table = director.look("ipvsadm -Sn").ok();
    probe.stop();
    assert_eq!(director.look("ipvsadm -Sn").ok(), table);
    agree(director);
    alternates(&world);

    // 7. Everything is taken away, and the machine is as it was.
    director.lbctl(&format!("del {SERVICE}")).ok();
    director.lbctl(&format!("vip del {VIP}")).ok();
    director.lbctl("forward off -4").ok();
    agree(director);
    expect_same(&before, &picture(director));
    Ok(())
}

fn by_the_mark() -> Result<(), Failed> {
    let world = World::with_servers("mark");
    let director = &world.director;
    director.lbctl("forward on -4").ok();
    director
        .lbctl(&format!(
            "vip add {VIP} --mark 77 --table 4242 --priority 90"
        ))
        .ok();
    director
        .lbctl("add -f 77 -s rr -r 192.168.31.100 -r 192.168.31.101 -m")
        .ok();
    agree(director);
    alternates(&world);
    let vips: Value = serde_json::from_str(&director.lbctl("vip list --json").ok())?;
    assert_eq!(vips["vips"][0]["mark"], 77);
    assert_eq!(vips["vips"][0]["complete"], true);
    // The connections are there, by their service.
    let list = director.lbctl("list --connections").ok();
    assert!(list.contains("fwmark 77 (192.168.100.100:80)"), "{list}");
    let json: Value = serde_json::from_str(&director.lbctl("list -c --json").ok())?;
    assert_eq!(json["connections"][0]["client"], "192.168.10.10");
    assert_eq!(json["connections"].as_array().map(Vec::len), Some(6));
    // Somebody takes the rule away: the list says which part is missing, and
    // adding again mends exactly that.
    director.line("ip rule del priority 90").ok();
    let list = director.lbctl("vip list").ok();
    assert!(list.contains("missing: rule"), "{list}");
    let commands = director.lbctl(&format!("vip add {VIP} --dry-run")).ok();
    assert_eq!(commands, "ip rule add priority 90 fwmark 77 lookup 4242\n");
    director.lbctl(&format!("vip add {VIP}")).ok();
    alternates(&world);
    Ok(())
}

fn removed_and_back() -> Result<(), Failed> {
    let world = World::with_servers("remove");
    let director = &world.director;
    director.lbctl("forward on -4").ok();
    director.lbctl(&format!("vip add {VIP}")).ok();
    director
        .lbctl(&format!(
            "add {SERVICE} -s rr -r 192.168.31.100 -r 192.168.31.101 -m -w 5"
        ))
        .ok();
    let settings = director.look("ipvsadm -Sn").ok();
    let once = |code: i32| {
        let answer = director.lbctl(&format!(
            "probe {SERVICE} --http /health.html --once --fall 1 --on-failure remove"
        ));
        assert_eq!(answer.code, code, "{answer}");
        answer
    };
    once(0);
    world.set_health("w2", false);
    // Only said, not done.
    let line = format!("probe {SERVICE} --http /health.html --once --fall 1 --on-failure remove");
    let dry = director.lbctl(&format!("{line} --dry-run"));
    assert_eq!(dry.code, 1, "{dry}");
    assert_eq!(
        dry.stdout,
        format!("ipvsadm -d {SERVICE} -r 192.168.31.101:80\n")
    );
    assert_eq!(director.look("ipvsadm -Sn").ok(), settings);
    let answer = once(1);
    assert!(answer.stdout.contains("status 403"), "{answer}");
    assert!(!director.look("ipvsadm -Sn").ok().contains("192.168.31.101"));
    world.set_health("w1", false);
    let answer = once(2);
    assert!(
        answer
            .stderr
            .contains("192.168.31.100:80 is down: status 403"),
        "{answer}"
    );
    world.set_health("w1", true);
    world.set_health("w2", true);
    once(0);
    // Back with their own weight.
    assert_eq!(director.look("ipvsadm -Sn").ok(), settings);
    Ok(())
}
