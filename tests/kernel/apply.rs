//! `diff` and `apply`: a file against a real kernel.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use libtest_mimic::Failed;
use serde_json::Value;

use super::Test;
use super::lab::{self, Answer, Namespace};
use super::walkthrough::{agree, expect_same, picture};
use super::world::{VIP, World};

pub const TESTS: &[Test] = &[
    ("apply::the_walkthrough_from_a_file", the_walkthrough),
    ("apply::the_example_of_the_readme", example_of_the_readme),
    ("apply::what_is_so_is_not_written", nothing_is_written),
    ("apply::others_are_left_alone", others_are_left_alone),
    ("apply::what_a_probe_holds_stays_held", held_servers_stay),
    ("apply::a_refused_file_changes_nothing", refused),
    ("apply::everything_a_file_can_say", everything),
];

/// A configuration file, gone when dropped.
pub struct ConfigFile(pub PathBuf);

impl ConfigFile {
    pub fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("lbctl-{name}.toml"));
        fs::write(&path, text).unwrap();
        Self(path)
    }

    pub fn set(&self, text: &str) {
        fs::write(&self.0, text).unwrap();
    }

    pub fn run(&self, namespace: &Namespace, verb: &str) -> Answer {
        namespace.lbctl(&format!("{verb} {}", self.0.display()))
    }
}

impl Drop for ConfigFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// The walkthrough as a file; `servers` are addresses and weights.
pub fn walkthrough(name: &str, scheduler: &str, servers: &[(&str, u32)]) -> String {
    let mut text = format!(
        "[[virtual_server]]\nname = \"{name}\"\nlisten = \"{VIP}:80\"\nprotocol = \"tcp\"\n\
         scheduler = \"{scheduler}\"\nmethod = \"nat\"\nsorry_server = \"192.168.31.102:80\"\n\n\
         [virtual_server.check]\ntype = \"http\"\npath = \"/health.html\"\n\
         virtualhost = \"example.com\"\nstatus = [200]\ninterval = \"3s\"\n\n"
    );
    for (address, weight) in servers {
        let lines = [
            "[[virtual_server.real_server]]".to_owned(),
            format!("address = \"{address}\""),
            format!("weight = {weight}\n\n"),
        ];
        text += &lines.join("\n");
    }
    text
}

const BOTH: &[(&str, u32)] = &[("192.168.31.100", 1), ("192.168.31.101", 1)];

fn the_walkthrough() -> Result<(), Failed> {
    let world = World::with_servers("apply-walk");
    let director = &world.director;
    let before = picture(director);
    let file = ConfigFile::new("apply-walk", &walkthrough("web", "rr", BOTH));

    let told = file.run(director, "diff").fails(1);
    assert!(told.is_empty(), "a difference is no complaint: {told}");
    let answer = file.run(director, "diff");
    for line in [
        "~ net.ipv4.ip_forward  0 -> 1",
        "+ web tcp 192.168.100.100:80  scheduler rr",
        "+ web 192.168.31.100:80  method nat, weight 1",
        "+ vip 192.168.100.100  mark 1",
    ] {
        assert!(answer.stdout.contains(line), "{line} in {answer}");
    }
    let commands = file.run(director, "diff --as ipvsadm").stdout;
    assert!(commands.contains("ipvsadm -a -t 192.168.100.100:80 -r 192.168.31.100:80 -m -w 1"));
    let dry = file.run(director, "apply --dry-run").ok();
    assert_eq!(dry, commands);
    expect_same(&before, &picture(director));

    let shown = file.run(director, "apply").ok();
    assert_eq!(shown, answer.stdout, "apply does what diff said");
    let answers: BTreeSet<String> = (0..4).map(|_| world.get()).collect();
    assert_eq!(answers, BTreeSet::from(["w1".to_owned(), "w2".to_owned()]));
    agree(director);
    assert_eq!(file.run(director, "diff").ok(), "");
    file.run(director, "apply --wait-healthy").ok();
    world.set_health("w1", false);
    let message = file.run(director, "apply --wait-healthy=300ms").fails(1);
    assert!(
        message.contains("192.168.31.100:80: status 403"),
        "{message}"
    );
    assert!(!message.contains("192.168.31.101"), "{message}");
    world.set_health("w1", true);

    // Other weights, another scheduler, one server less, another name.
    file.set(&walkthrough("shop", "wrr", &[("192.168.31.101", 3)]));
    let answer = file.run(director, "apply").ok();
    assert_eq!(
        answer.lines().collect::<BTreeSet<_>>(),
        BTreeSet::from([
            "~ shop tcp 192.168.100.100:80  scheduler rr -> wrr",
            "~ shop 192.168.31.101:80  weight 1 -> 3",
            "- shop 192.168.31.100:80",
        ])
    );
    assert_eq!(world.get(), "w2");

    // An empty file is a mistake, unless it is meant.
    file.set("");
    let message = file.run(director, "apply").fails(2);
    assert!(message.contains("--allow-empty"), "{message}");
    assert_eq!(world.get(), "w2");
    file.run(director, "apply --allow-empty").ok();
    director.lbctl("forward off").ok();
    expect_same(&before, &picture(director));
    Ok(())
}

