//! `lbctl demo` shows what it should, touches nothing outside of its own network
//! namespaces, and is gone without a trace however it ends.

use std::collections::BTreeSet;
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
    ("demo::says_so_when_a_step_fails", says_so_when_a_step_fails),
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
    let before = seen_from(&outside);
    let program = lab::lbctl();
    let words = ["unshare", "--mount", "sh", "-c", ALONE].map(PathBuf::from);
    let answer = outside.run(words.iter().chain([&program]));
    assert_eq!(answer.stderr, "", "{answer}");
    let text = answer.ok();
    // State directories, names of namespaces, temporary files.
    let (text, left) = text.split_once("\nleft behind:\n").ok_or(text.clone())?;
    assert_eq!(left, "", "{text}");
    expect_same(&before, &seen_from(&outside));

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

/// What must not change. A test beside this one may load schedulers, two of which
/// bring kernel parameters of their own.
fn seen_from(outside: &Namespace) -> BTreeSet<String> {
    let mut lines = picture(outside);
    lines.retain(|line| !line.contains(": net.ipv4.vs.lblc"));
    lines
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
        // A process group of its own, as a shell gives it.
        let words = ["setsid", "env", &setting].into_iter();
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

    /// A terminal sends SIGINT to the whole group; others know one process.
    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).unwrap();
        let target = if signal == Signal::SIGINT { -pid } else { pid };
        kill(Pid::from_raw(target), signal).unwrap();
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
                let pid = path.file_name().unwrap_or_default().to_string_lossy();
                let words = fs::read(path.join("cmdline")).unwrap_or_default();
                let words = String::from_utf8_lossy(&words).replace('\0', " ");
                format!("{pid} {words}")
            })
            .collect()
    }

    /// The number of its probe's process.
    #[track_caller]
    fn probe(&self) -> String {
        let processes = self.processes();
        let mut pids = processes
            .iter()
            .filter_map(|line| line.split_once(" lbctl probe -t "));
        let pid = pids.next().map(|(pid, _)| pid.to_owned());
        pid.unwrap_or_else(|| panic!("no probe: {processes:?}"))
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

/// A rule that somebody else leaves in the director is found in the end.
fn says_so_when_a_step_fails() -> Result<(), Failed> {
    let outside = Namespace::new("demo-fails");
    let mut demo = Demo::start(&outside, &[]);
    demo.await_line("=> w1 and w2 are well");
    let rule = "ip rule add priority 7 fwmark 9 lookup 9";
    lab::host(format!("nsenter -t {} -n {rule}", demo.probe()).split(' ')).ok();
    let seen = demo.await_line("$ lbctl forward off -4");
    assert!(!seen.iter().any(|line| line.contains("Done")), "{seen:?}");
    let rest: Vec<String> = demo
        .lines
        .iter_mut()
        .flatten()
        .map_while(Result::ok)
        .collect();
    assert_eq!(rest, Vec::<String>::new());
    assert_eq!(demo.ended().code(), Some(1));
    Ok(())
}

fn ends_with(signal: Signal) -> Result<(), Failed> {
    let outside = Namespace::new(&format!("demo-{}", signal.as_str().to_lowercase()));
    let before = seen_from(&outside);
    let mut demo = Demo::start(&outside, &[]);
    demo.await_line("=> w1 and w2 are well");
    demo.probe();
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
    expect_same(&before, &seen_from(&outside));
    Ok(())
}

/// Nobody can clean up files after SIGKILL, but no process may go on.
fn killed_outright() -> Result<(), Failed> {
    let outside = Namespace::new("demo-sigkill");
    let mut demo = Demo::start(&outside, &[]);
    demo.await_line("=> w1 and w2 are well");
    demo.probe();
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
