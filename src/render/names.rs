//! Names instead of numbers, for those who ask for them.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::net::IpAddr;

use crate::model::{Protocol, ServiceId, push_endpoint};

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
        // Most lists have no names, and hashing costs.
        if self.0.is_empty() {
            return None;
        }
        self.0.get(&(protocol, at.0, at.1)).map(String::as_str)
    }

    /// Writes the name of an endpoint, or its numbers.
    pub(super) fn write_endpoint(
        &self,
        protocol: Option<Protocol>,
        at: (IpAddr, u16),
        text: &mut String,
    ) {
        match self.get(protocol, at) {
            Some(name) => text.push_str(name),
            None => push_endpoint(text, at.0, at.1),
        }
    }

    /// Writes a service with its name, or as it is usually written.
    pub(super) fn write_service(&self, id: &ServiceId, text: &mut String) -> fmt::Result {
        if let ServiceId::Address {
            protocol,
            address,
            port,
        } = *id
            && let Some(name) = self.get(Some(protocol), (address, port))
        {
            return write!(text, "{protocol} {name}");
        }
        write!(text, "{id}")
    }
}
