//! Names instead of numbers, for those who ask for them.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use crate::model::{Protocol, ServiceId};

/// What endpoints are called; those that are not in it have no names.
#[derive(Debug, Default)]
pub struct Names(HashMap<(Option<Protocol>, IpAddr, u16), String>);

impl Names {
    /// Notes the name of an endpoint, as in `web1.example.com:http`; without a
    /// protocol, that of the servers of a fwmark service.
    pub fn insert(&mut self, protocol: Option<Protocol>, at: (IpAddr, u16), name: String) {
        self.0.insert((protocol, at.0, at.1), name);
    }

    /// The name of an endpoint.
    fn get(&self, protocol: Option<Protocol>, at: (IpAddr, u16)) -> Option<&str> {
        self.0.get(&(protocol, at.0, at.1)).map(String::as_str)
    }

    /// The name of an endpoint, or its numbers.
    pub(super) fn endpoint(&self, protocol: Option<Protocol>, at: (IpAddr, u16)) -> String {
        match self.get(protocol, at) {
            Some(name) => name.to_owned(),
            None => SocketAddr::from(at).to_string(),
        }
    }

    /// A service with its name, or as it is written.
    pub(super) fn service(&self, id: &ServiceId) -> String {
        let name = match *id {
            ServiceId::Address {
                protocol,
                address,
                port,
            } => self
                .get(Some(protocol), (address, port))
                .map(|name| format!("{protocol} {name}")),
            ServiceId::Fwmark { .. } => None,
        };
        name.unwrap_or_else(|| id.to_string())
    }
}
