//! How a question reaches a person: the trait, and the terminal behind it. Plain
//! lines, top to bottom: nothing is redrawn, so that a narrow terminal, one without
//! colour and a screen reader show the same.

use std::io::{self, IsTerminal as _, Write as _};

use rustix::event::{PollFd, PollFlags, poll};

use super::interrupt::Interrupt;

/// The person does not want to go on, or cannot be asked.
#[derive(Debug)]
pub enum Stopped {
    /// Ctrl-C, another signal, or the end of the input.
    Interrupted,
    /// The terminal failed.
    Failed(io::Error),
}

/// One question.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// What is asked.
    pub prompt: &'a str,
    /// Lines that explain the choice.
    pub help: &'a str,
    /// The answer that Enter gives.
    pub default: Option<&'a str>,
}

/// What was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// An answer, found valid.
    Text(String),
    /// `back` or `<`: to the question before.
    Back,
}

/// Says what is wrong with an answer, as it is typed.
pub type Validator<'a> = &'a dyn Fn(&str) -> Result<(), String>;

/// Who can be asked.
pub trait Ask {
    /// Asks until the answer is valid.
    ///
    /// # Errors
    /// See [`Stopped`].
    fn text(&mut self, question: Question<'_>, check: Validator<'_>) -> Result<Reply, Stopped>;

    /// Asks for yes or no.
    ///
    /// # Errors
    /// See [`Stopped`].
    fn confirm(&mut self, prompt: &str, default: bool) -> Result<bool, Stopped>;

    /// Says something that is no question.
    fn say(&mut self, text: &str);
}

/// The person at the terminal. Questions stand on stderr: stdout is for results.
#[derive(Debug)]
pub struct Terminal<'a> {
    interrupt: Option<&'a Interrupt>,
    /// Typed ahead.
    read: Vec<u8>,
}

impl<'a> Terminal<'a> {
    /// The terminal on stdin, if it is one. Without an interrupt, signals do what they
    /// do while it is asked.
    #[must_use]
    pub fn open(interrupt: Option<&'a Interrupt>) -> Option<Self> {
        io::stdin().is_terminal().then(|| Self {
            interrupt,
            read: Vec::new(),
        })
    }

    /// The next line, without its end and the blanks around it.
    fn line(&mut self) -> Result<String, Stopped> {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim().to_owned());
            }
            if self.interrupt.is_some_and(Interrupt::came) {
                return Err(Stopped::Interrupted);
            }
            let stdin = io::stdin();
            let mut waited = vec![PollFd::new(&stdin, PollFlags::IN)];
            waited.extend(self.interrupt.map(|it| PollFd::new(it, PollFlags::IN)));
            match poll(&mut waited, None) {
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(Stopped::Failed(error.into())),
            }
            if waited
                .first()
                .is_none_or(|typed| typed.revents().is_empty())
            {
                continue;
            }
            let mut piece = [0; 1024];
            match rustix::io::read(&stdin, &mut piece) {
                Ok(0) => return Err(Stopped::Interrupted),
                Ok(length) => self.read.extend(piece.iter().take(length)),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(Stopped::Failed(error.into())),
            }
        }
    }
}

/// Columns of the narrowest terminal, less one that some need for the cursor.
const WIDTH: usize = 79;

/// Lines that end between words, each behind two blanks.
fn wrapped(text: &str) -> String {
    let mut lines = String::new();
    let mut column = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if column == 0 || column + 1 + length > WIDTH {
            lines.push_str(if column == 0 { "  " } else { "\n  " });
            column = 2 + length;
        } else {
            lines.push(' ');
            column += 1 + length;
        }
        lines.push_str(word);
    }
    lines.push('\n');
    lines
}

/// A terminal that cannot be written to fails at the next reading.
fn write(text: &str) {
    let mut stderr = io::stderr();
    let _ = stderr.write_all(text.as_bytes());
    let _ = stderr.flush();
}

impl Ask for Terminal<'_> {
    fn text(&mut self, question: Question<'_>, check: Validator<'_>) -> Result<Reply, Stopped> {
        write(&format!("\n{}\n", question.help));
        let default = question
            .default
            .map_or_else(String::new, |default| format!(" [{default}]"));
        loop {
            write(&format!("{}{default}: ", question.prompt));
            let typed = self.line()?;
            if ["back", "<"].contains(&typed.as_str()) {
                return Ok(Reply::Back);
            }
            let answer = match (typed.as_str(), question.default) {
                ("", Some(default)) => default,
                (typed, _) => typed,
            };
            match check(answer) {
                Ok(()) => return Ok(Reply::Text(answer.to_owned())),
                Err(why) => write(&wrapped(&why)),
            }
        }
    }

    fn confirm(&mut self, prompt: &str, default: bool) -> Result<bool, Stopped> {
        let choice = if default { "yes" } else { "no" };
        loop {
            write(&format!("{prompt} (yes or no) [{choice}]: "));
            match self.line()?.to_lowercase().as_str() {
                "" => return Ok(default),
                "y" | "yes" => return Ok(true),
                "n" | "no" => return Ok(false),
                _ => write("  say yes or no\n"),
            }
        }
    }

    fn say(&mut self, text: &str) {
        write(&wrapped(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_between_words() {
        let text = "one two ".repeat(15);
        let lines = wrapped(text.trim_end());
        assert!(lines.lines().all(|line| line.len() <= WIDTH), "{lines}");
        assert_eq!(lines.lines().count(), 2);
        assert_eq!(lines.replace("\n  ", " ").trim(), text.trim_end());
        assert_eq!(wrapped(&"x".repeat(90)).lines().count(), 1);
        assert_eq!(wrapped("  a"), "    a\n");
    }
}
