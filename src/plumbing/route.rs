//! Routes that deliver a VIP locally, `local VIP/32 dev lo`, in a table of
//! their own. Never `local 0/0`: where `src_valid_mark` is set, as any
//! WireGuard machine sets it, that makes every marked packet's source a martian.
//!
//! Ours carry their own protocol number. Message and attribute numbers are
//! those of linux/rtnetlink.h.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use neli::consts::nl::NlmF;

use super::rule::{family_byte, table_byte};
use super::{Error, PROTOCOL, Reason, Result};
use crate::model::{Family, LocalRoute};
use crate::netlink::{self, Attribute, Message, Request, Socket};

pub(super) const RTM_NEWROUTE: u16 = 24;
pub(super) const RTM_DELROUTE: u16 = 25;
pub(super) const RTM_GETROUTE: u16 = 26;

/// `struct rtmsg`: family, dst_len, src_len, tos, table, protocol, scope, type,
/// u32 flags.
pub(super) const HEADER: usize = 12;
const RT_SCOPE_HOST: u8 = 254;

pub(super) const RTA_DST: u16 = 1;
pub(super) const RTA_OIF: u16 = 4;
pub(super) const RTA_GATEWAY: u16 = 5;
pub(super) const RTA_PREFSRC: u16 = 7;
pub(super) const RTA_TABLE: u16 = 15;

/// `LOOPBACK_IFINDEX`: lo is the first interface of every network namespace.
const LOOPBACK: u32 = 1;

/// `RT_TABLE_LOCAL`, where the kernel keeps this machine's own addresses.
pub const TABLE_LOCAL: u32 = 255;

/// What a route does with its packets (`RTN_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteKind {
    /// Sends them on.
    Unicast,
    /// Delivers them here.
    Local,
    /// Delivers them here and is a broadcast.
    Broadcast,
    /// Anything else, by its number.
    Other(u8),
}

impl RouteKind {
    pub(super) fn of(number: u8) -> Self {
        match number {
            1 => Self::Unicast,
            2 => Self::Local,
            3 => Self::Broadcast,
            other => Self::Other(other),
        }
    }

    pub(super) fn number(self) -> u8 {
        match self {
            Self::Unicast => 1,
            Self::Local => 2,
            Self::Broadcast => 3,
            Self::Other(number) => number,
        }
    }
}

/// A route as the kernel has it, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// The first address of what it leads to; unspecified for a default route.
    pub destination: IpAddr,
    /// How many bits of it count.
    pub length: u8,
    /// Its table.
    pub table: u32,
    /// What it does.
    pub kind: RouteKind,
    /// Who made it (`RTPROT_*`).
    pub protocol: u8,
    /// The index of the interface it goes out of, if it names one.
    pub device: Option<u32>,
}

impl Route {
    /// The route as it will be once we have made it.
    pub(super) fn ours(route: &LocalRoute) -> Self {
        Self {
            destination: route.address,
            length: Family::of(route.address).bits(),
            table: route.table,
            kind: RouteKind::Local,
            protocol: PROTOCOL,
            device: Some(LOOPBACK),
        }
    }

    /// What it does, without who made it; for one to a single address.
    pub(super) fn named(&self) -> LocalRoute {
        LocalRoute {
            address: self.destination,
            table: self.table,
        }
    }

    /// The family.
    #[must_use]
    pub fn family(&self) -> Family {
        Family::of(self.destination)
    }

    /// Whether it carries our protocol number.
    #[must_use]
    pub fn is_tagged(&self) -> bool {
        self.protocol == PROTOCOL
    }

    /// Whether it delivers one single address locally.
    #[must_use]
    pub fn is_local_host(&self) -> bool {
        self.kind == RouteKind::Local && self.length == self.family().bits()
    }

    /// Whether it is the wanted route, whoever made it.
    #[must_use]
    pub fn is(&self, wanted: &LocalRoute) -> bool {
        self.is_local_host()
            && self.table == wanted.table
            && self.destination == wanted.address
            && self.device == Some(LOOPBACK)
    }

    /// Whether it leads to this address.
    #[must_use]
    pub fn covers(&self, address: IpAddr) -> bool {
        match (self.destination, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let differ = network.to_bits() ^ address.to_bits();
                differ.leading_zeros() >= u32::from(self.length)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let differ = network.to_bits() ^ address.to_bits();
                differ.leading_zeros() >= u32::from(self.length)
            }
            _ => false,
        }
    }
}

/// An address as it stands in an attribute.
pub(super) fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// The address in an attribute; its length tells the family.
pub(super) fn address(attribute: Attribute<'_>) -> netlink::Result<IpAddr> {
    if let Ok(octets) = <[u8; 4]>::try_from(attribute.payload) {
        Ok(IpAddr::from(octets))
    } else if let Ok(octets) = <[u8; 16]>::try_from(attribute.payload) {
        Ok(IpAddr::from(octets))
    } else {
        Err(netlink::Error::Malformed("an address of a wrong length"))
    }
}

/// All routes of a family in all tables. A kernel without the family has none.
///
/// # Errors
/// The kernel refuses the dump.
pub fn dump(socket: &mut Socket, family: Family) -> Result<Vec<Route>> {
    let all = dump_raw(socket, family)?.into_iter();
    Ok(all.map(|(route, _)| route).collect())
}

