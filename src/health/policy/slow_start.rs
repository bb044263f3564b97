//! Slow start: the weight of a server that comes back grows in steps, so that it
//! can warm up.
//!
//! A server comes back when the probe gives it a weight and it had none: its checks
//! pass again, a drain or a maintenance ends. It begins with a tenth of its weight,
//! and at least 1, and has a tenth more after each tenth of the time. Time is that
//! of the rounds in seconds since 1970, so that a probe that is started anew goes on
//! where the last one was; a weight never shrinks when that clock is set back.

use std::time::Duration;

/// The steps from nothing to the whole weight.
const STEPS: u128 = 10;

/// The weight after so many seconds: 1 to `whole`.
pub(super) fn weight(whole: u32, time: Duration, elapsed: u64) -> u32 {
    let elapsed = Duration::from_secs(elapsed).as_millis();
    let steps = elapsed * STEPS / time.as_millis().max(1) + 1;
    let grown = u128::from(whole) * steps.min(STEPS) / STEPS;
    u32::try_from(grown).unwrap_or(whole).max(1)
}

/// When the next step is due, in seconds from now; at least one.
#[must_use]
pub fn next_step(time: Duration, elapsed: u64) -> u64 {
    let elapsed = Duration::from_secs(elapsed).as_millis();
    let time = time.as_millis().max(1);
    let next = (elapsed * STEPS / time + 1) * time;
    let due = next.div_ceil(STEPS).div_ceil(1000);
    let left = due.saturating_sub(elapsed / 1000);
    u64::try_from(left).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_more_after_each_tenth_of_the_time() {
        let time = Duration::from_secs(30);
        let weights: Vec<u32> = (0..11).map(|step| weight(100, time, 3 * step)).collect();
        assert_eq!(weights, [10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 100]);
        assert_eq!(weight(100, time, 2), 10);
        assert_eq!(weight(100, time, u64::MAX), 100);
    }

    #[test]
    fn a_small_weight_is_never_less_than_one() {
        let time = Duration::from_secs(10);
        let weights: Vec<u32> = (0..10).map(|second| weight(3, time, second)).collect();
        assert_eq!(weights, [1, 1, 1, 1, 1, 1, 2, 2, 2, 3]);
        assert_eq!(weight(u32::MAX, time, 9), u32::MAX);
    }

    #[test]
    fn the_next_step_is_that_which_changes_the_weight() {
        for time in [1, 999, 1000, 2500, 30_000, 86_400_000] {
            let time = Duration::from_millis(time);
            let mut now = 0;
            while weight(1000, time, now) < 1000 {
                let next = now + next_step(time, now);
                assert!(weight(1000, time, next) > weight(1000, time, now));
                assert_eq!(weight(1000, time, next - 1), weight(1000, time, now));
                now = next;
            }
        }
    }
}
