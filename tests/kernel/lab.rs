//! Running programs in network namespaces, and what they answered.

use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, setns};

/// Whether this run has a kernel with IPVS to itself.
pub fn is_able() -> bool {
    matches!(
        std::env::var("LBCTL_LAB").as_deref(),
        Ok("guest" | "native")
    )
}

/// Whether that kernel is the machine's own.
pub fn is_native() -> bool {
    std::env::var("LBCTL_LAB").as_deref() == Ok("native")
}

/// The program under test.
pub fn lbctl() -> PathBuf {
    std::env::var_os("LBCTL_BIN")
        .map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_lbctl")), PathBuf::from)
}

/// What a program answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub command: String,
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Answer {
    /// The output of a program that must have succeeded.
    #[track_caller]
    pub fn ok(self) -> String {
        assert!(self.code == 0, "{self}");
        self.stdout
    }

    /// The message of a program that must have failed with this code.
    #[track_caller]
    pub fn fails(self, code: i32) -> String {
        assert!(self.code == code, "wanted exit code {code}: {self}");
        self.stderr
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "$ {}", self.command)?;
        write!(f, "{}{}exit code {}", self.stdout, self.stderr, self.code)
    }
}

/// A named network namespace, as `ip netns add` makes it; gone when dropped.
pub struct Namespace {
    pub name: String,
}

impl Namespace {
    /// Makes it, with lo up.
    pub fn new(name: &str) -> Self {
        // A test that was killed may have left one.
        if Path::new("/run/netns").join(name).exists() {
            host(["ip", "netns", "del", name]);
        }
        host(["ip", "netns", "add", name]).ok();
        let namespace = Self {
            name: name.to_owned(),
        };
        namespace.run(["ip", "link", "set", "lo", "up"]).ok();
        namespace
    }

    /// Runs a program in it to its end.
    pub fn run<I, S>(&self, words: I) -> Answer
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        self.run_with(words, "")
    }

    /// Runs a program in it with this on its standard input.
    pub fn run_with<I, S>(&self, words: I, input: &str) -> Answer
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut command = command(words);
        self.enter(move || {
            let mut child = command
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap_or_else(|error| panic!("{command:?}: {error}"));
            if let Some(mut stdin) = child.stdin.take() {
                // A program that does not read its input closes it.
                let _ = stdin.write_all(input.as_bytes());
            }
            let output = child.wait_with_output().unwrap();
            Answer {
                command: format!("{command:?}"),
                code: output.status.code().unwrap_or(-1),
                stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
                stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            }
        })
    }

    /// Starts a program in it and leaves it running.
    pub fn spawn<I, S>(&self, words: I, output: Stdio) -> Child
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut command = command(words);
        self.enter(move || {
            command
                .stdin(Stdio::null())
                .stderr(Stdio::inherit())
                .stdout(output)
                .spawn()
                .unwrap_or_else(|error| panic!("{command:?}: {error}"))
        })
    }

    /// Runs lbctl in it.
    pub fn lbctl(&self, line: &str) -> Answer {
        let lbctl = lbctl();
        self.run(std::iter::once(lbctl.as_os_str()).chain(line.split_whitespace().map(OsStr::new)))
    }

    /// Runs a line of words in it.
    pub fn line(&self, line: &str) -> Answer {
        self.run(line.split_whitespace())
    }

    /// Runs a line of words that only looks, until it answers the same twice. The
    /// kernel counts the services of all namespaces when it goes on in a dump: what
    /// another test deletes meanwhile makes ipvsadm show one of ours twice, or not.
    pub fn look(&self, line: &str) -> Answer {
        let mut before = self.line(line);
        loop {
            let answer = self.line(line);
            if answer == before {
                return answer;
            }
            before = answer;
        }
    }

    /// GETs a page from here, all within `patience`: its text without blank ends, or what
    /// the kernel said, behind [`NO_ANSWER`]. The URL names an address. (curl starts
    /// thirty libraries for it, half a second of the lab's time.)
    pub fn get(&self, url: &str, patience: Duration) -> String {
        self.enter(|| page(url, patience))
            .unwrap_or_else(|error| match error.kind() {
                io::ErrorKind::ConnectionRefused => REFUSED.to_owned(),
                io::ErrorKind::TimedOut => TIMED_OUT.to_owned(),
                _ => format!("{NO_ANSWER}{error}"),
            })
    }

    /// Does something in it, in a thread of its own.
    pub fn enter<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let path = format!("/run/netns/{}", self.name);
        std::thread::scope(|scope| {
            let thread = scope.spawn(move || {
                let file = File::open(&path).unwrap();
                setns(file, CloneFlags::CLONE_NEWNET).unwrap();
                work()
            });
            match thread.join() {
                Ok(value) => value,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = Command::new("ip")
            .args(["netns", "del", &self.name])
            .status();
    }
}

/// Before the reason why [`Namespace::get`] has no page.
pub const NO_ANSWER: &str = "no answer: ";
/// So it is when nothing listens there.
pub const REFUSED: &str = "no answer: refused";
/// So it is when nothing came.
pub const TIMED_OUT: &str = "no answer: timed out";

/// As a browser does: the client ends the connection when it has the whole page.
fn page(url: &str, patience: Duration) -> io::Result<String> {
    let until = Instant::now() + patience;
    let left = || {
        let left = until.saturating_duration_since(Instant::now());
        (!left.is_zero())
            .then_some(left)
            .ok_or(io::ErrorKind::TimedOut)
    };
    let (host, path) = url
        .strip_prefix("http://")
        .and_then(|rest| rest.split_once('/'))
        .expect("http://HOST/PATH");
    let address: SocketAddr = host
        .parse()
        .or_else(|_| format!("{host}:80").parse())
        .expect("an address");
    let mut stream = TcpStream::connect_timeout(&address, left()?)?;
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    loop {
        if let Some(body) = whole_body(&answer) {
            return Ok(body.trim().to_owned());
        }
        stream.set_read_timeout(Some(left()?))?;
        let mut piece = [0; 4096];
        match stream.read(&mut piece) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(length) => answer.extend_from_slice(&piece[..length]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Err(io::ErrorKind::TimedOut.into());
            }
            Err(error) => return Err(error),
        }
    }
}

/// The body, once all of it is there.
fn whole_body(answer: &[u8]) -> Option<&str> {
    let (head, body) = std::str::from_utf8(answer).ok()?.split_once("\r\n\r\n")?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    });
    (body.len() >= length.unwrap_or(0)).then_some(body)
}

fn command<I, S>(words: I) -> Command
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let mut words = words.into_iter();
    let mut command = Command::new(words.next().expect("a program"));
    command.args(words).env_remove("NO_COLOR");
    command
}

/// Runs a program outside all namespaces.
pub fn host<I, S>(words: I) -> Answer
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let mut command = command(words);
    let output = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    Answer {
        command: format!("{command:?}"),
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
