//! Being asked to stop. A signal only leaves a note; whoever waits or writes
//! looks at it and returns, so that everything is cleaned up on the usual way.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use super::{Error, Result};

/// The note; 0 while nobody asked.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<AtomicUsize>);

impl Interrupt {
    /// Takes note of the signals that ask a program to stop, from now on.
    ///
    /// # Errors
    /// The system refuses it.
    pub fn watch() -> Result<Self> {
        let note = Self::default();
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
            note.register(signal)
                .map_err(|source| Error::system("wait for signals", source))?;
        }
        Ok(note)
    }

    fn register(&self, signal: i32) -> io::Result<()> {
        let number = usize::try_from(signal).map_err(io::Error::other)?;
        signal_hook::flag::register_usize(signal, Arc::clone(&self.0), number)?;
        Ok(())
    }

    /// Goes on unless somebody asked to stop.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn check(&self) -> Result<()> {
        match i32::try_from(self.0.load(Ordering::Relaxed)) {
            Ok(0) | Err(_) => Ok(()),
            Ok(signal) => Err(Error::Interrupted(signal)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_noticed_and_named() {
        let interrupt = Interrupt::default();
        interrupt.register(signal_hook::consts::SIGWINCH).unwrap();
        assert!(interrupt.check().is_ok());
        signal_hook::low_level::raise(signal_hook::consts::SIGWINCH).unwrap();
        let stopped = interrupt.check();
        assert!(matches!(
            stopped,
            Err(Error::Interrupted(signal_hook::consts::SIGWINCH))
        ));
    }
}
