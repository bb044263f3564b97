//! `teardown`: whatever was done before it, the machine is as it was.

use std::path::{Path, PathBuf};

use libtest_mimic::Failed;
use rexpect::session::spawn_command;

use super::Test;
use super::apply::{ConfigFile, walkthrough};
use super::lab::{self, Namespace};
use super::walkthrough::{expect_same, picture};
use super::world::{VIP, World};

pub const TESTS: &[Test] = &[
    ("teardown::leaves_nothing", leaves_nothing),
    ("teardown::asks_on_a_terminal", asks),
    (
        "teardown::says_what_it_cannot_know",
        says_what_it_cannot_know,
    ),
    ("teardown::after_anything", after_anything),
    ("teardown::after_a_kill", after_a_kill),
];

const SEED: u64 = 20_261_124;
const SEQUENCES: usize = 200;

fn directories(namespace: &Namespace) -> Vec<PathBuf> {
    ["/var/lib/lbctl/netns", "/run/lbctl/netns"]
        .map(|root| Path::new(root).join(&namespace.name))
        .into_iter()
        .filter(|path| path.exists())
        .collect()
}

#[track_caller]
fn nothing_is_left(director: &Namespace) {
    assert_eq!(directories(director), Vec::<PathBuf>::new());
}

fn leaves_nothing() -> Result<(), Failed> {
    let world = World::with_servers("down");
    let director = &world.director;
    let before = picture(director);
    let answer = director.lbctl("teardown");
    assert!(
        answer.code == 0 && answer.stdout.contains("nothing of lbctl is left"),
        "{answer}"
    );
    nothing_is_left(director);

    let text = walkthrough("web", "rr", &[("192.168.31.100", 1), ("192.168.31.101", 1)])
        + "[host.sysctl]\n\"net.ipv4.vs.expire_nodest_conn\" = 1\n\n\
           [sync.master]\ninterface = \"inside\"\nsyncid = 3\n";
    let file = ConfigFile::new("down", &text);
    file.run(director, "apply").ok();
    director
        .lbctl("vip add 192.168.101.1 --mode address --snat")
        .ok();
    director.lbctl("vip add 2001:db8:7::1 --ping").ok();
    director.lbctl("forward on").ok();
    director
        .lbctl("drain -t 192.168.100.100:80 -r 192.168.31.100")
        .ok();
    // Somebody's own, which stays.
    director.line("ipvsadm -A -u 192.168.101.1:53 -s rr").ok();
    director.line("nft add table inet theirs").ok();
    director
        .line("ip rule add priority 70 fwmark 9 lookup 70")
        .ok();
    assert!(world.get().starts_with('w'));

    let with = picture(director);
    let commands = director.lbctl("teardown --dry-run").ok();
    for line in [
        "nft delete table inet lbctl\n",
        "nft delete table inet lbctl_snat",
        "ip address del 192.168.101.1/32 dev lo",
        "ipvsadm -D -t 192.168.100.100:80",
        "ipvsadm --stop-daemon master",
        "sysctl -w net.ipv4.ip_forward=",
        "sysctl -w net.ipv4.vs.conntrack=0",
        "sysctl -w net.ipv4.vs.expire_nodest_conn=0",
        "rm /var/lib/lbctl/netns/down-director/state.json",
        "rm /run/lbctl/netns/down-director/tcp-192.168.100.100:80.drains",
    ] {
        assert!(commands.contains(line), "{line}: {commands}");
    }
    let json = director.lbctl("teardown --dry-run --json").ok();
    let json: serde_json::Value = serde_json::from_str(&json)?;
    assert_eq!(json["foreign"][0], "udp 192.168.101.1:53");
    assert!(json["changes"].as_array().is_some_and(|all| all.len() > 10));
    let message = director.lbctl("teardown").fails(2);
    assert!(message.contains("--yes"), "{message}");
    expect_same(&with, &picture(director));

    let answer = director.lbctl("teardown --yes");
    assert_eq!(answer.code, 0, "{answer}");
    for part in [
        "looked again: nothing of lbctl is left",
        "delete tcp 192.168.100.100:80",
    ] {
        assert!(answer.stdout.contains(part), "{answer}");
    }
    assert!(
        answer
            .stderr
            .contains("left alone, since no file made them: udp 192.168.101.1:53")
    );
    nothing_is_left(director);
    director.line("ipvsadm -D -u 192.168.101.1:53").ok();
    director.line("nft delete table inet theirs").ok();
    director.line("ip rule del priority 70").ok();
    expect_same(&before, &picture(director));
    // The file is still there, and brings all of its own back.
    file.run(director, "apply").ok();
    assert!(world.get().starts_with('w'));
    director.lbctl("teardown --yes").ok();
    expect_same(&before, &picture(director));
    Ok(())
}

