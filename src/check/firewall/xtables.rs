//! Matches and targets of xtables, as iptables-nft puts them into its rules. The
//! layouts are those of linux/netfilter/xt_*.h.

use std::collections::BTreeSet;

use super::packet::Packet;
use super::{Doubt, Step};
use crate::plumbing::ruleset::Verdict;

fn u16_at(info: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(info.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(info: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(info.get(at..at + 4)?.try_into().ok()?))
}

/// Whether a match sees the packet.
pub(super) fn matches(
    packet: &Packet,
    name: &str,
    revision: u32,
    info: &[u8],
) -> Result<bool, Doubt> {
    let read = match (name, revision) {
        ("comment", _) => Some(Ok(true)),
        ("tcp", 0) => ports(packet, info).map(|ports| {
            let mask = info.get(9).copied().unwrap_or(0);
            let wanted = info.get(10).copied().unwrap_or(0);
            let inverted = info.get(11).copied().unwrap_or(0) & 8 != 0;
            let flags = (packet.flags & mask == wanted) != inverted;
            all(ports, flags)
        }),
        ("udp", 0) => ports(packet, info),
        ("multiport", 1) => multiport(packet, info),
        ("conntrack", 3) => conntrack(packet, info),
        ("state", 0) => u32_at(info, 0).map(|mask| Ok(mask & packet.state as u32 != 0)),
        ("mark", 1) => mark(packet, info),
        (
            "limit" | "hashlimit" | "connlimit" | "recent" | "statistic" | "time" | "set"
            | "addrtype" | "rpfilter" | "physdev" | "pkttype" | "owner" | "mac" | "iprange"
            | "geoip",
            _,
        ) => Some(Err(Doubt::Varies)),
        _ => None,
    };
    read.unwrap_or_else(|| Err(Doubt::Unread(format!("the match {name}"))))
}

/// Both hold; what is known to be false decides.
fn all(one: Result<bool, Doubt>, other: bool) -> Result<bool, Doubt> {
    if other { one } else { Ok(false) }
}

/// Source ports, destination ports (two each), and whether they are inverted, of
/// `struct xt_tcp` and `struct xt_udp`, which begin alike.
fn ports(packet: &Packet, info: &[u8]) -> Option<Result<bool, Doubt>> {
    let inverted = *info.get(if packet.protocol == 6 { 11 } else { 8 })?;
    let one = |port: Option<u16>, at: usize, bit: u8| -> Option<Result<bool, Doubt>> {
        let (first, last) = (u16_at(info, at)?, u16_at(info, at + 2)?);
        let inverted = inverted & bit != 0;
        if (first, last, inverted) == (0, u16::MAX, false) {
            return Some(Ok(true));
        }
        Some(match port {
            Some(port) => Ok((first..=last).contains(&port) != inverted),
            None => Err(Doubt::Varies),
        })
    };
    let from = one(packet.source_port, 0, 1)?;
    let to = one(packet.target_port, 4, 2)?;
    Some(match (from, to) {
        (Ok(false), _) | (_, Ok(false)) => Ok(false),
        (Err(doubt), _) | (_, Err(doubt)) => Err(doubt),
        (Ok(true), Ok(true)) => Ok(true),
    })
}

/// `struct xt_multiport_v1`.
fn multiport(packet: &Packet, info: &[u8]) -> Option<Result<bool, Doubt>> {
    const EITHER: u8 = 2;
    const SOURCE: u8 = 0;
    let (flags, count) = (*info.first()?, usize::from(*info.get(1)?));
    let inverted = *info.get(2 + 30 + 15)? != 0;
    let port = match flags {
        SOURCE => packet.source_port,
        EITHER => return Some(Err(Doubt::Varies)),
        _ => packet.target_port,
    };
    let Some(port) = port else {
        return Some(Err(Doubt::Varies));
    };
    let mut found = false;
    let mut at = 0;
    while at < count.min(15) {
        let first = u16_at(info, 2 + 2 * at)?;
        let mut last = first;
        if *info.get(32 + at)? != 0 {
            at += 1;
            last = u16_at(info, 2 + 2 * at)?;
        }
        found |= (first..=last).contains(&port);
        at += 1;
    }
    Some(Ok(found != inverted))
}

/// Where `struct xt_conntrack_mtinfo3` keeps its flags.
const CONNTRACK_FLAGS: usize = 146;
const CONNTRACK_STATE: u16 = 1;

fn conntrack(packet: &Packet, info: &[u8]) -> Option<Result<bool, Doubt>> {
    let flags = u16_at(info, CONNTRACK_FLAGS)?;
    let inverted = u16_at(info, CONNTRACK_FLAGS + 2)? & CONNTRACK_STATE != 0;
    if flags & CONNTRACK_STATE == 0 {
        return None;
    }
    let mask = u32::from(u16_at(info, CONNTRACK_FLAGS + 4)?);
    let state = (mask & packet.state as u32 != 0) != inverted;
    Some(if flags == CONNTRACK_STATE {
        Ok(state)
    } else if state {
        Err(Doubt::Unread("the match conntrack".to_owned()))
    } else {
        Ok(false)
    })
}

/// `struct xt_mark_mtinfo1`.
fn mark(packet: &Packet, info: &[u8]) -> Option<Result<bool, Doubt>> {
    let (mark, bits) = (u32_at(info, 0)?, u32_at(info, 4)?);
    let inverted = *info.get(8)? != 0;
    Some(match packet.mark() {
        Some(known) => Ok((known & bits == mark) != inverted),
        None => Err(Doubt::Varies),
    })
}

/// What the target MARK makes of the packet's marks (`struct xt_mark_tginfo2`).
pub(super) fn marks(packet: &Packet, info: &[u8]) -> BTreeSet<u32> {
    let (Some(mark), Some(bits)) = (u32_at(info, 0), u32_at(info, 4)) else {
        return BTreeSet::new();
    };
    packet.marks.iter().map(|old| old & !bits ^ mark).collect()
}

/// What a target does.
pub(super) fn target(name: &str) -> Step {
    match name {
        "REJECT" => Step::Stops("rejects"),
        "DNAT" | "REDIRECT" | "NETMAP" | "TPROXY" => Step::Stops("sends elsewhere (nat)"),
        "NFQUEUE" => Step::Stops("queues"),
        "SNAT" | "MASQUERADE" => Step::Verdict(Verdict::Accept),
        // LOG, TCPMSS, CT, TOS, ...: the packet goes on.
        _ => Step::On,
    }
}
