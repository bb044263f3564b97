//! How the story is told: headings, sentences, command lines and what they
//! answered, in lines that fit 80 columns wherever they are ours. Every line is
//! out at once, and none is begun after somebody asked to stop.

use crate::render::{Output, Style};

use super::{Error, Interrupt, Result};

/// The last column that a line of ours reaches.
const WIDTH: usize = 78;
/// Where answers begin.
const ANSWER: &str = "    ";

/// Tells the story.
pub(super) struct Teller<'a> {
    output: &'a mut Output,
    interrupt: &'a Interrupt,
}

impl<'a> Teller<'a> {
    /// Tells it there, until it is interrupted.
    pub fn new(output: &'a mut Output, interrupt: &'a Interrupt) -> Self {
        Self { output, interrupt }
    }

    /// A step begins.
    pub fn heading(&mut self, text: &str) -> Result<()> {
        self.write("", Style::Plain)?;
        self.write(text, Style::Heading)
    }

    /// Explains.
    pub fn say(&mut self, text: &str) -> Result<()> {
        for line in wrap(text.split(' '), "", "", "") {
            self.write(&line, Style::Plain)?;
        }
        Ok(())
    }

    /// A line as it is.
    pub fn line(&mut self, text: &str) -> Result<()> {
        self.write(text, Style::Plain)
    }

    /// A command line that is typed on a machine.
    pub fn command(&mut self, machine: &str, line: &str) -> Result<()> {
        let prompt = format!("  {machine}$ ");
        for line in wrap(options(line), &prompt, "      ", " \\") {
            self.write(&line, Style::Strong)?;
        }
        Ok(())
    }

    /// A line that a command answered: as it is, for tables stay tables.
    pub fn answer(&mut self, line: &str) -> Result<()> {
        self.write(&format!("{ANSWER}{line}"), Style::Plain)
    }

    /// A line that the probe in the background logged.
    pub fn log(&mut self, line: &str) -> Result<()> {
        for line in wrap(line.split(' '), "    probe: ", "      ", "") {
            self.write(&line, Style::Faint)?;
        }
        Ok(())
    }

    /// What was seen, and is as it should be.
    pub fn seen(&mut self, text: &str) -> Result<()> {
        for line in wrap(text.split(' '), "  => ", "     ", "") {
            self.write(&line, Style::Good)?;
        }
        Ok(())
    }

    fn write(&mut self, line: &str, style: Style) -> Result<()> {
        self.interrupt.check()?;
        self.output.styled(line, style).map_err(Error::Output)?;
        self.output.flush().map_err(Error::Output)
    }
}

/// Breaks a text between pieces. The first line begins with `first`, the others
/// with `others`; all but the last end with `tail`. A piece is never cut.
fn wrap<P: AsRef<str>>(
    pieces: impl IntoIterator<Item = P>,
    first: &str,
    others: &str,
    tail: &str,
) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = first.to_owned();
    let mut empty = true;
    for piece in pieces {
        let piece = piece.as_ref();
        let width = line.chars().count() + piece.chars().count() + usize::from(!empty);
        if !empty && width + tail.chars().count() > WIDTH {
            line.push_str(tail);
            lines.push(std::mem::replace(&mut line, others.to_owned()));
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(piece);
        empty = false;
    }
    lines.push(line);
    lines
}

/// A command line in pieces that stay together: an option and its value.
fn options(line: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for word in line.split(' ') {
        match pieces.last_mut() {
            Some(last) if !word.starts_with('-') => *last = format!("{last} {word}"),
            _ => pieces.push(word.to_owned()),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_broken_between_words() {
        let text = "word ".repeat(40);
        let lines = wrap(text.trim_end().split(' '), "  $ ", "      ", " \\");
        assert!(lines.len() > 2 && lines.iter().all(|line| line.len() <= WIDTH));
        assert!(lines[0].starts_with("  $ word") && lines[0].ends_with(" \\"));
        assert!(lines[1].starts_with("      word"));
        assert!(lines.last().is_some_and(|line| line.ends_with("word")));
        let words: usize = lines
            .iter()
            .map(|line| line.split(' ').filter(|word| *word == "word").count())
            .sum();
        assert_eq!(words, 40);
    }

    #[test]
    fn a_word_is_never_cut() {
        let word = "x".repeat(200);
        assert_eq!(wrap([&word], "> ", "", ""), [format!("> {word}")]);
        assert_eq!(wrap([""], "> ", "", ""), ["> "]);
    }

    #[test]
    fn an_option_stays_with_its_value() {
        assert_eq!(
            options("lbctl add -t 1:80 -s rr -m"),
            ["lbctl add", "-t 1:80", "-s rr", "-m"]
        );
    }
}
