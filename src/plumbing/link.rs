//! Interfaces and neighbours as a doctor looks at them: how long a packet may be,
//! and who answers for an address. Numbers are those of linux/if_link.h and
//! linux/neighbour.h.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use neli::consts::nl::NlmF;

use super::network::Network;
use super::route::octets;
use super::rule::family_byte;
use super::{Error, Result};
use crate::model::Family;
use crate::netlink::{self, Message, Request};

const RTM_GETLINK: u16 = 18;
const RTM_NEWNEIGH: u16 = 28;
const RTM_DELNEIGH: u16 = 29;
const RTM_GETNEIGH: u16 = 30;
/// `struct ifinfomsg`.
const LINK_HEADER: usize = 16;
const IFLA_MTU: u16 = 4;
const IFF_LOOPBACK: u32 = 8;
/// `struct ndmsg`: family, 3 pad, i32 index, u16 state, flags, type.
const NEIGHBOUR_HEADER: usize = 12;
const NDA_DST: u16 = 1;
const NDA_LLADDR: u16 = 2;
/// `NTF_USE`: ask for it as if a packet were to be sent.
const USE: u8 = 1;
/// `NUD_REACHABLE`, `STALE`, `DELAY`, `PROBE`: somebody answered once.
const ANSWERED: u16 = 0x02 | 0x04 | 0x08 | 0x10;
/// `NUD_REACHABLE`: somebody answered just now.
const REACHABLE: u16 = 0x02;
/// `NUD_FAILED`: nobody answered.
const FAILED: u16 = 0x20;

/// How long an interface's packets may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// The interface's number.
    pub index: u32,
    /// Bytes of the longest packet.
    pub mtu: u32,
    /// It leads nowhere but here.
    pub loopback: bool,
}

/// A neighbour's address on its link (of Ethernet: 6 bytes).
pub type LinkAddress = Vec<u8>;

impl Network {
    /// How long the packets of each interface may be.
    ///
    /// # Errors
    /// The kernel refuses to show it.
    pub fn frames(&mut self) -> Result<Vec<Frame>> {
        let request = Request::new(RTM_GETLINK, &[0; LINK_HEADER]);
        let frames = self.socket.dump(&request, frame);
        frames.map_err(|error| Error::new("list the network interfaces", error))
    }

    /// Who answers for each of these addresses on the interface with this number,
    /// asked by ARP or neighbour discovery, as the kernel asks. What was not known
    /// before is forgotten again.
    ///
    /// # Errors
    /// The kernel refuses to ask or to tell.
    pub fn who_has(
        &mut self,
        index: u32,
        addresses: &[IpAddr],
        patience: Duration,
    ) -> Result<Vec<(IpAddr, LinkAddress)>> {
        let doing = |error| Error::new("ask who has an address", error);
        let before = self.neighbours(index).map_err(doing)?;
        for address in addresses {
            let ask = neighbour(RTM_NEWNEIGH, index, *address, USE).with_flags(NlmF::CREATE);
            self.socket.execute(&ask).map_err(doing)?;
        }
        let begin = Instant::now();
        let known = loop {
            let known = self.neighbours(index).map_err(doing)?;
            let open = |address: &IpAddr| {
                let mut known = known.iter();
                !known
                    .any(|(other, state, _)| other == address && state & (REACHABLE | FAILED) != 0)
            };
            if !addresses.iter().any(open) || begin.elapsed() > patience {
                break known;
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        for address in addresses {
            if !before.iter().any(|(other, ..)| other == address) {
                // It may have gone already.
                let _ = self
                    .socket
                    .execute(&neighbour(RTM_DELNEIGH, index, *address, 0));
            }
        }
        Ok(known
            .into_iter()
            .filter(|(address, state, _)| addresses.contains(address) && state & ANSWERED != 0)
            .filter_map(|(address, _, link)| Some((address, link?)))
            .collect())
    }

    fn neighbours(
        &mut self,
        index: u32,
    ) -> netlink::Result<Vec<(IpAddr, u16, Option<LinkAddress>)>> {
        let request = Request::new(RTM_GETNEIGH, &[0; NEIGHBOUR_HEADER]);
        let all = self.socket.dump(&request, read_neighbour)?;
        let here = all.into_iter().flatten().filter(|found| found.0 == index);
        Ok(here
            .map(|(_, address, state, link)| (address, state, link))
            .collect())
    }
}

fn neighbour(kind: u16, index: u32, address: IpAddr, flags: u8) -> Request {
    let mut header = [0; NEIGHBOUR_HEADER];
    header[0] = family_byte(Family::of(address));
    header[4..8].copy_from_slice(&index.to_ne_bytes());
    header[10] = flags;
    let mut request = Request::new(kind, &header);
    request.attributes().bytes(NDA_DST, &octets(address));
    request
}

fn frame(message: &Message<'_>) -> netlink::Result<Frame> {
    let short = netlink::Error::Malformed("an interface without a header");
    let Some([_, _, _, _, i0, i1, i2, i3, f0, f1, f2, f3, ..]) =
        message.payload.first_chunk::<LINK_HEADER>()
    else {
        return Err(short);
    };
    let mtu = message.attributes(LINK_HEADER)?.find(IFLA_MTU)?;
    Ok(Frame {
        index: u32::from_ne_bytes([*i0, *i1, *i2, *i3]),
        mtu: mtu.map_or(Ok(0), |mtu| mtu.u32())?,
        loopback: u32::from_ne_bytes([*f0, *f1, *f2, *f3]) & IFF_LOOPBACK != 0,
    })
}

type Neighbour = (u32, IpAddr, u16, Option<LinkAddress>);

fn read_neighbour(message: &Message<'_>) -> netlink::Result<Option<Neighbour>> {
    let short = netlink::Error::Malformed("a neighbour without a header");
    let Some([_, _, _, _, i0, i1, i2, i3, s0, s1, _, _]) =
        message.payload.first_chunk::<NEIGHBOUR_HEADER>()
    else {
        return Err(short);
    };
    let attributes = message.attributes(NEIGHBOUR_HEADER)?;
    let Some(address) = attributes.find(NDA_DST)? else {
        return Ok(None);
    };
    let link = attributes.find(NDA_LLADDR)?;
    Ok(Some((
        u32::from_ne_bytes([*i0, *i1, *i2, *i3]),
        super::route::address(address)?,
        u16::from_ne_bytes([*s0, *s1]),
        link.map(|link| link.payload.to_vec()),
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_dumped_neighbour_is_read_or_refused(payload in proptest::collection::vec(any::<u8>(), 0..60)) {
            let message = Message { kind: RTM_NEWNEIGH, flags: NlmF::empty(), sequence: 1, payload: &payload };
            let _ = frame(&message);
            let _ = read_neighbour(&message);
        }
    }
}
