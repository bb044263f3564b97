//! How addresses, ports and numbers are written: with names or without, rounded
//! or exact.

use std::net::IpAddr;

use crate::model::Protocol;

use super::names::Names;
use super::value;

/// The longest name of an address and a port, in ipvsadm's buffer.
const LONGEST_NAME: usize = 59;

/// How things are written: with names or numbers, rounded or exact.
pub(super) struct Writer<'a> {
    numeric: bool,
    exact: bool,
    names: &'a dyn Names,
}

/// inet_ntop(3): IPv4-compatible addresses are dotted as well.
pub(super) fn number_of(address: IpAddr) -> String {
    if let IpAddr::V6(v6) = address {
        let [0, 0, 0, 0, 0, 0, high, low] = v6.segments() else {
            return v6.to_string();
        };
        if high != 0 {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            return format!("::{a}.{b}.{c}.{d}");
        }
    }
    address.to_string()
}

impl<'a> Writer<'a> {
    /// A writer.
    pub(super) fn new(numeric: bool, exact: bool, names: &'a dyn Names) -> Self {
        Self {
            numeric,
            exact,
            names,
        }
    }

    /// An address with its port.
    pub(super) fn endpoint(&self, address: IpAddr, port: u16, protocol: Protocol) -> String {
        let (host_name, port_name) = if self.numeric {
            (None, None)
        } else {
            (self.names.host(address), self.names.service(port, protocol))
        };
        let host = host_name.unwrap_or_else(|| number_of(address));
        let port = port_name.unwrap_or_else(|| port.to_string());
        let text = match address {
            IpAddr::V4(_) => format!("{host}:{port}"),
            IpAddr::V6(_) => format!("[{host}]:{port}"),
        };
        value::cut(&text, LONGEST_NAME).to_owned()
    }

    /// A number behind a blank, right in nine columns: rounded to thousands and
    /// more where it would not fit, or exact and wider.
    pub(super) fn count(&self, number: u64) -> String {
        if self.exact {
            let digits = number.to_string();
            let width = (digits.len() + 1).max(9);
            return format!("{digits:>width$}");
        }
        match number {
            0..100_000_000 => format!("{number:>9}"),
            100_000_000..1_000_000_000 => format!("{:>8}K", number / 1_000),
            1_000_000_000..100_000_000_000 => format!("{:>8}M", number / 1_000_000),
            100_000_000_000..100_000_000_000_000 => {
                format!("{:>8}G", number / 1_000_000_000)
            }
            _ => format!("{:>8}T", number / 1_000_000_000_000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::names::NoNames;
    use super::*;

    #[test]
    fn numbers_shrink_unless_exact() {
        let short = Writer::new(true, false, &NoNames);
        assert_eq!(short.count(99_999_999), " 99999999");
        assert_eq!(short.count(394_093_111), "  394093K");
        assert_eq!(short.count(1_000_000_000), "    1000M");
        assert_eq!(short.count(u64::MAX), "18446744T");
        let exact = Writer::new(true, true, &NoNames);
        assert_eq!(exact.count(7), "        7");
        assert_eq!(exact.count(394_093_111), " 394093111");
    }

    #[test]
    fn addresses_are_written_as_the_c_library_writes_them() {
        for (address, text) in [
            ("::1", "::1"),
            ("::1:2", "::0.1.0.2"),
            ("::ffff:10.0.0.1", "::ffff:10.0.0.1"),
            ("2001:db8:0:1:0:0:0:5", "2001:db8:0:1::5"),
            ("10.0.0.1", "10.0.0.1"),
        ] {
            assert_eq!(number_of(address.parse().unwrap()), text);
        }
    }
}
