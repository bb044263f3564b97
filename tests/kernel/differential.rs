//! lbctl as ipvsadm against ipvsadm: the same command lines, right and wrong, in
//! two network namespaces of one kernel. Output, messages, exit code and the
//! table afterwards must be the same, byte for byte.

mod lines;
mod random;

use std::fs;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use libtest_mimic::Failed;

use self::random::Random;
use super::Test;
use super::lab::{self, Answer, Namespace};

pub const TESTS: &[Test] = &[
    ("differential::lines_1", || lines(1)),
    ("differential::lines_2", || lines(2)),
    ("differential::lines_3", || lines(3)),
    ("differential::lines_4", || lines(4)),
    ("differential::lines_5", || lines(5)),
    ("differential::lines_6", || lines(6)),
    ("differential::lines_7", || lines(7)),
    ("differential::lines_8", || lines(8)),
    ("differential::lines_9", || lines(9)),
    ("differential::lines_10", || lines(10)),
    ("differential::lines_of_a_new_seed", lines_of_a_new_seed),
];

/// Command lines of one seed.
const LINES: usize = 310;

/// The peer.
const IPVSADM: &str = "/usr/sbin/ipvsadm";

/// Two directors alike, one for each program.
struct Pair {
    ours: Namespace,
    theirs: Namespace,
}

impl Pair {
    fn new(name: &str) -> Self {
        let director = |whose: &str| {
            let namespace = Namespace::new(&format!("diff-{name}-{whose}"));
            for line in [
                "ip link add eth0 type dummy",
                "ip address add 10.0.0.254/24 dev eth0",
                "ip address add 2001:db8::254/64 dev eth0 nodad",
                "ip link set eth0 up",
            ] {
                namespace.line(line).ok();
            }
            namespace
        };
        Self {
            ours: director("lbctl"),
            theirs: director("ipvsadm"),
        }
    }

    /// Runs one command line in both and compares all of it.
    fn compare(&self, words: &[String], input: &str) -> Result<(), String> {
        let shuffled = words.iter().any(|word| word == "--nosort") || input.contains("--nosort");
        let ours = answer(&self.ours, &lab::lbctl(), words, input, shuffled);
        let theirs = answer(&self.theirs, Path::new(IPVSADM), words, input, shuffled);
        if ours == theirs {
            return Ok(());
        }
        Err(format!(
            "{words:?}\ninput: {input:?}\nlbctl: {}\n{}\nipvsadm: {}\n{}",
            ours.0, ours.1, theirs.0, theirs.1
        ))
    }
}

/// Services sorted: their order is that of the kernel's hash, which differs from
/// namespace to namespace. That of servers is kept.
fn sorted(text: &str) -> String {
    let mut services: Vec<String> = Vec::new();
    for line in text.lines() {
        match services.last_mut() {
            Some(service) if line.starts_with("  ->") => {
                service.push('\n');
                service.push_str(line);
            }
            _ => services.push(line.to_owned()),
        }
    }
    services.sort();
    services.join("\n")
}

/// What the program answered, under the name ipvsadm, and the table afterwards.
fn answer(
    namespace: &Namespace,
    program: &Path,
    words: &[String],
    input: &str,
    shuffled: bool,
) -> (Answer, String) {
    namespace.enter(|| {
        let mut child = Command::new(program)
            .arg0("ipvsadm")
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        if let Some(mut stdin) = child.stdin.take() {
            // A program that does not read its input closes it.
            let _ = stdin.write_all(input.as_bytes());
        }
        let output = child.wait_with_output().unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let answer = Answer {
            command: String::new(),
            code: output.status.code().unwrap_or(-1),
            stdout: if shuffled { sorted(&stdout) } else { stdout },
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        let table = fs::read_to_string("/proc/thread-self/net/ip_vs").unwrap();
        (answer, sorted(&table))
    })
}

fn lines(seed: u64) -> Result<(), Failed> {
    let pair = Pair::new(&seed.to_string());
    let mut random = Random(seed);
    for step in 0..LINES {
        let (words, input) = if random.chance(8) {
            (vec!["-R".to_owned()], lines::some_text(&mut random))
        } else {
            (lines::some_line(&mut random), String::new())
        };
        if lines::is_known_difference(&words) {
            continue;
        }
        pair.compare(&words, &input)
            .map_err(|difference| format!("seed {seed}, step {step}: {difference}"))?;
    }
    Ok(())
}

fn lines_of_a_new_seed() -> Result<(), Failed> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = now.as_secs();
    println!("seed {seed}");
    lines(seed)
}
