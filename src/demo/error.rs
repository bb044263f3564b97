//! Why the demo came to an early end.

use std::fmt;
use std::io;

use crate::{ipvs, netlink, plumbing};

/// A result of this room.
pub type Result<T> = std::result::Result<T, Error>;

/// Why the demo came to an early end.
#[derive(Debug)]
pub enum Error {
    /// Network namespaces are not for everybody.
    NoPrivilege,
    /// Its network could not be made, or looked at.
    Plumbing(plumbing::Error),
    /// Its IPVS table could not be looked at.
    Ipvs(ipvs::Error),
    /// The kernel could not be talked to.
    Netlink(netlink::Error),
    /// The system refused something else.
    System {
        /// What was being done, as it stands behind "cannot ".
        doing: String,
        /// The system's answer.
        source: io::Error,
    },
    /// A step did not show what it should. The sentence is complete.
    Failed(String),
    /// This signal asked it to stop.
    Interrupted(i32),
    /// Its story could not be written.
    Output(io::Error),
}

impl Error {
    /// A refusal of the system; `doing` stands behind "cannot ".
    pub(super) fn system(doing: impl Into<String>, source: impl Into<io::Error>) -> Self {
        Self::System {
            doing: doing.into(),
            source: source.into(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPrivilege => f.write_str(
                "the demo makes network namespaces, which needs root (CAP_SYS_ADMIN and \
                 CAP_NET_ADMIN); run it with: sudo lbctl demo",
            ),
            Self::Plumbing(error) => error.fmt(f),
            Self::Ipvs(error) => write!(f, "cannot look at the demo's IPVS table: {error}"),
            Self::Netlink(error) => write!(f, "cannot talk to the kernel: {error}"),
            Self::System { doing, source } => write!(f, "cannot {doing}: {source}"),
            Self::Failed(sentence) => {
                write!(f, "the demo did not show what it should: {sentence}")
            }
            Self::Interrupted(signal) => write!(f, "the demo was stopped by signal {signal}"),
            Self::Output(error) => write!(f, "cannot write the demo's output: {error}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<plumbing::Error> for Error {
    fn from(error: plumbing::Error) -> Self {
        Self::Plumbing(error)
    }
}

impl From<ipvs::Error> for Error {
    fn from(error: ipvs::Error) -> Self {
        Self::Ipvs(error)
    }
}

impl From<netlink::Error> for Error {
    fn from(error: netlink::Error) -> Self {
        Self::Netlink(error)
    }
}
