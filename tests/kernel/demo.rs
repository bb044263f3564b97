//! `lbctl demo` shows what it should, touches nothing outside of its own network
//! namespaces, and is gone without a trace however it ends.

use std::fs;
use std::io::{BufRead as _, BufReader, Lines};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::Test;
use super::lab::{self, Namespace};
use super::walkthrough::{expect_same, picture};

pub const TESTS: &[Test] = &[
    ("demo::shows_the_walkthrough", shows_the_walkthrough),
    ("demo::ends_with_sigterm", || ends_with(Signal::SIGTERM)),
    ("demo::ends_with_sigint", || ends_with(Signal::SIGINT)),
    ("demo::its_probe_does_not_outlive_it", killed_outright),
    ("demo::ends_when_nobody_reads", ends_when_nobody_reads),
    ("demo::needs_privilege", needs_privilege),
];

/// Runs the demo where files may be left, and where nobody else leaves any, and
/// lists them if there are others than before.
const ALONE: &str = "mount -t tmpfs none /run && mount -t tmpfs none /var/lib && \
    mkdir /run/tmp || exit 99; before=$(ls -AR /run /var/lib); \
    TMPDIR=/run/tmp \"$0\" demo --color never; code=$?; \
    after=$(ls -AR /run /var/lib); printf '\\nleft behind:\\n'; \
    [ \"$before\" = \"$after\" ] || echo \"$after\"; exit $code";

fn shows_the_walkthrough() -> Result<(), Failed> {
    let outside = Namespace::new("demo-outside");
    let before = picture(&outside);
    let program = lab::lbctl();
    let words = ["unshare", "--mount", "sh", "-c", ALONE].map(PathBuf::from);
    let answer = outside.run(words.iter().chain([&program]));
    assert_eq!(answer.stderr, "", "{answer}");
    let text = answer.ok();
    // State directories, names of namespaces, temporary files.
    let (text, left) = text.split_once("\nleft behind:\n").ok_or(text.clone())?;
    assert_eq!(left, "", "{text}");
    expect_same(&before, &picture(&outside));

    let steps = sections(text);
    let numbers: Vec<usize> = steps.iter().map(|step| step.0).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7], "{text}");
    let wanted: [&[&str]; 7] = [
        &[
            "$ lbctl forward on -4",
            "$ lbctl vip add 192.168.100.100",
            "sysctl -w net.ipv4.ip_forward=1",
            "ip rule add priority 100 fwmark 1 lookup 100",
        ],
        &["$ lbctl add -t 192.168.100.100:80 -s rr -r 192.168.31.100"],
        &["$ lbctl probe -t", "status 200"],
        &["$ curl -s -m 5 http://192.168.100.100/"],
        &["1000 requests, 0 failed, w1 ", "Inactive", "Conns/s"],
        &[
            "chmod a-r health.html",
            "status 403",
            "sorry: please come back later",
            "chmod a+r health.html",
            "w1 and w2 are back",
        ],
        &[
            "$ lbctl del -t 192.168.100.100:80",
            "$ lbctl vip del 192.168.100.100",
            "$ lbctl forward off -4",
            "the director is as it was before step 1",
        ],
    ];
    for ((number, step), parts) in steps.iter().zip(wanted) {
        for part in parts {
            assert!(step.contains(part), "step {number}, {part}:\n{step}");
        }
        // What was looked at and found to be so.
        assert!(step.contains("  => "), "step {number}:\n{step}");
    }
    // 4: in turn.
    let pages = pages(&steps[3].1);
    assert_eq!(pages.len(), 4, "{text}");
    assert!(pages.windows(2).all(|pair| pair[0] != pair[1]), "{pages:?}");
    assert!(
        pages.iter().all(|page| matches!(*page, "w1" | "w2")),
        "{pages:?}"
    );
    assert!(text.contains("\nDone\n"), "{text}");
    Ok(())
}

/// The steps with their numbers.
fn sections(text: &str) -> Vec<(usize, String)> {
    text.split("\nStep ")
        .skip(1)
        .filter_map(|step| {
            let (number, rest) = step.split_once(" of 7: ")?;
            Some((number.parse().ok()?, rest.to_owned()))
        })
        .collect()
}

/// What the client was answered.
fn pages(step: &str) -> Vec<&str> {
    let lines: Vec<&str> = step.lines().collect();
    lines
        .windows(2)
        .filter(|pair| pair[0].contains("client$ "))
        .map(|pair| pair[1].trim())
        .collect()
}

/// A demo with a temporary directory of its own, by which everything that
/// belongs to it can be told.
struct Demo {
    child: Child,
    /// Until nobody reads it any more.
    lines: Option<Lines<BufReader<ChildStdout>>>,
    directory: PathBuf,
}

