//! What can go wrong between us and the kernel's netlink.

use std::fmt;
use std::io;

/// A result of this layer.
pub type Result<T> = std::result::Result<T, Error>;

/// The kernel's answer to a request that it did not carry out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The positive error number, as in errno(3).
    pub errno: i32,
    /// The kernel's own sentence (`NLMSGERR_ATTR_MSG`), where it gave one.
    pub text: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = io::Error::from_raw_os_error(self.errno).to_string();
        // The standard library appends "(os error N)"; the name says enough.
        let name = error.split(" (os error").next().unwrap_or(&error);
        f.write_str(name)?;
        if let Some(text) = &self.text {
            write!(f, " ({text})")?;
        }
        Ok(())
    }
}

/// A failed conversation.
#[derive(Debug)]
pub enum Error {
    /// A system call on the socket failed.
    Socket {
        /// What was being done, as in "open a netlink socket".
        doing: &'static str,
        /// The system's answer.
        source: io::Error,
    },
    /// The kernel refused the request.
    Refused(Refusal),
    /// The receive buffer overflowed (`ENOBUFS`): answers are lost, and only
    /// reading the state again tells what was done.
    Overflow,
    /// The request does not fit the send buffer (`EMSGSIZE`), or there is no memory
    /// for it (`ENOBUFS`); nothing of it was carried out.
    TooLong,
    /// A dump was disturbed by a writer every time it was tried.
    Disturbed,
    /// The kernel's message does not have the shape it should have.
    Malformed(&'static str),
}

impl Error {
    /// The kernel's error number, if it was the kernel that refused.
    #[must_use]
    pub fn errno(&self) -> Option<i32> {
        match self {
            Self::Refused(refusal) => Some(refusal.errno),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket { doing, source } => write!(f, "cannot {doing}: {source}"),
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Overflow => f.write_str(
                "the kernel's answers were lost (ENOBUFS): the netlink receive buffer is too \
                 small, or memory is short; raise net.core.rmem_max, see what is there, and try \
                 again",
            ),
            Self::TooLong => f.write_str(
                "the request does not fit the netlink send buffer, or memory is short; raise \
                 net.core.wmem_default and try again",
            ),
            Self::Disturbed => {
                f.write_str("another program kept changing it while it was being read")
            }
            Self::Malformed(what) => write!(f, "the kernel sent a malformed message: {what}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Socket { source, .. } => Some(source),
            _ => None,
        }
    }
}
