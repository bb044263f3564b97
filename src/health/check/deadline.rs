//! The end of an attempt, and a TCP connection that knows it: no read and no
//! write goes on beyond it, however slowly the other side drips.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// When an attempt has to be over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline(Instant);

impl Deadline {
    /// So long from now.
    pub(super) fn after(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    /// The time that is left, never zero.
    ///
    /// # Errors
    /// [`io::ErrorKind::TimedOut`]: none.
    pub(super) fn left(self) -> io::Result<Duration> {
        let left = self.0.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(left)
    }
}

/// Connects within this time.
///
/// # Errors
/// [`io::ErrorKind::TimedOut`]: it took longer; others: what was told of the server.
pub(super) fn connect(target: SocketAddr, within: Duration) -> io::Result<TcpStream> {
    let deadline = Deadline::after(within);
    match TcpStream::connect_timeout(&target, within) {
        // The connection was given up, and no error was there to be read; seen with
        // hosts that do not answer ARP. The next attempt gets it.
        Err(error) if error.raw_os_error().is_none() && error.kind() != io::ErrorKind::TimedOut => {
            TcpStream::connect_timeout(&target, deadline.left()?)
        }
        other => other,
    }
}

/// A connection for one attempt.
#[derive(Debug)]
pub(super) struct Connection {
    socket: TcpStream,
    deadline: Deadline,
}

impl Connection {
    /// Connects within this time, which must not outlast the deadline.
    pub(super) fn open(
        target: SocketAddr,
        within: Duration,
        deadline: Deadline,
    ) -> io::Result<Self> {
        let socket = connect(target, within)?;
        socket.set_write_timeout(Some(deadline.left()?))?;
        Ok(Self { socket, deadline })
    }
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.set_read_timeout(Some(self.deadline.left()?))?;
        self.socket.read(buffer).map_err(late)
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.deadline.left()?;
        self.socket.write(bytes).map_err(late)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

/// A socket's own timeout comes as EAGAIN.
pub(super) fn late(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
        _ => error,
    }
}
