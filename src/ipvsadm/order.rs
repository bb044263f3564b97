//! ipvsadm's order of services and servers, as it is meant to be: its own
//! comparison overflows between values more than 2^31 apart.

use std::net::IpAddr;

use crate::model::{Family, Protocol, ServerState, ServiceId, ServiceState};

/// Sorts services, and the servers of each.
pub(super) fn table(table: &mut [ServiceState]) {
    table.sort_by_key(|state| order(&state.service.id));
    for state in table {
        servers(&mut state.servers);
    }
}

/// Sorts the servers of a service.
pub(super) fn servers(servers: &mut [ServerState]) {
    servers.sort_by_key(|state| (raw(state.server.address), state.server.port));
}

/// Mark, family, protocol, address, port.
fn order(id: &ServiceId) -> (u32, Family, u16, [u8; 16], u16) {
    match *id {
        ServiceId::Fwmark { mark, family } => (mark, family, 0, [0; 16], 0),
        ServiceId::Address {
            protocol,
            address,
            port,
        } => {
            let number = match protocol {
                Protocol::Tcp => 6,
                Protocol::Udp => 17,
                Protocol::Sctp => 132,
                Protocol::Other(number) => number,
            };
            (0, Family::of(address), number, raw(address), port)
        }
    }
}

/// The bytes of an address, those of IPv4 first in 16: families mix that way.
fn raw(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V6(address) => address.octets(),
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        }
    }
}