/// The same, each with the message that makes it again.
///
/// # Errors
/// The kernel refuses the dump.
pub(super) fn dump_raw(socket: &mut Socket, family: Family) -> Result<Vec<(Route, Vec<u8>)>> {
    let mut header = [0; HEADER];
    header[0] = family_byte(family);
    match socket.dump(&Request::new(RTM_GETROUTE, &header), |message| {
        Ok((decode(message, family)?, message.payload.to_vec()))
    }) {
        Ok(all) => Ok(all),
        Err(error) if error.errno() == Some(libc::EAFNOSUPPORT) => Ok(Vec::new()),
        Err(error) => Err(Error::new("read the routes", error)),
    }
}

fn decode(message: &Message<'_>, family: Family) -> netlink::Result<Route> {
    let header = message
        .payload
        .first_chunk::<HEADER>()
        .ok_or(netlink::Error::Malformed("a route without a header"))?;
    let [_, length, _, _, table, protocol, _, kind, ..] = *header;
    let mut route = Route {
        destination: match family {
            Family::Ipv4 => Ipv4Addr::UNSPECIFIED.into(),
            Family::Ipv6 => Ipv6Addr::UNSPECIFIED.into(),
        },
        length,
        table: u32::from(table),
        kind: RouteKind::of(kind),
        protocol,
        device: None,
    };
    for attribute in message.attributes(HEADER)? {
        let attribute = attribute?;
        match attribute.kind {
            RTA_DST => route.destination = address(attribute)?,
            RTA_OIF => route.device = Some(attribute.u32()?),
            RTA_TABLE => route.table = attribute.u32()?,
            _ => {}
        }
    }
    Ok(route)
}

fn request(kind: u16, route: &LocalRoute) -> Request {
    let family = Family::of(route.address);
    // IPv6 knows no scopes; ip(8) leaves 0 there.
    let scope = match family {
        Family::Ipv4 => RT_SCOPE_HOST,
        Family::Ipv6 => 0,
    };
    let mut header = [0; HEADER];
    header[0] = family_byte(family);
    header[1] = family.bits();
    header[4] = table_byte(route.table);
    header[5] = PROTOCOL;
    header[6] = scope;
    header[7] = RouteKind::Local.number();
    let mut request = Request::new(kind, &header);
    request
        .attributes()
        .bytes(RTA_DST, &octets(route.address))
        .u32(RTA_OIF, LOOPBACK)
        .u32(RTA_TABLE, route.table);
    request
}

/// Makes the route unless one that does the same is there. Returns whether it
/// was made.
///
/// # Errors
/// The kernel refuses it, or another route stands in its place.
pub fn ensure(socket: &mut Socket, route: &LocalRoute) -> Result<bool> {
    let request = request(RTM_NEWROUTE, route).with_flags(NlmF::CREATE | NlmF::EXCL);
    let doing = || {
        format!(
            "add the local route for {} to table {}",
            route.address, route.table
        )
    };
    match socket.execute(&request) {
        Ok(()) => Ok(true),
        Err(error) if error.errno() == Some(libc::EEXIST) => {
            let routes = dump(socket, Family::of(route.address))?;
            if routes.iter().any(|there| there.is(route)) {
                Ok(false)
            } else {
                Err(Error::new(
                    doing(),
                    Reason::ForeignRoute {
                        address: route.address,
                        table: route.table,
                    },
                ))
            }
        }
        Err(error) => Err(Error::new(doing(), error)),
    }
}

/// Removes our route. One that is not there, or that somebody else made, is
/// left as it is.
///
/// # Errors
/// The kernel refuses it.
pub fn remove(socket: &mut Socket, route: &LocalRoute) -> Result<()> {
    match socket.execute(&request(RTM_DELROUTE, route)) {
        Ok(()) => Ok(()),
        // ESRCH: no such route; ENOENT: no such table; EAFNOSUPPORT: no IPv6.
        Err(error)
            if matches!(
                error.errno(),
                Some(libc::ESRCH | libc::ENOENT | libc::EAFNOSUPPORT)
            ) =>
        {
            Ok(())
        }
        Err(error) => Err(Error::new(
            format!(
                "remove the local route for {} from table {}",
                route.address, route.table
            ),
            error,
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn route(destination: &str, length: u8) -> Route {
        Route {
            destination: destination.parse().unwrap(),
            length,
            table: 100,
            kind: RouteKind::Local,
            protocol: PROTOCOL,
            device: Some(LOOPBACK),
        }
    }

    #[test]
    fn a_prefix_covers_its_addresses() {
        let at = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(route("10.0.0.0", 8).covers(at("10.255.0.1")));
        assert!(!route("10.0.0.0", 8).covers(at("11.0.0.1")));
        assert!(route("0.0.0.0", 0).covers(at("11.0.0.1")));
        assert!(route("2001:db8::", 32).covers(at("2001:db8:1::1")));
        assert!(!route("2001:db8::1", 128).covers(at("2001:db8::2")));
        assert!(!route("::", 0).covers(at("10.0.0.1")));
    }

    #[test]
    fn only_a_route_over_lo_to_the_single_address_is_the_same() {
        let wanted = LocalRoute {
            address: "192.0.2.1".parse().unwrap(),
            table: 100,
        };
        assert!(route("192.0.2.1", 32).is(&wanted));
        assert!(!route("192.0.2.0", 24).is(&wanted));
        let unicast = Route {
            kind: RouteKind::Unicast,
            ..route("192.0.2.1", 32)
        };
        assert!(!unicast.is(&wanted));
    }

    proptest! {
        #[test]
        fn any_dumped_route_is_read_or_refused(payload in proptest::collection::vec(any::<u8>(), 0..100)) {
            let message = Message { kind: RTM_NEWROUTE, flags: NlmF::empty(), sequence: 1, payload: &payload };
            if let Ok(route) = decode(&message, Family::Ipv4) {
                let _ = route.covers("192.0.2.1".parse().unwrap());
            }
        }
    }
}