/// The file in the README does what stands below it.
fn example_of_the_readme() -> Result<(), Failed> {
    let readme = include_str!("../../README.md");
    let (_, behind) = readme.split_once("```toml\n").ok_or("no file")?;
    let (text, behind) = behind.split_once("```\n").ok_or("no end of the file")?;
    let (_, behind) = behind.split_once("# lbctl diff\n").ok_or("no diff")?;
    let (shown, _) = behind.split_once("    # lbctl apply").ok_or("no apply")?;
    let world = World::with_servers("apply-readme");
    let file = ConfigFile::new("apply-readme", text);
    let told = file.run(&world.director, "diff").stdout;
    let shown: Vec<&str> = shown.lines().map(str::trim).collect();
    assert_eq!(told.lines().collect::<Vec<_>>(), shown);
    file.run(&world.director, "apply").ok();
    let answers: BTreeSet<String> = (0..4).map(|_| world.get()).collect();
    assert_eq!(answers, BTreeSet::from(["w1".to_owned(), "w2".to_owned()]));
    Ok(())
}

/// What a trace shows of changes: netlink messages that do not ask, and files that
/// are opened for writing.
fn writes(trace: &str) -> Vec<&str> {
    // GET_SERVICE, GET_DEST, GET_DAEMON, GET_CONFIG and GET_INFO of linux/ip_vs.h.
    const QUESTIONS: [&str; 5] = ["\\x04", "\\x08", "\\x0b", "\\x0d", "\\x0f"];
    let is_question = |line: &str| {
        if line.contains("nlmsg_type=IPVS") {
            QUESTIONS
                .iter()
                .any(|byte| line.contains(&format!("\"{byte}\\x01")))
        } else {
            line.contains("nlmsg_type=nlctrl")
                || line.contains("RTM_GET")
                || line.contains("NFT_MSG_GET")
        }
    };
    trace
        .lines()
        .filter(|line| {
            if line.contains("sendto(") || line.contains("sendmsg(") {
                !is_question(line)
            } else {
                // The lock is a file that is opened for writing and not written.
                (line.contains("O_WRONLY") || line.contains("O_RDWR")) && !line.contains("/lock\"")
                    || line.contains("rename")
            }
        })
        .collect()
}

fn nothing_is_written() -> Result<(), Failed> {
    let world = World::with_servers("apply-quiet");
    let director = &world.director;
    let file = ConfigFile::new("apply-quiet", &walkthrough("web", "rr", BOTH));
    let trace = std::env::temp_dir().join("lbctl-apply-trace");
    let traced = || {
        let lbctl = lab::lbctl();
        let words = [
            "strace",
            "-x",
            "-s",
            "4",
            "-e",
            "trace=sendto,sendmsg,openat,rename,renameat2",
            "-o",
        ]
        .map(std::ffi::OsStr::new);
        let behind = [
            trace.as_os_str(),
            lbctl.as_os_str(),
            "apply".as_ref(),
            file.0.as_os_str(),
        ];
        director.run(words.into_iter().chain(behind)).ok();
        fs::read_to_string(&trace).unwrap()
    };
    // That the trace shows writes at all.
    let first = traced();
    assert!(writes(&first).len() > 5, "{:?}", writes(&first));
    let again = traced();
    assert_eq!(writes(&again), Vec::<&str>::new());
    assert!(again.contains("nlmsg_type=IPVS"), "{again}");
    let _ = fs::remove_file(trace);
    Ok(())
}

