//! One HTTP request, as a client sends it, and the first words of the answer. Every
//! wait ends with its time, or as soon as somebody wants it to stop.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, AsRawFd as _};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrStorage, getsockopt, socket, sockopt,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::interrupt::Interrupt;

/// As much of an answer as is looked at.
const ENOUGH: usize = 4096;

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

/// How long is waited, and for what not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience<'a> {
    /// For a connection; and again for the answer.
    pub(super) time: Duration,
    /// What ends it early.
    pub(super) interrupt: Option<&'a Interrupt>,
}

impl Patience<'_> {
    /// Waits until the socket is ready, until this moment at most.
    pub(super) fn wait(
        &self,
        socket: &impl AsFd,
        ready: PollFlags,
        since: Instant,
    ) -> io::Result<()> {
        loop {
            let mut waited = vec![PollFd::new(socket, ready)];
            waited.extend(self.interrupt.map(|it| PollFd::new(it, PollFlags::IN)));
            let left = self.time.saturating_sub(since.elapsed());
            // A time that is too long for the kernel is for ever.
            let limit = Timespec::try_from(left).ok();
            let found = match poll(&mut waited, limit.as_ref()) {
                Err(rustix::io::Errno::INTR) => continue,
                found => found?,
            };
            let [socket, others @ ..] = waited.as_slice() else {
                continue;
            };
            if others.iter().any(|other| !other.revents().is_empty()) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            if !socket.revents().is_empty() {
                return Ok(());
            }
            if found == 0 && left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
    }
}

/// A connection; its socket does not block.
pub(super) fn connect(target: SocketAddr, patience: Patience<'_>) -> Result<TcpStream, NoPage> {
    try_connect(target, patience).map_err(|error| match error.kind() {
        io::ErrorKind::ConnectionRefused => NoPage::Refused,
        _ => NoPage::NoConnection(sentence(&error, patience.time)),
    })
}

fn try_connect(target: SocketAddr, patience: Patience<'_>) -> io::Result<TcpStream> {
    let family = match target {
        SocketAddr::V4(_) => AddressFamily::Inet,
        SocketAddr::V6(_) => AddressFamily::Inet6,
    };
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let socket = socket(family, SockType::Stream, flags, None)?;
    let begin = Instant::now();
    match nix::sys::socket::connect(socket.as_raw_fd(), &SockaddrStorage::from(target)) {
        Ok(()) => {}
        Err(Errno::EINPROGRESS) => {
            patience.wait(&socket, PollFlags::OUT, begin)?;
            match getsockopt(&socket, sockopt::SocketError)? {
                0 => {}
                number => return Err(io::Error::from_raw_os_error(number)),
            }
        }
        Err(error) => return Err(error.into()),
    }
    Ok(socket.into())
}

/// GET of this path.
pub(super) fn get(
    target: SocketAddr,
    path: &str,
    host: &str,
    patience: Patience<'_>,
) -> Result<Page, NoPage> {
    let problem = |error: io::Error| NoPage::NoHttp(sentence(&error, patience.time));
    let mut stream = connect(target, patience)?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: {host}\r\nUser-Agent: lbctl\r\n\r\n");
    // A new connection takes so little at once.
    stream.write_all(request.as_bytes()).map_err(problem)?;
    let mut answer = Vec::new();
    // An answer that ends in a reset, or in the middle, is an answer.
    match read(&mut stream, &mut answer, patience) {
        Err(error) if answer.is_empty() => return Err(problem(error)),
        _ => {}
    }
    page(&String::from_utf8_lossy(&answer))
        .ok_or_else(|| NoPage::NoHttp("closed the connection without an HTTP answer".to_owned()))
}

/// Reads to the end, or as much as is looked at.
fn read(stream: &mut TcpStream, answer: &mut Vec<u8>, patience: Patience<'_>) -> io::Result<()> {
    let begin = Instant::now();
    let mut piece = [0; ENOUGH];
    while answer.len() < ENOUGH {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => answer.extend(piece.iter().take(length)),
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock => patience.wait(stream, PollFlags::IN, begin)?,
                io::ErrorKind::Interrupted => {}
                _ => return Err(error),
            },
        }
    }
    Ok(())
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
        io::ErrorKind::Interrupted => "stopped".to_owned(),
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
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn the_first_words_of_an_answer() {
        let page = page("HTTP/1.1 404 Not Found\r\nA: b\r\n\r\n\n  <html>\nx").unwrap();
        assert_eq!(page.status, "404 Not Found");
        assert_eq!(page.first.as_deref(), Some("<html>"));
        assert_eq!(super::page("SSH-2.0-OpenSSH_9.2\r\n"), None);
        assert_eq!(super::page(""), None);
    }

    /// A server takes the connection and says nothing; nor does the client wait.
    #[test]
    fn whoever_is_asked_to_stop_waits_no_more() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (interrupt, bell) = Interrupt::by_hand();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            bell.ring();
            // Until the client goes.
            io::copy(&mut stream, &mut io::sink()).unwrap();
        });
        let patience = Patience {
            time: Duration::from_hours(1),
            interrupt: Some(&interrupt),
        };
        let answer = get(address, "/", "x", patience);
        assert_eq!(answer, Err(NoPage::NoHttp("stopped".to_owned())));
        server.join().unwrap();
    }

    #[test]
    fn silence_ends_with_the_patience() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let patience = Patience {
            time: Duration::ZERO,
            interrupt: None,
        };
        let answer = get(listener.local_addr().unwrap(), "/", "x", patience);
        let silence = "no answer within 0 s".to_owned();
        assert_eq!(answer, Err(NoPage::NoHttp(silence)));
    }
}
