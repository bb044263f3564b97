//! Large numbers that fit a column: 1.2k, 3.4M.

/// Decimal steps of a thousand.
const UNITS: [&str; 7] = ["", "k", "M", "G", "T", "P", "E"];

/// At most five characters: `999`, `1.2k`, `340k`, `18.4E`.
pub(super) fn short(value: u64) -> String {
    if value < 1000 {
        return value.to_string();
    }
    let mut unit = 0;
    // Tenths of the unit, so that no fraction is ever rounded up to the next.
    let mut tenths = u128::from(value) * 10;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1000;
        unit += 1;
    }
    let name = UNITS.get(unit).unwrap_or(&"");
    if tenths < 1000 {
        format!("{}.{}{name}", tenths / 10, tenths % 10)
    } else {
        format!("{}{name}", tenths / 10)
    }
}

/// The number in full, or short.
pub(super) fn number(value: u64, exact: bool) -> String {
    if exact {
        value.to_string()
    } else {
        short(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_cut_not_rounded_up() {
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
            assert_eq!(short(value), text);
        }
        assert_eq!(number(1234, true), "1234");
    }
}
