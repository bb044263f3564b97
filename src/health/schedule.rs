//! When each check is due: pure, times are durations since the probe started.
//!
//! Starts are spread over the interval by the golden ratio, so that any number of
//! checks, also those that come later, stand about evenly and always the same.
//! From then on a check keeps its beat, also across an attempt that took longer
//! than its interval and across a time when this machine was away: beats that were
//! missed are left out, and so the spread stays.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Names a check in the schedule.
pub type CheckId = usize;

/// The golden ratio's fraction, in billionths.
const GOLDEN: u128 = 618_033_989;
const BILLION: u128 = 1_000_000_000;

#[derive(Debug, Clone)]
struct Beat {
    interval: Duration,
    retry: Duration,
    /// When it was due last, retries left out.
    regular: Duration,
    due: Duration,
}

impl Beat {
    /// The first beat at this time or later.
    fn from(&self, time: Duration) -> Duration {
        // Without an interval there is no beat to keep.
        let interval = self.interval.as_nanos().max(1);
        let late = time.saturating_sub(self.regular).as_nanos();
        let nanos = late.div_ceil(interval).saturating_mul(interval);
        let time = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        self.regular.saturating_add(time)
    }
}

/// What is due when. A check that runs is not due again before it has finished.
#[derive(Debug, Clone, Default)]
pub struct Schedule {
    beats: BTreeMap<CheckId, Beat>,
    waiting: BTreeSet<(Duration, CheckId)>,
    inserted: u128,
}

impl Schedule {
    /// Takes a check in; it is due first within its interval from now.
    pub fn insert(&mut self, id: CheckId, interval: Duration, retry: Duration, now: Duration) {
        self.remove(id);
        let share = (self.inserted * GOLDEN) % BILLION;
        self.inserted += 1;
        let nanos = interval.as_nanos() * share / BILLION;
        let due = now.saturating_add(Duration::from_nanos(
            u64::try_from(nanos).unwrap_or(u64::MAX),
        ));
        self.waiting.insert((due, id));
        let beat = Beat {
            interval,
            retry,
            regular: due,
            due,
        };
        self.beats.insert(id, beat);
    }

    /// Lets a check go; if it runs, its end is of no interest.
    pub fn remove(&mut self, id: CheckId) {
        if let Some(beat) = self.beats.remove(&id) {
            self.waiting.remove(&(beat.due, id));
        }
    }

    /// The checks that are due, earliest first; they run from now on.
    pub fn take_due(&mut self, now: Duration) -> Vec<CheckId> {
        let later = self.waiting.split_off(&(now, CheckId::MAX));
        let due = std::mem::replace(&mut self.waiting, later);
        due.into_iter().map(|(_, id)| id).collect()
    }

    /// A check has ended: the next attempt is due on its beat or, while a change
    /// is in doubt, after the retry interval.
    pub fn finished(&mut self, id: CheckId, now: Duration, in_doubt: bool) {
        let Some(beat) = self.beats.get_mut(&id) else {
            return;
        };
        self.waiting.remove(&(beat.due, id));
        beat.due = if in_doubt {
            now.saturating_add(beat.retry)
        } else {
            beat.regular = beat.from(now.max(beat.regular.saturating_add(beat.interval)));
            beat.regular
        };
        self.waiting.insert((beat.due, id));
    }

    /// This machine was away: checks that should have run meanwhile are left until
    /// their next beat, rather than run all at once.
    pub fn skip_missed(&mut self, now: Duration) {
        let later = self.waiting.split_off(&(now, CheckId::MIN));
        let missed = std::mem::replace(&mut self.waiting, later);
        for (_, id) in missed {
            if let Some(beat) = self.beats.get_mut(&id) {
                beat.regular = beat.from(now);
                beat.due = beat.regular;
                self.waiting.insert((beat.due, id));
            }
        }
    }

    /// When the next check is due; none while all are running.
    #[must_use]
    pub fn next_due(&self) -> Option<Duration> {
        self.waiting.first().map(|(due, _)| *due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn starts_are_spread_over_the_interval() {
        let mut schedule = Schedule::default();
        for id in 0..100 {
            schedule.insert(id, 10 * SECOND, SECOND, Duration::ZERO);
        }
        for second in 0..10u32 {
            let started = schedule.take_due(SECOND * (second + 1)).len();
            assert!((8..=12).contains(&started), "second {second}: {started}");
        }
        assert_eq!(schedule.next_due(), None);
    }

    #[test]
    fn a_check_keeps_its_beat_and_retries_while_in_doubt() {
        let mut schedule = Schedule::default();
        schedule.insert(7, 10 * SECOND, SECOND, Duration::ZERO);
        assert_eq!(schedule.take_due(Duration::ZERO), [7]);
        assert!(schedule.take_due(100 * SECOND).is_empty());
        schedule.finished(7, 3 * SECOND, false);
        assert_eq!(schedule.next_due(), Some(10 * SECOND));
        assert_eq!(schedule.take_due(10 * SECOND), [7]);
        schedule.finished(7, 12 * SECOND, true);
        assert_eq!(schedule.next_due(), Some(13 * SECOND));
        // The doubt is settled: back on its beat, not on that of the retry.
        assert_eq!(schedule.take_due(13 * SECOND), [7]);
        schedule.finished(7, 14 * SECOND, false);
        assert_eq!(schedule.next_due(), Some(20 * SECOND));
        // It took longer than the interval: what it missed is not made up for.
        assert_eq!(schedule.take_due(20 * SECOND), [7]);
        schedule.finished(7, 43 * SECOND, false);
        assert_eq!(schedule.next_due(), Some(50 * SECOND));
        assert_eq!(schedule.take_due(50 * SECOND), [7]);
        assert_eq!(schedule.next_due(), None);
    }

    #[test]
    fn after_this_machine_was_away_checks_are_spread_as_before() {
        let mut schedule = Schedule::default();
        for id in 0..100 {
            schedule.insert(id, 10 * SECOND, SECOND, Duration::ZERO);
        }
        // One was in doubt, one was under way.
        assert_eq!(schedule.take_due(Duration::ZERO), [0]);
        let awake = 1003 * SECOND;
        schedule.skip_missed(awake);
        assert!(schedule.take_due(awake).len() <= 1, "not all at once");
        for second in 1..=10 {
            let started = schedule.take_due(awake + second * SECOND).len();
            assert!((8..=12).contains(&started), "second {second}: {started}");
        }
        schedule.finished(0, awake, false);
        assert_eq!(schedule.next_due(), Some(1010 * SECOND));
    }

    #[test]
    fn the_spread_of_any_number_of_checks_has_no_gap_and_no_crowd() {
        for count in [3usize, 10, 64, 1000, 5000] {
            let mut schedule = Schedule::default();
            for id in 0..count {
                schedule.insert(id, 10 * SECOND, SECOND, Duration::ZERO);
            }
            // In a tenth of the interval a tenth of them, and two more or less.
            for tenth in 1..=10 {
                let started = schedule.take_due(tenth * SECOND).len();
                assert!(
                    (count / 10).abs_diff(started) <= 2,
                    "{count}: {started} in {tenth}"
                );
            }
        }
    }

    #[test]
    fn a_check_that_was_let_go_does_not_come_back() {
        let mut schedule = Schedule::default();
        schedule.insert(1, SECOND, SECOND, Duration::ZERO);
        assert_eq!(schedule.take_due(SECOND), [1]);
        schedule.remove(1);
        schedule.finished(1, SECOND, false);
        assert_eq!(schedule.next_due(), None);
    }
}
