//! The probe in the background, and its log as it is written. It never outlives
//! the demo: dropping it ends it, and should the demo be killed outright, the
//! kernel ends it (`PR_SET_PDEATHSIG`).

use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader};
use std::os::unix::process::{CommandExt as _, parent_id};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::child::this_program;
use super::world::World;
use super::{Error, Interrupt, Result};

/// A running `lbctl probe --loop`.
pub(super) struct Probe {
    child: Child,
    lines: Receiver<String>,
    /// The parent in the sense of `PR_SET_PDEATHSIG` is the thread that started
    /// the child. It lives until this is dropped.
    _thread: Sender<()>,
}

impl Probe {
    /// Starts a line such as `lbctl probe ... --loop` in the director.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(world: &World, line: &str) -> Result<Self> {
        let mut command = this_program(world.scratch());
        command
            .args(["demo", "--leash", &std::process::id().to_string(), "--"])
            .args(line.split_whitespace().skip(1))
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let (started, child) = mpsc::channel();
        let (sender, lines) = mpsc::channel();
        let (hold, release) = mpsc::channel();
        let failed = |error| Error::system(format!("run {line}"), error);
        // A thread begins in the namespace of the one that starts it.
        let thread = world.director.run(|| {
            thread::Builder::new()
                .name("probe".to_owned())
                .spawn(move || attend(command, &started, sender, &release))
        })?;
        thread.map_err(failed)?;
        let child = child
            .recv()
            .map_err(|error| failed(io::Error::other(error)))?;
        Ok(Self {
            child: child.map_err(failed)?,
            lines,
            _thread: hold,
        })
    }

    /// The next line of its log, if one comes in time.
    ///
    /// # Errors
    /// It is no longer running.
    pub fn line(&self, limit: Duration) -> Result<Option<String>> {
        match self.lines.recv_timeout(limit) {
            Ok(line) => Ok(Some(line)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(Error::Failed(
                "the probe came to an end of its own".to_owned(),
            )),
        }
    }

    /// Asks it to stop with SIGTERM and waits until it has; with how it ended
    /// come the last lines of its log.
    ///
    /// # Errors
    /// It does not stop in time, or we are to stop ourselves.
    pub fn stop(
        mut self,
        limit: Duration,
        interrupt: &Interrupt,
    ) -> Result<(ExitStatus, Vec<String>)> {
        let failed = |error| Error::system("stop the probe", error);
        let pid =
            i32::try_from(self.child.id()).map_err(|error| failed(io::Error::other(error)))?;
        kill(Pid::from_raw(pid), Signal::SIGTERM).map_err(|error| failed(error.into()))?;
        let (begin, mut last) = (Instant::now(), Vec::new());
        // The end of its log is its own end.
        loop {
            match self.lines.recv_timeout(Duration::from_millis(100)) {
                Ok(line) => last.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => interrupt.check()?,
            }
            if begin.elapsed() > limit {
                let sentence = format!("the probe was asked to stop and did not in {limit:?}");
                return Err(Error::Failed(sentence));
            }
        }
        Ok((self.child.wait().map_err(failed)?, last))
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        // It may have ended and been waited for; then both do nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts the child, passes its log on, and stays as long as it is held.
fn attend(
    mut command: Command,
    started: &Sender<io::Result<Child>>,
    lines: Sender<String>,
    release: &Receiver<()>,
) {
    let mut spawned = command.spawn();
    let log = spawned.as_mut().ok().and_then(|child| child.stderr.take());
    // Whoever asked has gone: nobody holds it, and it goes too.
    if started.send(spawned).is_err() {
        return;
    }
    for line in log
        .into_iter()
        .flat_map(|log| BufReader::new(log).split(b'\n'))
    {
        let Ok(line) = line else { break };
        // Nobody may be reading any more; the pipe is emptied all the same.
        let _ = lines.send(String::from_utf8_lossy(&line).into_owned());
    }
    drop(lines);
    let _ = release.recv();
}

/// Becomes `lbctl WORDS` that ends with its parent, the demo `parent`. Returns
/// only when that cannot be.
#[must_use]
pub fn leashed(parent: u32, words: &[OsString]) -> Error {
    if let Err(error) = set_pdeathsig(Signal::SIGTERM) {
        return Error::system("be ended together with the demo", error);
    }
    // It may have ended before that.
    if parent_id() != parent {
        return Error::Failed("the demo that started this has come to an end".to_owned());
    }
    let error = Command::new("/proc/self/exe")
        .arg0("lbctl")
        .args(words)
        .exec();
    Error::system("start the probe", error)
}
