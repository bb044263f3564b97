//! A packet as far as it is known: the headers of a first packet or of its answer.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::model::Family;
use crate::plumbing::ruleset::{IPV4, IPV6};

/// A byte of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Byte {
    /// This.
    Known(u8),
    /// It hangs on the client, the interface or the time.
    Varies,
    /// It is not looked at.
    Unread,
}

/// Where base chains hang (`NF_INET_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hook {
    /// On arrival.
    Prerouting = 0,
    /// Delivered here.
    Input = 1,
    /// Sent on.
    Forward = 2,
    /// Sent from here.
    Output = 3,
}

/// What conntrack says of a packet (`NF_CT_STATE_BIT`, linux/netfilter/nf_conntrack_common.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It fits nothing that was seen.
    Invalid = 1,
    /// Part of a connection that was seen both ways.
    Established = 2,
    /// The first of a connection.
    New = 8,
    /// It is not looked at.
    Untracked = 64,
}

/// An interface.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Device {
    /// Its number.
    pub index: u32,
    /// Its name.
    pub name: String,
}

/// A packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// The interface that it came by, if it is known.
    pub input: Option<Device>,
    /// The interface that it leaves by, if it is known.
    pub output: Option<Device>,
    /// Who sends it, if it is known.
    pub source: Option<IpAddr>,
    /// Where it goes, if it is known.
    pub target: Option<IpAddr>,
    /// Its family.
    pub family: Family,
    /// Its protocol's number.
    pub protocol: u8,
    /// The port that it comes from, if it is known.
    pub source_port: Option<u16>,
    /// The port that it goes to, if it is known.
    pub target_port: Option<u16>,
    /// The flags of a TCP header.
    pub flags: u8,
    /// What conntrack says.
    pub state: State,
    /// The marks that it may carry.
    pub marks: BTreeSet<u32>,
}

/// `IPPROTO_TCP`.
const TCP: u8 = 6;

fn number(interface: Option<&Device>) -> Vec<Byte> {
    match interface {
        Some(interface) => known(&interface.index.to_ne_bytes()),
        None => vec![Byte::Varies; 4],
    }
}

fn known(bytes: &[u8]) -> Vec<Byte> {
    bytes.iter().copied().map(Byte::Known).collect()
}

fn name(interface: Option<&Device>) -> Vec<Byte> {
    /// `IFNAMSIZ`.
    const LENGTH: usize = 16;
    let Some(interface) = interface else {
        return vec![Byte::Varies; LENGTH];
    };
    let mut bytes = interface.name.as_bytes().to_vec();
    bytes.resize(LENGTH, 0);
    known(&bytes)
}

impl Packet {
    /// `NFPROTO_IPV4` or `NFPROTO_IPV6`.
    pub(super) fn nfproto(&self) -> u8 {
        match self.family {
            Family::Ipv4 => IPV4,
            Family::Ipv6 => IPV6,
        }
    }

    /// What `meta` loads for a key.
    pub(super) fn meta(&self, key: u32) -> Vec<Byte> {
        const PROTOCOL: u32 = 1;
        const MARK: u32 = 3;
        const INPUT: u32 = 4;
        const OUTPUT: u32 = 5;
        const INPUT_NAME: u32 = 6;
        const OUTPUT_NAME: u32 = 7;
        const FAMILY: u32 = 15;
        const TRANSPORT: u32 = 16;
        match key {
            PROTOCOL => known(match self.family {
                Family::Ipv4 => &[0x08, 0x00],
                Family::Ipv6 => &[0x86, 0xdd],
            }),
            MARK => match self.mark() {
                Some(mark) => known(&mark.to_ne_bytes()),
                None => vec![Byte::Varies; 4],
            },
            INPUT => number(self.input.as_ref()),
            OUTPUT => number(self.output.as_ref()),
            INPUT_NAME => name(self.input.as_ref()),
            OUTPUT_NAME => name(self.output.as_ref()),
            FAMILY => known(&[self.nfproto()]),
            TRANSPORT => known(&[self.protocol]),
            _ => vec![Byte::Varies; 16],
        }
    }

    /// The mark, if there can be only one.
    pub(super) fn mark(&self) -> Option<u32> {
        let mut marks = self.marks.iter();
        marks.next().filter(|_| marks.next().is_none()).copied()
    }

    /// What `ct` loads for a key.
    pub(super) fn connection(&self, key: u32) -> Vec<Byte> {
        const STATE: u32 = 0;
        match key {
            STATE => known(&(self.state as u32).to_ne_bytes()),
            _ => vec![Byte::Unread; 16],
        }
    }

    /// A part of a header.
    pub(super) fn header(&self, base: u32, offset: u32, length: u32) -> Vec<Byte> {
        const NETWORK: u32 = 1;
        const TRANSPORT: u32 = 2;
        let header = match base {
            NETWORK => self.network(),
            TRANSPORT => self.transport(),
            _ => Vec::new(),
        };
        let at = usize::try_from(offset).unwrap_or(usize::MAX);
        let length = usize::try_from(length).unwrap_or(0).min(64);
        (at..at.saturating_add(length))
            .map(|index| header.get(index).copied().unwrap_or(Byte::Unread))
            .collect()
    }

    fn network(&self) -> Vec<Byte> {
        let address = |address: Option<IpAddr>, length| match address {
            Some(IpAddr::V4(address)) => known(&address.octets()),
            Some(IpAddr::V6(address)) => known(&address.octets()),
            None => vec![Byte::Varies; length],
        };
        match self.family {
            Family::Ipv4 => {
                let mut header = vec![Byte::Varies; 12];
                header[0] = Byte::Known(0x45);
                header[9] = Byte::Known(self.protocol);
                header.extend(address(self.source, 4));
                header.extend(address(self.target, 4));
                header
            }
            Family::Ipv6 => {
                let mut header = vec![Byte::Varies; 8];
                header[6] = Byte::Known(self.protocol);
                header.extend(address(self.source, 16));
                header.extend(address(self.target, 16));
                header
            }
        }
    }

    fn transport(&self) -> Vec<Byte> {
        let port = |port: Option<u16>| match port {
            Some(port) => known(&port.to_be_bytes()),
            None => vec![Byte::Varies; 2],
        };
        let mut header = port(self.source_port);
        header.extend(port(self.target_port));
        header.extend([Byte::Varies; 16]);
        if self.protocol == TCP {
            header[13] = Byte::Known(self.flags);
        }
        header
    }
}
