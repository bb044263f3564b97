//! What the machine says before anything is asked: the trait, and this machine.

use std::net::{IpAddr, SocketAddr};
use std::thread;
use std::time::Duration;

use super::request::{self, NoPage, Patience};
use crate::health::{self, Check, Level, Outcome};
use crate::plumbing::{Interface, Network};

/// Pages that servers usually have, the more telling ones first.
pub(super) const PAGES: [&str; 3] = ["/health.html", "/healthz", "/"];
/// How long a server may take to answer a look.
const PATIENCE: Patience<'_> = Patience {
    time: Duration::from_secs(1),
    interrupt: None,
};
/// How long all of them may take to pass a check.
const CHECKING: Duration = Duration::from_secs(2);
/// As many servers as are looked at.
const MOST: usize = 32;

/// Where an address is, seen from this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// On this interface of its own.
    Here(String),
    /// In the net of this interface.
    Connected(String),
    /// Behind a router.
    Away,
}

/// What answers on a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Port {
    /// HTTP, and those of the usual pages that were answered with 200.
    Http(Vec<&'static str>),
    /// Something else.
    Open,
    /// Nothing listens.
    Refused,
    /// No connection came about: why.
    Silent(String),
}

/// What can be looked at.
pub trait Look {
    /// Where an address is.
    fn standing(&mut self, address: IpAddr) -> Standing;

    /// What answers on these ports, in their order; not all are looked at.
    fn ports(&mut self, servers: &[SocketAddr]) -> Vec<(SocketAddr, Port)>;

    /// Those checks that do not pass, and what was said last.
    fn unwell(&mut self, checks: Vec<Check>) -> Vec<(SocketAddr, String)>;
}

/// The machine that lbctl runs on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Machine;

impl Look for Machine {
    fn standing(&mut self, address: IpAddr) -> Standing {
        // What cannot be read only leaves a question without a good default.
        let interfaces = Network::open().and_then(|mut network| network.interfaces());
        standing(address, &interfaces.unwrap_or_default())
    }

    fn ports(&mut self, servers: &[SocketAddr]) -> Vec<(SocketAddr, Port)> {
        thread::scope(|scope| {
            let asked: Vec<_> = servers
                .iter()
                .take(MOST)
                .map(|server| (*server, scope.spawn(|| port(*server))))
                .collect();
            asked
                .into_iter()
                .filter_map(|(server, thread)| Some((server, thread.join().ok()?)))
                .collect()
        })
    }

    fn unwell(&mut self, mut checks: Vec<Check>) -> Vec<(SocketAddr, String)> {
        checks.truncate(MOST);
        let mut silent = |_: Level, _: &str| {};
        let mut said: Vec<(SocketAddr, String)> = Vec::new();
        let waited = health::wait_until_well(checks, CHECKING, &mut silent, &mut |waiting| {
            // The last attempt may be cut short; what an earlier one said is told.
            if let Outcome::Failed { reason } = waiting.outcome {
                said.push((waiting.check.target(), reason.clone()));
            }
        });
        let left = waited.err().unwrap_or_default().into_iter();
        left.map(|(check, last)| {
            let target = check.target();
            let told = said.iter().find(|(server, _)| *server == target);
            let reason = told.map_or(last, |(_, reason)| reason.clone());
            (target, reason)
        })
        .collect()
    }
}

fn standing(address: IpAddr, interfaces: &[Interface]) -> Standing {
    let all = || {
        interfaces.iter().flat_map(|interface| {
            let addresses = interface.addresses.iter();
            addresses.map(move |(own, length)| (interface, *own, *length))
        })
    };
    if let Some((interface, ..)) = all().find(|(_, own, _)| *own == address) {
        return Standing::Here(interface.name.clone());
    }
    let connected =
        all().find(|(interface, own, length)| !interface.quiet && is_in(address, *own, *length));
    connected.map_or(Standing::Away, |(interface, ..)| {
        Standing::Connected(interface.name.clone())
    })
}

fn is_in(address: IpAddr, net: IpAddr, length: u8) -> bool {
    let differs = match (address, net) {
        (IpAddr::V4(address), IpAddr::V4(net)) => {
            u128::from(address.to_bits() ^ net.to_bits()) << 96
        }
        (IpAddr::V6(address), IpAddr::V6(net)) => address.to_bits() ^ net.to_bits(),
        _ => return false,
    };
    differs.leading_zeros() >= u32::from(length)
}

fn port(server: SocketAddr) -> Port {
    let host = server.to_string();
    let mut found = Vec::new();
    let mut is_http = false;
    for path in PAGES {
        match request::get(server, path, &host, PATIENCE) {
            Ok(page) => {
                is_http = true;
                if page.status.starts_with("200") {
                    found.push(path);
                }
            }
            Err(NoPage::Refused) => return Port::Refused,
            Err(NoPage::NoConnection(why)) => return Port::Silent(why),
            Err(NoPage::NoHttp(_)) => break,
        }
    }
    if is_http {
        Port::Http(found)
    } else {
        Port::Open
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn an_address_is_here_connected_or_away() {
        let interface = |name: &str, quiet, own: &str, length| Interface {
            name: name.to_owned(),
            index: 1,
            up: true,
            quiet,
            addresses: vec![(own.parse().unwrap(), length)],
        };
        let interfaces = [
            interface("lo", true, "127.0.0.1", 8),
            interface("eth0", false, "192.0.2.1", 25),
            interface("eth1", false, "2001:db8::1", 64),
        ];
        let there = |text: &str| standing(text.parse().unwrap(), &interfaces);
        assert_eq!(there("192.0.2.1"), Standing::Here("eth0".to_owned()));
        assert_eq!(there("192.0.2.127"), Standing::Connected("eth0".to_owned()));
        assert_eq!(there("192.0.2.128"), Standing::Away);
        assert_eq!(there("127.0.0.9"), Standing::Away);
        assert_eq!(there("2001:db8::7"), Standing::Connected("eth1".to_owned()));
        assert_eq!(there("2001:db8:1::7"), Standing::Away);
    }

    #[test]
    fn a_port_that_is_open_and_one_that_is_not() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        // Takes connections and closes them: no HTTP.
        let thread = thread::spawn(move || drop(listener.accept()));
        assert_eq!(port(address), Port::Open);
        thread.join().unwrap();
        assert_eq!(Machine.ports(&[address]), [(address, Port::Refused)]);
    }
}
