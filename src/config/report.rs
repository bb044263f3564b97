//! Mistakes as they are found: places in texts become lines and columns.

use std::path::{Path, PathBuf};

use super::error::{ConfigError, ConfigErrors, Line};

/// Characters shown on either side of the start of what is meant: no line of a file
/// can flood a terminal.
const WINDOW: usize = 80;
/// Characters of a sentence: words of the file stand in it, and may be long.
const SENTENCE: usize = 400;

/// A file and its text.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) text: String,
    /// Whether it was UTF-8.
    pub(super) is_text: bool,
}

/// Bytes of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Which, by its number among the sources.
    pub(super) source: usize,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The mistakes so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    found: Vec<(Place, String)>,
}

impl Report {
    /// Notes a mistake.
    pub(super) fn error(&mut self, place: Place, message: impl Into<String>) {
        self.found.push((place, shortened(message.into())));
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// All of them, in the order of the files, each once: what stands in
    /// `[defaults]` is read for every virtual server.
    pub(super) fn finish(mut self, sources: &[&Source]) -> ConfigErrors {
        self.found.sort();
        self.found.dedup();
        let lines: Vec<Lines<'_>> = sources.iter().copied().map(Lines::new).collect();
        let errors = self.found.into_iter().map(|(place, message)| {
            let lines = lines.get(place.source);
            ConfigError {
                file: lines.map(|lines| lines.path.to_owned()).unwrap_or_default(),
                message,
                line: lines.map(|lines| lines.line(place)),
            }
        });
        ConfigErrors::new(errors)
    }
}

/// `FILE:LINE:COLUMN` of a place.
pub(super) fn position(sources: &[&Source], place: Place) -> String {
    let Some(source) = sources.get(place.source) else {
        return String::new();
    };
    let line = Lines::new(source).line(place);
    format!("{}:{}:{}", source.path.display(), line.number, line.column)
}

/// The sentence without the middle of what is too long in it.
fn shortened(message: String) -> String {
    let count = message.chars().count();
    if count <= SENTENCE {
        return message;
    }
    let half = SENTENCE / 2;
    let first: String = message.chars().take(half).collect();
    let last: String = message.chars().skip(count - half).collect();
    format!("{first}[...]{last}")
}

/// Where the lines of a source begin.
struct Lines<'s> {
    path: &'s Path,
    text: &'s str,
    starts: Vec<usize>,
}

impl<'s> Lines<'s> {
    fn new(source: &'s Source) -> Self {
        // A byte order mark is no character of the first line.
        let first = source.text.len() - source.text.trim_start_matches('\u{feff}').len();
        let behind = source.text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            path: &source.path,
            text: &source.text,
            starts: std::iter::once(first).chain(behind).collect(),
        }
    }

    fn line(&self, place: Place) -> Line {
        let index = self
            .starts
            .partition_point(|start| *start <= place.start)
            .saturating_sub(1);
        let start = self.starts.get(index).copied().unwrap_or_default();
        let text = self.text.get(start..).unwrap_or_default();
        let text = text.lines().next().unwrap_or_default();
        let at = place.start.saturating_sub(start);
        let before = text
            .char_indices()
            .take_while(|(byte, _)| *byte < at)
            .count();
        let end = place.end.saturating_sub(start);
        let length = text
            .char_indices()
            .skip(before)
            .take_while(|(byte, _)| *byte < end)
            .count();
        let first = before.saturating_sub(WINDOW);
        Line {
            number: index + 1,
            column: before + 1,
            text: text.chars().skip(first).take(2 * WINDOW).collect(),
            before: before - first,
            length,
        }
    }
}