fn asks() -> Result<(), Failed> {
    let world = World::new("down-asks");
    let director = &world.director;
    let before = picture(director);
    director.lbctl(&format!("vip add {VIP}")).ok();
    let with = picture(director);
    for (typed, after) in [("n", &with), ("y", &before)] {
        let mut session = director.enter(|| {
            let mut command = std::process::Command::new(lab::lbctl());
            command.arg("teardown").env("TERM", "xterm");
            spawn_command(command, Some(60_000))
        })?;
        session.exp_string("stop marking packets for 192.168.100.100")?;
        session.exp_string("Take all of this away?")?;
        session.send_line(typed)?;
        session.exp_eof()?;
        expect_same(after, &picture(director));
    }
    nothing_is_left(director);
    Ok(())
}

fn says_what_it_cannot_know() -> Result<(), Failed> {
    let world = World::new("down-knows");
    let director = &world.director;
    director.lbctl("forward on").ok();
    director.lbctl(&format!("vip add {VIP}")).ok();
    director.lbctl("vip add 192.168.101.1 --mode address").ok();
    let record = "/var/lib/lbctl/netns/down-knows-director/state.json";
    std::fs::write(record, "{")?;
    let answer = director.lbctl("teardown --yes");
    assert_eq!(answer.code, 0, "{answer}");
    assert!(
        answer
            .stderr
            .contains("what it remembered of kernel parameters could not be put back"),
        "{answer}"
    );
    // What the kernel knows to be lbctl's is gone all the same.
    assert!(!director.line("ip rule").ok().contains("fwmark"));
    assert!(!director.line("nft list ruleset").ok().contains("lbctl"));
    assert!(!director.line("ip address").ok().contains("192.168.101.1"));
    std::fs::remove_file(format!("{record}.damaged-1"))?;
    // A table of the name that is somebody else's: nothing is touched.
    director.line("nft add table inet lbctl").ok();
    let before = picture(director);
    let message = director.lbctl("teardown --yes").fails(1);
    assert!(message.contains("nft list table inet lbctl"), "{message}");
    expect_same(&before, &picture(director));
    Ok(())
}

/// xorshift64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        let count = u64::try_from(all.len()).unwrap();
        all[usize::try_from(self.below(count)).unwrap()]
    }
}

/// A line of lbctl by chance. Verbs that change a machine and that teardown owes
/// the way back from stand here.
fn line(random: &mut Random, file: &ConfigFile) -> String {
    let vip = random.of(&[
        "192.168.101.1",
        "192.168.101.2",
        "192.168.101.3",
        "2001:db8:7::1",
    ]);
    match random.below(10) {
        0..=2 => {
            let mode = random.of(&["", "", " --mode address", " --mode fwmark"]);
            let also = random.of(&["", "", " --ping", " --snat", " --mark 9"]);
            format!("vip add {vip}{mode}{also}")
        }
        3 => format!("vip del {vip}"),
        4 => format!("forward {}", random.of(&["on", "off", "on -4", "off -6"])),
        5 => format!("apply --allow-empty {}", file.0.display()),
        6 => {
            let way = random.of(&["", "", " --method tun", " --mss 1200"]);
            format!("real setup {}{way}", random.of(&["203.0.113.9", vip]))
        }
        7 => random
            .of(&["real undo 203.0.113.9", "real undo --all", "real check"])
            .to_owned(),
        8 => format!(
            "drain -t {VIP}:80 -r {}",
            random.of(&["192.168.31.100", "192.168.31.101"])
        ),
        _ => random
            .of(&["vip list", "check", "teardown --dry-run", "teardown --yes"])
            .to_owned(),
    }
}

