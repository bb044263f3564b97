//! Which HTTP statuses count as well: `200`, `200-299`, `200,301-302`.

use std::fmt;
use std::str::FromStr;

/// A set of HTTP statuses, kept sorted and merged: equal sets compare equal
/// however they were written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StatusSet(Vec<(u16, u16)>);

impl StatusSet {
    /// Whether this status is in it.
    #[must_use]
    pub fn contains(&self, status: u16) -> bool {
        self.0
            .iter()
            .any(|&(first, last)| (first..=last).contains(&status))
    }
}

impl Default for StatusSet {
    /// 200 alone.
    fn default() -> Self {
        Self(vec![(200, 200)])
    }
}

impl FromStr for StatusSet {
    type Err = ParseStatusError;

    /// Reads numbers and ranges of 100 to 599, separated by commas.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ParseStatusError(text.to_owned());
        let number = |text: &str| match text.trim().parse() {
            Ok(status @ 100..=599) => Ok(status),
            _ => Err(wrong()),
        };
        let mut ranges = Vec::new();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let range: (u16, u16) = (number(first)?, number(last)?);
            if range.0 > range.1 {
                return Err(wrong());
            }
            ranges.push(range);
        }
        ranges.sort_unstable();
        let mut merged: Vec<(u16, u16)> = Vec::new();
        for (first, last) in ranges {
            match merged.last_mut() {
                Some(before) if first <= before.1 + 1 => before.1 = before.1.max(last),
                _ => merged.push((first, last)),
            }
        }
        Ok(Self(merged))
    }
}

impl fmt::Display for StatusSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (first, last)) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            write!(f, "{first}")?;
            if last > first {
                write!(f, "-{last}")?;
            }
        }
        Ok(())
    }
}

/// A text that is no list of statuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseStatusError(String);

impl fmt::Display for ParseStatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "'{}' is no list of HTTP statuses; write numbers of 100 to 599, as in 200, 200-299 or 200,301-302",
            self.0.escape_default()
        )
    }
}

impl std::error::Error for ParseStatusError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lists_and_ranges() {
        for (text, written, inside, outside) in [
            ("200", "200", 200, 201),
            ("200-299", "200-299", 250, 300),
            ("301-302, 200", "200,301-302", 302, 303),
            ("200-204,203-210,211", "200-211", 211, 212),
        ] {
            let set: StatusSet = text.parse().unwrap();
            assert_eq!(set.to_string(), written);
            assert!(set.contains(inside) && !set.contains(outside), "{text}");
        }
        for text in ["", "200,", "99", "600", "299-200", "2xx", "200-", "-200"] {
            assert!(text.parse::<StatusSet>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "\\PC*") {
            if let Ok(set) = text.parse::<StatusSet>() {
                prop_assert_eq!(set.to_string().parse::<StatusSet>().unwrap(), set);
            }
        }
    }
}
