//! Addresses on interfaces: VIPs in mode address. Ours have a prefix of their whole
//! length, so that they bring no network along, and carry our protocol number
//! (`IFA_PROTO`, which kernels before 5.18 do not keep). Message and attribute
//! numbers are those of linux/if_addr.h.

use std::net::IpAddr;

use neli::consts::nl::NlmF;

use super::network::{
    ADDRESS_HEADER, IFA_ADDRESS, IFA_LOCAL, LINK_HEADER, NO_DETECTION, RTM_GETADDR, RTM_GETLINK,
    RTM_NEWADDR, interface,
};
use super::route::{address, octets};
use super::rule::family_byte;
use super::{Error, PROTOCOL, Reason, Result};
use crate::model::{Family, InterfaceName};
use crate::netlink::{self, Message, Request, Socket};

const RTM_DELADDR: u16 = 21;
const IFA_PROTO: u16 = 11;

/// An address that this machine has on an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnAddress {
    /// The interface.
    pub interface: InterfaceName,
    /// The address.
    pub address: IpAddr,
    /// How many bits of it are those of the network it is connected to.
    pub length: u8,
    /// Who made it (`IFA_PROTO`; 0 on kernels before 5.18).
    pub protocol: u8,
}

impl OwnAddress {
    /// Whether it carries our protocol number.
    #[must_use]
    pub fn is_tagged(&self) -> bool {
        self.protocol == PROTOCOL
    }

    /// Whether this address is a neighbour, reached without a router.
    #[must_use]
    pub fn connects(&self, other: IpAddr) -> bool {
        let differ = match (self.address, other) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                (own.to_bits() ^ other.to_bits()).leading_zeros()
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                (own.to_bits() ^ other.to_bits()).leading_zeros()
            }
            _ => return false,
        };
        let whole = Family::of(other).bits();
        self.length < whole && differ >= u32::from(self.length)
    }
}

/// The interfaces, and the addresses on them. An interface whose name is no text is
/// left out.
///
/// # Errors
/// The kernel refuses the dump.
pub fn dump(socket: &mut Socket) -> Result<(Vec<InterfaceName>, Vec<OwnAddress>)> {
    let failed = |error| Error::new("list the network interfaces", error);
    let request = Request::new(RTM_GETLINK, &[0; LINK_HEADER]);
    let links = socket.dump(&request, interface).map_err(failed)?;
    let named: Vec<(u32, InterfaceName)> = links
        .into_iter()
        .filter_map(|link| Some((link.index, link.name.parse().ok()?)))
        .collect();
    let request = Request::new(RTM_GETADDR, &[0; ADDRESS_HEADER]);
    let found = socket.dump(&request, decode).map_err(failed)?;
    let addresses = found
        .into_iter()
        .flatten()
        .filter_map(|(index, address, length, protocol)| {
            let (_, interface) = named.iter().find(|(other, _)| *other == index)?;
            Some(OwnAddress {
                interface: *interface,
                address,
                length,
                protocol,
            })
        })
        .collect();
    Ok((named.into_iter().map(|(_, name)| name).collect(), addresses))
}

fn decode(message: &Message<'_>) -> netlink::Result<Option<(u32, IpAddr, u8, u8)>> {
    let short = netlink::Error::Malformed("an address without a header");
    let Some([_, length, _, _, index @ ..]) = message.payload.first_chunk::<ADDRESS_HEADER>()
    else {
        return Err(short);
    };
    let attributes = message.attributes(ADDRESS_HEADER)?;
    // On a point-to-point link, IFA_ADDRESS is the other end.
    let found = match attributes.find(IFA_LOCAL)? {
        Some(local) => Some(local),
        None => attributes.find(IFA_ADDRESS)?,
    };
    let protocol = attributes.find(IFA_PROTO)?;
    let protocol = protocol.map_or(Ok(0), |found| found.u8())?;
    match found {
        Some(found) => {
            let index = u32::from_ne_bytes(*index);
            Ok(Some((index, address(found)?, *length, protocol)))
        }
        None => Ok(None),
    }
}