impl Demo {
    fn start(outside: &Namespace, environment: &[&str]) -> Self {
        let directory = std::env::temp_dir().join(format!("lbctl-test-{}", outside.name));
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir(&directory).unwrap();
        let setting = format!("TMPDIR={}", directory.display());
        let program = lab::lbctl();
        let program = program.to_str().expect("a path in UTF-8");
        let words = ["/usr/bin/env", &setting].into_iter();
        let words = words
            .chain(environment.iter().copied())
            .chain([program, "demo"]);
        let mut child = outside.spawn(words, Stdio::piped());
        let stdout = child.stdout.take().expect("a pipe");
        Self {
            child,
            lines: Some(BufReader::new(stdout).lines()),
            directory,
        }
    }

    /// Reads until there is a line with this.
    #[track_caller]
    fn await_line(&mut self, wanted: &str) -> Vec<String> {
        let mut seen = Vec::new();
        for line in self.lines.iter_mut().flatten() {
            seen.push(line.unwrap());
            if seen.last().is_some_and(|line| line.contains(wanted)) {
                return seen;
            }
        }
        panic!("no line with {wanted}: {}", seen.join("\n"));
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        kill(pid, signal).unwrap();
    }

    /// Processes that have its directory in their environment.
    fn processes(&self) -> Vec<String> {
        let mark = self.directory.to_str().expect("a path in UTF-8").as_bytes();
        let holds = |bytes: &[u8]| bytes.windows(mark.len()).any(|window| window == mark);
        fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| fs::read(path.join("environ")).is_ok_and(|bytes| holds(&bytes)))
            .map(|path| {
                let words = fs::read(path.join("cmdline")).unwrap_or_default();
                String::from_utf8_lossy(&words).replace('\0', " ")
            })
            .collect()
    }

    fn probe_runs(&self) -> bool {
        let processes = self.processes();
        processes
            .iter()
            .any(|line| line.starts_with("lbctl probe -t "))
    }

    /// Waits for its end, and holds it to have left nothing.
    fn ended(mut self) -> ExitStatus {
        let status = self.child.wait().unwrap();
        assert_eq!(self.processes(), Vec::<String>::new());
        let left: Vec<_> = fs::read_dir(&self.directory).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
        fs::remove_dir(&self.directory).unwrap();
        status
    }
}

fn ends_with(signal: Signal) -> Result<(), Failed> {
    let outside = Namespace::new(&format!("demo-{}", signal.as_str().to_lowercase()));
    let before = picture(&outside);
    let mut demo = Demo::start(&outside, &[]);
    demo.await_line("=> w1 and w2 are well");
    assert!(demo.probe_runs(), "{:?}", demo.processes());
    demo.signal(signal);
    let rest: Vec<String> = demo
        .lines
        .iter_mut()
        .flatten()
        .map_while(Result::ok)
        .collect();
    assert!(!rest.iter().any(|line| line == "Done"), "{rest:?}");
    let status = demo.ended();
    assert_eq!(status.signal(), Some(signal as i32), "{status}");
    expect_same(&before, &picture(&outside));
    Ok(())
}

/// Nobody can clean up files after SIGKILL, but no process may go on.
fn killed_outright() -> Result<(), Failed> {
    let outside = Namespace::new("demo-sigkill");
    let mut demo = Demo::start(&outside, &[]);
    demo.await_line("=> w1 and w2 are well");
    assert!(demo.probe_runs(), "{:?}", demo.processes());
    demo.signal(Signal::SIGKILL);
    demo.child.wait()?;
    let begin = Instant::now();
    while !demo.processes().is_empty() {
        assert!(
            begin.elapsed() < Duration::from_secs(10),
            "{:?}",
            demo.processes()
        );
    }
    fs::remove_dir_all(&demo.directory)?;
    Ok(())
}

/// Also without curl, and without any other program.
fn ends_when_nobody_reads() -> Result<(), Failed> {
    let outside = Namespace::new("demo-pipe");
    let mut demo = Demo::start(&outside, &["PATH=/nonexistent"]);
    let mut seen = demo.await_line("=> each server answered every other request");
    seen.retain(|line| line.contains("client$ "));
    assert_eq!(seen, ["  client$ GET http://192.168.100.100/"; 4]);
    demo.lines = None;
    assert_eq!(demo.ended().code(), Some(0));
    Ok(())
}

fn needs_privilege() -> Result<(), Failed> {
    let outside = Namespace::new("demo-nobody");
    let program = lab::lbctl();
    let nobody = ["setpriv", "--reuid", "65534", "--regid", "65534"].map(PathBuf::from);
    let last = ["--clear-groups".into(), program, "demo".into()];
    let answer = outside.run(nobody.iter().chain(&last));
    assert_eq!(answer.stdout, "");
    let message = answer.fails(1);
    for part in ["lbctl: ", "root", "CAP_NET_ADMIN"] {
        assert!(message.contains(part), "{message}");
    }
    Ok(())
}
