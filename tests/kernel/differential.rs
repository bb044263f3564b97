//! lbctl as ipvsadm against ipvsadm: the same command lines, right and wrong, in
//! two network namespaces of one kernel. Output, messages, exit code and the
//! table afterwards must be the same, byte for byte.

mod fixed;
mod lines;
pub mod random;
mod words;

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use libtest_mimic::Failed;

use self::random::Random;
use super::Test;
use super::lab::{self, Answer, Namespace};

pub use fixed::TESTS as FIXED;

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

/// Command lines of one seed that are compared.
const LINES: usize = 300;
/// Lines after which there is a full table again.
const REFURNISHED: usize = 60;

/// A program, and how it is started.
struct Program {
    path: PathBuf,
    /// Its name as it sees it.
    name: String,
    user: Option<u32>,
}

impl Program {
    fn new(path: &Path, name: &str) -> Self {
        Self {
            path: path.to_owned(),
            name: name.to_owned(),
            user: None,
        }
    }
}

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

    /// Runs one command line of ipvsadm in both and compares all of it.
    fn compare(&self, words: &[String], input: &str) -> Result<(), String> {
        self.compare_as("ipvsadm", words, input)
    }

    /// Runs one command line of ipvsadm or of a companion.
    fn compare_as(&self, name: &str, words: &[String], input: &str) -> Result<(), String> {
        let lbctl = Program::new(&lab::lbctl(), name);
        let peer = Program::new(&Path::new("/usr/sbin").join(name), name);
        let shuffled = words.iter().any(|word| word == "--nosort") || input.contains("--nosort");
        let shows = words.first().is_some_and(|word| {
            ["-L", "-l", "--list", "-S", "--save"]
                .iter()
                .any(|show| word.starts_with(show))
        });
        let both = || {
            (
                answer(&self.ours, &lbctl, words, input, shuffled),
                answer(&self.theirs, &peer, words, input, shuffled),
            )
        };
        let (mut ours, mut theirs) = both();
        if ours != theirs && shows {
            // Changes nothing, so it can be asked again: see `lines`.
            (ours, theirs) = both();
        }
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

/// What the program answered, and the table afterwards.
fn answer(
    namespace: &Namespace,
    program: &Program,
    words: &[String],
    input: &str,
    shuffled: bool,
) -> (Answer, String) {
    namespace.enter(|| {
        let mut command = Command::new(&program.path);
        command.arg0(&program.name).args(words);
        if let Some(user) = program.user {
            command.uid(user);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.path.display()));
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
        (answer, sorted(&table()))
    })
}

/// The table as the kernel shows it, if one read shows all of it: a read gives a
/// page of whole services at most, and where the next one goes on, the kernel
/// loses its place among the services of other namespaces.
fn table() -> String {
    /// More than any service takes with its servers.
    const SERVICE: usize = 800;
    let mut file = File::open("/proc/thread-self/net/ip_vs").unwrap();
    let mut page = [0; 4096];
    let length = file.read(&mut page).unwrap();
    if length > page.len() - SERVICE {
        return String::new();
    }
    String::from_utf8(page[..length].to_vec()).unwrap()
}

/// A difference, and the step of its seed.
type Difference = (usize, String);

/// Runs a seed. Tests beside this one change the kernel's table of services,
/// which all namespaces share, and may disturb a dump: what is no accident shows
/// again at the same step.
fn lines(seed: u64) -> Result<(), Failed> {
    let mut before: Option<Difference> = None;
    for _ in 0..3 {
        match (run_seed(seed), before) {
            (Ok(()), _) => return Ok(()),
            (Err(now), Some(before)) if now.0 == before.0 => {
                return Err(format!("seed {seed}, step {}: {}", now.0, now.1).into());
            }
            (Err(now), _) => before = Some(now),
        }
    }
    let differences = before.map(|(step, text)| format!("step {step}: {text}"));
    Err(format!("seed {seed} differs at another step each time: {differences:?}").into())
}

fn run_seed(seed: u64) -> Result<(), Difference> {
    let pair = Pair::new(&seed.to_string());
    let mut random = Random(seed);
    let mut step = 0;
    while step < LINES {
        if step % REFURNISHED == 0 {
            pair.compare(&["-R".to_owned()], fixed::FURNITURE)
                .map_err(|difference| (step, difference))?;
        }
        let (words, input) = if random.chance(8) {
            (vec!["-R".to_owned()], lines::some_text(&mut random))
        } else {
            (lines::some_line(&mut random), String::new())
        };
        if lines::is_known_difference(&words) {
            continue;
        }
        pair.compare(&words, &input)
            .map_err(|difference| (step, difference))?;
        step += 1;
    }
    Ok(())
}

fn lines_of_a_new_seed() -> Result<(), Failed> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = now.as_secs();
    println!("seed {seed}");
    lines(seed)
}
