//! One health check: what it asks, of whom, and how one attempt ends. Each kind
//! has a file of its own below; a new kind is one file and one arm in
//! [`Prepared`]. What attempts add up to stands in `verdict`.

mod datagram;
mod deadline;
mod dns;
mod exchange;
mod exec;
mod failure;
mod http;
mod ping;
mod prepared;
mod spec;
mod status;
mod tls;
mod udp;

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

pub use exchange::{Exchange, PIECE, Progress, Ready};
pub use http::{HttpCheck, HttpCheckError};
pub use prepared::{Kit, Prepared};
pub use spec::{CheckKind, CheckSpec, DnsRecord, HttpQuestion, Trust, is_domain_name};
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

/// One attempt that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took.
    pub took: Duration,
}

/// A check and whom it asks. Equal ones are run once, however many services
/// share the server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Check {
    target: SocketAddr,
    /// Its address and port are empty: the target has them, so that a port which
    /// is named and the same port taken from the server make equal checks.
    spec: CheckSpec,
}

impl Check {
    /// This check of this server.
    ///
    /// # Errors
    /// Neither the check nor the server names a port (services by mark, services
    /// for all ports).
    pub fn new(spec: &CheckSpec, server: &Server) -> Result<Self, NoCheckPort> {
        let address = spec.address.unwrap_or(server.address);
        let port = match spec.port.unwrap_or(server.port) {
            0 if spec.kind.needs_port() => return Err(NoCheckPort(server.endpoint())),
            _ if spec.kind == CheckKind::Ping => 0,
            port => port,
        };
        Ok(Self {
            target: SocketAddr::new(address, port),
            spec: CheckSpec {
                address: None,
                port: None,
                ..spec.clone()
            },
        })
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
    fn an_address_of_its_own_goes_before_the_servers() {
        let spec = CheckSpec {
            address: Some([192, 0, 2, 9].into()),
            ..CheckSpec::new(CheckKind::Tcp)
        };
        let check = Check::new(&spec, &server(80)).unwrap();
        assert_eq!(check.target(), "192.0.2.9:80".parse().unwrap());
    }

    #[test]
    fn only_what_asks_at_a_port_needs_one() {
        let ping = CheckSpec::new(CheckKind::Ping);
        let one = Check::new(&ping, &server(0)).unwrap();
        // One echo for all ports of a server.
        assert_eq!(Check::new(&ping, &server(80)), Ok(one));
        let exec = |word: &str| CheckKind::Exec(vec!["/x".to_owned(), word.to_owned()]);
        assert!(Check::new(&CheckSpec::new(exec("{address}")), &server(0)).is_ok());
        assert!(Check::new(&CheckSpec::new(exec("{port}")), &server(0)).is_err());
    }

    #[test]
    fn no_port_anywhere_is_an_error() {
        let error = Check::new(&CheckSpec::new(CheckKind::Tcp), &server(0)).unwrap_err();
        assert!(error.to_string().contains("name the port"), "{error}");
    }
}
