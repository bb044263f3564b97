//! Addresses with a port, as behind -t and -r: `HOST[:PORT]`, `[V6]:PORT`, a bare
//! IPv6 address. Other than `model::SocketName` it takes apart what ipvsadm takes
//! apart, the strange cases too.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::model::Protocol;

use super::names::Names;
use super::numbers;

/// A port as it was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Port<'a> {
    /// None was.
    Absent,
    /// A number.
    Number(u16),
    /// The name of a service; which port that is depends on the protocol.
    Named(&'a str),
}

impl Port<'_> {
    /// The port, where a missing one is this; none if the name has none.
    pub(super) fn number(self, absent: u16, protocol: Protocol, names: &dyn Names) -> Option<u16> {
        match self {
            Self::Absent => Some(absent),
            Self::Number(port) => Some(port),
            Self::Named(name) => names.port(name, protocol),
        }
    }
}

/// Takes an address and a port apart; none if they cannot be right.
pub(super) fn parse<'a>(text: &'a str, names: &dyn Names) -> Option<(IpAddr, Port<'a>)> {
    if let Some((address, port)) = plain(text) {
        return Some((address.into(), Port::Number(port)));
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (host, behind) = match text.strip_prefix('[') {
        Some(inner) => {
            let (host, behind) = inner.split_once(']')?;
            (host, Some(behind.strip_prefix(':')?))
        }
        None => (text, None),
    };
    if let Ok(address) = host.parse::<Ipv6Addr>() {
        return Some((address.into(), port(behind)));
    }
    // An IPv4 address takes no port from behind its brackets, only one within.
    let (host, behind) = match host.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (host, None),
    };
    let address = numbers::address(host).or_else(|| names.address(host))?;
    Some((address.into(), port(behind)))
}

/// `10.0.0.1:80` as programs write it, in decimal and without needless zeros: what
/// nearly every line of a saved table has twice, and no other reading fits. The
/// standard library's parser takes twice the time.
fn plain(text: &str) -> Option<(Ipv4Addr, u16)> {
    let mut parts = [0_u32; 5];
    let (mut part, mut digits) = (0, 0);
    for byte in text.bytes() {
        let number = parts.get_mut(part)?;
        match (byte, part) {
            // At most 99999, and nothing behind a zero.
            (b'0'..=b'9', _) if digits == 0 || (digits < 5 && *number > 0) => {
                *number = *number * 10 + u32::from(byte - b'0');
                digits += 1;
            }
            (b'.', 0..=2) | (b':', 3) if digits > 0 => {
                part += 1;
                digits = 0;
            }
            _ => return None,
        }
    }
    let [a, b, c, d, last] = parts;
    if part != 4 || digits == 0 || (a | b | c | d) > 255 {
        return None;
    }
    let address = Ipv4Addr::from_bits(a << 24 | b << 16 | c << 8 | d);
    Some((address, u16::try_from(last).ok()?))
}

fn port(text: Option<&str>) -> Port<'_> {
    match text {
        None => Port::Absent,
        Some(text) => match numbers::number(text, 0, i64::from(u16::MAX)).map(u16::try_from) {
            Some(Ok(port)) => Port::Number(port),
            _ => Port::Named(text),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::names::NoNames;
    use super::*;
    use proptest::prelude::*;
    use std::net::SocketAddrV4;

    #[test]
    fn takes_what_ipvsadm_takes() {
        let read = |text| {
            let (address, port) = parse(text, &NoNames)?;
            Some((address.to_string(), port))
        };
        let number = |address: &str, port| Some((address.to_owned(), Port::Number(port)));
        let bare = |address: &str| Some((address.to_owned(), Port::Absent));
        assert_eq!(read("10.0.0.1:80"), number("10.0.0.1", 80));
        assert_eq!(read("10.0.0.1"), bare("10.0.0.1"));
        assert_eq!(read("[2001:db8::1]:80"), number("2001:db8::1", 80));
        assert_eq!(read("2001:db8::1"), bare("2001:db8::1"));
        assert_eq!(read("[10.0.0.1]:80"), bare("10.0.0.1"));
        assert_eq!(read("1234:80"), number("0.0.4.210", 80));
        for text in ["", "1234", "[2001:db8::1]", "[2001:db8::1", "x:80", ":80"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn plain_sockets_are_those_of_the_standard_library(
            text in "[0-9]{1,4}(\\.[0-9]{1,4}){2,4}:[0-9]{0,6}|[0-9.:]{0,24}",
            address: u32,
            number: u16,
        ) {
            let written = SocketAddrV4::new(address.into(), number);
            prop_assert_eq!(plain(&written.to_string()), Some((*written.ip(), number)));
            if let Some((address, port)) = plain(&text) {
                let read = text.parse::<SocketAddrV4>();
                prop_assert_eq!(read, Ok(SocketAddrV4::new(address, port)));
            }
        }

        #[test]
        fn any_text_is_answered(text in "\\PC*") {
            let _ = parse(&text, &NoNames);
        }
    }
}
