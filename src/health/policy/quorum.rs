//! Whether what is left is enough: the quorum, by weight, with its hysteresis.

use super::Policy;

/// Lost below quorum - hysteresis or without any live weight, regained at
/// quorum + hysteresis; a quorum that all servers together cannot reach is cut to
/// what they can.
pub(super) fn below_quorum(policy: &Policy, live: u64, total: u64, was_below: bool) -> bool {
    let (quorum, hysteresis) = (
        u64::from(policy.quorum).max(1),
        u64::from(policy.hysteresis),
    );
    let lost = quorum.min(total).saturating_sub(hysteresis).max(1);
    let regained = quorum.saturating_add(hysteresis).min(total);
    live < lost || (was_below && live < regained)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quorum_and_hysteresis_count_weights() {
        let policy = Policy {
            quorum: 3,
            hysteresis: 1,
            ..Policy::default()
        };
        for (live, was_below, below) in [
            (1, false, true),
            (2, false, false),
            (2, true, true),
            (3, true, true),
            (4, true, false),
        ] {
            assert_eq!(below_quorum(&policy, live, 10, was_below), below, "{live}");
        }
        // All that there is must be enough, and nothing never is.
        assert!(!below_quorum(&policy, 2, 2, true));
        assert!(below_quorum(&policy, 0, 0, false));
    }
}
