//! Generic netlink: the numbers that the kernel gives to named families, and what
//! stands at the head of their messages (include/uapi/linux/genetlink.h).

use super::{Error, Request, Result, Socket};

/// `struct genlmsghdr`: command, version, u16 reserved.
pub const GENERIC_HEADER: usize = 4;

/// `GENL_ID_CTRL`, the family that knows all others.
const CONTROL: u16 = 16;
/// `CTRL_CMD_GETFAMILY`, and the version of its messages.
const GET_FAMILY: [u8; GENERIC_HEADER] = [3, 1, 0, 0];
const ATTR_FAMILY_ID: u16 = 1;
const ATTR_FAMILY_NAME: u16 = 2;

impl Socket {
    /// Asks for the number of a family; none when the kernel does not know it. The
    /// kernel may load a module to answer.
    ///
    /// # Errors
    /// A failed conversation.
    pub fn family(&mut self, name: &str) -> Result<Option<u16>> {
        let mut request = Request::new(CONTROL, &GET_FAMILY);
        request.attributes().string(ATTR_FAMILY_NAME, name);
        let mut family = None;
        let answer = self.ask(&request, |message| {
            let id = message
                .attributes(GENERIC_HEADER)?
                .find(ATTR_FAMILY_ID)?
                .ok_or(Error::Malformed("a family without an id"))?;
            family = Some(id.u16()?);
            Ok(())
        });
        match answer {
            Ok(()) => Ok(family),
            Err(error) if error.errno() == Some(libc::ENOENT) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
