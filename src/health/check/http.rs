//! The HTTP checks: one GET on a connection of its own, with or without TLS, judged
//! by its status and perhaps its body.
//!
//! The client is our own because a check is the opposite of a good client: no
//! proxy, no redirect, no connection kept, no lookup, everything bounded; and
//! there are thousands a second. Whatever an attempt can share with the next is
//! made once. The deadline holds for the whole exchange, so that a server which
//! drips byte by byte cannot outlive it.

mod answer;

use std::fmt;
use std::io::{self, Read, Write};
use std::net::SocketAddr;

use regex_lite::Regex;
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

pub(super) use self::answer::Answer;
use super::deadline::{Connection, Deadline};
use super::exchange::PIECE;
use super::tls::TrustStore;
use super::{CheckSpec, HttpQuestion, Outcome, StatusSet, Trust, failure, tls};
use crate::model::format_duration;

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
            && path
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'#');
        if !good {
            return Err(HttpCheckError::Path(path.to_owned()));
        }
        if let Some(host) = virtualhost {
            let good = host.len() <= LONGEST && server_name(host).is_some();
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

/// The name or address in a virtual host, without its port.
fn server_name(host: &str) -> Option<ServerName<'static>> {
    let name = match host.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            if !port.is_empty() {
                is_port(port.strip_prefix(':')?).then_some(())?;
            }
            address
        }
        None => match host.split_once(':') {
            Some((name, port)) => is_port(port).then_some(name)?,
            None => host,
        },
    };
    ServerName::try_from(name.to_owned()).ok()
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A GET that is ready to be sent, again and again.
#[derive(Debug)]
pub(super) struct Get {
    request: Vec<u8>,
    status: StatusSet,
    body: Option<Regex>,
    /// None: in the clear.
    pub(super) tls: Option<(Trust, ServerName<'static>)>,
}

impl Get {
    /// Makes everything ready that no attempt changes.
    ///
    /// # Errors
    /// The sentence for a body pattern that does not compile.
    pub(super) fn new(
        question: &HttpQuestion,
        trust: Option<&Trust>,
        target: SocketAddr,
    ) -> Result<Self, String> {
        let HttpQuestion { request, body } = question;
        let body = match body {
            Some(pattern) => Some(
                Regex::new(pattern)
                    .map_err(|error| format!("cannot look for the body: {error}"))?,
            ),
            None => None,
        };
        let host = request.virtualhost();
        let name = host
            .and_then(server_name)
            .unwrap_or_else(|| ServerName::from(target.ip()));
        let text = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: lbctl/{}\r\nAccept: */*\r\nConnection: close\r\n\r\n",
            request.path(),
            host.map_or_else(|| target.to_string(), str::to_owned),
            env!("CARGO_PKG_VERSION"),
        );
        Ok(Self {
            request: text.into_bytes(),
            status: request.status().clone(),
            body,
            tls: trust.map(|trust| (trust.clone(), name)),
        })
    }

    /// What is sent.
    pub(super) fn request(&self) -> &[u8] {
        &self.request
    }

    /// Whether the body is to be looked at.
    pub(super) fn wants_body(&self) -> bool {
        self.body.is_some()
    }

    /// Asks once over TLS; in the clear [`super::exchange`] does.
    pub(super) fn attempt(
        &self,
        (trust, name): &(Trust, ServerName<'static>),
        target: SocketAddr,
        spec: &CheckSpec,
        trusts: &TrustStore,
    ) -> Outcome {
        let deadline = Deadline::after(spec.timeout);
        let within = spec.connect_timeout.min(spec.timeout);
        let config = match trusts.config(trust) {
            Ok(config) => config,
            Err(reason) => return Outcome::local(reason),
        };
        let connection = match Connection::open(target, within, deadline) {
            Ok(connection) => connection,
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                return failure::no_connection(within);
            }
            Err(error) => return failure::judge(&error),
        };
        let mut answer = Answer::new(self.wants_body());
        let end = match ClientConnection::new(config, name.clone()) {
            Ok(client) => self.exchange(&mut StreamOwned::new(client, connection), &mut answer),
            Err(error) => End::Error(io::Error::other(error)),
        };
        self.judge(&answer, end, spec)
    }

    /// Asks, and reads until the answer or the server's patience is at its end.
    fn exchange(&self, stream: &mut (impl Read + Write), answer: &mut Answer) -> End {
        let mut piece = [0; PIECE];
        // A server may answer and close without reading all of the question.
        let sent = stream
            .write_all(&self.request)
            .and_then(|()| stream.flush());
        if let Err(error) = sent
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            return End::Error(error);
        }
        while !answer.is_complete() {
            match stream.read(&mut piece) {
                Ok(0) => return End::Closed,
                Ok(amount) => {
                    if answer
                        .take(piece.get(..amount).unwrap_or_default())
                        .is_err()
                    {
                        return End::Broken;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // What TLS says when nobody took leave.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return End::Closed,
                Err(error) => return End::Error(error),
            }
        }
        End::Complete
    }

    /// What an answer that ended so says of the server.
    pub(super) fn judge(&self, answer: &Answer, end: End, spec: &CheckSpec) -> Outcome {
        // A status that is not well says more than how the rest went.
        if let Some(status) = answer.status()
            && !self.status.contains(status)
        {
            return Outcome::failed(format!("status {status}, wanted {}", self.status));
        }
        let missing = match (answer.status(), end) {
            (_, End::Broken) => return Outcome::failed("broken HTTP answer"),
            (Some(status), End::Closed) if answer.may_end() => return self.look(answer, status),
            (Some(status), End::Complete) => return self.look(answer, status),
            (None, End::Closed | End::Complete) => {
                return Outcome::failed("closed the connection without an answer");
            }
            (Some(_), End::Closed) => {
                return Outcome::failed("closed the connection in the middle of the answer");
            }
            (_, End::Error(error)) if error.kind() != io::ErrorKind::TimedOut => {
                return tls::judge(&error).unwrap_or_else(|| failure::judge(&error));
            }
            (None, End::Error(_)) => "no answer",
            (Some(_), End::Error(_)) => "no complete answer",
        };
        Outcome::failed(format!(
            "{missing} within {}",
            format_duration(spec.timeout)
        ))
    }

    /// Judges an answer whose status is well.
    fn look(&self, answer: &Answer, status: u16) -> Outcome {
        match &self.body {
            Some(pattern) if !pattern.is_match(&String::from_utf8_lossy(answer.body())) => {
                Outcome::failed("body does not match")
            }
            _ => Outcome::passed(format!("status {status}")),
        }
    }
}

/// How an exchange ended.
pub(super) enum End {
    /// The answer is whole, or enough of it was read.
    Complete,
    /// The server closed.
    Closed,
    /// It is no HTTP.
    Broken,
    /// The connection failed, or the time is over.
    Error(io::Error),
}

#[cfg(test)]
mod tests;
