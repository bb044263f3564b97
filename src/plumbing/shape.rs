//! What the table `inet lbctl` looks like: how it is made, and whether the one
//! that is there looks so. The VIPs in it are `mark`'s.
//!
//! The numbers of types and byte orders are nft's own notes: with them
//! `nft list ruleset` prints the table as a person would write it.

use neli::consts::nl::NlmF;

use super::Reason;
use super::nftables::{Expression, HEADER, Verb, create, request};
use crate::model::Family;
use crate::netlink::{self, Attributes, Request, Socket};

pub(super) const TABLE: &str = "lbctl";
const CHAINS: [Chain; 2] = [
    Chain {
        name: "prerouting",
        kind: "filter",
        hook: 0,
    },
    // Type route: the mark makes the kernel look for another route.
    Chain {
        name: "output",
        kind: "route",
        hook: 3,
    },
];
pub(super) const FAMILIES: [Family; 2] = [Family::Ipv4, Family::Ipv6];
/// `mangle`, in network order a signed number.
const PRIORITY: u32 = (-150i32).cast_unsigned();
const POLICY_ACCEPT: u32 = 1;
/// `NFT_SET_MAP`.
const FLAG_MAP: u32 = 8;
/// nft's number for the type `mark`.
const TYPE_MARK: u32 = 19;
const MARK_LENGTH: u32 = 4;

pub(super) const TABLE_NAME: u16 = 1;
pub(super) const TABLE_FLAGS: u16 = 2;

const CHAIN_TABLE: u16 = 1;
const CHAIN_NAME: u16 = 3;
const CHAIN_HOOK: u16 = 4;
const CHAIN_POLICY: u16 = 5;
const CHAIN_TYPE: u16 = 7;
const HOOK_NUMBER: u16 = 1;
const HOOK_PRIORITY: u16 = 2;

const RULE_TABLE: u16 = 1;
const RULE_CHAIN: u16 = 2;
const RULE_EXPRESSIONS: u16 = 4;

const SET_TABLE: u16 = 1;
const SET_NAME: u16 = 2;
const SET_FLAGS: u16 = 3;
const SET_KEY_TYPE: u16 = 4;
const SET_KEY_LENGTH: u16 = 5;
const SET_DATA_TYPE: u16 = 6;
const SET_DATA_LENGTH: u16 = 7;
const SET_ID: u16 = 10;
const SET_USERDATA: u16 = 13;

struct Chain {
    name: &'static str,
    kind: &'static str,
    /// `NF_INET_PRE_ROUTING`, `NF_INET_LOCAL_OUT`.
    hook: u32,
}

/// The map of a family's VIPs.
pub(super) fn map_name(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "vip4",
        Family::Ipv6 => "vip6",
    }
}

/// nft's numbers for `ipv4_addr` and `ipv6_addr`.
fn key_type(family: Family) -> u32 {
    match family {
        Family::Ipv4 => 7,
        Family::Ipv6 => 8,
    }
}

fn key_length(family: Family) -> u32 {
    u32::from(family.bits() / 8)
}

/// `meta mark set ip daddr map @vip4`, with the family that nft puts before it.
fn rule(family: Family) -> Vec<Expression> {
    let (protocol, offset) = match family {
        Family::Ipv4 => (2, 16),
        Family::Ipv6 => (10, 24),
    };
    vec![
        Expression::LoadFamily,
        Expression::Compare(protocol),
        Expression::LoadHeader {
            offset,
            length: key_length(family),
        },
        Expression::LookUp {
            map: map_name(family).to_owned(),
        },
        Expression::SetMark,
    ]
}

/// Whether the table that is there is as we make it.
///
/// # Errors
/// [`Reason::ForeignTable`] with the difference, or the kernel refuses to show it.
pub(super) fn check(socket: &mut Socket) -> std::result::Result<(), Reason> {
    check_maps(socket)?;
    check_chains(socket)?;
    check_rules(socket)
}

pub(super) fn foreign(difference: impl Into<String>) -> Reason {
    Reason::ForeignTable(difference.into())
}

fn check_maps(socket: &mut Socket) -> std::result::Result<(), Reason> {
    let mut dump = request(Verb::GetSet);
    dump.attributes().string(SET_TABLE, TABLE);
    let mut found = socket.dump(&dump, |message| {
        let attributes = message.attributes(HEADER)?;
        let number = |kind| -> netlink::Result<u32> {
            attributes.find(kind)?.map_or(Ok(0), |found| found.be32())
        };
        Ok((
            text(&attributes, SET_NAME)?,
            [
                number(SET_FLAGS)?,
                number(SET_KEY_TYPE)?,
                number(SET_KEY_LENGTH)?,
                number(SET_DATA_TYPE)?,
                number(SET_DATA_LENGTH)?,
            ],
        ))
    })?;
    found.sort();
    let wanted = FAMILIES.map(|family| {
        (
            map_name(family).to_owned(),
            [
                FLAG_MAP,
                key_type(family),
                key_length(family),
                TYPE_MARK,
                MARK_LENGTH,
            ],
        )
    });
    if found == wanted {
        Ok(())
    } else {
        Err(foreign(
            "its maps are not 'vip4' from ipv4_addr and 'vip6' from ipv6_addr to mark",
        ))
    }
}

