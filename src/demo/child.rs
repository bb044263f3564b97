//! The `lbctl` that is shown: this very program, started again in the director's
//! namespace with the words of the line that is shown, and with its state in the
//! demo's own directory.

use std::io::{self, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use super::world::World;
use super::{Error, Result};

/// This program, even when its file was replaced or removed meanwhile.
const SELF: &str = "/proc/self/exe";

/// What a child process answered.
pub(super) struct Answer {
    /// Both streams, in the order of writing.
    pub lines: Vec<String>,
    /// How it ended.
    pub status: ExitStatus,
}

/// Runs a line such as `lbctl forward on -4` in the director to its end.
///
/// # Errors
/// It cannot be started. That it failed is in the answer.
pub(super) fn lbctl(world: &World, line: &str) -> Result<Answer> {
    let mut command = this_program(world.scratch());
    command.args(line.split_whitespace().skip(1));
    world
        .director
        .run(|| run(command))?
        .map_err(|error| Error::system(format!("run {line}"), error))
}

/// This program as a child process: its state kept apart, its answers without
/// colour.
pub(super) fn this_program(scratch: &Path) -> Command {
    let mut command = Command::new(SELF);
    command
        .arg0("lbctl")
        .env("LBCTL_STATE_DIR", scratch.join("state"))
        .env("LBCTL_RUN_DIR", scratch.join("run"))
        .stdin(Stdio::null());
    command
}

/// Runs a program to its end, both its streams in one.
pub(super) fn run(mut command: Command) -> io::Result<Answer> {
    let (mut reader, writer) = io::pipe()?;
    command.stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn()?;
    // It holds the writing end too, and reading would never come to an end.
    drop(command);
    let mut bytes = Vec::new();
    let read = reader.read_to_end(&mut bytes);
    let status = child.wait()?;
    read?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(Answer {
        lines: text.lines().map(str::to_owned).collect(),
        status,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_streams_come_in_the_order_of_writing() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo two >&2; echo three; exit 3"]);
        let answer = run(command).unwrap();
        assert_eq!(answer.lines, ["one", "two", "three"]);
        assert_eq!(answer.status.code(), Some(3));
    }
}
