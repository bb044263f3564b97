//! The words of nf_tables over netlink: only those that marking needs. What
//! they are put together to stands in `mark`. Numbers are those of
//! linux/netfilter/nf_tables.h.

use neli::consts::nl::NlmF;

use crate::netlink::{AttributeWriter, Attributes, Error, Request, Result};

/// `NFNL_SUBSYS_NFTABLES`.
const SUBSYSTEM: u16 = 10;
/// `NFPROTO_INET`: IPv4 and IPv6 in one table.
const INET: u8 = 1;
/// `struct nfgenmsg`: family, version, u16 resource in network order.
pub(super) const HEADER: usize = 4;

/// Message types, of which the upper byte is the subsystem.
#[derive(Debug, Clone, Copy)]
#[repr(u16)]
pub(super) enum Verb {
    NewTable = 0,
    GetTable = 1,
    DeleteTable = 2,
    NewChain = 3,
    GetChain = 4,
    NewRule = 6,
    GetRule = 7,
    NewSet = 9,
    GetSet = 10,
    NewElement = 12,
    GetElements = 13,
    DeleteElement = 14,
    GetGeneration = 16,
}

/// A message about the inet family.
pub(super) fn request(verb: Verb) -> Request {
    request_of(verb, INET)
}

/// A message about a family; 0 is all of them.
pub(super) fn request_of(verb: Verb, family: u8) -> Request {
    Request::new(SUBSYSTEM << 8 | verb as u16, &[family, 0, 0, 0])
}

/// A message that makes something and is refused when it is there already.
pub(super) fn create(verb: Verb) -> Request {
    request(verb).with_flags(NlmF::CREATE | NlmF::EXCL)
}

/// The first message of a batch. The batch is refused as a whole (ERESTART)
/// when the ruleset is no longer of this generation.
pub(super) fn batch_begin(generation: u32) -> Request {
    /// `NFNL_BATCH_GENID`.
    const GENERATION: u16 = 1;
    let mut begin = batch(0x10);
    begin.attributes().be32(GENERATION, generation);
    begin
}

/// The last message of a batch.
pub(super) fn batch_end() -> Request {
    batch(0x11)
}

fn batch(kind: u16) -> Request {
    let [high, low] = SUBSYSTEM.to_be_bytes();
    Request::new(kind, &[0, 0, high, low])
}

/// `NFTA_LIST_ELEM`: one of a list.
pub(super) const LIST_ELEMENT: u16 = 1;
/// `NFTA_DATA_VALUE`.
pub(super) const DATA_VALUE: u16 = 1;

/// `NFT_REG_1`, the register that every one of our expressions uses.
const REGISTER: u32 = 1;
const EXPRESSION_NAME: u16 = 1;
const EXPRESSION_DATA: u16 = 2;

/// One step of a rule. All read from and write to register 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expression {
    /// Loads the packet's address family (`meta nfproto`).
    LoadFamily,
    /// Goes on only if the register holds this byte.
    Compare(u8),
    /// Loads a part of the network header.
    LoadHeader {
        /// Bytes from the header's start.
        offset: u32,
        /// How many.
        length: u32,
    },
    /// Replaces the register by what this map has for it; ends the rule if
    /// there is nothing.
    LookUp {
        /// The map's name.
        map: String,
    },
    /// Writes the register to the packet's mark.
    SetMark,
}

mod meta {
    pub const DREG: u16 = 1;
    pub const KEY: u16 = 2;
    pub const SREG: u16 = 3;
    pub const KEY_MARK: u32 = 3;
    pub const KEY_FAMILY: u32 = 15;
}

mod compare {
    pub const SREG: u16 = 1;
    pub const OPERATOR: u16 = 2;
    pub const DATA: u16 = 3;
    pub const EQUAL: u32 = 0;
}

mod payload {
    pub const DREG: u16 = 1;
    pub const BASE: u16 = 2;
    pub const OFFSET: u16 = 3;
    pub const LENGTH: u16 = 4;
    pub const NETWORK_HEADER: u32 = 1;
}

mod lookup {
    pub const SET: u16 = 1;
    pub const SREG: u16 = 2;
    pub const DREG: u16 = 3;
    pub const FLAGS: u16 = 5;
}

