//! The HTTP check: one GET on a connection of its own, judged by its status.
//!
//! ureq is told to leave out everything that makes a good client and a bad
//! check: proxies from the environment, redirects, kept connections, name
//! lookups. The timeout holds for the whole exchange, so that a server which
//! drips byte by byte cannot outlive it.

use std::fmt;
use std::io::Read;
use std::net::SocketAddr;

use ureq::config::Config;
use ureq::http::uri::{Authority, PathAndQuery};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{NextTimeout, TcpConnector};
use ureq::{Agent, Body, Error, Timeout};

use super::{CheckSpec, Outcome, StatusSet, failure};
use crate::model::format_duration;

/// Of a longer body the rest is not read; the status has been seen.
const BODY_CAP: usize = 1 << 20;
/// Twice what servers send at most by default (8 KiB); ureq's own 128 KiB a
/// check would be 8 MiB for a full house of workers.
const INPUT_BUFFER: usize = 32 << 10;
/// Below the buffer: a full one would look like a closed connection.
const HEADER_CAP: usize = 24 << 10;
/// Holds the longest request line and host with room to spare.
const OUTPUT_BUFFER: usize = 8 << 10;
/// Longest path and virtual host.
const LONGEST: usize = 2048;

/// What is asked, and which answers count as well.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HttpCheck {
    path: String,
    virtualhost: Option<String>,
    status: StatusSet,
}

impl HttpCheck {
    /// A GET of this path (with its query, if any), naming this host.
    ///
    /// # Errors
    /// A path or host that cannot stand in a request.
    pub fn new(
        path: &str,
        virtualhost: Option<&str>,
        status: StatusSet,
    ) -> Result<Self, HttpCheckError> {
        let good = path.starts_with('/')
            && path.len() <= LONGEST
            && !path.contains('#')
            && PathAndQuery::try_from(path).is_ok();
        if !good {
            return Err(HttpCheckError::Path(path.to_owned()));
        }
        if let Some(host) = virtualhost {
            let good = host.len() <= LONGEST
                && Authority::try_from(host).is_ok_and(|name| !name.as_str().contains('@'));
            if !good {
                return Err(HttpCheckError::VirtualHost(host.to_owned()));
            }
        }
        Ok(Self {
            path: path.to_owned(),
            virtualhost: virtualhost.map(str::to_owned),
            status,
        })
    }

    /// The path, with its query.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The Host header, when it is not the server's address.
    #[must_use]
    pub fn virtualhost(&self) -> Option<&str> {
        self.virtualhost.as_deref()
    }

    /// The statuses that count as well.
    #[must_use]
    pub fn status(&self) -> &StatusSet {
        &self.status
    }
}

/// Why an HTTP check cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpCheckError {
    /// The path.
    Path(String),
    /// The virtual host.
    VirtualHost(String),
}

impl fmt::Display for HttpCheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(
                f,
                "'{}' is no path to ask for; write it as in /health.html",
                path.escape_default()
            ),
            Self::VirtualHost(host) => write!(
                f,
                "'{}' is no host name; write it as in www.example.com",
                host.escape_default()
            ),
        }
    }
}

impl std::error::Error for HttpCheckError {}

/// Every name is the server's address: the connection goes nowhere else.
#[derive(Debug)]
struct Pinned(SocketAddr);

impl Resolver for Pinned {
    fn resolve(
        &self,
        _: &ureq::http::Uri,
        _: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let mut addresses = self.empty();
        addresses.push(self.0);
        Ok(addresses)
    }
}

/// Asks once.
pub(super) fn attempt(check: &HttpCheck, target: SocketAddr, spec: &CheckSpec) -> Outcome {
    let agent = Agent::with_parts(config(spec), TcpConnector::default(), Pinned(target));
    // The address and not the virtual host: a socket address always makes a URL.
    let mut request = agent
        .get(format!("http://{target}{}", check.path))
        .header("Connection", "close");
    if let Some(host) = &check.virtualhost {
        request = request.header("Host", host);
    }
    let mut response = match request.call() {
        Ok(response) => response,
        Err(error) => return judge(error, spec, "no answer"),
    };
    let status = response.status().as_u16();
    if !check.status.contains(status) {
        return Outcome::failed(format!("status {status}, wanted {}", check.status));
    }
    match drain(response.body_mut()) {
        Ok(()) => Outcome::passed(format!("status {status}")),
        Err(error) => judge(error, spec, "no complete answer"),
    }
}

/// Everything that ureq does not do for a check.
fn config(spec: &CheckSpec) -> Config {
    Agent::config_builder()
        .proxy(None)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .max_idle_connections(0)
        .timeout_global(Some(spec.timeout))
        .timeout_connect(Some(spec.connect_timeout.min(spec.timeout)))
        .user_agent(concat!("lbctl/", env!("CARGO_PKG_VERSION")))
        .max_response_header_size(HEADER_CAP)
        .input_buffer_size(INPUT_BUFFER)
        .output_buffer_size(OUTPUT_BUFFER)
        .build()
}

/// Reads the body to its end or the cap, so that a server which breaks off in
/// the middle is seen.
fn drain(body: &mut Body) -> Result<(), Error> {
    let mut reader = body.as_reader();
    let mut buffer = [0; 8192];
    let mut read = 0;
    while read < BODY_CAP {
        match reader.read(&mut buffer)? {
            0 => break,
            amount => read += amount,
        }
    }
    Ok(())
}

/// The sentence for what went wrong; `missing` is what did not come in time.
fn judge(error: Error, spec: &CheckSpec, missing: &str) -> Outcome {
    match error {
        Error::Timeout(Timeout::Connect) => {
            failure::no_connection(spec.connect_timeout.min(spec.timeout))
        }
        Error::Timeout(_) => Outcome::failed(format!(
            "{missing} within {}",
            format_duration(spec.timeout)
        )),
        Error::Io(error) => failure::judge(&error),
        Error::Protocol(_) | Error::LargeResponseHeader(..) | Error::BodyStalled => {
            Outcome::failed("broken HTTP answer")
        }
        other => Outcome::failed(other.to_string()),
    }
}

#[cfg(test)]
mod tests;
