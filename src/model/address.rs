//! Addresses as users of ipvsadm write them: `192.0.2.1:80`, `[2001:db8::1]:80`,
//! a bare address, names. Reading a name here only takes it apart; looking it
//! up is the caller's, because that is I/O.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

/// The address family of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// `AF_INET`.
    Ipv4,
    /// `AF_INET6`.
    Ipv6,
}

impl Family {
    /// The family of this address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::Ipv4,
            IpAddr::V6(_) => Self::Ipv6,
        }
    }

    /// The length of an address in bits: 32 or 128.
    #[must_use]
    pub fn bits(self) -> u8 {
        match self {
            Self::Ipv4 => 32,
            Self::Ipv6 => 128,
        }
    }

    /// `ipv4` or `ipv6`, as JSON and the file have it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
        }
    }
}

/// The part of a client's address that persistence looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Netmask {
    /// A dotted mask. The kernel takes any bits; so do we.
    V4(Ipv4Addr),
    /// A prefix length of 1 to 128 (`ip_vs_genl_parse_service` refuses 0).
    V6(u8),
}

impl Netmask {
    /// The mask that tells every client from every other: /32 or /128.
    #[must_use]
    pub fn host(family: Family) -> Self {
        match family {
            Family::Ipv4 => Self::V4(Ipv4Addr::BROADCAST),
            Family::Ipv6 => Self::V6(128),
        }
    }

    /// The family it belongs to.
    #[must_use]
    pub fn family(self) -> Family {
        match self {
            Self::V4(_) => Family::Ipv4,
            Self::V6(_) => Family::Ipv6,
        }
    }

    /// Whether it tells single clients apart, which is the default.
    #[must_use]
    pub fn is_host(self) -> bool {
        self == Self::host(self.family())
    }

    /// Reads what stands behind `-M`: a dotted mask, or a prefix length for IPv6.
    ///
    /// # Errors
    /// The text fits neither, or not this family.
    pub fn parse(text: &str, family: Family) -> Result<Self, ParseAddressError> {
        let wrong = |why| Err(ParseAddressError::new(text, why));
        match family {
            Family::Ipv4 => match text.parse() {
                Ok(mask) => Ok(Self::V4(mask)),
                Err(_) => wrong("an IPv4 netmask is written like 255.255.255.0"),
            },
            Family::Ipv6 => match text.parse() {
                Ok(length @ 1..=128) => Ok(Self::V6(length)),
                _ => wrong("an IPv6 netmask is a prefix length of 1 to 128"),
            },
        }
    }
}

impl fmt::Display for Netmask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(mask) => mask.fmt(f),
            Self::V6(length) => length.fmt(f),
        }
    }
}

/// A host and perhaps a port, taken apart but not looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketName {
    /// A literal address or a host name.
    pub host: String,
    /// A port number or a service name, if there was one.
    pub port: Option<String>,
}

impl SocketName {
    /// Takes `HOST`, `HOST:PORT`, `[V6]`, `[V6]:PORT` or a bare IPv6 address apart.
    ///
    /// # Errors
    /// An empty host or port, brackets that do not close, or text behind them.
    pub fn parse(text: &str) -> Result<Self, ParseAddressError> {
        let wrong = |why| Err(ParseAddressError::new(text, why));
        let (host, port) = if let Some(inner) = text.strip_prefix('[') {
            let Some((host, behind)) = inner.split_once(']') else {
                return wrong("the bracket is not closed; write [ADDRESS]:PORT");
            };
            if !matches!(host.parse(), Ok(IpAddr::V6(_))) {
                return wrong("brackets hold an IPv6 address, as in [2001:db8::1]:80");
            }
            match behind.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None if behind.is_empty() => (host, None),
                None => return wrong("only :PORT may stand behind the bracket"),
            }
        } else if text.matches(':').count() > 1 {
            if text.parse::<IpAddr>().is_err() {
                return wrong("an IPv6 address with a port is written [ADDRESS]:PORT");
            }
            (text, None)
        } else {
            match text.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            }
        };
        if host.is_empty() {
            return wrong("the address is missing");
        }
        if port == Some("") {
            return wrong("the port is missing behind ':'");
        }
        if port.is_none() && host.bytes().all(|byte| byte.is_ascii_digit()) {
            return wrong("that is a number, not an address");
        }
        Ok(Self {
            host: host.to_owned(),
            port: port.map(str::to_owned),
        })
    }
}

