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

/// A mistake. Lines and columns are counted only for those that are told.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Mistake {
    place: Place,
    message: String,
    /// Where the first of two stands, and what to do about it.
    first: Option<(Place, String)>,
}

/// The mistakes so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    found: Vec<Mistake>,
}

impl Report {
    /// Notes a mistake.
    pub(super) fn error(&mut self, place: Place, message: impl Into<String>) {
        self.found.push(Mistake {
            place,
            message: shortened(message.into()),
            first: None,
        });
    }

    /// Notes what does not go with something else: `WHAT, first at PLACE; ADVICE`.
    pub(super) fn twice(
        &mut self,
        place: Place,
        what: impl Into<String>,
        first: Place,
        advice: impl Into<String>,
    ) {
        self.found.push(Mistake {
            place,
            message: shortened(what.into()),
            first: Some((first, advice.into())),
        });
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
        let errors = self.found.into_iter().map(|mistake| {
            let at = lines.get(mistake.place.source);
            let first = mistake.first.and_then(|(place, advice)| {
                let lines = lines.get(place.source)?;
                let line = lines.line(place);
                let path = lines.path.display();
                Some(format!(
                    ", first at {path}:{}:{}; {advice}",
                    line.number, line.column
                ))
            });
            ConfigError {
                file: at.map(|lines| lines.path.to_owned()).unwrap_or_default(),
                message: mistake.message + &first.unwrap_or_default(),
                line: at.map(|lines| lines.line(mistake.place)),
            }
        });
        ConfigErrors::new(errors)
    }
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
