//! Names for addresses and ports, in both directions, as `lookup` finds them.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, ToSocketAddrs};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::lookup::{self, PortNames};
use crate::model::Protocol;

/// What is known about names.
pub trait Names: Sync {
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
    hosts: Mutex<HashMap<IpAddr, Option<String>>>,
    ports: OnceLock<PortNames>,
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
        let hosts = self.hosts.lock();
        let mut hosts = hosts.unwrap_or_else(PoisonError::into_inner);
        hosts
            .entry(address)
            .or_insert_with(|| lookup::host_name(address))
            .clone()
    }

    fn service(&self, port: u16, protocol: Protocol) -> Option<String> {
        let ports = self.ports.get_or_init(PortNames::read);
        ports.get(port, protocol).map(str::to_owned)
    }
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
