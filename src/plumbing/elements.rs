//! The VIPs in a table of ours: reading them, and changing them in one batch that
//! the kernel carries out as a whole. The batch names the generation of the ruleset
//! that was looked at, so that nothing that came in between is overlooked.

use std::net::IpAddr;

use super::Reason;
use super::nftables::{
    DATA_VALUE, HEADER, LIST_ELEMENT, Verb, batch_begin, batch_end, create, request,
};
use super::route::{address, octets};
use super::shape::{self, FAMILIES, Shape, map_name};
use crate::model::Family;
use crate::netlink::{self, Attributes, Request, Socket};

const ELEMENTS_TABLE: u16 = 1;
const ELEMENTS_SET: u16 = 2;
const ELEMENTS: u16 = 3;
const ELEMENT_KEY: u16 = 1;
const ELEMENT_DATA: u16 = 2;

/// `NFTA_GEN_ID`.
const GENERATION_ID: u16 = 1;
/// How often a change is tried again when the ruleset changed meanwhile.
const ATTEMPTS: usize = 20;

/// A VIP in a table, and the mark that it is mapped to, if the table maps.
pub(super) type Element = (IpAddr, Option<u32>);

/// The VIPs in the table; `None` when there is no such table.
///
/// # Errors
/// As [`shape::is_there`].
pub(super) fn look(
    socket: &mut Socket,
    shape: &Shape,
) -> std::result::Result<Option<Vec<Element>>, Reason> {
    if !shape::is_there(socket, shape)? {
        return Ok(None);
    }
    let mut all = Vec::new();
    for family in FAMILIES {
        let mut dump = request(Verb::GetElements);
        dump.attributes()
            .string(ELEMENTS_TABLE, shape.table)
            .string(ELEMENTS_SET, map_name(family));
        let parts = socket.dump(&dump, |message| elements(message.attributes(HEADER)?))?;
        all.extend(parts.into_iter().flatten());
    }
    Ok(Some(all))
}

/// Looks, decides, and changes what was looked at or nothing.
///
/// # Errors
/// As [`look`], or the kernel refuses the change; nothing is changed then.
pub(super) fn change(
    socket: &mut Socket,
    shape: &Shape,
    decide: impl Fn(Option<&[Element]>) -> Vec<Request>,
) -> std::result::Result<(), Reason> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let generation = generation(socket)?;
        let changes = decide(look(socket, shape)?.as_deref());
        if changes.is_empty() {
            return Ok(());
        }
        match socket.transaction(&batch_begin(generation), &changes, &batch_end()) {
            Ok(()) => return Ok(()),
            Err(error) if error.errno() == Some(libc::ERESTART) && attempt < ATTEMPTS => {}
            // Looking again tells whether it was done.
            Err(netlink::Error::Overflow) if attempt < ATTEMPTS => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Takes a VIP out, and the table with its last one.
///
/// # Errors
/// As [`change`].
pub(super) fn remove(
    socket: &mut Socket,
    shape: &Shape,
    vip: IpAddr,
) -> std::result::Result<(), Reason> {
    change(socket, shape, |there| match there {
        None => Vec::new(),
        Some(all) if all.iter().all(|(address, _)| *address == vip) => {
            vec![shape::delete_table(shape)]
        }
        Some(all) if !all.iter().any(|(address, _)| *address == vip) => Vec::new(),
        Some(_) => vec![element(shape, Verb::DeleteElement, vip, None)],
    })
}

pub(super) fn generation(socket: &mut Socket) -> std::result::Result<u32, Reason> {
    let mut generation = 0;
    let asked = socket.ask(&request(Verb::GetGeneration), |message| {
        if let Some(id) = message.attributes(HEADER)?.find(GENERATION_ID)? {
            generation = id.be32()?;
        }
        Ok(())
    });
    match asked {
        Ok(()) => Ok(generation),
        // nfnetlink_rcv_msg answers EINVAL for a subsystem that it cannot load.
        Err(error) if error.errno() == Some(libc::EINVAL) => Err(Reason::NoNfTables),
        Err(error) => Err(error.into()),
    }
}

/// The elements in one message of a dump.
fn elements(attributes: Attributes<'_>) -> netlink::Result<Vec<Element>> {
    let Some(list) = attributes.find(ELEMENTS)? else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for element in list.nested() {
        let element = element?.nested();
        let value = |kind| -> netlink::Result<_> {
            match element.find(kind)? {
                Some(data) => data.nested().find(DATA_VALUE),
                None => Ok(None),
            }
        };
        let key =
            value(ELEMENT_KEY)?.ok_or(netlink::Error::Malformed("an element without a key"))?;
        let mark = value(ELEMENT_DATA)?.map(|mark| mark.u32()).transpose()?;
        found.push((address(key)?, mark));
    }
    Ok(found)
}

/// A message about one element.
pub(super) fn element(shape: &Shape, verb: Verb, vip: IpAddr, mark: Option<u32>) -> Request {
    let mut request = match verb {
        Verb::NewElement => create(verb),
        _ => request(verb),
    };
    request
        .attributes()
        .string(ELEMENTS_TABLE, shape.table)
        .string(ELEMENTS_SET, map_name(Family::of(vip)))
        .nest(ELEMENTS, |list| {
            list.nest(LIST_ELEMENT, |element| {
                element.nest(ELEMENT_KEY, |key| {
                    key.bytes(DATA_VALUE, &octets(vip));
                });
                if let Some(mark) = mark {
                    element.nest(ELEMENT_DATA, |data| {
                        // A register holds the mark in host order.
                        data.u32(DATA_VALUE, mark);
                    });
                }
            });
        });
    request
}

#[cfg(test)]
mod tests {
    use super::super::shape::MARKS;
    use super::*;
    use crate::netlink::AttributeWriter;
    use proptest::prelude::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn an_element_has_its_key_in_network_order_and_its_mark_in_host_order() {
        let mut request = element(
            &MARKS,
            Verb::NewElement,
            "192.168.100.100".parse().unwrap(),
            Some(1),
        );
        assert_eq!(
            request.attributes().as_bytes(),
            [
                1, 0, 0, 0, // nfgenmsg: inet
                10, 0, 1, 0, b'l', b'b', b'c', b't', b'l', 0, 0, 0, // table
                9, 0, 2, 0, b'v', b'i', b'p', b'4', 0, 0, 0, 0, // set
                32, 0, 3, 0x80, 28, 0, 1, 0x80, // a list of one element
                12, 0, 1, 0x80, 8, 0, 1, 0, 192, 168, 100, 100, // key
                12, 0, 2, 0x80, 8, 0, 1, 0, 1, 0, 0, 0, // data
            ]
        );
    }

    #[test]
    fn what_is_written_is_read() {
        let vip = "2001:db8::1".parse().unwrap();
        let mut request = element(&MARKS, Verb::NewElement, vip, Some(0x8000_0001));
        let bytes = request.attributes().as_bytes().to_vec();
        let read = elements(Attributes::new(&bytes[HEADER..])).unwrap();
        assert_eq!(read, [(vip, Some(0x8000_0001))]);
    }

    #[test]
    fn an_element_without_a_key_is_malformed() {
        let mut writer = AttributeWriter::default();
        writer.nest(ELEMENTS, |list| {
            list.nest(LIST_ELEMENT, |element| {
                element.nest(ELEMENT_DATA, |data| {
                    data.u32(DATA_VALUE, 1);
                });
            });
        });
        assert!(elements(Attributes::new(writer.as_bytes())).is_err());
    }

    proptest! {
        #[test]
        fn any_dumped_element_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = elements(Attributes::new(&bytes));
        }
    }
}
