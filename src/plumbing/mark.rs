//! The table `inet lbctl`: packets for a VIP get the VIP's mark. One map a
//! family holds the VIPs, and one rule a family and chain looks them up, so
//! that each VIP may have a mark of its own:
//!
//! ```text
//! map vip4 { type ipv4_addr : mark; elements = { 192.0.2.1 : 0x00000001 } }
//! chain prerouting {
//!     type filter hook prerouting priority mangle; policy accept;
//!     meta mark set ip daddr map @vip4
//! ```
//!
//! `output` is for clients on this machine. Every change is one batch that the
//! kernel carries out as a whole; it names the generation of the ruleset that
//! was looked at, so that nothing that came in between is overlooked. A table
//! of that name that looks different is somebody else's and is never touched.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::nftables::{
    DATA_VALUE, HEADER, LIST_ELEMENT, Verb, batch_begin, batch_end, create, request,
};
use super::route::{address, octets};
use super::shape::{self, FAMILIES, TABLE, TABLE_FLAGS, TABLE_NAME, foreign, map_name, new_table};
use super::{Error, Reason, Result};
use crate::model::{Family, Vip};
use crate::netlink::{self, Attributes, Request, Socket};

/// The VIPs in the table and their marks.
pub type Marks = BTreeMap<IpAddr, u32>;

const ELEMENTS_TABLE: u16 = 1;
const ELEMENTS_SET: u16 = 2;
const ELEMENTS: u16 = 3;
const ELEMENT_KEY: u16 = 1;
const ELEMENT_DATA: u16 = 2;

/// `NFTA_GEN_ID`.
const GENERATION_ID: u16 = 1;

/// How often a change is tried again when the ruleset changed meanwhile.
const ATTEMPTS: usize = 20;

/// The VIPs in our table; `None` when there is no such table.
///
/// # Errors
/// [`Reason::ForeignTable`] when the table is not as we make it,
/// [`Reason::NoNfTables`], or the kernel refuses to show it.
pub fn inspect(socket: &mut Socket) -> Result<Option<Marks>> {
    look(socket).map_err(|reason| Error::new("read the nf_tables table 'inet lbctl'", reason))
}

/// Marks packets for the VIP, in a table made for it if there is none.
///
/// # Errors
/// As [`inspect`], or the kernel refuses the change; nothing is changed then.
pub fn add(socket: &mut Socket, vip: &Vip) -> Result<()> {
    change(socket, |marks| match marks {
        None => {
            let mut changes = new_table();
            changes.push(element(Verb::NewElement, vip.address, Some(vip.mark)));
            changes
        }
        Some(marks) => match marks.get(&vip.address) {
            Some(mark) if *mark == vip.mark => Vec::new(),
            Some(mark) => vec![
                element(Verb::DeleteElement, vip.address, Some(*mark)),
                element(Verb::NewElement, vip.address, Some(vip.mark)),
            ],
            None => vec![element(Verb::NewElement, vip.address, Some(vip.mark))],
        },
    })
    .map_err(|reason| Error::new(format!("mark packets for {}", vip.address), reason))
}

/// Marks packets for the VIP no longer. The table goes with its last VIP.
///
/// # Errors
/// As [`add`].
pub fn remove(socket: &mut Socket, vip: &Vip) -> Result<()> {
    change(socket, |marks| match marks {
        None => Vec::new(),
        Some(marks) if marks.keys().all(|address| *address == vip.address) => {
            let mut delete = request(Verb::DeleteTable);
            delete.attributes().string(TABLE_NAME, TABLE);
            vec![delete]
        }
        Some(marks) if !marks.contains_key(&vip.address) => Vec::new(),
        Some(_) => vec![element(Verb::DeleteElement, vip.address, None)],
    })
    .map_err(|reason| Error::new(format!("stop marking packets for {}", vip.address), reason))
}

/// Looks, decides, and changes what was looked at or nothing.
fn change(
    socket: &mut Socket,
    decide: impl Fn(Option<&Marks>) -> Vec<Request>,
) -> std::result::Result<(), Reason> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let generation = generation(socket)?;
        let changes = decide(look(socket)?.as_ref());
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

fn look(socket: &mut Socket) -> std::result::Result<Option<Marks>, Reason> {
    let mut ask = request(Verb::GetTable);
    ask.attributes().string(TABLE_NAME, TABLE);
    let mut flags = 0;
    let asked = socket.ask(&ask, |message| {
        if let Some(found) = message.attributes(HEADER)?.find(TABLE_FLAGS)? {
            flags = found.be32()?;
        }
        Ok(())
    });
    match asked {
        Ok(()) => {}
        Err(error) if error.errno() == Some(libc::ENOENT) => return Ok(None),
        Err(error) if error.errno() == Some(libc::EINVAL) => return Err(Reason::NoNfTables),
        Err(error) => return Err(error.into()),
    }
    if flags != 0 {
        return Err(foreign("it is dormant or has an owner"));
    }
    shape::check(socket)?;
    let mut marks = Marks::new();
    for family in FAMILIES {
        let mut dump = request(Verb::GetElements);
        dump.attributes()
            .string(ELEMENTS_TABLE, TABLE)
            .string(ELEMENTS_SET, map_name(family));
        let parts = socket.dump(&dump, |message| elements(message.attributes(HEADER)?))?;
        marks.extend(parts.into_iter().flatten());
    }
    Ok(Some(marks))
}

/// The elements in one message of a dump.
fn elements(attributes: Attributes<'_>) -> netlink::Result<Vec<(IpAddr, u32)>> {
    let Some(list) = attributes.find(ELEMENTS)? else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for element in list.nested() {
        let element = element?.nested();
        let value = |kind| -> netlink::Result<_> {
            let data = element.find(kind)?;
            let value = match data {
                Some(data) => data.nested().find(DATA_VALUE)?,
                None => None,
            };
            value.ok_or(netlink::Error::Malformed("a map's element without a value"))
        };
        found.push((address(value(ELEMENT_KEY)?)?, value(ELEMENT_DATA)?.u32()?));
    }
    Ok(found)
}

fn element(verb: Verb, vip: IpAddr, mark: Option<u32>) -> Request {
    let mut request = match verb {
        Verb::NewElement => create(verb),
        _ => request(verb),
    };
    request
        .attributes()
        .string(ELEMENTS_TABLE, TABLE)
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
    use super::*;
    use crate::netlink::AttributeWriter;
    use proptest::prelude::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn an_element_has_its_key_in_network_order_and_its_mark_in_host_order() {
        let mut request = element(
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
        let mut request = element(Verb::NewElement, vip, Some(0x8000_0001));
        let bytes = request.attributes().as_bytes().to_vec();
        let read = elements(Attributes::new(&bytes[HEADER..])).unwrap();
        assert_eq!(read, [(vip, 0x8000_0001)]);
    }

    #[test]
    fn an_element_without_a_mark_is_malformed() {
        let mut writer = AttributeWriter::default();
        writer.nest(ELEMENTS, |list| {
            list.nest(LIST_ELEMENT, |element| {
                element.nest(ELEMENT_KEY, |key| {
                    key.bytes(DATA_VALUE, &[192, 0, 2, 1]);
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
