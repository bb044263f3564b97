//! All of the machine's nf_tables rules, read as they are: who may stop a packet
//! or mark it. Nothing here judges; the reading of a packet's fate stands in
//! `check`. Rules of iptables-nft are among them, with matches and targets as
//! xtables has them; those of iptables-legacy are not. Numbers are those of
//! linux/netfilter/nf_tables.h.

use neli::consts::socket::NlFamily;

use super::nftables::{DATA_VALUE, HEADER, LIST_ELEMENT, Verb, request_of};
use super::{Error, Reason, Result};
use crate::netlink::{self, Attributes, Message, Socket};

pub use expression::{Expression, Verdict};

mod expression;

/// `NFPROTO_INET`.
pub const INET: u8 = 1;
/// `NFPROTO_IPV4`.
pub const IPV4: u8 = 2;
/// `NFPROTO_IPV6`.
pub const IPV6: u8 = 10;

/// Elements of one set that are looked at; a longer one is called unread.
const ENOUGH_ELEMENTS: usize = 65_536;

/// Where a base chain hangs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// `NF_INET_PRE_ROUTING` 0, `LOCAL_IN` 1, `FORWARD` 2, `LOCAL_OUT` 3, `POST_ROUTING` 4.
    pub hook: u32,
    /// Smaller is earlier.
    pub priority: i32,
    /// What reaches its end is dropped.
    pub drops: bool,
    /// `filter`, `nat` or `route`.
    pub kind: String,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainRule {
    /// Its number in its table, as `nft -a` shows it.
    pub handle: u64,
    /// What it asks and does, in order.
    pub expressions: Vec<Expression>,
}

/// A chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// [`INET`], [`IPV4`] or [`IPV6`].
    pub family: u8,
    /// Its table.
    pub table: String,
    /// Its name.
    pub name: String,
    /// Where it hangs; none for one that is only jumped to.
    pub base: Option<Base>,
    /// Its rules in order.
    pub rules: Vec<ChainRule>,
}

/// What a key of a map leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// Nothing: it is a set.
    Nothing,
    /// A value.
    Value(Vec<u8>),
    /// A verdict.
    Verdict(Verdict),
}

/// An element of a set or map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// Its key, or the first of an interval.
    pub key: Vec<u8>,
    /// The last of an interval where the kernel says it with the first.
    pub last: Option<Vec<u8>>,
    /// It is the first key behind an interval (`NFT_SET_ELEM_INTERVAL_END`).
    pub ends_interval: bool,
    /// It stands for all keys that are not there (`NFT_SET_ELEM_CATCHALL`).
    pub catches_all: bool,
    /// What it leads to.
    pub data: Data,
}

/// A set or map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    /// The family of its table.
    pub family: u8,
    /// Its table.
    pub table: String,
    /// Its name.
    pub name: String,
    /// Its elements hold intervals (`NFT_SET_INTERVAL`).
    pub intervals: bool,
    /// Keys of several fields (`NFT_SET_CONCAT`).
    pub fields: bool,
    /// Its elements; none if they are too many to be looked at.
    pub elements: Option<Vec<Element>>,
}

/// All rules of this network namespace that see IPv4 or IPv6.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ruleset {
    /// The chains, base chains and others.
    pub chains: Vec<Chain>,
    /// The sets and maps.
    pub sets: Vec<Set>,
}

impl Ruleset {
    /// The chain of this name in the same table as another.
    #[must_use]
    pub fn chain(&self, beside: &Chain, name: &str) -> Option<&Chain> {
        self.chains.iter().find(|chain| {
            (chain.family, &chain.table, chain.name.as_str())
                == (beside.family, &beside.table, name)
        })
    }

    /// The set of this name in the same table as a chain.
    #[must_use]
    pub fn set(&self, beside: &Chain, name: &str) -> Option<&Set> {
        self.sets.iter().find(|set| {
            (set.family, &set.table, set.name.as_str()) == (beside.family, &beside.table, name)
        })
    }
}