fn others_are_left_alone() -> Result<(), Failed> {
    let ns = Namespace::new("apply-others");
    ns.lbctl("add -t 192.0.2.9:80 -s rr -r 127.0.0.9 -m").ok();
    ns.lbctl("add -t 192.0.2.1:80 -s wlc -r 127.0.0.8 -m").ok();
    let text = |listen: &str| {
        format!(
            "[[virtual_server]]\nlisten = \"{listen}\"\nprotocol = \"tcp\"\nscheduler = \"rr\"\n\
             method = \"nat\"\nvip = \"none\"\n[[virtual_server.real_server]]\n\
             address = \"127.0.0.1:8080\"\n[host]\nip_forward = false\n"
        )
    };
    let saved = || ns.look("ipvsadm -Sn").ok();
    let file = ConfigFile::new("apply-others", &text("192.0.2.1:80"));
    // What the file names is the file's, whoever made it.
    file.run(&ns, "apply").ok();
    assert_eq!(
        saved().lines().collect::<Vec<_>>(),
        [
            "-A -t 192.0.2.1:80 -s rr",
            "-a -t 192.0.2.1:80 -r 127.0.0.1:8080 -m -w 1",
            "-A -t 192.0.2.9:80 -s rr",
            "-a -t 192.0.2.9:80 -r 127.0.0.9:80 -m -w 1",
        ]
    );
    let json: Value = serde_json::from_str(&file.run(&ns, "diff --json").ok())?;
    assert_eq!(json["foreign"][0], "tcp 192.0.2.9:80");
    assert_eq!(json["changes"].as_array().unwrap().len(), 0);
    // What the file named before goes with the next file; others' stay.
    file.set(&text("192.0.2.2:80"));
    file.run(&ns, "apply").ok();
    assert!(!saved().contains("192.0.2.1:80"), "{}", saved());
    assert!(saved().contains("192.0.2.9:80"), "{}", saved());
    file.run(&ns, "apply --prune").ok();
    assert!(!saved().contains("192.0.2.9:80"), "{}", saved());
    // A weight that a hand gave is the file's again, unless it shall stay.
    ns.lbctl("edit -t 192.0.2.2:80 -r 127.0.0.1:8080 -w 7").ok();
    file.run(&ns, "diff --keep-weights").ok();
    let answer = file.run(&ns, "apply").ok();
    assert_eq!(answer, "~ tcp 192.0.2.2:80 127.0.0.1:8080  weight 7 -> 1\n");
    Ok(())
}

fn held_servers_stay() -> Result<(), Failed> {
    let world = World::with_servers("apply-held");
    let director = &world.director;
    let file = ConfigFile::new("apply-held", &walkthrough("web", "rr", BOTH));
    file.run(director, "apply").ok();
    // The probe finds the first server ill, and ends; the file does not know.
    world.set_health("w1", false);
    let probe = "probe -t 192.168.100.100:80 --http /health.html --virtualhost example.com \
                 --sorry 192.168.31.102:80 --fall 1 --once";
    director.lbctl(probe).fails(1);
    assert_eq!(file.run(director, "diff").ok(), "");
    file.run(director, "apply").ok();
    assert_eq!(world.get(), "w2");
    assert_eq!(world.get(), "w2");
    // All are ill: the sorry server is the probe's, not the file's.
    world.set_health("w2", false);
    director.lbctl(probe).fails(2);
    assert_eq!(file.run(director, "diff").ok(), "");
    assert_eq!(world.get(), "sorry");
    Ok(())
}

