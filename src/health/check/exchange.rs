//! A plain check under way, http or tcp: one connection that never waits. Who drives
//! it waits for its socket and has the clock; so hundreds go on in one thread, and
//! what hangs holds nothing but a socket.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrStorage, connect, socket};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::http::{Answer, End, Get};
use super::prepared::Prepared;
use super::{Outcome, failure};

/// What is read at once.
pub const PIECE: usize = 8 << 10;

/// What a socket says of itself.
#[derive(Debug, Clone, Copy)]
pub struct Ready {
    /// There is something to be read, or the other side has ended.
    pub readable: bool,
    /// There is an error, or the connection is gone.
    pub broken: bool,
}

/// How far it has come.
#[derive(Debug)]
pub enum Progress {
    /// It waits for its socket.
    Waiting,
    /// It waits for another socket than before.
    Moved,
    /// It is over.
    Ended(Outcome),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Connecting,
    /// So much of the question is sent.
    Sending(usize),
    Receiving,
}

/// A check under way.
#[derive(Debug)]
pub struct Exchange {
    check: Arc<Prepared>,
    socket: TcpStream,
    stage: Stage,
    answer: Answer,
    /// It has been connected a second time.
    again: bool,
}

impl AsFd for Exchange {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Exchange {
    /// Begins to connect.
    ///
    /// # Errors
    /// It was over at once.
    pub fn begin(check: &Arc<Prepared>) -> Result<Self, Outcome> {
        let socket = begin(check.check().target()).map_err(|error| failure::judge(&error))?;
        let keep = check.get().is_some_and(Get::wants_body);
        Ok(Self {
            check: Arc::clone(check),
            socket,
            stage: Stage::Connecting,
            answer: Answer::new(keep),
            again: false,
        })
    }

    /// When it has to have come further, from its begin.
    #[must_use]
    pub fn patience(&self) -> Duration {
        let spec = self.check.check().spec();
        match self.stage {
            Stage::Connecting => spec.connect_timeout.min(spec.timeout),
            _ => spec.timeout,
        }
    }

    /// How it ends when its patience is over.
    #[must_use]
    pub fn expire(&self) -> Outcome {
        match self.stage {
            Stage::Connecting => failure::no_connection(self.patience()),
            _ => self.judge(End::Error(io::ErrorKind::TimedOut.into())),
        }
    }

    /// Goes on as far as it can, now that the socket has said so.
    pub fn advance(&mut self, ready: Ready, piece: &mut [u8]) -> Progress {
        if self.stage == Stage::Connecting {
            if ready.broken {
                return self.not_connected();
            }
            self.stage = Stage::Sending(0);
        }
        let Some(get) = self.check.get() else {
            return Progress::Ended(Outcome::passed("connected"));
        };
        while let Stage::Sending(sent) = self.stage {
            let rest = get.request().get(sent..).unwrap_or_default();
            match self.socket.write(rest) {
                Ok(more) if more < rest.len() => self.stage = Stage::Sending(sent + more),
                Ok(_) => {
                    self.stage = Stage::Receiving;
                    // What comes from now on is told.
                    if !ready.readable {
                        return Progress::Waiting;
                    }
                }
                // A server may answer and close without reading all of the question.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                    self.stage = Stage::Receiving;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Progress::Waiting;
                }
                Err(error) => return Progress::Ended(self.judge(End::Error(error))),
            }
        }
        self.receive(piece)
    }

    fn receive(&mut self, piece: &mut [u8]) -> Progress {
        let end = loop {
            if self.answer.is_complete() {
                break End::Complete;
            }
            match self.socket.read(piece) {
                Ok(0) => break End::Closed,
                Ok(amount) => {
                    let bytes = piece.get(..amount).unwrap_or_default();
                    if self.answer.take(bytes).is_err() {
                        break End::Broken;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Progress::Waiting;
                }
                Err(error) => break End::Error(error),
            }
        };
        Progress::Ended(self.judge(end))
    }

    fn judge(&self, end: End) -> Outcome {
        match self.check.get() {
            Some(get) => get.judge(&self.answer, end, self.check.check().spec()),
            None => Outcome::passed("connected"),
        }
    }

    /// There will be no connection: why.
    fn not_connected(&mut self) -> Progress {
        let error = match self.socket.take_error() {
            Ok(Some(error)) | Err(error) => error,
            // The connection was given up, and no error was there to be read; seen with
            // hosts that do not answer ARP. The next attempt gets it.
            Ok(None) if !self.again => {
                self.again = true;
                match begin(self.check.check().target()) {
                    Ok(socket) => {
                        self.socket = socket;
                        return Progress::Moved;
                    }
                    Err(error) => error,
                }
            }
            Ok(None) => io::ErrorKind::ConnectionReset.into(),
        };
        Progress::Ended(failure::judge(&error))
    }
}

/// A socket that connects.
fn begin(target: SocketAddr) -> io::Result<TcpStream> {
    let family = match target {
        SocketAddr::V4(_) => AddressFamily::Inet,
        SocketAddr::V6(_) => AddressFamily::Inet6,
    };
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let socket = socket(family, SockType::Stream, flags, None)?;
    match connect(socket.as_raw_fd(), &SockaddrStorage::from(target)) {
        // Interrupted, too, it goes on in the background.
        Ok(()) | Err(Errno::EINPROGRESS | Errno::EINTR) => Ok(socket.into()),
        Err(error) => Err(error.into()),
    }
}

/// Drives one to its end; for a thread that has nothing else to do.
pub(super) fn attempt(check: &Arc<Prepared>) -> Outcome {
    let began = Instant::now();
    let mut exchange = match Exchange::begin(check) {
        Ok(exchange) => exchange,
        Err(outcome) => return outcome,
    };
    let mut piece = [0; PIECE];
    loop {
        let Some(left) = exchange.patience().checked_sub(began.elapsed()) else {
            return exchange.expire();
        };
        let left = Timespec::try_from(left).ok();
        let wanted = match exchange.stage {
            Stage::Receiving => PollFlags::IN,
            _ => PollFlags::IN | PollFlags::OUT,
        };
        let mut sockets = [PollFd::new(&exchange, wanted)];
        let told = match poll(&mut sockets, left.as_ref()) {
            Ok(0) | Err(rustix::io::Errno::INTR) => continue,
            Ok(_) => sockets.map(|socket| socket.revents()),
            Err(error) => return Outcome::local(format!("this machine cannot wait: {error}")),
        };
        for told in told {
            let ready = Ready {
                readable: told.intersects(PollFlags::IN | PollFlags::RDHUP | PollFlags::HUP),
                broken: told.intersects(PollFlags::ERR | PollFlags::HUP),
            };
            if let Progress::Ended(outcome) = exchange.advance(ready, &mut piece) {
                return outcome;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::health::check::{Check, CheckKind, CheckSpec, Kit};
    use crate::model::{Forward, Server};

    #[test]
    fn an_open_port_passes_and_a_closed_one_is_refused() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = listener.local_addr().unwrap();
        let server = Server {
            address: target.ip(),
            port: target.port(),
            forward: Forward::Nat,
            weight: 1,
            upper_threshold: 0,
            lower_threshold: 0,
        };
        let check = Check::new(&CheckSpec::new(CheckKind::Tcp), &server).unwrap();
        let check = Prepared::new(check, Arc::new(Kit::default()));
        assert_eq!(attempt(&check), Outcome::passed("connected"));
        drop(listener);
        assert_eq!(attempt(&check), Outcome::failed("connection refused"));
    }
}