/// Reads them all. A kernel without nf_tables has none.
///
/// # Errors
/// The kernel refuses to show them, as it does without `CAP_NET_ADMIN`.
pub fn read() -> Result<Ruleset> {
    let doing = "read the nf_tables rules";
    let mut socket = Socket::open(NlFamily::Netfilter).map_err(|error| Error::new(doing, error))?;
    match all(&mut socket) {
        Ok(ruleset) => Ok(ruleset),
        // nfnetlink_rcv_msg answers EINVAL for a subsystem that it cannot load.
        Err(error) if error.errno() == Some(libc::EINVAL) => Ok(Ruleset::default()),
        Err(error) => Err(Error::new(doing, Reason::from(error))),
    }
}

fn all(socket: &mut Socket) -> netlink::Result<Ruleset> {
    let mut chains: Vec<Chain> = socket
        .dump(&request_of(0, Verb::GetChain), chain)?
        .into_iter()
        .flatten()
        .collect();
    let rules = socket.dump(&request_of(0, Verb::GetRule), rule)?;
    for (family, table, name, rule) in rules.into_iter().flatten() {
        let mut owners = chains.iter_mut();
        if let Some(owner) = owners
            .find(|chain| (chain.family, &chain.table, &chain.name) == (family, &table, &name))
        {
            owner.rules.push(rule);
        }
    }
    let mut sets: Vec<Set> = socket
        .dump(&request_of(0, Verb::GetSet), set)?
        .into_iter()
        .flatten()
        .collect();
    sets.retain(|set| chains.iter().any(|chain| asks(chain, set)));
    for set in &mut sets {
        const TABLE: u16 = 1;
        const SET: u16 = 2;
        let mut ask = request_of(set.family, Verb::GetElements);
        ask.attributes()
            .string(TABLE, &set.table)
            .string(SET, &set.name);
        let mut count = 0;
        let read = socket.dump(&ask, |message| {
            let read = elements(&message.attributes(HEADER)?, ENOUGH_ELEMENTS - count)?;
            count += read.len();
            Ok(read)
        });
        // A set that went away meanwhile is one that was not read.
        let Ok(read) = read else { continue };
        set.elements = (count < ENOUGH_ELEMENTS).then(|| read.into_iter().flatten().collect());
    }
    Ok(Ruleset { chains, sets })
}

/// Whether a rule of the chain looks something up in the set.
fn asks(chain: &Chain, set: &Set) -> bool {
    (chain.family, &chain.table) == (set.family, &set.table)
        && chain.rules.iter().any(|rule| {
            rule.expressions.iter().any(
                |expression| matches!(expression, Expression::LookUp { set: name, .. } if *name == set.name),
            )
        })
}

/// The family in nfgenmsg, if it is one that sees IP.
fn family(message: &Message<'_>) -> Option<u8> {
    let family = *message.payload.first()?;
    [INET, IPV4, IPV6].contains(&family).then_some(family)
}

fn text(attributes: &Attributes<'_>, kind: u16) -> netlink::Result<String> {
    match attributes.find(kind)? {
        Some(found) => Ok(found.string()?.to_owned()),
        None => Ok(String::new()),
    }
}

fn number(attributes: &Attributes<'_>, kind: u16) -> netlink::Result<Option<u32>> {
    attributes.find(kind)?.map(|found| found.be32()).transpose()
}

fn chain(message: &Message<'_>) -> netlink::Result<Option<Chain>> {
    const TABLE: u16 = 1;
    const NAME: u16 = 3;
    const HOOK: u16 = 4;
    const POLICY: u16 = 5;
    const TYPE: u16 = 7;
    const HOOK_NUMBER: u16 = 1;
    const HOOK_PRIORITY: u16 = 2;
    let Some(family) = family(message) else {
        return Ok(None);
    };
    let attributes = message.attributes(HEADER)?;
    let base = match attributes.find(HOOK)? {
        None => None,
        Some(hook) => {
            let hook = hook.nested();
            Some(Base {
                hook: number(&hook, HOOK_NUMBER)?.unwrap_or(u32::MAX),
                priority: number(&hook, HOOK_PRIORITY)?.unwrap_or(0).cast_signed(),
                drops: number(&attributes, POLICY)? == Some(0),
                kind: text(&attributes, TYPE)?,
            })
        }
    };
    Ok(Some(Chain {
        family,
        table: text(&attributes, TABLE)?,
        name: text(&attributes, NAME)?,
        base,
        rules: Vec::new(),
    }))
}

