//! Durations with a unit (`3s`, `500ms`, `1m30s`), as the file and the flags
//! have them.

use std::fmt;
use std::time::Duration;

/// Why a text is not a duration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseDurationError(String);

impl fmt::Display for ParseDurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "'{}' is not a duration; write a number with a unit, as in 3s, 500ms or 1m30s",
            self.0.escape_default()
        )
    }
}

impl std::error::Error for ParseDurationError {}

/// Reads a duration of more than zero.
///
/// # Errors
/// No unit, an unknown one, or zero.
pub fn parse_duration(text: &str) -> Result<Duration, ParseDurationError> {
    match humantime::parse_duration(text.trim()) {
        // humantime reads a bare 0; nothing here may take no time.
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err(ParseDurationError(text.to_owned())),
    }
}

/// Writes a duration as [`parse_duration`] reads it.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_required_and_zero_refused() {
        assert_eq!(parse_duration("3s").unwrap(), Duration::from_secs(3));
        assert_eq!(parse_duration("500ms").unwrap(), Duration::from_millis(500));
        assert_eq!(parse_duration("1m30s").unwrap(), Duration::from_secs(90));
        for text in ["3", "0", "0s", "", "-1s", "3 fortnights"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn is_written_as_it_is_read() {
        let duration = Duration::from_millis(90_500);
        assert_eq!(
            parse_duration(&format_duration(duration)).unwrap(),
            duration
        );
    }
}
