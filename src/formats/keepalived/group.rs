//! `virtual_server_group`: several addresses, ranges of them, and marks that share
//! one set of servers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Importer;
use super::block::Statement;
use crate::model::Family;

/// The most services that one group becomes.
const MOST: u128 = 1024;

/// One of a group's services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Member {
    /// An address and a port.
    Address(IpAddr, u16),
    /// A mark, and the family if it is said.
    Mark(u32, Option<Family>),
}

/// A group.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) members: Vec<Member>,
}

impl Importer {
    pub(super) fn group(&mut self, statement: &Statement) {
        let Some(name) = statement.word(1) else {
            return self.left_out(statement, "the group has no name");
        };
        let mut members = Vec::new();
        for entry in statement.inside() {
            match entries(entry) {
                Ok(found) => members.extend(found),
                Err(why) => self.left_out(entry, why),
            }
        }
        let group = Group { members };
        if self.groups.insert(name.to_owned(), group).is_some() {
            let text = format!("the group {name} is there twice; the second is taken");
            self.remark(statement.place, text);
        }
    }
}

fn entries(entry: &Statement) -> Result<Vec<Member>, &'static str> {
    if entry.keyword() == "fwmark" {
        let mark = entry.word(1).and_then(|word| word.parse().ok());
        let family = match entry.word(2) {
            Some("inet") => Some(Family::Ipv4),
            Some("inet6") => Some(Family::Ipv6),
            _ => None,
        };
        return match mark {
            Some(mark @ 1..) => Ok(vec![Member::Mark(mark, family)]),
            _ => Err("a mark is a number from 1 to 4294967295"),
        };
    }
    let port = match entry.word(1).map(str::parse) {
        None => 0,
        Some(Ok(port)) => port,
        Some(Err(_)) => return Err("its port is no number from 0 to 65535"),
    };
    let (first, last) =
        range(entry.keyword()).ok_or("it is no address and no range of addresses")?;
    let (base, count) = match (first, last) {
        (IpAddr::V4(first), IpAddr::V4(last)) => {
            let (first, last) = (u128::from(u32::from(first)), u128::from(u32::from(last)));
            (first, last.checked_sub(first))
        }
        (IpAddr::V6(first), IpAddr::V6(last)) => (
            u128::from(first),
            u128::from(last).checked_sub(u128::from(first)),
        ),
        _ => (0, None),
    };
    let count = count.ok_or("its range ends before it begins")?;
    if count >= MOST {
        return Err("its range is longer than 1024 addresses; a service by mark takes them all");
    }
    Ok((base..=base + count)
        .filter_map(|number| match first {
            IpAddr::V4(_) => u32::try_from(number)
                .ok()
                .map(|it| Ipv4Addr::from(it).into()),
            IpAddr::V6(_) => Some(Ipv6Addr::from(number).into()),
        })
        .map(|address| Member::Address(address, port))
        .collect())
}

/// The ends of `a.b.c.d`, `a.b.c.d-e`, `a.b.c.d-a.b.c.e` or `a.b.c.d/len`; the part
/// behind `-` is decimal for IPv4 and hexadecimal for IPv6, as in keepalived.
fn range(text: &str) -> Option<(IpAddr, IpAddr)> {
    if let Some((address, length)) = text.split_once('/') {
        let (address, length): (IpAddr, u32) = (address.parse().ok()?, length.parse().ok()?);
        return match address {
            IpAddr::V4(address) if length <= 32 => {
                let hosts = u32::MAX.checked_shr(length).unwrap_or(0);
                let first = u32::from(address) & !hosts;
                Some((
                    Ipv4Addr::from(first).into(),
                    Ipv4Addr::from(first | hosts).into(),
                ))
            }
            IpAddr::V6(address) if length <= 128 => {
                let hosts = u128::MAX.checked_shr(length).unwrap_or(0);
                let first = u128::from(address) & !hosts;
                Some((
                    Ipv6Addr::from(first).into(),
                    Ipv6Addr::from(first | hosts).into(),
                ))
            }
            _ => None,
        };
    }
    let Some((first, last)) = text.split_once('-') else {
        let address = text.parse().ok()?;
        return Some((address, address));
    };
    let first: IpAddr = first.parse().ok()?;
    if let Ok(last) = last.parse() {
        return Some((first, last));
    }
    Some((
        first,
        match first {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                Ipv4Addr::new(a, b, c, last.parse().ok()?).into()
            }
            IpAddr::V6(address) => {
                let last = u16::from_str_radix(last, 16).ok()?;
                Ipv6Addr::from(u128::from(address) & !0xffff | u128::from(last)).into()
            }
        },
    ))
}