/// Why a text is not an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseAddressError {
    text: String,
    why: &'static str,
}

impl ParseAddressError {
    fn new(text: &str, why: &'static str) -> Self {
        Self {
            text: text.to_owned(),
            why,
        }
    }
}

impl fmt::Display for ParseAddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}': {}", self.text.escape_default(), self.why)
    }
}

impl std::error::Error for ParseAddressError {}

/// The address as it stands before a port: IPv6 in brackets.
#[must_use]
pub fn bracketed(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

/// Appends `192.0.2.1:80` or `[2001:db8::1]:80`: what `SocketAddr` displays, at a
/// tenth of the cost, for lists of any length.
pub fn push_endpoint(text: &mut String, address: IpAddr, port: u16) {
    let mut digits = itoa::Buffer::new();
    match address {
        IpAddr::V4(address) => {
            for (octet, behind) in address
                .octets()
                .into_iter()
                .zip(["."; 3].into_iter().chain([""]))
            {
                text.push_str(digits.format(octet));
                text.push_str(behind);
            }
        }
        IpAddr::V6(_) => text.push_str(&bracketed(address)),
    }
    text.push(':');
    text.push_str(digits.format(port));
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use proptest::prelude::*;

    fn parts(text: &str) -> (String, Option<String>) {
        let name = SocketName::parse(text).unwrap();
        (name.host, name.port)
    }

    proptest! {
        #[test]
        fn endpoints_are_written_as_the_standard_library_does(bits: u128, port: u16) {
            for address in [
                IpAddr::V6(bits.into()),
                IpAddr::V4(u32::try_from(bits >> 96).unwrap().into()),
            ] {
                let mut text = "at ".to_owned();
                push_endpoint(&mut text, address, port);
                prop_assert_eq!(text, format!("at {}", SocketAddr::new(address, port)));
            }
        }
    }

    #[test]
    fn takes_every_form_of_ipvsadm() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(parts("192.0.2.1:80"), ("192.0.2.1".into(), some("80")));
        assert_eq!(parts("192.0.2.1"), ("192.0.2.1".into(), None));
        assert_eq!(
            parts("[2001:db8::1]:80"),
            ("2001:db8::1".into(), some("80"))
        );
        assert_eq!(parts("[2001:db8::1]"), ("2001:db8::1".into(), None));
        assert_eq!(parts("2001:db8::1"), ("2001:db8::1".into(), None));
        assert_eq!(
            parts("www.example.com:http"),
            ("www.example.com".into(), some("http"))
        );
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, part) in [
            ("", "address is missing"),
            (":80", "address is missing"),
            ("192.0.2.1:", "port is missing"),
            ("[2001:db8::1", "not closed"),
            ("[2001:db8::1]80", "only :PORT"),
            ("[192.0.2.1]:80", "IPv6"),
            ("2001:db8::1:80:x", "[ADDRESS]:PORT"),
            ("1234", "a number"),
        ] {
            let error = SocketName::parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn netmasks_follow_their_family() {
        let mask = Netmask::parse("255.255.255.0", Family::Ipv4).unwrap();
        assert_eq!(mask, Netmask::V4(Ipv4Addr::new(255, 255, 255, 0)));
        assert_eq!(Netmask::parse("64", Family::Ipv6).unwrap(), Netmask::V6(64));
        assert!(Netmask::parse("64", Family::Ipv4).is_err());
        assert!(Netmask::parse("0", Family::Ipv6).is_err());
        assert!(Netmask::host(Family::Ipv6).is_host());
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "\\PC*") {
            let _ = SocketName::parse(&text);
            let _ = Netmask::parse(&text, Family::Ipv4);
        }

        #[test]
        fn what_is_written_is_read(address: IpAddr, port: u16) {
            let name = SocketName::parse(&format!("{}:{port}", bracketed(address))).unwrap();
            prop_assert_eq!(name.host.parse::<IpAddr>().unwrap(), address);
            prop_assert_eq!(name.port.unwrap(), port.to_string());
        }
    }
}
