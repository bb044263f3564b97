//! What our nf_tables tables look like: how each is made, and whether the one that
//! is there looks so. The VIPs in them are `mark`'s and `snat`'s.
//!
//! The numbers of types and byte orders are nft's own notes: with them
//! `nft list ruleset` prints the table as a person would write it.

use neli::consts::nl::NlmF;

use super::Reason;
use super::nftables::{Expression, HEADER, Verb, create, request};
use crate::model::Family;
use crate::netlink::{self, Attributes, Request, Socket};

/// A table of ours.
pub(super) struct Shape {
    /// Its name, in the family inet.
    pub table: &'static str,
    /// Whether its VIPs are mapped to a mark, or only a set.
    pub maps_to_mark: bool,
    chains: &'static [Chain],
    rule: fn(Family) -> Vec<Expression>,
}

/// The table that marks packets.
pub(super) const MARKS: Shape = Shape {
    table: "lbctl",
    maps_to_mark: true,
    chains: &[
        Chain {
            name: "prerouting",
            kind: "filter",
            hook: 0,
            priority: MANGLE,
        },
        // Type route: the mark makes the kernel look for another route.
        Chain {
            name: "output",
            kind: "route",
            hook: 3,
            priority: MANGLE,
        },
    ],
    rule: mark_rule,
};

/// The table that hides clients from servers.
pub(super) const SNAT: Shape = Shape {
    table: "lbctl_snat",
    maps_to_mark: false,
    chains: &[Chain {
        name: "postrouting",
        kind: "nat",
        hook: 4,
        priority: SOURCE_NAT,
    }],
    rule: snat_rule,
};

pub(super) const FAMILIES: [Family; 2] = [Family::Ipv4, Family::Ipv6];
/// `mangle`, a signed number.
const MANGLE: u32 = (-150i32).cast_unsigned();
/// `srcnat`.
const SOURCE_NAT: u32 = 100;
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
    /// `NF_INET_PRE_ROUTING`, `NF_INET_LOCAL_OUT`, `NF_INET_POST_ROUTING`.
    hook: u32,
    priority: u32,
}

