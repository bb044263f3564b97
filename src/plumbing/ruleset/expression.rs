//! The words of nf_tables rules, read: all that decide about a packet by its
//! headers, its mark, its interfaces or its connection, and the names of the rest.

use super::super::nftables::{DATA_VALUE, LIST_ELEMENT};
use super::{number, text};
use crate::netlink::{Attributes, Error, Result};

/// What becomes of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// This base chain lets it pass.
    Accept,
    /// It is gone.
    Drop,
    /// A program decides (`NF_QUEUE`).
    Queue,
    /// The next rule.
    Continue,
    /// Back to where this chain was called.
    Return,
    /// Into this chain, and back.
    Jump(String),
    /// Into this chain.
    Goto(String),
}

/// One step of a rule. Registers are counted in 32-bit units, as the kernel does
/// (`nft_parse_register`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// Loads something about the packet (`NFT_META_*`).
    Meta {
        /// What.
        key: u32,
        /// Where to.
        register: u32,
    },
    /// Writes something about the packet.
    SetMeta {
        /// What.
        key: u32,
        /// From where.
        register: u32,
    },
    /// Loads a part of a header.
    Payload {
        /// 0 link, 1 network, 2 transport.
        base: u32,
        /// Bytes from the header's start.
        offset: u32,
        /// How many.
        length: u32,
        /// Where to.
        register: u32,
    },
    /// Loads something about the connection (`NFT_CT_*`; 0 is its state).
    Conntrack {
        /// What.
        key: u32,
        /// Where to.
        register: u32,
    },
    /// And, then exclusive or.
    Bitwise {
        /// From where.
        from: u32,
        /// Where to.
        to: u32,
        /// Bits that are kept.
        mask: Vec<u8>,
        /// Bits that are turned.
        xor: Vec<u8>,
    },
    /// Goes on only if this holds (`NFT_CMP_*`: eq, neq, lt, lte, gt, gte).
    Compare {
        /// What is compared.
        register: u32,
        /// How.
        operator: u32,
        /// With what.
        value: Vec<u8>,
    },
    /// Goes on only if it is between.
    Range {
        /// What is compared.
        register: u32,
        /// Goes on only if it is not.
        inverted: bool,
        /// The first.
        from: Vec<u8>,
        /// The last.
        to: Vec<u8>,
    },
    /// Goes on only if a set has it, or takes what a map has for it.
    LookUp {
        /// The set's name.
        set: String,
        /// What is looked up.
        register: u32,
        /// Where to; 0 for a verdict.
        result: Option<u32>,
        /// Goes on only if the set does not have it.
        inverted: bool,
    },
    /// Loads a value.
    Value {
        /// Where to.
        register: u32,
        /// What.
        value: Vec<u8>,
    },
    /// Ends the rule so.
    Verdict(Verdict),
    /// A match of xtables.
    Match {
        /// Its name.
        name: String,
        /// The revision of its data.
        revision: u32,
        /// Its data.
        info: Vec<u8>,
    },
    /// A target of xtables.
    Target {
        /// Its name.
        name: String,
        /// Its data.
        info: Vec<u8>,
    },
    /// Refuses with an answer.
    Reject,
    /// Changes addresses (nat, masq, redir, tproxy).
    Translate(String),
    /// Decides nothing (counter, log, ...).
    Nothing,
    /// Something that is not read here.
    Unread(String),
}

/// `NFT_REG_VERDICT`.
const VERDICT_REGISTER: u32 = 0;

/// A register's place in 32-bit units.
fn register(number: Option<u32>) -> Option<u32> {
    match number? {
        number @ 0..=4 => Some(number * 4),
        number @ 8..=23 => Some(number - 8 + 4),
        _ => None,
    }
}

fn value(data: &Attributes<'_>, kind: u16) -> Result<Vec<u8>> {
    let Some(found) = data.find(kind)? else {
        return Ok(Vec::new());
    };
    let value = found.nested().find(DATA_VALUE)?;
    Ok(value.map_or_else(Vec::new, |value| value.payload.to_vec()))
}

/// The verdict in an attribute of data, if it is one.
pub(super) fn verdict(data: &Attributes<'_>) -> Result<Option<Verdict>> {
    const VERDICT: u16 = 2;
    const CODE: u16 = 1;
    const CHAIN: u16 = 2;
    let Some(found) = data.find(VERDICT)? else {
        return Ok(None);
    };
    let found = found.nested();
    let code = number(&found, CODE)?.unwrap_or(0).cast_signed();
    Ok(Some(match code {
        0 => Verdict::Drop,
        1 => Verdict::Accept,
        -3 => Verdict::Jump(text(&found, CHAIN)?),
        -4 => Verdict::Goto(text(&found, CHAIN)?),
        -5 => Verdict::Return,
        -1 | -2 => Verdict::Continue,
        _ => Verdict::Queue,
    }))
}