impl Expression {
    fn name(&self) -> &'static str {
        match self {
            Self::LoadFamily | Self::SetMark => "meta",
            Self::Compare(_) => "cmp",
            Self::LoadHeader { .. } => "payload",
            Self::LookUp { .. } => "lookup",
        }
    }

    /// Appends it to a rule's list of expressions.
    pub(super) fn write(&self, list: &mut AttributeWriter) {
        list.nest(LIST_ELEMENT, |expression| {
            expression.string(EXPRESSION_NAME, self.name());
            expression.nest(EXPRESSION_DATA, |data| self.write_data(data));
        });
    }

    fn write_data(&self, data: &mut AttributeWriter) {
        match self {
            Self::LoadFamily => {
                data.be32(meta::KEY, meta::KEY_FAMILY)
                    .be32(meta::DREG, REGISTER);
            }
            Self::Compare(byte) => {
                data.be32(compare::SREG, REGISTER)
                    .be32(compare::OPERATOR, compare::EQUAL)
                    .nest(compare::DATA, |data| {
                        data.bytes(DATA_VALUE, &[*byte]);
                    });
            }
            Self::LoadHeader { offset, length } => {
                data.be32(payload::DREG, REGISTER)
                    .be32(payload::BASE, payload::NETWORK_HEADER)
                    .be32(payload::OFFSET, *offset)
                    .be32(payload::LENGTH, *length);
            }
            Self::LookUp { map } => {
                data.string(lookup::SET, map)
                    .be32(lookup::SREG, REGISTER)
                    .be32(lookup::DREG, REGISTER);
            }
            Self::SetMark => {
                data.be32(meta::KEY, meta::KEY_MARK)
                    .be32(meta::SREG, REGISTER);
            }
        }
    }

    /// Reads a rule's list of expressions; `None` when one is among them that
    /// we never write.
    pub(super) fn read_list(list: Attributes<'_>) -> Result<Option<Vec<Self>>> {
        let mut expressions = Vec::new();
        for element in list {
            let element = element?.nested();
            let name = element.find(EXPRESSION_NAME)?;
            let name = name.ok_or(Error::Malformed("an expression without a name"))?;
            let data = element.find(EXPRESSION_DATA)?;
            let data = data.map_or(Attributes::new(&[]), |data| data.nested());
            match Self::read(name.string()?, data)? {
                Some(expression) => expressions.push(expression),
                None => return Ok(None),
            }
        }
        Ok(Some(expressions))
    }

    fn read(name: &str, data: Attributes<'_>) -> Result<Option<Self>> {
        let number = |kind| -> Result<Option<u32>> {
            data.find(kind)?.map(|found| found.be32()).transpose()
        };
        let is = |kind, wanted| -> Result<bool> { Ok(number(kind)? == Some(wanted)) };
        Ok(match name {
            "meta" if is(meta::KEY, meta::KEY_FAMILY)? && is(meta::DREG, REGISTER)? => {
                Some(Self::LoadFamily)
            }
            "meta" if is(meta::KEY, meta::KEY_MARK)? && is(meta::SREG, REGISTER)? => {
                Some(Self::SetMark)
            }
            "cmp" if is(compare::SREG, REGISTER)? && is(compare::OPERATOR, compare::EQUAL)? => {
                let value = match data.find(compare::DATA)? {
                    Some(data) => data.nested().find(DATA_VALUE)?,
                    None => None,
                };
                match value.map(|value| value.payload) {
                    Some([byte]) => Some(Self::Compare(*byte)),
                    _ => None,
                }
            }
            "payload"
                if is(payload::DREG, REGISTER)? && is(payload::BASE, payload::NETWORK_HEADER)? =>
            {
                let parts = (number(payload::OFFSET)?, number(payload::LENGTH)?);
                let (Some(offset), Some(length)) = parts else {
                    return Ok(None);
                };
                Some(Self::LoadHeader { offset, length })
            }
            "lookup" if is(lookup::SREG, REGISTER)? && is(lookup::DREG, REGISTER)? => {
                let map = data
                    .find(lookup::SET)?
                    .map(|map| map.string())
                    .transpose()?;
                let inverted = number(lookup::FLAGS)?.unwrap_or(0) != 0;
                map.filter(|_| !inverted).map(|map| Self::LookUp {
                    map: map.to_owned(),
                })
            }
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(expressions: &[Expression]) -> Vec<u8> {
        let mut writer = AttributeWriter::default();
        for expression in expressions {
            expression.write(&mut writer);
        }
        writer.as_bytes().to_vec()
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn an_expression_is_written_as_nft_writes_it() {
        assert_eq!(
            written(&[Expression::SetMark]),
            [
                36, 0, 1, 0x80, // list element
                9, 0, 1, 0, b'm', b'e', b't', b'a', 0, 0, 0, 0, // name
                20, 0, 2, 0x80, // data
                8, 0, 2, 0, 0, 0, 0, 3, // key: mark
                8, 0, 3, 0, 0, 0, 0, 1, // from register 1
            ]
        );
    }

    #[test]
    fn what_is_written_is_read() {
        let all = [
            Expression::LoadFamily,
            Expression::Compare(10),
            Expression::LoadHeader {
                offset: 24,
                length: 16,
            },
            Expression::LookUp {
                map: "vip6".to_owned(),
            },
            Expression::SetMark,
        ];
        let bytes = written(&all);
        let read = Expression::read_list(Attributes::new(&bytes)).unwrap();
        assert_eq!(read.as_deref(), Some(all.as_slice()));
    }

    #[test]
    fn an_expression_of_another_kind_is_not_ours() {
        let mut writer = AttributeWriter::default();
        writer.nest(LIST_ELEMENT, |expression| {
            expression.string(EXPRESSION_NAME, "counter");
        });
        let read = Expression::read_list(Attributes::new(writer.as_bytes()));
        assert_eq!(read.unwrap(), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = Expression::read_list(Attributes::new(&bytes));
        }
    }
}
