//! What others made to lead packets to IPVS, as walkthroughs of ipvsadm have it: a
//! rule of nf_tables that marks packets for an address, also one that iptables-nft
//! wrote; a policy rule for the mark; a local route, often `local 0/0`. It is found,
//! taken away and made again. Rules of iptables-legacy cannot be seen: the kernel
//! shows them to no netlink socket.

use std::net::IpAddr;

use neli::consts::nl::NlmF;

use super::elements::generation;
use super::nftables::{DATA_VALUE, HEADER, Verb, batch_begin, batch_end, request_of};
use super::route::{self, Route, address};
use super::rule::{self, Rule};
use super::{Error, Reason, Result};
use crate::model::{Family, HandMade, HandMadeKind};
use crate::netlink::{self, Attribute, AttributeWriter, Attributes, Request, Socket};

const RULE_TABLE: u16 = 1;
const RULE_CHAIN: u16 = 2;
const RULE_HANDLE: u16 = 3;
const RULE_EXPRESSIONS: u16 = 4;
const RULE_USERDATA: u16 = 7;
/// `NLA_F_NESTED`.
const NESTED: u16 = 0x8000;
const EXPRESSION_NAME: u16 = 1;
const EXPRESSION_DATA: u16 = 2;
/// `NFPROTO_INET`, of our own tables.
const INET: u8 = 1;

/// A rule that marks packets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marking {
    /// The only address whose packets it marks, if it is for one.
    pub address: Option<IpAddr>,
    /// The whole mark that they get.
    pub mark: u32,
    /// The rule.
    pub rule: HandMade,
}

/// A policy rule or a route, and the message that makes it again.
type Raw<T> = (T, HandMade);

/// What others made that marks, and what leads marks.
#[derive(Debug, Clone, Default)]
pub struct ByHand {
    /// Rules that mark.
    pub markings: Vec<Marking>,
    /// Policy rules of others.
    pub rules: Vec<Raw<Rule>>,
    /// Local routes of others outside the table local.
    pub routes: Vec<Raw<Route>>,
}

impl ByHand {
    /// The way that packets for this address take to IPVS: what marks them first, then
    /// the policy rules of the mark and the routes that deliver it.
    #[must_use]
    pub fn way_of(&self, vip: IpAddr) -> Option<Way<'_>> {
        let family = Family::of(vip);
        let mut markings = self.markings.iter();
        let first = markings.find(|it| it.address == Some(vip))?;
        let rules = self.rules.iter();
        let rules: Vec<_> = rules
            .filter(|(rule, _)| rule.leads(family, first.mark, rule.table))
            .collect();
        let routes = self.routes.iter();
        let routes: Vec<_> = routes
            .filter(|(route, _)| route.family() == family && route.covers(vip))
            .filter(|(route, _)| rules.iter().any(|(rule, _)| rule.table == route.table))
            .collect();
        (!routes.is_empty()).then_some(Way {
            mark: first.mark,
            markings: self
                .markings
                .iter()
                .filter(|it| it.address == Some(vip))
                .collect(),
            rules,
            routes,
        })
    }

    /// What can be set aside when another leads packets for this address: what no
    /// other marked packets need.
    pub(super) fn not_needed_without(&self, vip: IpAddr, way: &Way<'_>) -> Vec<HandMade> {
        let mut things: Vec<HandMade> = way.markings.iter().map(|it| it.rule.clone()).collect();
        let mut others = self.markings.iter().filter(|it| it.address != Some(vip));
        if others.any(|it| it.mark == way.mark) {
            return things;
        }
        things.extend(way.rules.iter().map(|(_, thing)| thing.clone()));
        let mut leading = self.rules.iter();
        let shared = leading.any(|(rule, thing)| {
            way.routes
                .iter()
                .any(|(route, _)| route.table == rule.table)
                && !way.rules.iter().any(|(_, own)| own == thing)
        });
        if !shared {
            things.extend(way.routes.iter().map(|(_, thing)| thing.clone()));
        }
        things
    }
}

/// How somebody leads packets for an address to IPVS.
#[derive(Debug)]
pub struct Way<'a> {
    /// The mark.
    pub mark: u32,
    /// What sets it.
    pub markings: Vec<&'a Marking>,
    /// What leads it to a table.
    pub rules: Vec<&'a Raw<Rule>>,
    /// What delivers it there.
    pub routes: Vec<&'a Raw<Route>>,
}