/// Reads a rule's list of expressions.
pub(super) fn read_list(list: Attributes<'_>) -> Result<Vec<Expression>> {
    const NAME: u16 = 1;
    const DATA: u16 = 2;
    let mut read = Vec::new();
    for element in list {
        let element = element?;
        if element.kind != LIST_ELEMENT {
            continue;
        }
        let element = element.nested();
        let name = element.find(NAME)?;
        let name = name.ok_or(Error::Malformed("an expression without a name"))?;
        let data = element.find(DATA)?;
        let data = data.map_or(Attributes::new(&[]), |data| data.nested());
        let name = name.string()?;
        read.push(match known(name, &data)? {
            Some(expression) => expression,
            None => Expression::Unread(name.to_owned()),
        });
    }
    Ok(read)
}

fn known(name: &str, data: &Attributes<'_>) -> Result<Option<Expression>> {
    let get = |kind| number(data, kind);
    let place = |kind| -> Result<Option<u32>> { Ok(register(get(kind)?)) };
    Ok(match name {
        "counter" | "log" | "notrack" | "last" => Some(Expression::Nothing),
        "reject" => Some(Expression::Reject),
        "nat" | "masq" | "redir" | "tproxy" => Some(Expression::Translate(name.to_owned())),
        "match" => Some(Expression::Match {
            name: text(data, 1)?,
            revision: get(2)?.unwrap_or(0),
            info: bytes(data, 3)?,
        }),
        "target" => Some(Expression::Target {
            name: text(data, 1)?,
            info: bytes(data, 3)?,
        }),
        "immediate" if get(1)? == Some(VERDICT_REGISTER) => match data.find(2)? {
            Some(found) => verdict(&found.nested())?.map(Expression::Verdict),
            None => None,
        },
        "immediate" => match place(1)? {
            Some(register) => Some(Expression::Value {
                register,
                value: value(data, 2)?,
            }),
            None => None,
        },
        "meta" => match (get(2)?, place(1)?, place(3)?) {
            (Some(key), Some(register), None) => Some(Expression::Meta { key, register }),
            (Some(key), None, Some(register)) => Some(Expression::SetMeta { key, register }),
            _ => None,
        },
        "ct" => match (get(2)?, place(1)?) {
            (Some(key), Some(register)) => Some(Expression::Conntrack { key, register }),
            // Writes to the connection, which decides nothing here.
            _ => Some(Expression::Nothing),
        },
        "payload" => match (place(1)?, get(2)?, get(3)?, get(4)?) {
            (Some(register), Some(base), Some(offset), Some(length)) => Some(Expression::Payload {
                base,
                offset,
                length,
                register,
            }),
            _ => None,
        },
        "cmp" | "range" | "bitwise" | "lookup" => compared(name, data)?,
        _ => None,
    })
}

fn compared(name: &str, data: &Attributes<'_>) -> Result<Option<Expression>> {
    let get = |kind| number(data, kind);
    let place = |kind| -> Result<Option<u32>> { Ok(register(get(kind)?)) };
    Ok(match name {
        "cmp" => match (place(1)?, get(2)?) {
            (Some(register), Some(operator)) => Some(Expression::Compare {
                register,
                operator,
                value: value(data, 3)?,
            }),
            _ => None,
        },
        "range" => match (place(1)?, get(2)?) {
            (Some(register), Some(operator)) => Some(Expression::Range {
                register,
                inverted: operator == 1,
                from: value(data, 3)?,
                to: value(data, 4)?,
            }),
            _ => None,
        },
        "bitwise" => match (place(1)?, place(2)?, get(6)?.unwrap_or(0)) {
            (Some(from), Some(to), 0) => Some(Expression::Bitwise {
                from,
                to,
                mask: value(data, 4)?,
                xor: value(data, 5)?,
            }),
            _ => None,
        },
        _ => place(2)?.map_or(Ok(None), |register| {
            Ok(Some(Expression::LookUp {
                set: text(data, 1)?,
                register,
                result: place(3)?,
                inverted: get(5)?.unwrap_or(0) & 1 != 0,
            }))
        })?,
    })
}

fn bytes(data: &Attributes<'_>, kind: u16) -> Result<Vec<u8>> {
    Ok(data
        .find(kind)?
        .map_or_else(Vec::new, |found| found.payload.to_vec()))
}
