//! One health check: what it asks, of whom, and how one attempt ends. Each kind
//! has a file of its own below; a new kind is one file and one arm in
//! [`Check::attempt`]. What attempts add up to stands in `verdict`.

mod failure;
mod http;
mod status;
mod tcp;

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

pub use http::{HttpCheck, HttpCheckError};
pub use status::{ParseStatusError, StatusSet};

use crate::model::Server;

/// How one attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The server is well.
    Passed {
        /// What it said, as `status 200`.
        detail: String,
    },
    /// The server is not well.
    Failed {
        /// Why, as `status 503, wanted 200`.
        reason: String,
    },
    /// This machine could not ask. It says nothing about the server and never
    /// counts against it.
    Local {
        /// Why, as `no file descriptors are left on this machine`.
        reason: String,
    },
}

impl Outcome {
    /// What it said, whichever way it ended.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Passed { detail: text }
            | Self::Failed { reason: text }
            | Self::Local { reason: text } => text,
        }
    }

    fn passed(detail: impl Into<String>) -> Self {
        Self::Passed {
            detail: detail.into(),
        }
    }

    fn failed(reason: impl Into<String>) -> Self {
        Self::Failed {
            reason: reason.into(),
        }
    }

    fn local(reason: impl Into<String>) -> Self {
        Self::Local {
            reason: reason.into(),
        }
    }
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CheckKind {
    /// A GET, judged by its status.
    Http(HttpCheck),
    /// A connection that is accepted.
    Tcp,
}

/// A check as the file and the flags describe it, apart from whom it asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CheckSpec {
    /// What is asked.
    pub kind: CheckKind,
    /// The port to ask, when it is not the server's.
    pub port: Option<u16>,
    /// From the start of one attempt to the start of the next.
    pub interval: Duration,
    /// For the connection alone.
    pub connect_timeout: Duration,
    /// For the whole attempt, connection included.
    pub timeout: Duration,
    /// Failures in a row that take a server down; 0 is read as 1.
    pub fall: u32,
    /// Successes in a row that bring it back; 0 is read as 1.
    pub rise: u32,
    /// Between attempts while a change is in doubt.
    pub retry_interval: Duration,
}

impl CheckSpec {
    /// A check with the defaults of lbctl.toml.
    #[must_use]
    pub fn new(kind: CheckKind) -> Self {
        Self {
            kind,
            port: None,
            interval: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(3),
            timeout: Duration::from_secs(5),
            fall: 2,
            rise: 1,
            retry_interval: Duration::from_secs(1),
        }
    }
}

/// A check and whom it asks. Equal ones are run once, however many services
/// share the server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Check {
    target: SocketAddr,
    /// Its port is empty: the target has it, so that a port which is named and
    /// the same port taken from the server make equal checks.
    spec: CheckSpec,
}

impl Check {
    /// This check of this server.
    ///
    /// # Errors
    /// Neither the check nor the server names a port (services by mark, services
    /// for all ports).
    pub fn new(spec: &CheckSpec, server: &Server) -> Result<Self, NoCheckPort> {
        match spec.port.unwrap_or(server.port) {
            0 => Err(NoCheckPort(server.endpoint())),
            port => Ok(Self {
                target: SocketAddr::new(server.address, port),
                spec: CheckSpec {
                    port: None,
                    ..spec.clone()
                },
            }),
        }
    }

    /// Whom it asks.
    #[must_use]
    pub fn target(&self) -> SocketAddr {
        self.target
    }

    /// How.
    #[must_use]
    pub fn spec(&self) -> &CheckSpec {
        &self.spec
    }

    /// Asks once; returns within the timeout.
    #[must_use]
    pub fn attempt(&self) -> Outcome {
        match &self.spec.kind {
            CheckKind::Http(check) => http::attempt(check, self.target, &self.spec),
            CheckKind::Tcp => tcp::attempt(self.target, &self.spec),
        }
    }
}

/// A check needs a port, and there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoCheckPort(String);

impl fmt::Display for NoCheckPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the server {} has no port of its own; name the port to check",
            self.0
        )
    }
}

impl std::error::Error for NoCheckPort {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Forward;

    fn server(port: u16) -> Server {
        Server {
            address: [192, 0, 2, 1].into(),
            port,
            forward: Forward::Nat,
            weight: 1,
            upper_threshold: 0,
            lower_threshold: 0,
        }
    }

    #[test]
    fn a_named_port_and_the_servers_own_make_equal_checks() {
        let plain = CheckSpec::new(CheckKind::Tcp);
        let named = CheckSpec {
            port: Some(80),
            ..plain.clone()
        };
        assert_eq!(
            Check::new(&plain, &server(80)),
            Check::new(&named, &server(0))
        );
        assert_ne!(
            Check::new(&plain, &server(81)),
            Check::new(&named, &server(81))
        );
    }

    #[test]
    fn no_port_anywhere_is_an_error() {
        let error = Check::new(&CheckSpec::new(CheckKind::Tcp), &server(0)).unwrap_err();
        assert!(error.to_string().contains("name the port"), "{error}");
    }
}
