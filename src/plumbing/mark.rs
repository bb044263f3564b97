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
//! `output` is for clients on this machine. A table of that name that looks
//! different is somebody else's and is never touched.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::elements::{self, element};
use super::nftables::Verb;
use super::shape::{MARKS, new_table};
use super::{Error, Result};
use crate::model::Gather as _;
use crate::model::Vip;
use crate::netlink::Socket;

/// The VIPs in the table and their marks.
pub type Marks = BTreeMap<IpAddr, u32>;

/// The VIPs in our table; `None` when there is no such table.
///
/// # Errors
/// [`Reason::ForeignTable`](super::Reason) when the table is not as we make it,
/// `NoNfTables`, or the kernel refuses to show it.
pub fn inspect(socket: &mut Socket) -> Result<Option<Marks>> {
    match elements::look(socket, &MARKS) {
        // Every element of a map has a mark.
        Ok(found) => Ok(found.map(|all| {
            let all = all.into_iter();
            all.filter_map(|(address, mark)| Some((address, mark?)))
                .gather()
        })),
        Err(reason) => Err(Error::new("read the nf_tables table 'inet lbctl'", reason)),
    }
}

/// Marks packets for the VIP, in a table made for it if there is none.
///
/// # Errors
/// As [`inspect`], or the kernel refuses the change; nothing is changed then.
pub fn add(socket: &mut Socket, vip: &Vip) -> Result<()> {
    let new = || element(&MARKS, Verb::NewElement, vip.address, Some(vip.mark));
    elements::change(socket, &MARKS, |there| {
        let Some(all) = there else {
            let mut changes = new_table(&MARKS);
            changes.push(new());
            return changes;
        };
        match all.iter().find(|(address, _)| *address == vip.address) {
            Some((_, mark)) if *mark == Some(vip.mark) => Vec::new(),
            Some((_, mark)) => vec![
                element(&MARKS, Verb::DeleteElement, vip.address, *mark),
                new(),
            ],
            None => vec![new()],
        }
    })
    .map_err(|reason| Error::new(format!("mark packets for {}", vip.address), reason))
}

/// Marks packets for the VIP no longer. The table goes with its last VIP.
///
/// # Errors
/// As [`add`].
pub fn remove(socket: &mut Socket, vip: &Vip) -> Result<()> {
    elements::remove(socket, &MARKS, vip.address)
        .map_err(|reason| Error::new(format!("stop marking packets for {}", vip.address), reason))
}
