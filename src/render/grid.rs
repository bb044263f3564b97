//! Answers that fit a screen, laid out by comfy-table. Long lists are `columns`'.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

/// Lays out rows under headings: the first `text` columns to the left, the rest,
/// which are numbers, to the right. Lines are never wrapped or cut: a cut address
/// is worse than a long line.
#[must_use]
pub fn grid(headings: &[&str], text: usize, rows: Vec<Vec<String>>) -> Vec<String> {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(headings.to_vec())
        .add_rows(rows);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if index >= text {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect()
}
