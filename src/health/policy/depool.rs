//! Which servers stay in although they fail: when checks would take out more than
//! the depool threshold allows, it is the checks that are doubted.
//!
//! Servers count, not their weights. Those that failed last stay, with the weight
//! that they have while they are well: they are likeliest to be well still, and
//! nobody's place changes because another one fails, too.

use std::cmp::Reverse;
use std::collections::HashSet;

use crate::health::record::Record;
use crate::health::verdict::Verdict;

/// How many of this many servers failing checks may take out at most: so many that
/// the share that stays is not below the threshold, 0.0 to 1.0.
fn most_out(threshold: f64, servers: usize) -> usize {
    let count = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    // 0.07 of 100 is a little more than 7 in binary.
    let share = threshold * count(servers) - 1e-9;
    let least = (0..servers).find(|least| count(*least) >= share);
    servers - least.unwrap_or(servers)
}

/// The places of the servers that stay in although they fail. `counted` says of
/// each whether checks decide on it: nobody took it out by hand, or gave it a
/// weight by hand.
pub(super) fn kept_in(threshold: f64, members: &[Record], counted: &[Counted]) -> HashSet<usize> {
    let servers = counted.iter().filter(|it| **it != Counted::Not).count();
    let mut failing: Vec<(usize, &Record)> = members
        .iter()
        .enumerate()
        .filter(|(index, record)| {
            record.verdict == Verdict::Down && counted.get(*index) == Some(&Counted::Checked)
        })
        .collect();
    let out = most_out(threshold, servers).min(failing.len());
    // The first to fail go; of those that failed in the same second the last in the list.
    failing.sort_by_key(|(index, record)| (record.since, Reverse(*index)));
    failing.iter().skip(out).map(|(index, _)| *index).collect()
}

/// Whether a server counts for the share, and whether its check decides on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    /// It is out by hand.
    Not,
    /// Somebody gave it a weight by hand: it is in, whatever the checks say.
    In,
    /// The checks decide.
    Checked,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_that_stays_is_never_below_the_threshold() {
        for (threshold, servers, out) in [
            (0.0, 4, 4),
            (0.5, 4, 2),
            (0.5, 3, 1),
            (0.5, 1, 0),
            (0.07, 100, 93),
            (0.29, 100, 71),
            (0.6, 5, 2),
            (1.0, 4, 0),
            (0.5, 0, 0),
            (0.000_001, 10, 9),
        ] {
            assert_eq!(
                most_out(threshold, servers),
                out,
                "{threshold} of {servers}"
            );
        }
    }
}
