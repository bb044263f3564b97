//! Large numbers that fit a column: 1.2k, 3.4M.

use std::fmt::{self, Write as _};

/// Decimal steps of a thousand.
const UNITS: [&str; 7] = ["", "k", "M", "G", "T", "P", "E"];

/// A count in at most five characters: `999`, `1.2k`, `340k`, `18.4E`; or, where
/// it shall be exact, in full.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number {
    /// The count.
    pub value: u64,
    /// Whether every digit is shown.
    pub exact: bool,
}

impl Number {
    /// Appends it.
    pub(super) fn push(self, text: &mut String) -> fmt::Result {
        if self.exact || self.value < 1000 {
            text.push_str(itoa::Buffer::new().format(self.value));
            return Ok(());
        }
        let mut unit = 0;
        // Tenths of the unit, so that no fraction is ever rounded up to the next.
        let mut tenths = u128::from(self.value) * 10;
        while tenths >= 10_000 && unit + 1 < UNITS.len() {
            tenths /= 1000;
            unit += 1;
        }
        let name = UNITS.get(unit).unwrap_or(&"");
        if tenths < 1000 {
            write!(text, "{}.{}{name}", tenths / 10, tenths % 10)
        } else {
            write!(text, "{}{name}", tenths / 10)
        }
    }
}

/// A count in at most five characters.
#[must_use]
pub fn short(value: u64) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = Number {
        value,
        exact: false,
    }
    .push(&mut text);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_cut_not_rounded_up() {
        let shown = |value, exact| {
            let mut text = String::new();
            Number { value, exact }.push(&mut text).unwrap();
            text
        };
        for (value, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1.0k"),
            (1234, "1.2k"),
            (99_999, "99.9k"),
            (340_000, "340k"),
            (999_999, "999k"),
            (1_000_000, "1.0M"),
            (u64::MAX, "18.4E"),
        ] {
            assert_eq!(shown(value, false), text);
        }
        assert_eq!(shown(1234, true), "1234");
    }
}