/// Looks for all of it.
///
/// # Errors
/// The kernel refuses to show it.
pub(super) fn look(routing: &mut Socket, netfilter: Option<&mut Socket>) -> Result<ByHand> {
    let mut found = ByHand::default();
    if let Some(netfilter) = netfilter {
        found.markings = markings(netfilter)
            .map_err(|reason| Error::new("read the rules of nf_tables", reason))?;
    }
    for family in [Family::Ipv4, Family::Ipv6] {
        for (rule, message) in rule::dump_raw(routing, family)? {
            if rule.plain && rule.mark != 0 && !rule.is_tagged() {
                let text = format!(
                    "priority {} fwmark {:#x} lookup {}",
                    rule.priority, rule.mark, rule.table
                );
                let kind = HandMadeKind::Rule;
                found.rules.push((
                    rule,
                    HandMade {
                        kind,
                        text,
                        message,
                    },
                ));
            }
        }
        for (route, message) in route::dump_raw(routing, family)? {
            let is_local = route.kind == route::RouteKind::Local;
            if is_local && route.table != route::TABLE_LOCAL && !route.is_tagged() {
                let text = format!(
                    "local {}/{} dev lo table {}",
                    route.destination, route.length, route.table
                );
                let kind = HandMadeKind::Route;
                found.routes.push((
                    route,
                    HandMade {
                        kind,
                        text,
                        message,
                    },
                ));
            }
        }
    }
    Ok(found)
}

