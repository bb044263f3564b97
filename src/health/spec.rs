//! What the probe is asked to keep: services, their servers and checks, as the
//! flags or the file describe them.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::check::{CheckSpec, NoCheckPort};
use super::lock::LockError;
use super::policy::Rules;
use super::pool::PoolError;
use crate::model::{Server, Service, ServiceId};

/// A server and how it is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSpec {
    /// Its settings; the weight is the one it has while it is well.
    pub server: Server,
    /// Its check; none: it counts as up.
    pub check: Option<CheckSpec>,
    /// Taken out by hand; no check brings it back.
    pub maintenance: bool,
}

/// Which servers take part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Roster {
    /// Those that the table has, with the weights that they have at the start;
    /// also those that come later.
    Table {
        /// The check of each.
        check: Option<CheckSpec>,
    },
    /// These.
    Listed {
        /// The service's settings, to put it back when it is lost.
        service: Service,
        /// The servers.
        servers: Vec<ServerSpec>,
    },
}

/// A service to keep.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceSpec {
    /// Which.
    pub id: ServiceId,
    /// What people call it.
    pub name: Option<String>,
    /// Its servers.
    pub roster: Roster,
    /// The server that takes over when none is left.
    pub sorry: Option<ServerSpec>,
    /// How it is kept.
    pub rules: Rules,
}

/// Why a probe cannot start.
#[derive(Debug)]
pub enum ProbeError {
    /// The service is not in the table, and nothing says what it was.
    NoService(ServiceId),
    /// A check has no port.
    NoPort(NoCheckPort),
    /// The sorry server is one of the servers, too.
    SorryTwice(String),
    /// The service is given twice.
    ServiceTwice(ServiceId),
    /// Another probe is at work.
    Lock(LockError),
    /// The state file cannot be read.
    State {
        /// Its path.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// What this machine lacks for checks.
    Machine(io::Error),
    /// The table cannot be read.
    Table {
        /// The service.
        id: ServiceId,
        /// Why.
        error: PoolError,
    },
}

impl fmt::Display for ProbeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoService(id) => write!(
                f,
                "cannot probe {id}: there is no such service; lbctl list shows those there are, lbctl \
                 add makes one"
            ),
            Self::NoPort(error) => error.fmt(f),
            Self::SorryTwice(endpoint) => write!(
                f,
                "{endpoint} is the sorry server and one of the servers; it can be only one of them"
            ),
            Self::ServiceTwice(id) => write!(f, "{id} is to be probed twice"),
            Self::Lock(error) => error.fmt(f),
            Self::State { path, error } => {
                write!(f, "cannot read the state file {}: {error}", path.display())
            }
            Self::Machine(error) => write!(
                f,
                "cannot run checks: {error}; see how many files may be open with: ulimit -n"
            ),
            Self::Table { id, error } => write!(f, "cannot read {id}: {error}"),
        }
    }
}

impl std::error::Error for ProbeError {}

impl From<NoCheckPort> for ProbeError {
    fn from(error: NoCheckPort) -> Self {
        Self::NoPort(error)
    }
}

impl From<LockError> for ProbeError {
    fn from(error: LockError) -> Self {
        Self::Lock(error)
    }
}
