//! What a step should have shown, and the end of the demo where it did not.

use crate::model::Table;

use super::load::Tally;
use super::{Error, Result};

/// The end of the demo.
pub(super) fn failed<T>(sentence: impl Into<String>) -> Result<T> {
    Err(Error::Failed(sentence.into()))
}

/// Each server of the service with its weight, as in `[(100, 1), (101, 1)]`: the
/// last byte of its address is enough to tell them apart.
pub(super) fn weights(table: &Table) -> Vec<(u8, u32)> {
    let mut weights: Vec<(u8, u32)> = table
        .iter()
        .flat_map(|state| &state.servers)
        .map(|state| {
            let last = match state.server.address {
                std::net::IpAddr::V4(address) => address.octets()[3],
                std::net::IpAddr::V6(address) => address.octets()[15],
            };
            (last, state.server.weight)
        })
        .collect();
    weights.sort_unstable();
    weights
}

/// Every request was answered, and by w1 and w2 both.
pub(super) fn expect_none_failed(tally: &Tally) -> Result<()> {
    let strangers = tally
        .answers
        .keys()
        .any(|page| !matches!(page.as_str(), "w1" | "w2"));
    if tally.failed > 0 || strangers || tally.answers.len() != 2 {
        return Err(Error::Failed(format!("under load: {tally}")));
    }
    Ok(())
}

/// The pages are those of w1 and w2 in turn.
pub(super) fn expect_turns(pages: &[String]) -> Result<()> {
    let turns = pages.windows(2).all(|pair| match pair {
        [one, other] => matches!((one.as_str(), other.as_str()), ("w1", "w2") | ("w2", "w1")),
        _ => false,
    });
    if turns {
        return Ok(());
    }
    failed(format!(
        "w1 and w2 did not answer in turn, but {}",
        pages.join(", ")
    ))
}

/// The table has one service, with these servers and weights.
pub(super) fn expect_weights(table: &Table, wanted: &[(u8, u32)]) -> Result<()> {
    let found = weights(table);
    if table.len() == 1 && found == wanted {
        return Ok(());
    }
    failed(format!(
        "the table has {} services and these servers and weights: {found:?}",
        table.len()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_turn_is_one_and_the_other() {
        let of = |text: &str| {
            let pages: Vec<String> = text.split(' ').map(str::to_owned).collect();
            expect_turns(&pages).is_ok()
        };
        assert!(of("w1 w2 w1 w2") && of("w2 w1 w2"));
        assert!(!of("w1 w2 w2 w1") && !of("w1 w1") && !of("sorry w1 sorry w1"));
    }

    #[test]
    fn a_load_needs_both_servers_and_no_failure() {
        let of = |pages: &[&str], failed| {
            let answers = pages.iter().map(|page| ((*page).to_owned(), 500));
            expect_none_failed(&Tally {
                answers: answers.collect(),
                failed,
                reason: None,
            })
            .is_ok()
        };
        assert!(of(&["w1", "w2"], 0));
        assert!(!of(&["w1", "w2"], 1));
        assert!(!of(&["w1"], 0) && !of(&[], 0) && !of(&["w1", "sorry"], 0));
        assert!(!of(&["w1", "w2", "sorry"], 0));
    }
}