fn check_chains(socket: &mut Socket) -> std::result::Result<(), Reason> {
    // The kernel dumps the chains of all tables of the family.
    let found = socket.dump(&request(Verb::GetChain), |message| {
        let attributes = message.attributes(HEADER)?;
        if text(&attributes, CHAIN_TABLE)? != TABLE {
            return Ok(None);
        }
        let hook = attributes.find(CHAIN_HOOK)?;
        let hook = hook.map_or(Attributes::new(&[]), |hook| hook.nested());
        let number = |of: &Attributes<'_>, kind| -> netlink::Result<u32> {
            of.find(kind)?.map_or(Ok(u32::MAX), |found| found.be32())
        };
        Ok(Some((
            text(&attributes, CHAIN_NAME)?,
            text(&attributes, CHAIN_TYPE)?,
            number(&hook, HOOK_NUMBER)?,
            number(&hook, HOOK_PRIORITY)?,
            number(&attributes, CHAIN_POLICY)?,
        )))
    })?;
    let found: Vec<_> = found.into_iter().flatten().collect();
    for chain in &CHAINS {
        let is_there = found.iter().any(|(name, kind, hook, priority, policy)| {
            (name.as_str(), kind.as_str()) == (chain.name, chain.kind)
                && (*hook, *priority, *policy) == (chain.hook, PRIORITY, POLICY_ACCEPT)
        });
        if !is_there {
            let name = chain.name;
            return Err(foreign(format!(
                "it has no chain '{name}' at that hook with priority mangle and policy accept"
            )));
        }
    }
    if found.len() == CHAINS.len() {
        Ok(())
    } else {
        Err(foreign("it has more chains"))
    }
}

fn check_rules(socket: &mut Socket) -> std::result::Result<(), Reason> {
    for chain in &CHAINS {
        let mut dump = request(Verb::GetRule);
        dump.attributes()
            .string(RULE_TABLE, TABLE)
            .string(RULE_CHAIN, chain.name);
        let found = socket.dump(&dump, |message| {
            match message.attributes(HEADER)?.find(RULE_EXPRESSIONS)? {
                Some(list) => Expression::read_list(list.nested()),
                None => Ok(None),
            }
        })?;
        if found != FAMILIES.map(|family| Some(rule(family))) {
            let name = chain.name;
            return Err(foreign(format!("the rules in its chain '{name}' differ")));
        }
    }
    Ok(())
}

fn text(attributes: &Attributes<'_>, kind: u16) -> netlink::Result<String> {
    match attributes.find(kind)? {
        Some(found) => Ok(found.string()?.to_owned()),
        None => Ok(String::new()),
    }
}

/// The table with its maps, chains and rules, and no VIP.
pub(super) fn new_table() -> Vec<Request> {
    let mut table = create(Verb::NewTable);
    table.attributes().string(TABLE_NAME, TABLE);
    let mut requests = vec![table];
    requests.extend(FAMILIES.map(new_map));
    for chain in &CHAINS {
        requests.push(new_chain(chain));
        requests.extend(FAMILIES.map(|family| new_rule(chain, family)));
    }
    requests
}

fn new_map(family: Family) -> Request {
    let mut map = create(Verb::NewSet);
    map.attributes()
        .string(SET_TABLE, TABLE)
        .string(SET_NAME, map_name(family))
        .be32(SET_FLAGS, FLAG_MAP)
        .be32(SET_KEY_TYPE, key_type(family))
        .be32(SET_KEY_LENGTH, key_length(family))
        .be32(SET_DATA_TYPE, TYPE_MARK)
        .be32(SET_DATA_LENGTH, MARK_LENGTH)
        // Any number that tells the maps of one batch apart.
        .be32(SET_ID, key_type(family))
        .bytes(SET_USERDATA, &byte_orders());
    map
}

/// What nft notes for itself: keys are in network order (2), marks in host
/// order (1); each a type byte, a length byte and a u32 in host order.
fn byte_orders() -> Vec<u8> {
    const KEY_ORDER: u8 = 0;
    const DATA_ORDER: u8 = 1;
    let mut notes = Vec::with_capacity(12);
    for (kind, order) in [(KEY_ORDER, 2u32), (DATA_ORDER, 1)] {
        notes.extend_from_slice(&[kind, 4]);
        notes.extend_from_slice(&order.to_ne_bytes());
    }
    notes
}

fn new_chain(chain: &Chain) -> Request {
    let mut request = create(Verb::NewChain);
    request
        .attributes()
        .string(CHAIN_TABLE, TABLE)
        .string(CHAIN_NAME, chain.name)
        .string(CHAIN_TYPE, chain.kind)
        .be32(CHAIN_POLICY, POLICY_ACCEPT)
        .nest(CHAIN_HOOK, |hook| {
            hook.be32(HOOK_NUMBER, chain.hook)
                .be32(HOOK_PRIORITY, PRIORITY);
        });
    request
}

fn new_rule(chain: &Chain, family: Family) -> Request {
    let mut request = request(Verb::NewRule).with_flags(NlmF::CREATE | NlmF::APPEND);
    request
        .attributes()
        .string(RULE_TABLE, TABLE)
        .string(RULE_CHAIN, chain.name)
        .nest(RULE_EXPRESSIONS, |list| {
            for expression in rule(family) {
                expression.write(list);
            }
        });
    request
}
