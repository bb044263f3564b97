//! What goes to stderr: notices, errors, and the lines of the probe. Where the journal
//! reads it, every line says its priority.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;

use crate::health::{Journal, Level};

use super::context::Context;

/// How much a line matters, in the journal's numbers (`sd-daemon(3)`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Priority {
    /// It ends here.
    Error = 3,
    /// Something could not be done.
    Warning = 4,
    /// Something of interest.
    Notice = 5,
    /// As it should be.
    Information = 6,
    /// One attempt.
    Debugging = 7,
}

/// Writes to stderr; `eprintln!` panics when that is closed.
pub(super) fn say(priority: Priority, text: &str) {
    let text = if journal_reads() {
        prefixed(priority, text)
    } else {
        text.to_owned()
    };
    let _ = writeln!(io::stderr(), "{text}");
}

/// The journal takes each line for an entry of its own.
fn prefixed(priority: Priority, text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| format!("<{}>{line}", priority as u8));
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether the journal reads stderr, and not only that of a process before this one
/// (`JOURNAL_STREAM` of `systemd.exec(5)`).
fn journal_reads() -> bool {
    let Ok(stream) = std::env::var("JOURNAL_STREAM") else {
        return false;
    };
    fs::metadata("/proc/self/fd/2")
        .is_ok_and(|stderr| stream == format!("{}:{}", stderr.dev(), stderr.ino()))
}

/// The probe's journal on stderr: transitions, and attempts only with `-v`.
pub(super) struct Log {
    threshold: Level,
}

impl Log {
    pub(super) const fn of(context: &Context) -> Self {
        let threshold = match (context.quiet, context.verbose) {
            (true, _) => Level::Trouble,
            (_, true) => Level::Attempt,
            _ => Level::Transition,
        };
        Self { threshold }
    }
}

impl Journal for Log {
    fn line(&mut self, level: Level, text: &str) {
        if !self.hears(level) {
            return;
        }
        let priority = match level {
            Level::Attempt => Priority::Debugging,
            Level::Transition => Priority::Information,
            Level::Trouble => Priority::Warning,
        };
        say(priority, text);
    }

    fn hears(&self, level: Level) -> bool {
        level >= self.threshold
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_says_its_priority() {
        let text = prefixed(Priority::Error, "wrong:\n  here\n");
        assert_eq!(text, "<3>wrong:\n<3>  here");
    }
}
