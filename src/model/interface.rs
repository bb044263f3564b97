//! The name of a network interface, small enough to be copied.

use std::fmt;
use std::str::FromStr;

/// A network interface's name: 1 to 15 bytes, without '/' and blanks
/// (`dev_valid_name`, net/core/dev.c), and UTF-8.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InterfaceName {
    /// Padded with zeros.
    bytes: [u8; 15],
}

impl InterfaceName {
    /// The interface that every machine has.
    #[must_use]
    pub fn loopback() -> Self {
        let mut bytes = [0; 15];
        for (place, byte) in bytes.iter_mut().zip(*b"lo") {
            *place = byte;
        }
        Self { bytes }
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let length = self.bytes.iter().position(|byte| *byte == 0);
        let name = self.bytes.get(..length.unwrap_or(self.bytes.len()));
        // It was text when it was made.
        std::str::from_utf8(name.unwrap_or_default()).unwrap_or_default()
    }

    /// Whether it is `lo`.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        *self == Self::loopback()
    }
}

impl FromStr for InterfaceName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            |byte: u8| byte == 0 || byte == b'/' || byte == b':' || byte.is_ascii_whitespace();
        if text.is_empty()
            || text.len() > 15
            || text.bytes().any(wrong)
            || [".", ".."].contains(&text)
        {
            return Err(format!(
                "'{}' is no interface's name: 1 to 15 bytes without '/', ':' and blanks",
                text.escape_default()
            ));
        }
        let mut bytes = [0; 15];
        for (place, byte) in bytes.iter_mut().zip(text.bytes()) {
            *place = byte;
        }
        Ok(Self { bytes })
    }
}

impl fmt::Display for InterfaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for InterfaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for name in ["lo", "eth0", "a-name.of-15.by", "b\u{e4}"] {
            assert_eq!(name.parse::<InterfaceName>().unwrap().as_str(), name);
        }
        assert!("lo".parse::<InterfaceName>().unwrap().is_loopback());
        for name in [
            "",
            ".",
            "..",
            "a/b",
            "a b",
            "eth0:1",
            "sixteen-bytes-xy",
            "a\0",
        ] {
            assert!(name.parse::<InterfaceName>().is_err(), "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text: String) {
            if let Ok(name) = text.parse::<InterfaceName>() {
                prop_assert_eq!(name.as_str(), text);
            }
        }
    }
}
