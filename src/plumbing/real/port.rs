//! UDP ports whose packets the kernel unwraps: generic netlink family `fou`,
//! whose numbers are those of linux/fou.h.

use std::collections::BTreeSet;

use neli::consts::socket::NlFamily;

use super::hands::load_module;
use crate::model::{Family, GuePort};
use crate::netlink::{self, Attributes, GENERIC_HEADER, Request, Socket};
use crate::plumbing::rule::family_byte;
use crate::plumbing::{Error, Reason, Result};

const NAME: &str = "fou";
const VERSION: u8 = 1;
const ADD: u8 = 1;
const DELETE: u8 = 2;
const GET: u8 = 3;

const PORT: u16 = 1;
const FAMILY: u16 = 2;
const TYPE: u16 = 4;
/// `FOU_ENCAP_GUE`.
const GUE: u8 = 2;

fn socket() -> Result<Socket> {
    Socket::open(NlFamily::Generic).map_err(|error| Error::new("talk to the kernel", error))
}

fn request(family: u16, command: u8, port: Option<GuePort>) -> Request {
    let mut request = Request::new(family, &[command, VERSION, 0, 0]);
    if let Some(port) = port {
        request
            .attributes()
            .be16(PORT, port.port)
            .u8(FAMILY, family_byte(port.family))
            .u8(TYPE, GUE);
    }
    request
}

/// The open gue ports; none when the kernel lacks the module fou.
///
/// # Errors
/// The kernel refuses to show them.
pub(super) fn list() -> Result<Option<BTreeSet<GuePort>>> {
    let failed = |error| Error::new("list the gue ports", error);
    let mut socket = socket()?;
    let Some(family) = socket.family(NAME).map_err(failed)? else {
        return Ok(None);
    };
    let ports = socket.dump(&request(family, GET, None), |message| {
        read(&message.attributes(GENERIC_HEADER)?)
    });
    match ports {
        Ok(ports) => Ok(Some(ports.into_iter().flatten().collect())),
        // Only an administrator may look; what is unknown counts as closed.
        Err(error) if error.errno() == Some(libc::EPERM) => Ok(Some(BTreeSet::new())),
        Err(error) => Err(failed(error)),
    }
}

fn read(attributes: &Attributes<'_>) -> netlink::Result<Option<GuePort>> {
    let (Some(port), Some(kind)) = (attributes.find(PORT)?, attributes.find(TYPE)?) else {
        return Ok(None);
    };
    let six = match attributes.find(FAMILY)? {
        Some(family) => family.u8()? == family_byte(Family::Ipv6),
        None => false,
    };
    Ok((kind.u8()? == GUE).then_some(GuePort {
        family: if six { Family::Ipv6 } else { Family::Ipv4 },
        port: port.be16()?,
    }))
}

/// Opens the port unless it is open; loads the module fou, which the kernel does not
/// load by itself. Whether it was opened.
///
/// # Errors
/// There is no such module, another program has the port, or the kernel refuses it.
pub(super) fn open(port: GuePort) -> Result<bool> {
    let doing = || format!("open UDP port {} for gue", port.port);
    let failed = |error: netlink::Error| Error::new(doing(), error);
    let mut socket = socket()?;
    let mut family = socket.family(NAME).map_err(failed)?;
    if family.is_none() {
        let loaded = load_module(NAME);
        family = socket.family(NAME).map_err(failed)?;
        if let (None, Err(why)) = (family, loaded) {
            return Err(Error::new(
                doing(),
                Reason::InTheWay(format!(
                    "the kernel lacks the module fou ({why}); load it with: modprobe fou"
                )),
            ));
        }
    }
    let Some(family) = family else {
        return Err(Error::new(doing(), Reason::Unreadable("no family fou")));
    };
    match socket.execute(&request(family, ADD, Some(port))) {
        Ok(()) => Ok(true),
        // `fou_add_to_port_list` in net/ipv4/fou_core.c.
        Err(error) if error.errno() == Some(libc::EALREADY) => Ok(false),
        Err(error) if error.errno() == Some(libc::EADDRINUSE) => {
            if list()?.is_some_and(|open| open.contains(&port)) {
                return Ok(false);
            }
            let sentence = format!(
                "another program has the port; see which with: ss -lup sport = {}",
                port.port
            );
            Err(Error::new(doing(), Reason::InTheWay(sentence)))
        }
        Err(error) => Err(failed(error)),
    }
}

/// Closes the port. One that is not open stays so.
///
/// # Errors
/// The kernel refuses it.
pub(super) fn close(port: GuePort) -> Result<()> {
    let failed = |error| Error::new(format!("close UDP port {} for gue", port.port), error);
    let mut socket = socket()?;
    let Some(family) = socket.family(NAME).map_err(failed)? else {
        return Ok(());
    };
    match socket.execute(&request(family, DELETE, Some(port))) {
        // `fou_destroy` answers EINVAL for a port that it does not have.
        Err(error) if error.errno() != Some(libc::EINVAL) => Err(failed(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_asked_for_is_read() {
        for family in [Family::Ipv4, Family::Ipv6] {
            let port = GuePort { family, port: 6080 };
            let mut request = request(30, ADD, Some(port));
            let bytes = request.attributes().as_bytes().to_vec();
            let found = read(&Attributes::new(&bytes[GENERIC_HEADER..])).unwrap();
            assert_eq!(found, Some(port));
        }
    }

    proptest! {
        #[test]
        fn any_answer_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = read(&Attributes::new(&bytes));
        }
    }
}
