//! Tells the neighbours on a network that an address is here now: whoever knew it at
//! another machine goes on sending there until then. Gratuitous ARP (RFC 5227,
//! section 3) and unsolicited neighbour advertisements (RFC 4861, section 7.2.6),
//! written to a packet socket as whole Ethernet frames; that needs CAP_NET_RAW.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::ifaddrs::getifaddrs;
use nix::sys::socket::{AddressFamily, LinkAddr, MsgFlags, SockFlag, SockType, sendto, socket};

use super::{Error, Reason, Result};
use crate::model::InterfaceName;

type Mac = [u8; 6];

const BROADCAST: Mac = [0xff; 6];
/// `ARPHRD_ETHER`.
const ETHERNET: u16 = 1;
/// One may be lost.
const REPEATS: usize = 2;

/// Says that this address is at this interface. An interface without an Ethernet
/// address, such as lo, has no neighbours to tell.
///
/// # Errors
/// There is no interface, or no right to send.
pub fn announce(interface: InterfaceName, vip: IpAddr) -> Result<()> {
    send(interface, vip).map_err(|errno| {
        let reason = match errno {
            Errno::EPERM | Errno::EACCES => Reason::NoRawPackets,
            Errno::EAFNOSUPPORT => Reason::Wrong(
                "this kernel or its sandbox has no packet sockets (AF_PACKET)".to_owned(),
            ),
            errno => errno.into(),
        };
        Error::new(
            format!("tell the neighbours at {interface} that {vip} is here"),
            reason,
        )
    })
}

fn send(interface: InterfaceName, vip: IpAddr) -> nix::Result<()> {
    let Some(link) = link(interface)? else {
        return Ok(());
    };
    let (Some(mac), ETHERNET) = (link.addr(), link.hatype()) else {
        return Ok(());
    };
    let frames = match vip {
        IpAddr::V4(vip) => vec![arp(mac, vip, 1), arp(mac, vip, 2)],
        IpAddr::V6(vip) => vec![advertisement(mac, vip)],
    };
    let socket: OwnedFd = socket(
        AddressFamily::Packet,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        None,
    )?;
    for frame in frames.iter().cycle().take(REPEATS * frames.len()) {
        match sendto(socket.as_raw_fd(), frame, &link, MsgFlags::empty()) {
            // Down, or a full queue: the link is not worse off than without us.
            Ok(_) | Err(Errno::ENETDOWN | Errno::ENOBUFS) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The interface's packet address, for its index and its Ethernet address.
fn link(interface: InterfaceName) -> nix::Result<Option<LinkAddr>> {
    let mut all = getifaddrs()?.filter(|entry| entry.interface_name == interface.as_str());
    Ok(all.find_map(|entry| entry.address?.as_link_addr().copied()))
}

/// A gratuitous ARP packet: request (1) or reply (2), for those that listen to only
/// one of the two.
fn arp(mac: Mac, vip: Ipv4Addr, operation: u16) -> Vec<u8> {
    let mut frame = Vec::with_capacity(42);
    frame.extend(BROADCAST);
    frame.extend(mac);
    // EtherType ARP; Ethernet, IPv4, lengths of their addresses.
    frame.extend([0x08, 0x06, 0, 1, 0x08, 0x00, 6, 4]);
    frame.extend(operation.to_be_bytes());
    frame.extend(mac);
    frame.extend(vip.octets());
    frame.extend(if operation == 1 { [0; 6] } else { mac });
    frame.extend(vip.octets());
    frame
}

/// An unsolicited neighbour advertisement to all nodes of the link, with the override flag.
fn advertisement(mac: Mac, vip: Ipv6Addr) -> Vec<u8> {
    const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
    const ICMPV6: u8 = 58;
    // Type 136, code, checksum, flags O; target; option 2: the link-layer address.
    let mut message = vec![136, 0, 0, 0, 0x20, 0, 0, 0];
    message.extend(vip.octets());
    message.extend([2, 1]);
    message.extend(mac);
    let length = u16::try_from(message.len()).unwrap_or_default();
    let mut summed = Vec::new();
    summed.extend(vip.octets());
    summed.extend(ALL_NODES.octets());
    summed.extend([0, 0]);
    summed.extend(length.to_be_bytes());
    summed.extend([0, 0, 0, ICMPV6]);
    summed.extend(&message);
    let sum = checksum(&summed).to_be_bytes();
    for (place, byte) in message.iter_mut().skip(2).zip(sum) {
        *place = byte;
    }
    let mut frame = Vec::with_capacity(86);
    // 33:33 and the last four bytes of the group, RFC 2464.
    frame.extend([0x33, 0x33, 0, 0, 0, 1]);
    frame.extend(mac);
    // EtherType IPv6; version; payload length; next header; hop limit 255.
    frame.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
    frame.extend(length.to_be_bytes());
    frame.extend([ICMPV6, 255]);
    frame.extend(vip.octets());
    frame.extend(ALL_NODES.octets());
    frame.extend(message);
    frame
}

/// RFC 1071.
fn checksum(bytes: &[u8]) -> u16 {
    let mut sum = bytes.chunks(2).fold(0u32, |sum, pair| {
        let high = pair.first().copied().unwrap_or_default();
        let low = pair.get(1).copied().unwrap_or_default();
        sum + u32::from(u16::from_be_bytes([high, low]))
    });
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: Mac = [2, 0, 0, 0, 0, 0x17];

    #[test]
    fn a_gratuitous_request_names_the_address_twice() {
        let expected = [
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 0x17, 8, 6, // Ethernet
            0, 1, 8, 0, 6, 4, 0, 1, // request
            2, 0, 0, 0, 0, 0x17, 192, 0, 2, 1, // from us
            0, 0, 0, 0, 0, 0, 192, 0, 2, 1, // about the same address
        ];
        assert_eq!(arp(MAC, Ipv4Addr::new(192, 0, 2, 1), 1), expected);
    }

    #[test]
    fn the_checksum_of_an_advertisement_is_right() {
        let vip: Ipv6Addr = "2001:db8::1".parse().unwrap();
        let frame = advertisement(MAC, vip);
        assert_eq!(frame.len(), 14 + 40 + 32);
        let message = &frame[54..];
        assert_eq!(message[0], 136);
        assert_eq!(&message[26..], MAC);
        // Summed with its checksum, pseudo-header included, it comes to nothing.
        let mut summed = frame[22..54].to_vec();
        summed.extend([0, 0, 0, 32, 0, 0, 0, 58]);
        summed.extend(message);
        assert_eq!(checksum(&summed), 0);
    }
}