fn refused() -> Result<(), Failed> {
    let ns = Namespace::new("apply-refused");
    let before = picture(&ns);
    // The kernel has no such scheduler; all else is right, and comes before it.
    let text = "[[virtual_server]]\nlisten = \"192.0.2.1:80\"\nprotocol = \"tcp\"\n\
                [[virtual_server.real_server]]\naddress = \"127.0.0.1\"\n\
                [[virtual_server]]\nlisten = \"192.0.2.2:80\"\nprotocol = \"tcp\"\n\
                scheduler = \"nosuch\"\n\
                [[virtual_server.real_server]]\naddress = \"127.0.0.1\"\n";
    let file = ConfigFile::new("apply-refused", text);
    let answer = file.run(&ns, "apply");
    assert_ne!(answer.code, 0);
    assert!(answer.stderr.contains("nosuch"), "{answer}");
    expect_same(&before, &picture(&ns));
    // A wrong file is told whole, and nothing is tried.
    file.set("[[virtual_server]]\nlisten = \"192.0.2.1:80\"\nshceduler = \"rr\"\nweihgt = 3\n");
    let message = file.run(&ns, "apply").fails(2);
    for part in [":3:1", "scheduler", ":4:1", "^"] {
        assert!(message.contains(part), "{part} in {message}");
    }
    expect_same(&before, &picture(&ns));
    Ok(())
}

/// Every kind of service and server, timeouts, daemons and parameters; then back.
fn everything() -> Result<(), Failed> {
    let ns = Namespace::new("apply-everything");
    ns.line("ip link add eth0 type dummy").ok();
    ns.line("ip address add 10.0.0.1/24 dev eth0").ok();
    ns.line("ip link set eth0 up").ok();
    let before = picture(&ns);
    let text = "\
[defaults]
scheduler = \"wrr\"
method = \"nat\"

[[virtual_server]]
listen = \"192.0.2.1:443\"
protocol = \"tcp\"
scheduler = \"sh\"
scheduler_flags = [\"sh-port\"]
persistence_timeout = \"5m\"
persistence_netmask = \"255.255.255.0\"
[[virtual_server.real_server]]
address = \"10.0.0.2:8443\"
weight = 5
upper_threshold = 100
lower_threshold = 50
[[virtual_server.real_server]]
address = \"10.0.0.3:8443\"
maintenance = true

[[virtual_server]]
listen = \"192.0.2.1:53\"
protocol = \"udp\"
one_packet = true
[[virtual_server.real_server]]
address = \"10.0.0.2\"

[[virtual_server]]
listen = \"[2001:db8::1]:80\"
protocol = \"tcp\"
vip = \"none\"
[[virtual_server.real_server]]
address = \"[::1]:80\"

[[virtual_server]]
fwmark = 7
method = \"dr\"
[[virtual_server.real_server]]
address = \"10.0.0.2\"

[timeouts]
tcp = \"10m\"

[sync.master]
interface = \"eth0\"
syncid = 3

[host]
ip_forward = false
[host.sysctl]
\"net.ipv4.vs.expire_nodest_conn\" = 1
";
    let file = ConfigFile::new("apply-everything", text);
    file.run(&ns, "apply").ok();
    assert_eq!(file.run(&ns, "diff").ok(), "");
    let saved = ns.look("ipvsadm -Sn").ok();
    for line in [
        "-A -t 192.0.2.1:443 -s sh -p 300 -M 255.255.255.0 -b sh-port",
        "-a -t 192.0.2.1:443 -r 10.0.0.2:8443 -m -w 5",
        "-a -t 192.0.2.1:443 -r 10.0.0.3:8443 -m -w 0",
        "-A -u 192.0.2.1:53 -s wrr -o",
        "-A -t [2001:db8::1]:80 -s wrr",
        "-a -t [2001:db8::1]:80 -r [::1]:80 -m -w 1",
        "-A -f 7 -s wrr",
        "-a -f 7 -r 10.0.0.2:0 -g -w 1",
    ] {
        assert!(
            saved.lines().any(|found| found.trim() == line),
            "{line} in {saved}"
        );
    }
    let timeouts = ns.look("ipvsadm -L --timeout").ok();
    assert!(timeouts.contains("600 120 300"), "{timeouts}");
    let daemons = ns.look("ipvsadm -L --daemon").ok();
    assert!(daemons.contains("mcast=eth0, syncid=3"), "{daemons}");
    let parameter = ns.line("sysctl -n net.ipv4.vs.expire_nodest_conn").ok();
    assert_eq!(parameter.trim(), "1");
    file.set("");
    file.run(&ns, "apply --allow-empty").ok();
    expect_same(&before, &picture(&ns));
    Ok(())
}