/// The map or set of a family's VIPs.
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
fn mark_rule(family: Family) -> Vec<Expression> {
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

/// `ct original ip daddr @vip4 masquerade`: IPVS lets conntrack keep the address
/// that the client connected to.
fn snat_rule(family: Family) -> Vec<Expression> {
    vec![
        Expression::LoadOriginalDestination(family),
        Expression::IsIn {
            set: map_name(family).to_owned(),
        },
        Expression::Masquerade,
    ]
}

/// Whether the table is there, and as we make it.
///
/// # Errors
/// [`Reason::ForeignTable`] with the difference, [`Reason::NoNfTables`], or the
/// kernel refuses to show it.
pub(super) fn is_there(socket: &mut Socket, shape: &Shape) -> std::result::Result<bool, Reason> {
    let mut ask = request(Verb::GetTable);
    ask.attributes().string(TABLE_NAME, shape.table);
    let mut flags = 0;
    let asked = socket.ask(&ask, |message| {
        if let Some(found) = message.attributes(HEADER)?.find(TABLE_FLAGS)? {
            flags = found.be32()?;
        }
        Ok(())
    });
    match asked {
        Ok(()) => {}
        Err(error) if error.errno() == Some(libc::ENOENT) => return Ok(false),
        Err(error) if error.errno() == Some(libc::EINVAL) => return Err(Reason::NoNfTables),
        Err(error) => return Err(error.into()),
    }
    if flags != 0 {
        return Err(shape.foreign("it is dormant or has an owner"));
    }
    check_maps(socket, shape)?;
    check_chains(socket, shape)?;
    check_rules(socket, shape)?;
    Ok(true)
}

impl Shape {
    fn foreign(&self, difference: impl Into<String>) -> Reason {
        Reason::ForeignTable {
            table: self.table,
            difference: difference.into(),
        }
    }

    /// Flags, type and length of what keys lead to.
    fn data(&self) -> [u32; 3] {
        if self.maps_to_mark {
            [FLAG_MAP, TYPE_MARK, MARK_LENGTH]
        } else {
            [0; 3]
        }
    }
}

fn check_maps(socket: &mut Socket, shape: &Shape) -> std::result::Result<(), Reason> {
    let mut dump = request(Verb::GetSet);
    dump.attributes().string(SET_TABLE, shape.table);
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
    let [flags, data_type, data_length] = shape.data();
    let wanted = FAMILIES.map(|family| {
        (
            map_name(family).to_owned(),
            [
                flags,
                key_type(family),
                key_length(family),
                data_type,
                data_length,
            ],
        )
    });
    if found == wanted {
        Ok(())
    } else if shape.maps_to_mark {
        Err(shape
            .foreign("its maps are not 'vip4' from ipv4_addr and 'vip6' from ipv6_addr to mark"))
    } else {
        Err(shape.foreign("its sets are not 'vip4' of ipv4_addr and 'vip6' of ipv6_addr"))
    }
}

fn check_chains(socket: &mut Socket, shape: &Shape) -> std::result::Result<(), Reason> {
    // The kernel dumps the chains of all tables of the family.
    let found = socket.dump(&request(Verb::GetChain), |message| {
        let attributes = message.attributes(HEADER)?;
        if text(&attributes, CHAIN_TABLE)? != shape.table {
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
    for chain in shape.chains {
        let is_there = found.iter().any(|(name, kind, hook, priority, policy)| {
            (name.as_str(), kind.as_str()) == (chain.name, chain.kind)
                && (*hook, *priority, *policy) == (chain.hook, chain.priority, POLICY_ACCEPT)
        });
        if !is_there {
            let name = chain.name;
            return Err(shape.foreign(format!(
                "it has no chain '{name}' at that hook with that priority and policy accept"
            )));
        }
    }
    if found.len() == shape.chains.len() {
        Ok(())
    } else {
        Err(shape.foreign("it has more chains"))
    }
}

fn check_rules(socket: &mut Socket, shape: &Shape) -> std::result::Result<(), Reason> {
    for chain in shape.chains {
        let mut dump = request(Verb::GetRule);
        dump.attributes()
            .string(RULE_TABLE, shape.table)
            .string(RULE_CHAIN, chain.name);
        let found = socket.dump(&dump, |message| {
            match message.attributes(HEADER)?.find(RULE_EXPRESSIONS)? {
                Some(list) => Expression::read_list(list.nested()),
                None => Ok(None),
            }
        })?;
        if found != FAMILIES.map(|family| Some((shape.rule)(family))) {
            let name = chain.name;
            return Err(shape.foreign(format!("the rules in its chain '{name}' differ")));
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
pub(super) fn new_table(shape: &Shape) -> Vec<Request> {
    let mut table = create(Verb::NewTable);
    table.attributes().string(TABLE_NAME, shape.table);
    let mut requests = vec![table];
    requests.extend(FAMILIES.map(|family| new_map(shape, family)));
    for chain in shape.chains {
        requests.push(new_chain(shape, chain));
        requests.extend(FAMILIES.map(|family| new_rule(shape, chain, family)));
    }
    requests
}

/// What takes the table away.
pub(super) fn delete_table(shape: &Shape) -> Request {
    let mut delete = request(Verb::DeleteTable);
    delete.attributes().string(TABLE_NAME, shape.table);
    delete
}

fn new_map(shape: &Shape, family: Family) -> Request {
    let [flags, data_type, data_length] = shape.data();
    let mut map = create(Verb::NewSet);
    let attributes = map.attributes();
    attributes
        .string(SET_TABLE, shape.table)
        .string(SET_NAME, map_name(family))
        .be32(SET_FLAGS, flags)
        .be32(SET_KEY_TYPE, key_type(family))
        .be32(SET_KEY_LENGTH, key_length(family));
    if shape.maps_to_mark {
        attributes
            .be32(SET_DATA_TYPE, data_type)
            .be32(SET_DATA_LENGTH, data_length);
    }
    attributes
        // Any number that tells the maps of one batch apart.
        .be32(SET_ID, key_type(family))
        .bytes(SET_USERDATA, &byte_orders(shape));
    map
}

/// What nft notes for itself: keys are in network order (2), marks in host
/// order (1); each a type byte, a length byte and a u32 in host order.
fn byte_orders(shape: &Shape) -> Vec<u8> {
    const KEY_ORDER: u8 = 0;
    const DATA_ORDER: u8 = 1;
    let mut notes = Vec::with_capacity(12);
    let orders = [(KEY_ORDER, 2u32), (DATA_ORDER, 1)];
    let count = if shape.maps_to_mark { 2 } else { 1 };
    for (kind, order) in orders.into_iter().take(count) {
        notes.extend_from_slice(&[kind, 4]);
        notes.extend_from_slice(&order.to_ne_bytes());
    }
    notes
}

fn new_chain(shape: &Shape, chain: &Chain) -> Request {
    let mut request = create(Verb::NewChain);
    request
        .attributes()
        .string(CHAIN_TABLE, shape.table)
        .string(CHAIN_NAME, chain.name)
        .string(CHAIN_TYPE, chain.kind)
        .be32(CHAIN_POLICY, POLICY_ACCEPT)
        .nest(CHAIN_HOOK, |hook| {
            hook.be32(HOOK_NUMBER, chain.hook)
                .be32(HOOK_PRIORITY, chain.priority);
        });
    request
}

fn new_rule(shape: &Shape, chain: &Chain, family: Family) -> Request {
    let mut request = request(Verb::NewRule).with_flags(NlmF::CREATE | NlmF::APPEND);
    request
        .attributes()
        .string(RULE_TABLE, shape.table)
        .string(RULE_CHAIN, chain.name)
        .nest(RULE_EXPRESSIONS, |list| {
            for expression in (shape.rule)(family) {
                expression.write(list);
            }
        });
    request
}
