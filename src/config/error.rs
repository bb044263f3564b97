//! Mistakes in a file, as they are shown: `FILE:LINE:COLUMN: what is wrong; what
//! to do`, the line, and a caret under it.

use std::fmt;
use std::path::{Path, PathBuf};

/// Mistakes that are told before the rest is only counted.
const TOLD: usize = 100;
/// What a tab is shown as.
const TAB: &str = "    ";

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    pub(super) file: PathBuf,
    pub(super) message: String,
    pub(super) line: Option<Line>,
}

/// Where in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// From 1.
    pub(super) number: usize,
    /// The first character that is meant, from 1.
    pub(super) column: usize,
    /// The line, or the part of a long one around what is meant.
    pub(super) text: String,
    /// How many characters of the text stand before what is meant.
    pub(super) before: usize,
    /// How many are meant.
    pub(super) length: usize,
}

impl ConfigError {
    /// What is wrong, and what to do.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Line and column, both from 1, in characters; none for the file as a whole.
    #[must_use]
    pub fn position(&self) -> Option<(usize, usize)> {
        let line = self.line.as_ref()?;
        Some((line.number, line.column))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(line) = &self.line else {
            return write!(f, "{}: {}", self.file.display(), self.message);
        };
        writeln!(
            f,
            "{}:{}:{}: {}",
            self.file.display(),
            line.number,
            line.column,
            self.message
        )?;
        line.fmt(f)
    }
}

impl fmt::Display for Line {
    /// The line and the carets, tabs as blanks.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut shown, mut before, mut meant) = (String::new(), 0, 0);
        for (index, letter) in self.text.chars().enumerate() {
            let columns = match letter {
                '\t' => {
                    shown.push_str(TAB);
                    TAB.len()
                }
                // A file may hold what would move the cursor or change colours.
                _ if letter.is_control() => {
                    shown.push('\u{fffd}');
                    1
                }
                _ => {
                    shown.push(letter);
                    1
                }
            };
            if index < self.before {
                before += columns;
            } else if index < self.before + self.length {
                meant += columns;
            }
        }
        writeln!(f, "  | {}", shown.trim_end())?;
        write!(f, "  | {}{}", " ".repeat(before), "^".repeat(meant.max(1)))
    }
}

/// All mistakes of a file and those it includes, in their order; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    errors: Vec<ConfigError>,
    more: usize,
}

impl ConfigErrors {
    /// The first hundred, and how many more there are.
    pub(super) fn new(all: impl ExactSizeIterator<Item = ConfigError>) -> Self {
        let more = all.len().saturating_sub(TOLD);
        Self {
            errors: all.take(TOLD).collect(),
            more,
        }
    }

    /// A file as a whole is wrong.
    pub(super) fn of_file(path: &Path, message: String) -> Self {
        Self {
            errors: vec![ConfigError {
                file: path.to_owned(),
                message,
                line: None,
            }],
            more: 0,
        }
    }

    /// The first hundred.
    #[must_use]
    pub fn errors(&self) -> &[ConfigError] {
        &self.errors
    }

    /// How many there are beyond those.
    #[must_use]
    pub fn more(&self) -> usize {
        self.more
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            error.fmt(f)?;
        }
        match self.more {
            0 => Ok(()),
            1 => write!(f, "\nand 1 more mistake"),
            more => write!(f, "\nand {more} more mistakes"),
        }
    }
}

impl std::error::Error for ConfigErrors {}
