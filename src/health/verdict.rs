//! What attempts add up to: the state machine of one check. Results in,
//! verdicts out; no clock, no socket.

use serde::{Deserialize, Serialize};

use super::check::Outcome;

/// What the checks say of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// They have not spoken yet.
    #[default]
    Unknown,
    /// Well.
    Up,
    /// Not well.
    Down,
}

/// Counts the attempts of one check.
///
/// `fall` failures in a row take it down, `rise` successes bring it up. An
/// attempt that failed for a reason of this machine counts as no attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracker {
    fall: u32,
    rise: u32,
    verdict: Verdict,
    passed: u32,
    failed: u32,
}

impl Tracker {
    /// Starts from a verdict: that of an earlier run, or unknown. A `fall` or
    /// `rise` of 0 is read as 1.
    #[must_use]
    pub fn new(fall: u32, rise: u32, verdict: Verdict) -> Self {
        Self {
            fall: fall.max(1),
            rise: rise.max(1),
            verdict,
            passed: 0,
            failed: 0,
        }
    }

    /// Takes one result; answers the new verdict when it changes.
    pub fn note(&mut self, outcome: &Outcome) -> Option<Verdict> {
        let verdict = match outcome {
            Outcome::Passed { .. } => {
                self.failed = 0;
                self.passed = self.passed.saturating_add(1);
                (self.passed >= self.rise).then_some(Verdict::Up)
            }
            Outcome::Failed { .. } => {
                self.passed = 0;
                self.failed = self.failed.saturating_add(1);
                (self.failed >= self.fall).then_some(Verdict::Down)
            }
            Outcome::Local { .. } => None,
        }?;
        if verdict == self.verdict {
            return None;
        }
        self.verdict = verdict;
        Some(verdict)
    }

    /// What the checks say now.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Equal results in a row so far.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.passed.max(self.failed)
    }

    /// How many equal results in a row the last one needs to be believed.
    #[must_use]
    pub fn needed(&self) -> u32 {
        if self.failed > 0 {
            self.fall
        } else {
            self.rise
        }
    }

    /// A change has begun and is not decided: the next attempt is due after the
    /// retry interval rather than the whole one.
    #[must_use]
    pub fn in_doubt(&self) -> bool {
        (self.failed > 0 && self.verdict != Verdict::Down)
            || (self.passed > 0 && self.verdict != Verdict::Up)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays `+` passed, `-` failed, `!` local; writes the verdict after each:
    /// `?`, `u`, `d`, and a capital where it is in doubt (`X` for unknown).
    fn play(fall: u32, rise: u32, start: Verdict, results: &str) -> String {
        let mut tracker = Tracker::new(fall, rise, start);
        let mut written = String::new();
        for result in results.chars() {
            let before = tracker.verdict();
            let turned = tracker.note(&match result {
                '+' => Outcome::Passed {
                    detail: String::new(),
                },
                '-' => Outcome::Failed {
                    reason: String::new(),
                },
                _ => Outcome::Local {
                    reason: String::new(),
                },
            });
            assert_eq!(
                turned,
                (before != tracker.verdict()).then_some(tracker.verdict())
            );
            written.push(match (tracker.verdict(), tracker.in_doubt()) {
                (Verdict::Unknown, false) => '?',
                (Verdict::Unknown, true) => 'X',
                (Verdict::Up, false) => 'u',
                (Verdict::Up, true) => 'U',
                (Verdict::Down, false) => 'd',
                (Verdict::Down, true) => 'D',
            });
        }
        written
    }

    #[test]
    fn fall_and_rise() {
        use Verdict::{Down, Unknown, Up};
        for (fall, rise, start, results, verdicts) in [
            (2, 1, Unknown, "+-+--+", "uUuUdu"),
            (2, 1, Unknown, "--+", "Xdu"),
            (3, 2, Unknown, "+-++", "XXXu"),
            (3, 2, Up, "--+---++", "UUuUUdDu"),
            (3, 2, Down, "+-++", "DdDu"),
            (1, 1, Unknown, "-+-", "dud"),
            (0, 0, Unknown, "-+-", "dud"),
        ] {
            assert_eq!(play(fall, rise, start, results), verdicts, "{results}");
        }
    }

    #[test]
    fn an_error_of_this_machine_changes_nothing() {
        assert_eq!(play(2, 1, Verdict::Unknown, "!!!"), "???");
        // Nor does it break a row, nor settle a doubt.
        assert_eq!(play(2, 2, Verdict::Up, "-!-!+!+"), "UUddDDu");
    }
}
