//! Values of options that several of them share, each with its complaint.

use std::net::{IpAddr, Ipv4Addr};

use crate::model::Netmask;

use super::failure::Failure;
use super::numbers;

/// The longest timeout, 31 days.
const LONGEST_TIMEOUT: i64 = 31 * 86_400;

/// At most so many bytes of it.
pub(super) fn cut(text: &str, length: usize) -> &str {
    text.get(..text.floor_char_boundary(length)).unwrap_or(text)
}

/// A number, or the complaint about it.
pub(super) fn number(text: &str, least: i64, most: i64, what: &str) -> Result<u32, Failure> {
    numbers::number(text, least, most)
        .ok_or_else(|| Failure::usage(format!("illegal {what} specified")))
}

/// A value of a narrow type; `most` must fit it.
pub(super) fn small<T: TryFrom<u32>>(
    text: &str,
    least: i64,
    most: i64,
    what: &str,
) -> Result<T, Failure> {
    T::try_from(number(text, least, most, what)?)
        .map_err(|_| Failure::usage(format!("illegal {what} specified")))
}

/// Seconds.
pub(super) fn timeout(text: &str, least: i64) -> Result<u32, Failure> {
    numbers::number(text, least, LONGEST_TIMEOUT)
        .ok_or_else(|| Failure::usage(format!("invalid timeout value `{text}' specified")))
}

/// A prefix length, as atoi(3) reads it.
pub(super) fn prefix(text: &str) -> Result<Netmask, Failure> {
    match u8::try_from(numbers::leading(text)) {
        Ok(length @ 1..=128) => Ok(Netmask::V6(length)),
        _ => Err(Failure::usage("illegal ipv6 netmask specified")),
    }
}

/// An address of a multicast group.
pub(super) fn multicast(text: &str) -> Result<IpAddr, Failure> {
    let (found, kind) = if text.contains(':') {
        (text.parse().ok().map(IpAddr::V6), "IPv6")
    } else {
        (text.parse::<Ipv4Addr>().ok().map(IpAddr::V4), "IPv4")
    };
    found
        .filter(IpAddr::is_multicast)
        .ok_or_else(|| Failure::usage(format!("invalid {kind} mcast-group `{text}'")))
}
