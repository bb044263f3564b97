//! The latest news, written by the probe and read by everybody else.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is known at one moment, in the languages it is asked for in.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// For `lbctl status`: a JSON document.
    pub status: String,
    /// For Prometheus: its text format.
    pub metrics: String,
}

/// A place to put the latest snapshot; clones are the same board.
#[derive(Debug, Clone, Default)]
pub struct Board(Arc<Mutex<Snapshot>>);

impl Board {
    /// Replaces what is there.
    pub fn post(&self, snapshot: Snapshot) {
        *self.lock() = snapshot;
    }

    /// What was posted last.
    #[must_use]
    pub fn read(&self) -> Snapshot {
        self.lock().clone()
    }

    /// Every write replaces the whole, so a panic cannot leave half of one.
    fn lock(&self) -> MutexGuard<'_, Snapshot> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