fn request(kind: u16, index: u32, vip: IpAddr) -> Request {
    let family = Family::of(vip);
    let mut header = [0; ADDRESS_HEADER];
    header[0] = family_byte(family);
    header[1] = family.bits();
    // Usable at once: nobody is asked whether it is taken.
    header[2] = match family {
        Family::Ipv4 => 0,
        Family::Ipv6 => NO_DETECTION,
    };
    header[4..].copy_from_slice(&index.to_ne_bytes());
    let mut request = Request::new(kind, &header);
    request
        .attributes()
        .bytes(IFA_LOCAL, &octets(vip))
        .bytes(IFA_ADDRESS, &octets(vip))
        .u8(IFA_PROTO, PROTOCOL);
    request
}

fn index_of(socket: &mut Socket, name: InterfaceName) -> Result<Option<u32>> {
    let request = Request::new(RTM_GETLINK, &[0; LINK_HEADER]);
    let links = socket
        .dump(&request, interface)
        .map_err(|error| Error::new(format!("find the interface {name}"), error))?;
    let mut links = links.into_iter();
    Ok(links
        .find(|link| link.name == name.as_str())
        .map(|link| link.index))
}

/// Puts the address on the interface unless it is there. Returns whether it was put.
///
/// # Errors
/// [`Reason::UnknownInterface`], or the kernel refuses it.
pub fn ensure(socket: &mut Socket, interface: InterfaceName, vip: IpAddr) -> Result<bool> {
    let doing = || format!("add {vip} to {interface}");
    let Some(index) = index_of(socket, interface)? else {
        return Err(Error::new(doing(), Reason::UnknownInterface));
    };
    let request = request(RTM_NEWADDR, index, vip).with_flags(NlmF::CREATE | NlmF::EXCL);
    match socket.execute(&request) {
        Ok(()) => Ok(true),
        Err(error) if error.errno() == Some(libc::EEXIST) => Ok(false),
        Err(error) => Err(Error::new(doing(), error)),
    }
}

/// Takes the address off the interface. One that is not there is no error.
///
/// # Errors
/// The kernel refuses it.
pub fn remove(socket: &mut Socket, interface: InterfaceName, vip: IpAddr) -> Result<()> {
    // The interface may have gone, and the address with it.
    let Some(index) = index_of(socket, interface)? else {
        return Ok(());
    };
    match socket.execute(&request(RTM_DELADDR, index, vip)) {
        Ok(()) => Ok(()),
        Err(error)
            if matches!(
                error.errno(),
                Some(libc::EADDRNOTAVAIL | libc::ENODEV | libc::EAFNOSUPPORT)
            ) =>
        {
            Ok(())
        }
        Err(error) => Err(Error::new(format!("remove {vip} from {interface}"), error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn on_eth0(address: &str, length: u8) -> OwnAddress {
        OwnAddress {
            interface: "eth0".parse().unwrap(),
            address: address.parse().unwrap(),
            length,
            protocol: 0,
        }
    }

    #[test]
    fn a_network_connects_its_hosts() {
        let at = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(on_eth0("192.0.2.1", 24).connects(at("192.0.2.200")));
        assert!(!on_eth0("192.0.2.1", 24).connects(at("192.0.3.200")));
        assert!(!on_eth0("192.0.2.1", 32).connects(at("192.0.2.1")));
        assert!(on_eth0("2001:db8::1", 64).connects(at("2001:db8::9")));
        assert!(!on_eth0("2001:db8::1", 64).connects(at("192.0.2.1")));
    }

    proptest! {
        #[test]
        fn any_dumped_address_is_read_or_refused(payload in proptest::collection::vec(any::<u8>(), 0..100)) {
            let message = Message { kind: RTM_NEWADDR, flags: NlmF::empty(), sequence: 1, payload: &payload };
            let _ = decode(&message);
        }
    }
}
