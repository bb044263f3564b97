//! Which way packets to an address take, and making such ways in table main.

use std::net::IpAddr;

use neli::consts::nl::NlmF;

use super::network::Network;
use super::route::{
    HEADER, RTA_DST, RTA_GATEWAY, RTA_OIF, RTA_PREFSRC, RTA_TABLE, RTM_GETROUTE, RTM_NEWROUTE,
    RouteKind, address, octets,
};
use super::rule::family_byte;
use super::{Error, Reason, Result};
use crate::model::Family;
use crate::netlink::{self, Request};

/// `RTA_MARK`.
const RTA_MARK: u16 = 16;
/// `RTA_VIA`: a gateway of another family, u16 family and the address.
const RTA_VIA: u16 = 18;
/// `RTM_F_LOOKUP_TABLE`: say the table that the answer came from, not just main.
const LOOKUP_TABLE: u32 = 0x1000;
const TABLE_MAIN: u8 = 254;
/// `RTPROT_STATIC`: made by an administrator.
const PROTOCOL_STATIC: u8 = 4;
/// `RT_SCOPE_LINK`: the destination is a neighbour.
const SCOPE_LINK: u8 = 253;

/// Where a route sends its packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via<'a> {
    /// To this router, which a connected network must hold.
    Gateway(IpAddr),
    /// Straight out of this interface.
    Interface(&'a str),
}

/// The kernel's choice for packets to an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Sent on, delivered here, ...
    pub kind: RouteKind,
    /// The index of the interface that they leave by.
    pub device: Option<u32>,
    /// The next router; `None` when the address is a neighbour or ours.
    pub gateway: Option<IpAddr>,
    /// The source that they get when they have none.
    pub source: Option<IpAddr>,
    /// The table that the answer came from.
    pub table: Option<u32>,
}

impl Network {
    /// Asks the kernel which way a packet to this address would take that
    /// starts here with this mark. `None` when there is no way.
    ///
    /// # Errors
    /// The kernel refuses the question.
    pub fn way_to(&mut self, target: IpAddr, mark: Option<u32>) -> Result<Option<Way>> {
        let family = Family::of(target);
        let mut header = [0; HEADER];
        header[0] = family_byte(family);
        header[1] = family.bits();
        header[8..].copy_from_slice(&LOOKUP_TABLE.to_ne_bytes());
        let mut request = Request::new(RTM_GETROUTE, &header);
        request.attributes().bytes(RTA_DST, &octets(target));
        if let Some(mark) = mark {
            request.attributes().u32(RTA_MARK, mark);
        }
        let mut way = None;
        let asked = self.socket.ask(&request, |message| {
            way = Some(decode(message)?);
            Ok(())
        });
        match asked {
            Ok(()) => Ok(way),
            Err(error)
                if matches!(
                    error.errno(),
                    Some(libc::ENETUNREACH | libc::EHOSTUNREACH | libc::EACCES | libc::EINVAL)
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(Error::new(format!("look for the way to {target}"), error)),
        }
    }

    /// Adds a route to table main.
    ///
    /// # Errors
    /// The kernel refuses it, there is no such interface, or the gateway has
    /// another family.
    pub fn add_route(&mut self, destination: IpAddr, length: u8, via: Via<'_>) -> Result<()> {
        let doing = || format!("add a route to {destination}/{length}");
        let family = Family::of(destination);
        let mut header = [0; HEADER];
        header[0] = family_byte(family);
        header[1] = length;
        header[4] = TABLE_MAIN;
        header[5] = PROTOCOL_STATIC;
        header[7] = RouteKind::Unicast.number();
        if let (Via::Interface(_), Family::Ipv4) = (via, family) {
            header[6] = SCOPE_LINK;
        }
        let device = match via {
            Via::Interface(name) => Some(self.index(name)?),
            Via::Gateway(_) => None,
        };
        let mut request = Request::new(RTM_NEWROUTE, &header).with_flags(NlmF::CREATE | NlmF::EXCL);
        if length > 0 {
            request.attributes().bytes(RTA_DST, &octets(destination));
        }
        if let Some(device) = device {
            request.attributes().u32(RTA_OIF, device);
        }
        if let Via::Gateway(gateway) = via {
            if Family::of(gateway) != family {
                let sentence = format!("the gateway {gateway} is of another address family");
                return Err(Error::new(doing(), Reason::Wrong(sentence)));
            }
            request.attributes().bytes(RTA_GATEWAY, &octets(gateway));
        }
        self.execute(&request, doing)
    }
}

fn decode(message: &netlink::Message<'_>) -> netlink::Result<Way> {
    let Some([_, _, _, _, _, _, _, kind, ..]) = message.payload.first_chunk::<HEADER>() else {
        return Err(netlink::Error::Malformed("a route without a header"));
    };
    let mut way = Way {
        kind: RouteKind::of(*kind),
        device: None,
        gateway: None,
        source: None,
        table: None,
    };
    for attribute in message.attributes(HEADER)? {
        let attribute = attribute?;
        match attribute.kind {
            RTA_OIF => way.device = Some(attribute.u32()?),
            RTA_GATEWAY => way.gateway = Some(address(attribute)?),
            RTA_VIA => {
                let payload = attribute.payload.get(2..).unwrap_or(&[]);
                way.gateway = Some(address(netlink::Attribute {
                    kind: RTA_VIA,
                    payload,
                })?);
            }
            RTA_PREFSRC => way.source = Some(address(attribute)?),
            RTA_TABLE => way.table = Some(attribute.u32()?),
            _ => {}
        }
    }
    Ok(way)
}
