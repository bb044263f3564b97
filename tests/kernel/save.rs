//! `save` and `restore`: complete, all or nothing, never a flush.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use libtest_mimic::Failed;

use super::Test;
use super::lab::{self, Namespace};
use super::table::saved;

pub const TESTS: &[Test] = &[
    ("save::is_complete_and_read_by_both", is_complete),
    ("save::is_complete_for_ipv4", is_complete_for_ipv4),
    ("save::restore_changes_only_what_differs", only_what_differs),
    ("save::a_wrong_file_changes_nothing", wrong_file),
    ("save::a_refused_restore_is_undone", refused),
    ("save::killed_and_restored_again", killed),
];

/// A file that goes with the test.
pub struct File(PathBuf);

impl File {
    pub fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("lbctl-{name}"));
        fs::write(&path, text).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &str {
        self.0.to_str().expect("a path in UTF-8")
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

const TABLE: &str = "\
--set 7200 60 30
-A -t 10.0.0.100:80 -s sh -p 600 -M 255.255.255.0 -b sh-port
-a -t 10.0.0.100:80 -r 10.0.0.11:8080 -m -w 3 -x 100 -y 50
-a -t 10.0.0.100:80 -r 10.0.0.12:80 -i -w 0 --tun-type gue --tun-port 6080 --tun-nocsum
-A -u 10.0.0.100:53 -s rr -o
-A --sctp-service 10.0.0.100:9 -s wlc
-A -t [2001:db8::100]:80 -s wlc -p 300 -M 64
-a -t [2001:db8::100]:80 -r [2001:db8::11]:80 -g -w 1
-A -f 7 -s wrr
-a -f 7 -r 10.0.0.31:0 -m -w 2
-A -f 4294967295 -6 -s rr
";

fn is_complete() -> Result<(), Failed> {
    let (ours, theirs) = (Namespace::new("save-ours"), Namespace::new("save-theirs"));
    ours.run_with([lab::lbctl().as_os_str(), "restore".as_ref()], TABLE)
        .ok();
    assert_eq!(ours.lbctl("save").ok(), TABLE);
    // ipvsadm reads it, and what ipvsadm saves is read here.
    theirs.run_with(["ipvsadm", "-R"], TABLE).ok();
    assert_eq!(theirs.lbctl("save").ok(), TABLE);
    let text = saved(&theirs);
    let third = Namespace::new("save-third");
    // ipvsadm writes this mark as a negative number and cannot read it itself.
    let text = text.replace("-f -1 ", "-f 4294967295 ");
    third
        .run_with([lab::lbctl().as_os_str(), "restore".as_ref()], &text)
        .ok();
    assert_eq!(saved(&third), saved(&theirs));
    Ok(())
}

/// Where all services are of IPv4, their servers are read another way; what that cannot
/// say (tunnels, servers of IPv6) has to be there all the same.
const IPV4: &str = "\
--set 900 120 300
-A -t 10.0.0.100:80 -s rr
-a -t 10.0.0.100:80 -r 10.0.0.11:8080 -m -w 2147483647 -x 2147483647 -y 50
-a -t 10.0.0.100:80 -r 10.0.0.12:80 -g -w 0
-A -t 10.0.0.101:80 -s wlc
-a -t 10.0.0.101:80 -r 10.0.0.11:80 -m -w 1
-a -t 10.0.0.101:80 -r [2001:db8::11]:80 -i -w 2
-A -t 10.0.0.102:80 -s wlc
-A -u 10.0.0.100:53 -s sh -p 300
-a -u 10.0.0.100:53 -r 10.0.0.12:53 -i -w 3 --tun-type gue --tun-port 6080 --tun-csum
-a -u 10.0.0.100:53 -r 10.0.0.13:53 -i -w 3 --tun-type gre --tun-nocsum -x 7 -y 0
-A -f 7 -s wrr
-a -f 7 -r 10.0.0.31:0 -m -w 2
";

fn is_complete_for_ipv4() -> Result<(), Failed> {
    let (ours, again) = (Namespace::new("save-ipv4"), Namespace::new("save-again"));
    let restore = |ns: &Namespace, text: &str| {
        ns.run_with([lab::lbctl().as_os_str(), "restore".as_ref()], text)
            .ok();
    };
    restore(&ours, IPV4);
    let text = ours.lbctl("save").ok();
    assert_eq!(text, IPV4);
    restore(&again, &text);
    // JSON has counters, and so comes over netlink.
    let json = |ns: &Namespace| ns.lbctl("list --json").ok();
    assert_eq!(json(&again), json(&ours));
    let listed = ours.lbctl("list --thresholds").ok();
    assert!(listed.contains("2147483647"), "{listed}");
    Ok(())
}

fn only_what_differs() -> Result<(), Failed> {
    let ns = Namespace::new("restore");
    let file = File::new("restore-same", TABLE);
    ns.lbctl(&format!("restore {}", file.path())).ok();
    assert_eq!(
        ns.lbctl(&format!("restore --dry-run {}", file.path())).ok(),
        ""
    );
    // The order of steps: new before old, edits between, nothing flushed.
    let other = TABLE
        .replace("--set 7200", "--set 900")
        .replace("-w 3 -x 100 -y 50", "-w 4 -x 100 -y 50")
        .replace("-A --sctp-service 10.0.0.100:9 -s wlc\n", "")
        .replace("-A -f 7 -s wrr\n", "-A -t 10.0.0.200:80 -s rr\n-a -t 10.0.0.200:80 -r 10.0.0.2:80 -m -w 1\n-A -f 7 -s wrr\n");
    let file = File::new("restore-other", &other);
    let commands = ns.lbctl(&format!("restore --dry-run {}", file.path())).ok();
    assert_eq!(
        commands.lines().collect::<Vec<_>>(),
        [
            "ipvsadm -A -t 10.0.0.200:80 -s rr",
            "ipvsadm -a -t 10.0.0.200:80 -r 10.0.0.2:80 -m -w 1",
            "ipvsadm -e -t 10.0.0.100:80 -r 10.0.0.11:8080 -m -w 4 -x 100 -y 50",
            "ipvsadm -D --sctp-service 10.0.0.100:9",
            "ipvsadm --set 900 0 0",
        ]
    );
    assert_eq!(ns.lbctl("save").ok(), TABLE);
    ns.lbctl(&format!("restore {}", file.path())).ok();
    let mut lines: Vec<String> = ns.lbctl("save").ok().lines().map(str::to_owned).collect();
    let mut wanted: Vec<String> = other.lines().map(str::to_owned).collect();
    lines.sort();
    wanted.sort();
    assert_eq!(lines, wanted);
    Ok(())
}

fn wrong_file() -> Result<(), Failed> {
    let ns = Namespace::new("restore-wrong");
    ns.lbctl("add -t 10.0.0.1:80 -s rr -r 10.0.0.2 -m").ok();
    let before = ns.lbctl("save").ok();
    let text = "-A -t 10.0.0.1:80 -s rr\n-a -t 10.0.0.1:80 -r 10.0.0.2:80 -m\n-A -t 10.0.0.1:80\n\
                # well\n-a -t 10.0.0.9:80 -r 10.0.0.2 -m\n-A -t 10.0.0.1:0 -s rr\n-L\n--nonsense\n";
    let file = File::new("restore-wrong", text);
    let message = ns.lbctl(&format!("restore {}", file.path())).fails(2);
    for line in [3, 5, 6, 7, 8] {
        assert!(
            message.contains(&format!("{}:{line}: ", file.path())),
            "{line}: {message}"
        );
    }
    assert!(
        !message.contains(&format!("{}:4: ", file.path())),
        "{message}"
    );
    let message = ns.lbctl("restore /nonexistent").fails(2);
    assert!(message.contains("cannot read /nonexistent"), "{message}");
    assert_eq!(ns.lbctl("save").ok(), before);
    Ok(())
}

fn refused() -> Result<(), Failed> {
    let ns = Namespace::new("restore-refused");
    ns.lbctl("add -t 10.0.0.1:80 -s rr -r 10.0.0.2 -r 10.0.0.3 -m")
        .ok();
    ns.lbctl("add -t 10.0.0.1:81 -s rr -r 10.0.0.2 -m").ok();
    let before = ns.lbctl("save").ok();
    // The kernel refuses one server, far behind many that it takes.
    let mut text = String::from("-A -t 10.0.0.1:80 -s wlc\n-A -t 10.0.0.5:80 -s rr\n");
    for last in 1..=200 {
        writeln!(text, "-a -t 10.0.0.5:80 -r 10.0.1.{last}:80 -m -w 1")?;
    }
    text.push_str("-a -t 10.0.0.5:80 -r 224.0.0.1:80 -m -w 1\n");
    let file = File::new("restore-refused", &text);
    let message = ns.lbctl(&format!("restore {}", file.path())).fails(1);
    assert!(
        message.contains("cannot add 224.0.0.1:80 to tcp 10.0.0.5:80"),
        "{message}"
    );
    assert_eq!(ns.lbctl("save").ok(), before);
    Ok(())
}

fn killed() -> Result<(), Failed> {
    let ns = Namespace::new("restore-killed");
    let table = |weight: usize| {
        let mut text = String::new();
        for service in 1..=40 {
            writeln!(text, "-A -t 10.1.0.{service}:80 -s rr").unwrap();
            for server in 1..=40 {
                writeln!(
                    text,
                    "-a -t 10.1.0.{service}:80 -r 10.2.{service}.{server}:80 -m -w {weight}"
                )
                .unwrap();
            }
        }
        text
    };
    let mut cut_short = 0;
    for round in 1..=8 {
        let text = table(round);
        let file = File::new("restore-killed", &text);
        let program = lab::lbctl();
        let words = [
            program.to_str().expect("a path in UTF-8"),
            "restore",
            file.path(),
        ];
        let mut child = ns.spawn(words, Stdio::null());
        // Somewhere in the middle: later from round to round.
        for _ in 0..round * 200 {
            if child.try_wait()?.is_some() {
                break;
            }
            std::thread::yield_now();
        }
        let _ = child.kill();
        cut_short += usize::from(!child.wait()?.success());
        ns.lbctl(&format!("restore {}", file.path())).ok();
        // --set was not in the file; the rest is exactly it.
        let after = ns.lbctl("save").ok();
        let (_, after) = after.split_once('\n').ok_or("no lines")?;
        let mut after: Vec<&str> = after.lines().collect();
        let mut wanted: Vec<&str> = text.lines().collect();
        after.sort_unstable();
        wanted.sort_unstable();
        assert!(after == wanted, "round {round}");
    }
    assert!(cut_short > 0, "no restore was killed half way");
    Ok(())
}
