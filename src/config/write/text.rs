//! The lines of a file, and how single values are written.

use std::fmt::{self, Write as _};
use std::time::Duration;

use super::{Notes, Spot};

/// Blanks for each table inside another.
const INDENT: &str = "  ";

/// A table that is being written.
#[derive(Debug)]
struct Open {
    title: String,
    indent: String,
    spot: Spot,
    keys: Vec<(String, String)>,
}

/// The lines so far.
#[derive(Debug)]
pub(super) struct Lines<'n> {
    notes: &'n Notes,
    text: String,
    open: Option<Open>,
}

impl<'n> Lines<'n> {
    pub(super) fn new(notes: &'n Notes) -> Self {
        Self {
            notes,
            text: String::new(),
            open: None,
        }
    }

    /// A comment that belongs to no table.
    pub(super) fn comment(&mut self, spot: Spot) {
        let notes = self.notes;
        for line in notes.of_table(spot) {
            comment(&mut self.text, "", line);
        }
    }

    /// A table begins, so deep inside others.
    pub(super) fn header(&mut self, title: &str, depth: usize, spot: Spot) {
        self.close();
        self.open = Some(Open {
            title: title.to_owned(),
            indent: INDENT.repeat(depth),
            spot,
            keys: Vec::new(),
        });
    }

    /// A key of the table.
    pub(super) fn key(&mut self, key: &str, value: impl fmt::Display) {
        if let Some(open) = &mut self.open {
            open.keys.push((key.to_owned(), value.to_string()));
        }
    }

    /// Writes the table: only now it is known which keys it has, and so which
    /// comments have to go above it.
    fn close(&mut self) {
        let Some(open) = self.open.take() else {
            return;
        };
        let (notes, text) = (self.notes, &mut self.text);
        if !text.is_empty() {
            text.push('\n');
        }
        let left_out = notes
            .keys(open.spot)
            .filter(|key| open.keys.iter().all(|(other, _)| other != key))
            .flat_map(|key| notes.of_key(open.spot, key));
        for line in notes.of_table(open.spot).chain(left_out) {
            comment(text, &open.indent, line);
        }
        text.push_str(&open.indent);
        text.push_str(&open.title);
        text.push('\n');
        for (key, value) in &open.keys {
            for line in notes.of_key(open.spot, key) {
                comment(text, &open.indent, line);
            }
            text.push_str(&open.indent);
            text.push_str(key);
            text.push_str(" = ");
            text.push_str(value);
            text.push('\n');
        }
    }

    /// The whole.
    pub(super) fn finish(mut self) -> String {
        self.close();
        self.text
    }
}

/// A comment; control characters cannot stand in one.
fn comment(text: &mut String, indent: &str, line: &str) {
    text.push_str(indent);
    text.push_str("# ");
    text.extend(line.chars().map(|letter| match letter {
        letter if letter.is_control() && letter != '\t' => '\u{fffd}',
        letter => letter,
    }));
    text.truncate(text.trim_end().len());
    text.push('\n');
}

/// A text in quotes: with single ones where that saves backslashes, as regular
/// expressions have them.
pub(super) fn quoted(text: &str) -> String {
    let plain = !text.contains(|letter: char| letter == '\'' || letter.is_control());
    if text.contains(['\\', '"']) && plain {
        return format!("'{text}'");
    }
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            letter if letter.is_control() => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04X}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

/// A duration in the largest unit of which it is a whole number.
pub(super) fn span(time: Duration) -> String {
    let units: [(&str, u128); 6] = [
        ("day", 86_400_000_000_000),
        ("h", 3_600_000_000_000),
        ("m", 60_000_000_000),
        ("s", 1_000_000_000),
        ("ms", 1_000_000),
        ("us", 1_000),
    ];
    let nanos = time.as_nanos();
    let (name, size) = units
        .into_iter()
        .find(|(_, size)| nanos.is_multiple_of(*size))
        .unwrap_or(("ns", 1));
    let count = nanos / size;
    let plural = if name == "day" && count != 1 { "s" } else { "" };
    format!("\"{count}{name}{plural}\"")
}
