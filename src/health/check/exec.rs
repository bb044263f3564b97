//! The exec check: a program that ends with 0 when the server is well. It runs
//! without a shell, in a process group of its own that is killed whole, with
//! nothing to read, and with an environment of three variables.

use std::collections::BTreeSet;
use std::io::{self, PipeReader, Read};
use std::net::SocketAddr;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use super::deadline::Deadline;
use super::{CheckSpec, Outcome, failure};

/// What is kept of the output; the rest is read and dropped.
const OUTPUT_CAP: usize = 4 << 10;
/// The longest first line that is shown.
const LINE_CAP: usize = 200;
/// Where programs find others.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The process groups that are running, to be killed when the probe ends.
#[derive(Debug, Default)]
pub(super) struct Children(Mutex<Groups>);

#[derive(Debug, Default)]
struct Groups {
    running: BTreeSet<Group>,
    /// None may run any more.
    over: bool,
}

type Group = i32;

impl Children {
    fn edit(&self, edit: impl FnOnce(&mut Groups)) {
        edit(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Children {
    /// Kills all of them, also one that is just being started.
    pub(super) fn kill(&self) {
        self.edit(|groups| {
            groups.over = true;
            groups.running.iter().copied().for_each(kill);
        });
    }
}

/// Runs the command once. `{address}` and `{port}` in its words, but the first,
/// stand for the target; so do `LBCTL_ADDRESS` and `LBCTL_PORT` in its
/// environment, which else has nothing but `PATH`. Its working directory is `/`.
pub(super) fn attempt(
    words: &[String],
    target: SocketAddr,
    spec: &CheckSpec,
    children: &Children,
) -> Outcome {
    let deadline = Deadline::after(spec.timeout);
    let Some((program, arguments)) = words.split_first() else {
        return Outcome::local("there is no command");
    };
    let (address, port) = (target.ip().to_string(), target.port().to_string());
    let (output, writer) = match io::pipe() {
        Ok(pipe) => pipe,
        Err(error) => return failure::judge(&error),
    };
    let errors = match writer.try_clone() {
        Ok(errors) => errors,
        Err(error) => return failure::judge(&error),
    };
    let child = Command::new(program)
        .args(arguments.iter().map(|word| fill(word, &address, &port)))
        .env_clear()
        .env("PATH", PATH)
        .env("LBCTL_ADDRESS", &address)
        .env("LBCTL_PORT", &port)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(errors)
        .process_group(0)
        .spawn();
    let child = match child {
        Ok(child) => child,
        Err(error) => return Outcome::local(format!("cannot run {program}: {error}")),
    };
    let mut running = Running::new(child, children);
    let mut text = Vec::new();
    match running.wait(output, &mut text, deadline) {
        Ok(status) => judge(status, &text),
        Err(error) if error.kind() == io::ErrorKind::TimedOut => {
            let late = failure::no_answer(spec.timeout);
            Outcome::failed(with_first_line(late.text(), &text))
        }
        Err(error) => Outcome::local(format!("cannot wait for {program}: {error}")),
    }
}

/// The word with what the names in it stand for. An address has no braces, so
/// that nothing is replaced twice.
fn fill(word: &str, address: &str, port: &str) -> String {
    word.replace("{address}", address).replace("{port}", port)
}

/// A program and its descendants; none of them outlives this value.
struct Running<'a> {
    child: Child,
    group: Group,
    children: &'a Children,
}

impl<'a> Running<'a> {
    fn new(child: Child, children: &'a Children) -> Self {
        let group = Group::try_from(child.id()).unwrap_or_default();
        children.edit(|groups| {
            groups.running.insert(group);
            if groups.over {
                kill(group);
            }
        });
        Self {
            child,
            group,
            children,
        }
    }

    /// Waits for the program's own end, reading what it and others write.
    fn wait(
        &mut self,
        mut output: PipeReader,
        text: &mut Vec<u8>,
        deadline: Deadline,
    ) -> io::Result<ExitStatus> {
        let pid = Pid::from_raw(self.group).ok_or(io::ErrorKind::NotFound)?;
        let end = pidfd_open(pid, PidfdFlags::empty())?;
        let mut open = true;
        loop {
            let left = Timespec::try_from(deadline.left()?).map_err(io::Error::other)?;
            let mut ready = vec![PollFd::new(&end, PollFlags::IN)];
            if open {
                ready.push(PollFd::new(&output, PollFlags::IN));
            }
            match poll(&mut ready, Some(&left)) {
                Err(rustix::io::Errno::INTR) => continue,
                other => other?,
            };
            let mut told = ready.iter().map(|fd| !fd.revents().is_empty());
            let (ended, readable) = (told.next() == Some(true), told.next() == Some(true));
            if readable {
                open = read_some(&mut output, text)?;
            } else if ended {
                // All that it wrote has been read; what its children may still
                // write is not waited for.
                self.kill();
                return self.child.wait();
            }
            if ended && text.len() >= OUTPUT_CAP {
                // Its children write without end.
                open = false;
            }
        }
    }

    /// Kills the whole group. As long as the child has not been waited for, no
    /// other process can have its number.
    fn kill(&mut self) {
        self.children.edit(|groups| {
            if groups.running.remove(&self.group) {
                kill(self.group);
            }
        });
    }
}

fn kill(group: Group) {
    if let Some(pid) = Pid::from_raw(group) {
        let _ = kill_process_group(pid, Signal::KILL);
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.kill();
        // It has been killed, if it has not been waited for already.
        let _ = self.child.wait();
    }
}

/// Reads what is there; answers whether more may come.
fn read_some(output: &mut PipeReader, text: &mut Vec<u8>) -> io::Result<bool> {
    let mut piece = [0; 4096];
    match output.read(&mut piece) {
        Ok(0) => Ok(false),
        Ok(length) => {
            let room = OUTPUT_CAP.saturating_sub(text.len());
            text.extend(piece.iter().take(length.min(room)));
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(true),
        Err(error) => Err(error),
    }
}

fn judge(status: ExitStatus, text: &[u8]) -> Outcome {
    let ended = match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("killed by signal {signal}"),
        (None, None) => "ended".to_owned(),
    };
    let sentence = with_first_line(&ended, text);
    if status.success() {
        Outcome::passed(sentence)
    } else {
        Outcome::failed(sentence)
    }
}

/// How it ended, and what it said of that first.
fn with_first_line(ended: &str, output: &[u8]) -> String {
    let output = String::from_utf8_lossy(output);
    let line = output.lines().map(str::trim).find(|line| !line.is_empty());
    match line {
        Some(line) => {
            let line: String = line.chars().take(LINE_CAP).collect();
            format!("{ended}: {line}")
        }
        None => ended.to_owned(),
    }
}

#[cfg(test)]
mod tests;
