//! Numbers as C's library reads them, since that is what ipvsadm's users may
//! write: `+80`, ` 80`, `010.1`, `0x0a000001`. Pure.

use std::net::Ipv4Addr;

/// isspace(3).
fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}

/// strtol(3) in base 10: the number, held within 64 bits, and what stands behind
/// it; none when there is no digit.
fn leading_number(text: &str) -> Option<(i64, &str)> {
    let text = text.trim_start_matches(is_space);
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let rest = digits.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let digits = digits.strip_suffix(rest)?;
    if digits.is_empty() {
        return None;
    }
    let number = digits.bytes().fold(0_i64, |number, digit| {
        let digit = i64::from(digit - b'0');
        number
            .saturating_mul(10)
            .saturating_add(if negative { -digit } else { digit })
    });
    Some((number, rest))
}

/// A whole text that is a decimal number from `least` to `most`.
pub(super) fn number(text: &str, least: i64, most: i64) -> Option<u32> {
    // Most are digits alone; and Rust reads nothing that strtol does not.
    let (number, rest) = match text.parse() {
        Ok(number) => (number, ""),
        Err(_) => leading_number(text)?,
    };
    if !rest.is_empty() || !(least..=most).contains(&number) {
        return None;
    }
    u32::try_from(number).ok()
}

/// atoi(3): the number at the start, 0 without one.
pub(super) fn leading(text: &str) -> i64 {
    leading_number(text).map_or(0, |(number, _)| number)
}

/// inet_aton(3): one to four numbers in octal, hex or decimal, the last filling
/// all bytes that are left; anything may stand behind a blank.
pub(super) fn address(text: &str) -> Option<Ipv4Addr> {
    let text = text.split(is_space).next()?;
    let parts: Vec<u32> = text.split('.').map(part).collect::<Option<_>>()?;
    let (last, leading) = parts.split_last()?;
    if leading.len() > 3 || leading.iter().any(|part| *part > 255) {
        return None;
    }
    let room = 32 - 8 * u32::try_from(leading.len()).ok()?;
    if u64::from(*last) >> room != 0 {
        return None;
    }
    let high = leading
        .iter()
        .zip([24, 16, 8])
        .fold(0, |bits, (part, shift)| bits | part << shift);
    Some(Ipv4Addr::from(high | last))
}

/// One number of an address: `0x` and hex, `0` and octal, or decimal.
fn part(text: &str) -> Option<u32> {
    let (digits, base) = if let Some(digits) = text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        (digits, 16)
    } else if text.len() > 1 && text.starts_with('0') {
        (text, 8)
    } else {
        (text, 10)
    };
    if digits.starts_with('+') {
        return None;
    }
    u32::from_str_radix(digits, base).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_strtol_reads() {
        assert_eq!(number("+80", 0, 65535), Some(80));
        assert_eq!(number(" \t080", 0, 65535), Some(80));
        assert_eq!(number("-0", 0, 65535), Some(0));
        for text in ["", "-", "80 ", "8x", "-1", "65536", "99999999999999999999"] {
            assert_eq!(number(text, 0, 65535), None, "{text}");
        }
        assert_eq!(leading("64abc"), 64);
        assert_eq!(leading("abc"), 0);
    }

    #[test]
    fn reads_what_inet_aton_reads() {
        let read = |text| address(text).map(|address| address.to_string());
        assert_eq!(read("10.1").as_deref(), Some("10.0.0.1"));
        assert_eq!(read("010.0.0.1").as_deref(), Some("8.0.0.1"));
        assert_eq!(read("0x0a000001").as_deref(), Some("10.0.0.1"));
        assert_eq!(read("1234").as_deref(), Some("0.0.4.210"));
        assert_eq!(read("10.0.0.1 x").as_deref(), Some("10.0.0.1"));
        for text in [
            "",
            ".",
            "10.",
            "1.2.3.4.5",
            "256.1",
            "1.2.3.256",
            "08.1",
            "+1.2",
            "1.-2",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "\\PC*") {
            let _ = number(&text, i64::MIN, i64::MAX);
            let _ = leading(&text);
            let _ = address(&text);
        }

        #[test]
        fn an_address_is_read_as_it_was_written(bits: u32) {
            let wanted = Ipv4Addr::from(bits);
            prop_assert_eq!(address(&wanted.to_string()), Some(wanted));
            prop_assert_eq!(address(&bits.to_string()), Some(wanted));
        }
    }
}