fn a_file(random: &mut Random) -> String {
    if random.below(4) == 0 {
        return String::new();
    }
    let way = random.of(&["", "vip = \"address\"", "vip = \"none\"", "snat = true"]);
    let text = walkthrough("web", "rr", &[("192.168.31.100", 1), ("192.168.31.101", 1)]);
    let text = text.replacen("method =", &format!("{way}\nmethod ="), 1);
    match random.below(2) {
        0 => text,
        _ => text + "[host.sysctl]\n\"net.ipv4.vs.conntrack\" = 1\n",
    }
}

fn after_anything() -> Result<(), Failed> {
    let world = World::new("down-any");
    let director = &world.director;
    // With parameters that are not as the kernel has them at first.
    director
        .line("sysctl -q -w net.ipv4.ip_forward=0 net.ipv4.conf.outside.forwarding=1")
        .ok();
    let before = picture(director);
    let mut random = Random(SEED);
    let file = ConfigFile::new("down-any", "");
    for sequence in 0..SEQUENCES {
        let mut lines = Vec::new();
        for _ in 0..=random.below(6) {
            file.set(&a_file(&mut random));
            let line = line(&mut random, &file);
            // Some are refused, and change nothing.
            let answer = director.lbctl(&line);
            assert!(answer.code <= 3, "{answer}");
            lines.push(line);
        }
        let answer = director.lbctl("teardown --yes");
        assert!(
            answer.code == 0,
            "seed {SEED}, sequence {sequence}: {lines:#?}\n{answer}"
        );
        let after = picture(director);
        if after != before {
            eprintln!("seed {SEED}, sequence {sequence}: {lines:#?}");
        }
        expect_same(&before, &after);
        nothing_is_left(director);
    }
    Ok(())
}

/// Killed at each record that is written, and at every third request to the kernel:
/// between two records they are alike, and all of them take minutes.
fn after_a_kill() -> Result<(), Failed> {
    let world = World::new("down-kill");
    let director = &world.director;
    let before = picture(director);
    let text = walkthrough("web", "rr", &[("192.168.31.100", 1), ("192.168.31.101", 1)]).replacen(
        "method =",
        "snat = true\nmethod =",
        1,
    );
    let file = ConfigFile::new("down-kill", &text);
    let apply = format!("apply {}", file.0.display());
    let add = "vip add 192.168.101.1 --mode address --snat".to_owned();
    let teardown = "teardown --yes".to_owned();
    let program = lab::lbctl();
    let program = program.to_str().expect("a path in UTF-8");
    let mut killed = 0;
    for (call, first, line) in [
        ("rename", None, &apply),
        ("sendto", None, &apply),
        ("rename", None, &add),
        ("sendto", None, &add),
        ("rename", Some(&apply), &teardown),
        ("sendto", Some(&apply), &teardown),
    ] {
        let stride = if call == "sendto" { 3 } else { 1 };
        for number in (1..).step_by(stride) {
            if let Some(first) = first {
                director.lbctl(first).ok();
            }
            let inject = format!("inject={call}:signal=KILL:when={number}");
            let strace =
                format!("strace -f -qq -o /dev/null -e trace={call} -e {inject} {program}");
            let answer = director.run(strace.split(' ').chain(line.split(' ')));
            let whole = answer.code == 0;
            let after = director.lbctl("teardown --yes");
            assert!(after.code == 0, "{line}, {call} {number}: {after}");
            expect_same(&before, &picture(director));
            nothing_is_left(director);
            if whole {
                // The first points are before anything is changed, the last after it.
                assert!(number > 2, "{line}, {call}: {answer}");
                break;
            }
            killed += 1;
        }
    }
    assert!(killed > 30, "{killed}");
    Ok(())
}
