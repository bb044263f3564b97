//! The conversation with IPVS: one socket, the family's id asked for once, and
//! what changes the table as a whole. Reading is `read`'s, steps are `apply`'s.

use std::process::Command;

use neli::consts::socket::NlFamily;

use crate::model::ServiceId;
use crate::netlink::Socket;

use super::sockopt::Sockopt;
use super::wire::{self, command};
use super::{Error, Result, encode};

/// An open line to the IPVS table of the current network namespace.
pub struct Client {
    pub(super) socket: Socket,
    pub(super) family: u16,
    /// The older interface, opened when it is first needed; in the same namespace, since
    /// nobody takes a client to another.
    pub(super) quick: Option<Sockopt>,
}

impl Client {
    /// Opens the line; the kernel loads the module ip_vs if it has to.
    ///
    /// # Errors
    /// [`Error::NoModule`] when there is no IPVS, or a failed conversation.
    /// Missing privilege shows with the first command only.
    pub fn open() -> Result<Self> {
        let mut socket = Socket::open(NlFamily::Generic).map_err(Error::Netlink)?;
        let mut modprobe = None;
        let mut family = resolve(&mut socket)?;
        if family.is_none() {
            // Kernels before 5.17 do not load the module by themselves.
            modprobe = load_module("ip_vs");
            family = resolve(&mut socket)?;
        }
        match family {
            Some(family) => Ok(Self {
                socket,
                family,
                quick: None,
            }),
            None => Err(Error::NoModule { modprobe }),
        }
    }

    /// Sets counters to zero: of one service and its servers, or all of them.
    ///
    /// # Errors
    /// [`Error::NoService`], or as [`Client::services`].
    pub fn zero(&mut self, id: Option<&ServiceId>) -> Result<()> {
        let request = match id {
            Some(id) => encode::on_service(self.family, command::ZERO, id),
            None => encode::request(self.family, command::ZERO),
        };
        match (self.socket.execute(&request), id) {
            (Ok(()), _) => Ok(()),
            (Err(error), Some(id)) if error.errno() == Some(libc::ESRCH) => {
                Err(Error::NoService(*id))
            }
            (Err(error), _) => Err(Error::from_netlink(error)),
        }
    }

    /// Removes every service of this network namespace.
    ///
    /// # Errors
    /// As [`Client::services`].
    pub fn flush(&mut self) -> Result<()> {
        let request = encode::request(self.family, command::FLUSH);
        self.socket.execute(&request).map_err(Error::from_netlink)
    }
}

/// Asks for the family's id; none when the kernel does not know it.
fn resolve(socket: &mut Socket) -> Result<Option<u16>> {
    socket.family(wire::FAMILY_NAME).map_err(Error::Netlink)
}

/// Runs modprobe(8); returns what it had to say if it did not work.
pub(super) fn load_module(name: &str) -> Option<String> {
    match Command::new("modprobe").arg(name).output() {
        Ok(output) if output.status.success() => None,
        Ok(output) => {
            let answer = String::from_utf8_lossy(&output.stderr);
            Some(
                answer
                    .lines()
                    .next()
                    .unwrap_or("modprobe failed")
                    .to_owned(),
            )
        }
        Err(error) => Some(format!("modprobe cannot be run: {error}")),
    }
}
