//! Was it this machine that was away? Pure, times are those of the schedule.
//!
//! A machine that slept, was stopped or had no processor time to give finds all
//! its timeouts over at once, and would take every server down. So the loop tells
//! when it meant to be awake and when it was. In between lies a lapse, and a
//! failure is not believed
//!
//! - of an attempt that a lapse touches;
//! - of one that began soon after it, while links and neighbours come back: as
//!   long as the lapse lasted, and [`SETTLE`] at most;
//! - of one that took longer than its timeout allows by [`GRACE`]: then it was not
//!   the loop that was away, but the attempt's own thread.
//!
//! It becomes an error of this machine, which counts as no attempt. A success is
//! always believed.

use std::time::Duration;

use super::check::Outcome;

/// Being later than this is no accident.
pub const GRACE: Duration = Duration::from_secs(1);
/// For so long at most failures are not believed after a lapse.
pub const SETTLE: Duration = Duration::from_secs(5);

/// The last lapse.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lapses {
    /// Attempts that begin before this may fail for no fault of the server.
    settled: Duration,
}

/// An attempt's times.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// When it was started.
    pub started: Duration,
    /// When it ended.
    pub ended: Duration,
    /// When it should have ended at the latest, from its start.
    pub timeout: Duration,
}

impl Lapses {
    /// The loop meant to be awake at one time and was at the other. Answers how
    /// long this machine was away, if it was.
    pub fn awake(&mut self, meant: Duration, was: Duration) -> Option<Duration> {
        let away = was.saturating_sub(meant);
        if away <= GRACE {
            return None;
        }
        self.settled = was.saturating_add(away.min(SETTLE));
        Some(away)
    }

    /// The outcome as it is to be believed.
    #[must_use]
    pub fn judge(&self, outcome: Outcome, times: Times) -> Outcome {
        if !matches!(outcome, Outcome::Failed { .. }) {
            return outcome;
        }
        let took = times.ended.saturating_sub(times.started);
        if times.started < self.settled || took > times.timeout.saturating_add(GRACE) {
            return Outcome::Local {
                reason: format!("this machine slept or was overloaded: {}", outcome.text()),
            };
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Whether a failure of an attempt with these times, in seconds, is believed.
    fn believed(lapses: &Lapses, started: u32, ended: u32) -> bool {
        let failed = Outcome::Failed {
            reason: "no answer within 3s".to_owned(),
        };
        let times = Times {
            started: started * SECOND,
            ended: ended * SECOND,
            timeout: 3 * SECOND,
        };
        lapses.judge(failed.clone(), times) == failed
    }

    #[test]
    fn a_loop_that_is_on_time_believes_everything() {
        let mut lapses = Lapses::default();
        assert_eq!(lapses.awake(10 * SECOND, 10 * SECOND + GRACE), None);
        assert_eq!(lapses.awake(10 * SECOND, 9 * SECOND), None);
        assert!(believed(&lapses, 0, 3));
        assert!(believed(&lapses, 9, 12));
    }

    #[test]
    fn failures_around_a_lapse_are_not_believed() {
        let mut lapses = Lapses::default();
        assert_eq!(lapses.awake(10 * SECOND, 100 * SECOND), Some(90 * SECOND));
        // Under way in the lapse, and begun while the network comes back.
        assert!(!believed(&lapses, 9, 100));
        assert!(!believed(&lapses, 99, 100));
        assert!(!believed(&lapses, 104, 105));
        // From then on as ever.
        assert!(believed(&lapses, 105, 108));
        // A short lapse is settled sooner.
        lapses.awake(200 * SECOND, 202 * SECOND);
        assert!(!believed(&lapses, 203, 204));
        assert!(believed(&lapses, 204, 205));
    }

    #[test]
    fn an_attempt_that_outlived_its_timeout_is_not_believed() {
        let lapses = Lapses::default();
        assert!(believed(&lapses, 10, 14));
        assert!(!believed(&lapses, 10, 15));
    }

    #[test]
    fn a_success_is_always_believed() {
        let mut lapses = Lapses::default();
        lapses.awake(SECOND, 100 * SECOND);
        let passed = Outcome::Passed {
            detail: "status 200".to_owned(),
        };
        let times = Times {
            started: SECOND,
            ended: 99 * SECOND,
            timeout: SECOND,
        };
        assert_eq!(lapses.judge(passed.clone(), times), passed);
    }
}
