//! The table `inet lbctl_snat`: connections to these VIPs leave for the servers with
//! an address of this machine as their source, so that replies come back here even
//! where the servers' routes lead elsewhere, and where the client is a server of the
//! same network:
//!
//! ```text
//! set vip4 { type ipv4_addr; elements = { 192.0.2.1 } }
//! chain postrouting {
//!     type nat hook postrouting priority srcnat; policy accept;
//!     ct original ip daddr @vip4 masquerade
//! ```
//!
//! Only with [`CONNTRACK`] does conntrack know what IPVS does; then it keeps the VIP
//! as the connection's original destination. A table of its own: nat chains make
//! the kernel track every connection, which nobody pays for who does not need it.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::elements::{self, element};
use super::nftables::Verb;
use super::shape::{SNAT, new_table};
use super::{Error, Result};
use crate::netlink::Socket;

/// The kernel parameter that lets conntrack, and so nat, see IPVS's connections.
pub const CONNTRACK: &str = "net.ipv4.vs.conntrack";

/// The VIPs in our table; `None` when there is no such table.
///
/// # Errors
/// [`Reason::ForeignTable`](super::Reason) when the table is not as we make it,
/// `NoNfTables`, or the kernel refuses to show it.
pub fn inspect(socket: &mut Socket) -> Result<Option<BTreeSet<IpAddr>>> {
    match elements::look(socket, &SNAT) {
        Ok(found) => Ok(found.map(|all| all.into_iter().map(|(address, _)| address).collect())),
        Err(reason) => Err(Error::new(
            "read the nf_tables table 'inet lbctl_snat'",
            reason,
        )),
    }
}

/// Hides clients of the VIP, in a table made for it if there is none.
///
/// # Errors
/// As [`inspect`], or the kernel refuses the change, as one without nat does.
pub fn add(socket: &mut Socket, vip: IpAddr) -> Result<()> {
    let new = || element(&SNAT, Verb::NewElement, vip, None);
    elements::change(socket, &SNAT, |there| match there {
        None => {
            let mut changes = new_table(&SNAT);
            changes.push(new());
            changes
        }
        Some(all) if all.iter().any(|(address, _)| *address == vip) => Vec::new(),
        Some(_) => vec![new()],
    })
    .map_err(|reason| Error::new(format!("masquerade clients of {vip}"), reason))
}

/// Shows the clients of the VIP again. The table goes with its last VIP.
///
/// # Errors
/// As [`add`].
pub fn remove(socket: &mut Socket, vip: IpAddr) -> Result<()> {
    elements::remove(socket, &SNAT, vip)
        .map_err(|reason| Error::new(format!("stop masquerading clients of {vip}"), reason))
}