type Placed = (u8, String, String, ChainRule);

fn rule(message: &Message<'_>) -> netlink::Result<Option<Placed>> {
    const TABLE: u16 = 1;
    const CHAIN: u16 = 2;
    const HANDLE: u16 = 3;
    const EXPRESSIONS: u16 = 4;
    let Some(family) = family(message) else {
        return Ok(None);
    };
    let attributes = message.attributes(HEADER)?;
    let expressions = match attributes.find(EXPRESSIONS)? {
        Some(list) => expression::read_list(list.nested())?,
        None => Vec::new(),
    };
    let handle = match attributes.find(HANDLE)? {
        Some(handle) => u64::from_be(handle.u64()?),
        None => 0,
    };
    Ok(Some((
        family,
        text(&attributes, TABLE)?,
        text(&attributes, CHAIN)?,
        ChainRule {
            handle,
            expressions,
        },
    )))
}

fn set(message: &Message<'_>) -> netlink::Result<Option<Set>> {
    const TABLE: u16 = 1;
    const NAME: u16 = 2;
    const FLAGS: u16 = 3;
    const INTERVAL: u32 = 4;
    const CONCATENATED: u32 = 0x80;
    let Some(family) = family(message) else {
        return Ok(None);
    };
    let attributes = message.attributes(HEADER)?;
    let flags = number(&attributes, FLAGS)?.unwrap_or(0);
    Ok(Some(Set {
        family,
        table: text(&attributes, TABLE)?,
        name: text(&attributes, NAME)?,
        intervals: flags & INTERVAL != 0,
        fields: flags & CONCATENATED != 0,
        elements: None,
    }))
}

fn elements(attributes: &Attributes<'_>, limit: usize) -> netlink::Result<Vec<Element>> {
    const LIST: u16 = 3;
    const KEY: u16 = 1;
    const DATA: u16 = 2;
    const FLAGS: u16 = 3;
    const KEY_END: u16 = 10;
    let mut read = Vec::new();
    let Some(list) = attributes.find(LIST)? else {
        return Ok(read);
    };
    for element in list.nested().take(limit) {
        let element = element?;
        if element.kind != LIST_ELEMENT {
            continue;
        }
        let element = element.nested();
        let value = |kind| -> netlink::Result<Option<Vec<u8>>> {
            let Some(found) = element.find(kind)? else {
                return Ok(None);
            };
            let value = found.nested().find(DATA_VALUE)?;
            Ok(value.map(|value| value.payload.to_vec()))
        };
        let flags = number(&element, FLAGS)?.unwrap_or(0);
        let data = match element.find(DATA)? {
            None => Data::Nothing,
            Some(data) => match expression::verdict(&data.nested())? {
                Some(verdict) => Data::Verdict(verdict),
                None => Data::Value(value(DATA)?.unwrap_or_default()),
            },
        };
        read.push(Element {
            key: value(KEY)?.unwrap_or_default(),
            last: value(KEY_END)?,
            ends_interval: flags & 1 != 0,
            catches_all: flags & 2 != 0,
            data,
        });
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use neli::consts::nl::NlmF;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_dumped_ruleset_is_read_or_refused(payload in proptest::collection::vec(any::<u8>(), 0..120)) {
            let message = Message { kind: 0, flags: NlmF::empty(), sequence: 1, payload: &payload };
            let _ = chain(&message);
            let _ = rule(&message);
            let _ = set(&message);
            let _ = elements(&Attributes::new(&payload), 100);
        }
    }
}
