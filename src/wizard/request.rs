//! One HTTP request, as a client sends it, and the first words of the answer.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// As much of an answer as is looked at.
const ENOUGH: u64 = 4096;

/// An answer in HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Page {
    /// Behind the version: `200 OK`.
    pub(super) status: String,
    /// The first line of the body that says something.
    pub(super) first: Option<String>,
}

/// Why there was none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoPage {
    /// Nobody listens.
    Refused,
    /// No connection came about.
    NoConnection(String),
    /// A connection, but no HTTP on it.
    NoHttp(String),
}

pub(super) fn connect(target: SocketAddr, patience: Duration) -> Result<TcpStream, NoPage> {
    TcpStream::connect_timeout(&target, patience).map_err(|error| match error.kind() {
        io::ErrorKind::ConnectionRefused => NoPage::Refused,
        _ => NoPage::NoConnection(sentence(&error, patience)),
    })
}

/// GET of this path.
pub(super) fn get(
    target: SocketAddr,
    path: &str,
    host: &str,
    patience: Duration,
) -> Result<Page, NoPage> {
    let problem = |error: io::Error| NoPage::NoHttp(sentence(&error, patience));
    let mut stream = connect(target, patience)?;
    stream.set_read_timeout(Some(patience)).map_err(problem)?;
    stream.set_write_timeout(Some(patience)).map_err(problem)?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: {host}\r\nUser-Agent: lbctl\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(problem)?;
    let mut answer = Vec::new();
    // An answer that ends in a reset is an answer.
    match stream.take(ENOUGH).read_to_end(&mut answer) {
        Err(error) if answer.is_empty() => return Err(problem(error)),
        _ => {}
    }
    page(&String::from_utf8_lossy(&answer))
        .ok_or_else(|| NoPage::NoHttp("closed the connection without an HTTP answer".to_owned()))
}

fn page(text: &str) -> Option<Page> {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
    let (version, status) = head.lines().next()?.split_once(' ')?;
    let first = body.lines().map(str::trim).find(|line| !line.is_empty());
    version.starts_with("HTTP/").then(|| Page {
        status: status.trim().to_owned(),
        first: first.map(str::to_owned),
    })
}

fn sentence(error: &io::Error, patience: Duration) -> String {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
            format!("no answer within {} s", patience.as_secs())
        }
        io::ErrorKind::HostUnreachable => "host unreachable".to_owned(),
        io::ErrorKind::NetworkUnreachable => "no route to it".to_owned(),
        _ => error.to_string(),
    }
}

impl std::fmt::Display for NoPage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused => f.write_str("connection refused"),
            Self::NoConnection(text) | Self::NoHttp(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_words_of_an_answer() {
        let page = page("HTTP/1.1 404 Not Found\r\nA: b\r\n\r\n\n  <html>\nx").unwrap();
        assert_eq!(page.status, "404 Not Found");
        assert_eq!(page.first.as_deref(), Some("<html>"));
        assert_eq!(super::page("SSH-2.0-OpenSSH_9.2\r\n"), None);
        assert_eq!(super::page(""), None);
    }
}
