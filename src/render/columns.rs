//! Columns for lists of any length: a table of 10,000 servers is laid out in a few
//! milliseconds. Answers that fit a screen are left to `grid`.

use std::fmt::Write as _;

/// Lays out rows under headings: the first `text` columns to the left, the rest,
/// which are numbers, to the right. Lines are never wrapped or cut: a cut address
/// is worse than a long line. Everything in it is ASCII but for foreign names,
/// which count a place per character.
#[must_use]
pub fn columns(headings: &[&str], text: usize, rows: &[Vec<String>]) -> Vec<String> {
    let mut widths: Vec<usize> = headings.iter().map(|heading| heading.len()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut line = String::new();
        for (column, (cell, width)) in cells.zip(&widths).enumerate() {
            if column > 0 {
                line.push_str("  ");
            }
            // Writing to a String cannot fail.
            let _ = if column < text {
                write!(line, "{cell:<width$}")
            } else {
                write!(line, "{cell:>width$}")
            };
        }
        line.truncate(line.trim_end().len());
        line
    };
    std::iter::once(line(&mut headings.iter().copied()))
        .chain(
            rows.iter()
                .map(|row| line(&mut row.iter().map(String::as_str))),
        )
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stands_left_numbers_right_and_nothing_behind() {
        let rows = [
            vec![
                "tcp 192.0.2.1:80".to_owned(),
                "rr".to_owned(),
                String::new(),
            ],
            vec![
                "  -> 10.0.0.1:80".to_owned(),
                "nat".to_owned(),
                "12345".to_owned(),
            ],
        ];
        assert_eq!(
            columns(&["Service", "Scheduler", "Weight"], 2, &rows),
            [
                "Service           Scheduler  Weight",
                "tcp 192.0.2.1:80  rr",
                "  -> 10.0.0.1:80  nat         12345",
            ]
        );
    }
}
