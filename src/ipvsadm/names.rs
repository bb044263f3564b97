//! Names for addresses and ports, in both directions. The only file here that
//! asks the system: the resolver for addresses of names, /etc/services for ports,
//! /etc/hosts and then the name servers for names of addresses.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, ToSocketAddrs};

use crate::lookup;
use crate::model::Protocol;

/// What is known about names.
pub trait Names {
    /// The first IPv4 address of a host; ipvsadm looks up no others.
    fn address(&self, host: &str) -> Option<Ipv4Addr>;
    /// The port of a service of this protocol.
    fn port(&self, service: &str, protocol: Protocol) -> Option<u16>;
    /// The host that has this address.
    fn host(&self, address: IpAddr) -> Option<String>;
    /// The service on this port.
    fn service(&self, port: u16, protocol: Protocol) -> Option<String>;
}

/// The system's names, each looked up once.
#[derive(Default)]
pub struct SystemNames {
    hosts: RefCell<HashMap<IpAddr, Option<String>>>,
    services: RefCell<Option<String>>,
}

impl Names for SystemNames {
    fn address(&self, host: &str) -> Option<Ipv4Addr> {
        // What looks like an address and is none is no name either.
        if host
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
        {
            return None;
        }
        // Port 0 is not used; the lookup wants one.
        let mut found = (host, 0).to_socket_addrs().ok()?;
        found.find_map(|address| match address.ip() {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => None,
        })
    }

    fn port(&self, service: &str, protocol: Protocol) -> Option<u16> {
        // The address is not used; `lookup` takes both together.
        let (_, port) = lookup::socket(&format!("0.0.0.0:{service}"), Some(protocol)).ok()?;
        port
    }

    fn host(&self, address: IpAddr) -> Option<String> {
        let mut hosts = self.hosts.borrow_mut();
        hosts
            .entry(address)
            .or_insert_with(|| host_of(address))
            .clone()
    }

    fn service(&self, port: u16, protocol: Protocol) -> Option<String> {
        if matches!(protocol, Protocol::Other(_)) {
            return None;
        }
        let mut services = self.services.borrow_mut();
        // Without the file ports have no names.
        let text =
            services.get_or_insert_with(|| fs::read_to_string("/etc/services").unwrap_or_default());
        service_on(text, &format!("{port}/{protocol}"))
    }
}

/// The first service of /etc/services on a port, as in `80/tcp`.
fn service_on(text: &str, port: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let name = words.next()?;
        (words.next()? == port).then(|| name.to_owned())
    })
}

fn host_of(address: IpAddr) -> Option<String> {
    // Without the file only the name servers know.
    let text = fs::read_to_string("/etc/hosts").unwrap_or_default();
    host_in(&text, address)
}

/// The first name of this address in /etc/hosts.
fn host_in(text: &str, address: IpAddr) -> Option<String> {
    text.lines().find_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let found: IpAddr = words.next()?.parse().ok()?;
        (found == address).then(|| words.next().map(str::to_owned))?
    })
}

/// Nothing has a name.
#[cfg(test)]
pub(super) struct NoNames;

#[cfg(test)]
impl Names for NoNames {
    fn address(&self, _: &str) -> Option<Ipv4Addr> {
        None
    }

    fn port(&self, _: &str, _: Protocol) -> Option<u16> {
        None
    }

    fn host(&self, _: IpAddr) -> Option<String> {
        None
    }

    fn service(&self, _: u16, _: Protocol) -> Option<String> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_hosts_and_services() {
        let services = "# c\nhttp\t\t80/tcp\t\twww # web\ndomain 53/udp\n";
        assert_eq!(service_on(services, "80/tcp").as_deref(), Some("http"));
        assert_eq!(service_on(services, "53/tcp"), None);
        let hosts = "127.0.0.1\tlocalhost\n#10.0.0.1 x\n10.0.0.1 w1.example.com w1\n";
        let name = host_in(hosts, [10, 0, 0, 1].into());
        assert_eq!(name.as_deref(), Some("w1.example.com"));
        assert_eq!(host_in(hosts, [10, 0, 0, 2].into()), None);
    }
}
