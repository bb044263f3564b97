//! systemd, if it started us (`sd_notify(3)`). Without it nothing is said; a message
//! that it does not take is no reason to stop.

use std::time::{Duration, Instant};

use sd_notify::NotifyState;

/// The service manager that started this process, if one did.
#[derive(Debug, Default)]
pub struct Manager {
    /// How often the watchdog wants to hear of us at least.
    patience: Option<Duration>,
    last: Option<Instant>,
}

impl Manager {
    /// Whoever started this process.
    #[must_use]
    pub fn of_this_process() -> Self {
        Self {
            patience: sd_notify::watchdog_enabled(),
            last: None,
        }
    }

    /// How long may pass between two beats; half of what the watchdog bears.
    #[must_use]
    pub fn pace(&self) -> Option<Duration> {
        self.patience.map(|patience| patience / 2)
    }

    /// It works.
    pub fn ready(&self, status: &str) {
        say(&[NotifyState::Ready, NotifyState::Status(status)]);
    }

    /// The configuration is read again.
    pub fn reloading(&self) {
        if let Ok(now) = NotifyState::monotonic_usec_now() {
            say(&[NotifyState::Reloading, now]);
        }
    }

    /// It ends.
    pub fn stopping(&self) {
        say(&[NotifyState::Stopping]);
    }

    /// A line for `systemctl status`.
    pub fn status(&self, status: &str) {
        say(&[NotifyState::Status(status)]);
    }

    /// It lives; told no more often than the watchdog needs it.
    pub fn beat(&mut self) {
        let Some(pace) = self.pace() else {
            return;
        };
        if self.last.is_none_or(|last| last.elapsed() >= pace / 2) {
            self.last = Some(Instant::now());
            say(&[NotifyState::Watchdog]);
        }
    }
}

fn say(words: &[NotifyState<'_>]) {
    let _ = sd_notify::notify(words);
}
