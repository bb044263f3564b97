//! Columns for lists of any length: a table of 10,000 servers is laid out in a few
//! milliseconds. Answers that fit a screen are left to `grid`.

use std::fmt;
use std::io;

use super::{Output, Style};

/// Rows under headings: the first columns to the left, the rest, which are
/// numbers, to the right. Lines are never wrapped or cut: a cut address is worse
/// than a long line. A character counts as one place, which is right for all but
/// foreign names.
pub struct Columns {
    /// How many columns stand to the left.
    text: usize,
    widths: Vec<usize>,
    /// The text of all cells, one behind the other: a String for each would cost
    /// more than all the rest.
    cells: String,
    /// How many bytes each cell has. A list of 10,000 servers has 70,000 cells, and
    /// every page of memory its price.
    lengths: Vec<u32>,
    rows: Vec<Row>,
}

struct Row {
    /// How many cells it has.
    cells: usize,
    style: Style,
}

impl Columns {
    /// Columns of these headings, of which the first `text` stand to the left.
    #[must_use]
    pub fn new(headings: &[&str], text: usize) -> Self {
        let mut columns = Self {
            text,
            widths: vec![0; headings.len()],
            cells: String::new(),
            lengths: Vec::new(),
            rows: Vec::new(),
        };
        columns.row(Style::Heading, |row| {
            for heading in headings {
                row.cell(heading);
            }
        });
        columns
    }

    /// Adds a row; missing cells are empty.
    pub fn row(&mut self, style: Style, fill: impl FnOnce(&mut Cells<'_>)) {
        let mut row = Cells {
            columns: self,
            count: 0,
        };
        fill(&mut row);
        let cells = row.count;
        self.rows.push(Row { cells, style });
    }

    /// Writes heading and rows.
    ///
    /// # Errors
    /// The stream's.
    pub fn write(&self, output: &mut Output) -> io::Result<()> {
        let mut line = String::new();
        let mut lengths = self.lengths.iter();
        let mut rest = self.cells.as_str();
        for row in &self.rows {
            line.clear();
            for (column, length) in (0..row.cells).zip(&mut lengths) {
                let length = usize::try_from(*length).unwrap_or(usize::MAX);
                let (text, behind) = rest.split_at_checked(length).unwrap_or_default();
                rest = behind;
                self.append(&mut line, column, text);
            }
            line.truncate(line.trim_end_matches(' ').len());
            output.styled(&line, row.style)?;
        }
        Ok(())
    }

    fn append(&self, line: &mut String, column: usize, text: &str) {
        let width = self.widths.get(column).copied().unwrap_or_default();
        if column > 0 {
            line.push_str("  ");
        }
        let padding = width.saturating_sub(places(text));
        if column < self.text {
            line.push_str(text);
        }
        pad(line, padding);
        if column >= self.text {
            line.push_str(text);
        }
    }
}

/// The cells of a row that is being filled.
pub struct Cells<'a> {
    columns: &'a mut Columns,
    count: usize,
}

impl Cells<'_> {
    /// Adds a cell of this text.
    pub fn cell(&mut self, text: &str) -> &mut Self {
        self.write(|cells| {
            cells.push_str(text);
            Ok(())
        })
    }

    /// Adds a cell of this number.
    pub fn number(&mut self, number: impl itoa::Integer) -> &mut Self {
        self.cell(itoa::Buffer::new().format(number))
    }

    /// Adds a cell of several parts.
    pub fn write(&mut self, write: impl FnOnce(&mut String) -> fmt::Result) -> &mut Self {
        let columns = &mut *self.columns;
        let start = columns.cells.len();
        // Writing to a String cannot fail.
        let _ = write(&mut columns.cells);
        let text = columns.cells.get(start..).unwrap_or_default();
        columns
            .lengths
            .push(u32::try_from(text.len()).unwrap_or(u32::MAX));
        if let Some(width) = columns.widths.get_mut(self.count) {
            *width = (*width).max(places(text));
        }
        self.count += 1;
        self
    }
}

/// Appends blanks, many at a time.
fn pad(line: &mut String, mut blanks: usize) {
    const BLANKS: &str = "                                ";
    while let Some(more) = blanks.checked_sub(BLANKS.len()) {
        line.push_str(BLANKS);
        blanks = more;
    }
    line.push_str(BLANKS.get(..blanks).unwrap_or_default());
}

fn places(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.chars().count()
    }
}

#[cfg(test)]
mod tests {
    use super::super::output::tests::written;
    use super::*;

    #[test]
    fn text_stands_left_numbers_right_and_nothing_behind() {
        let mut columns = Columns::new(&["Service", "Scheduler", "Weight"], 2);
        columns.row(Style::Strong, |row| {
            row.cell("tcp 192.0.2.1:80").cell("rr").cell("");
        });
        columns.row(Style::Plain, |row| {
            row.cell("  -> größe:80").cell("nat").number(12345);
        });
        columns.row(Style::Plain, |row| {
            row.cell("no more");
        });
        assert_eq!(
            written(|output| columns.write(output)),
            "\
Service           Scheduler  Weight
tcp 192.0.2.1:80  rr
  -> größe:80     nat         12345
no more
"
        );
    }
}