/// The rules of all tables that set a whole mark.
fn markings(socket: &mut Socket) -> std::result::Result<Vec<Marking>, Reason> {
    match socket.dump(&request_of(0, Verb::GetRule), |message| {
        let family = message.payload.first().copied().unwrap_or_default();
        marking(family, message.attributes(HEADER)?)
    }) {
        Ok(found) => Ok(found.into_iter().flatten().collect()),
        // No nf_tables.
        Err(error) if error.errno() == Some(libc::EINVAL) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

fn marking(family: u8, rule: Attributes<'_>) -> netlink::Result<Option<Marking>> {
    let text = |kind| -> netlink::Result<String> {
        let found = rule.find(kind)?;
        Ok(found
            .map(|it| it.string())
            .transpose()?
            .unwrap_or_default()
            .to_owned())
    };
    let (table, chain) = (text(RULE_TABLE)?, text(RULE_CHAIN)?);
    let Some(expressions) = rule.find(RULE_EXPRESSIONS)? else {
        return Ok(None);
    };
    if (family, table.as_str()) == (INET, super::shape::MARKS.table) {
        return Ok(None);
    }
    let (address, mark) = read(expressions.nested())?;
    let Some(mark) = mark else {
        return Ok(None);
    };
    let notes = rule.find(RULE_USERDATA)?;
    let name = match family {
        2 => "ip",
        10 => "ip6",
        _ => "inet",
    };
    Ok(Some(Marking {
        address,
        mark,
        rule: HandMade {
            text: format!("{name} {table} {chain}"),
            message: expressions.payload.to_vec(),
            kind: HandMadeKind::Mark {
                family,
                table,
                chain,
                notes: notes.map(|it| it.payload.to_vec()).unwrap_or_default(),
            },
        },
    }))
}

/// The address that a rule's expressions compare the destination with, and the mark
/// that they set.
fn read(expressions: Attributes<'_>) -> netlink::Result<(Option<IpAddr>, Option<u32>)> {
    let (mut destination, mut constant) = (false, None);
    let (mut vip, mut mark) = (None, None);
    for (name, data) in named(expressions)? {
        let data = data.map_or(Attributes::new(&[]), |data| data.nested());
        let number = |kind| -> netlink::Result<Option<u32>> {
            data.find(kind)?.map(|it| it.be32()).transpose()
        };
        match name {
            // Base 1: the network header; offset and length of the destination.
            "payload" => {
                let place = (number(2)?, number(3)?, number(4)?);
                destination =
                    [(Some(1), Some(16), Some(4)), (Some(1), Some(24), Some(16))].contains(&place);
            }
            "cmp" if destination => {
                // Operator 0: equal.
                if number(2)? == Some(0) {
                    let value = value(data.find(3)?)?;
                    vip = value.map(address).transpose()?;
                }
                destination = false;
            }
            // A part of the address only: a network.
            "bitwise" => (destination, constant) = (false, None),
            "immediate" => {
                constant = value(data.find(2)?)?.and_then(|it| it.u32().ok());
            }
            // Key 3: the mark; a source register: it is set.
            "meta" if number(2)? == Some(3) && data.find(3)?.is_some() => mark = constant,
            // xt_MARK: the mark, and the bits that it replaces.
            "target"
                if data
                    .find(1)?
                    .is_some_and(|it| it.string().is_ok_and(|it| it == "MARK")) =>
            {
                let info = data.find(3)?.map(|it| it.payload).unwrap_or_default();
                if let Some([m0, m1, m2, m3, 0xff, 0xff, 0xff, 0xff]) = info.first_chunk::<8>() {
                    mark = Some(u32::from_ne_bytes([*m0, *m1, *m2, *m3]));
                }
            }
            _ => {}
        }
    }
    Ok((vip, mark))
}

fn value(data: Option<Attribute<'_>>) -> netlink::Result<Option<Attribute<'_>>> {
    data.map_or(Ok(None), |data| data.nested().find(DATA_VALUE))
}

/// Each expression's name and data.
fn named(list: Attributes<'_>) -> netlink::Result<Vec<(&str, Option<Attribute<'_>>)>> {
    let mut all = Vec::new();
    for element in list {
        let element = element?.nested();
        let Some(name) = element.find(EXPRESSION_NAME)? else {
            return Err(netlink::Error::Malformed("an expression without a name"));
        };
        all.push((name.string()?, element.find(EXPRESSION_DATA)?));
    }
    Ok(all)
}

/// Whether two lists of expressions do the same; what they counted does not matter.
fn do_the_same(one: &[u8], other: &[u8]) -> bool {
    let essence = |bytes| -> netlink::Result<Vec<(String, Vec<u8>)>> {
        let all = named(Attributes::new(bytes))?.into_iter();
        Ok(all
            .filter(|(name, _)| *name != "counter")
            .map(|(name, data)| {
                let data = data.map(|data| data.payload.to_vec());
                (name.to_owned(), data.unwrap_or_default())
            })
            .collect())
    };
    matches!((essence(one), essence(other)), (Ok(one), Ok(other)) if one == other)
}

/// Takes it away; one that is not there is no error.
///
/// # Errors
/// The kernel refuses it.
pub(super) fn remove(
    routing: &mut Socket,
    netfilter: Option<&mut Socket>,
    thing: &HandMade,
) -> std::result::Result<(), Reason> {
    let kind = match &thing.kind {
        HandMadeKind::Mark {
            family,
            table,
            chain,
            ..
        } => {
            let Some(netfilter) = netfilter else {
                return Ok(());
            };
            let generation = generation(netfilter)?;
            let Some(handle) = find(netfilter, (*family, table, chain), &thing.message)? else {
                return Ok(());
            };
            let mut delete = request_of(*family, Verb::DeleteRule);
            delete
                .attributes()
                .string(RULE_TABLE, table)
                .string(RULE_CHAIN, chain)
                .bytes(RULE_HANDLE, &handle.to_be_bytes());
            return Ok(netfilter.transaction(&batch_begin(generation), &[delete], &batch_end())?);
        }
        HandMadeKind::Rule => rule::RTM_DELRULE,
        HandMadeKind::Route => route::RTM_DELROUTE,
    };
    match routing.execute(&Request::new(kind, &thing.message)) {
        Err(error) if !matches!(error.errno(), Some(libc::ENOENT | libc::ESRCH)) => {
            Err(error.into())
        }
        _ => Ok(()),
    }
}

/// The handle of the rule there that does the same.
fn find(
    socket: &mut Socket,
    (family, table, chain): (u8, &str, &str),
    expressions: &[u8],
) -> std::result::Result<Option<u64>, Reason> {
    let mut dump = request_of(family, Verb::GetRule);
    dump.attributes()
        .string(RULE_TABLE, table)
        .string(RULE_CHAIN, chain);
    let found = socket.dump(&dump, |message| {
        let rule = message.attributes(HEADER)?;
        let list = rule.find(RULE_EXPRESSIONS)?;
        let same = list.is_some_and(|list| do_the_same(list.payload, expressions));
        let handle = rule.find(RULE_HANDLE)?.map(|handle| handle.payload);
        let handle = handle.and_then(|bytes| <[u8; 8]>::try_from(bytes).ok());
        Ok(handle.filter(|_| same).map(u64::from_be_bytes))
    });
    match found {
        Ok(found) => Ok(found.into_iter().flatten().next()),
        Err(error) if error.errno() == Some(libc::ENOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Makes it again, a rule of nf_tables at the end of its chain; one that is there
/// again already is no error.
///
/// # Errors
/// The kernel refuses it: the chain may have gone, or what it needs.
pub(super) fn make(
    routing: &mut Socket,
    netfilter: Option<&mut Socket>,
    thing: &HandMade,
) -> std::result::Result<(), Reason> {
    let kind = match &thing.kind {
        HandMadeKind::Mark {
            family,
            table,
            chain,
            notes,
        } => {
            let netfilter = netfilter.ok_or(Reason::NoNfTables)?;
            let generation = generation(netfilter)?;
            if find(netfilter, (*family, table, chain), &thing.message)?.is_some() {
                return Ok(());
            }
            let mut new =
                request_of(*family, Verb::NewRule).with_flags(NlmF::CREATE | NlmF::APPEND);
            let attributes: &mut AttributeWriter = new.attributes();
            attributes
                .string(RULE_TABLE, table)
                .string(RULE_CHAIN, chain)
                .bytes(RULE_EXPRESSIONS | NESTED, &thing.message);
            if !notes.is_empty() {
                attributes.bytes(RULE_USERDATA, notes);
            }
            return Ok(netfilter.transaction(&batch_begin(generation), &[new], &batch_end())?);
        }
        HandMadeKind::Rule => rule::RTM_NEWRULE,
        HandMadeKind::Route => route::RTM_NEWROUTE,
    };
    let new = Request::new(kind, &thing.message).with_flags(NlmF::CREATE | NlmF::EXCL);
    match routing.execute(&new) {
        Err(error) if error.errno() != Some(libc::EEXIST) => Err(error.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
