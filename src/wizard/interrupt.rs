//! Being asked to stop. A signal only leaves a note and wakes whoever waits for a
//! line, so that everything is taken back on the usual way.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

/// The note. From the first on, these signals end the program no more: whoever has
/// one looks at it, until the end.
#[derive(Debug)]
pub struct Interrupt {
    came: Arc<AtomicBool>,
    wake: UnixStream,
}

impl Interrupt {
    /// Takes note of the signals that ask a program to stop, from now on.
    ///
    /// # Errors
    /// The system refuses it.
    pub fn watch() -> io::Result<Self> {
        let (wake, bell) = UnixStream::pair()?;
        let came = Arc::default();
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            flag::register(signal, Arc::clone(&came))?;
            low_level::pipe::register(signal, bell.try_clone()?)?;
        }
        Ok(Self { came, wake })
    }

    /// One that somebody rings by hand instead of a signal.
    #[cfg(test)]
    pub(super) fn by_hand() -> (Self, Bell) {
        let (wake, bell) = UnixStream::pair().expect("a pair of sockets");
        let came = Arc::default();
        let bell = Bell(Arc::clone(&came), bell);
        (Self { came, wake }, bell)
    }

    /// Whether somebody asked.
    #[must_use]
    pub fn came(&self) -> bool {
        self.came.load(Ordering::Relaxed)
    }
}

/// Does what a signal would.
#[cfg(test)]
pub(super) struct Bell(Arc<AtomicBool>, UnixStream);

#[cfg(test)]
impl Bell {
    pub(super) fn ring(mut self) {
        use std::io::Write as _;
        self.0.store(true, Ordering::Relaxed);
        self.1.write_all(b"!").expect("somebody listens");
    }
}

impl AsFd for Interrupt {
    /// Readable once somebody asked.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}
