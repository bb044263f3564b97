//! Which right word somebody meant who wrote a wrong one.

/// Words longer than this are not compared: nothing of ours is.
const LONGEST: usize = 40;

/// The word nearest to this one, if any is near enough to have been meant.
#[must_use]
pub fn nearest<'w>(text: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let plain = |text: &str| -> Vec<char> {
        text.chars()
            .map(|letter| if letter == '-' { '_' } else { letter })
            .flat_map(char::to_lowercase)
            .collect()
    };
    if text.len() > LONGEST {
        return None;
    }
    let text = plain(text);
    words
        .into_iter()
        .map(|word| (distance(&text, &plain(word)), word))
        .filter(|(distance, word)| *distance <= (word.len() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// How many letters were left out, added, changed, or swapped with the next one
/// (the optimal string alignment distance).
fn distance(from: &[char], to: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (row, letter) in from.iter().enumerate() {
        let mut next = vec![row + 1];
        for (column, other) in to.iter().enumerate() {
            let changed = last[column] + usize::from(letter != other);
            let mut fewest = changed.min(last[column + 1] + 1).min(next[column] + 1);
            if row > 0 && column > 0 && *letter == to[column - 1] && from[row - 1] == *other {
                fewest = fewest.min(before[column - 1] + 1);
            }
            next.push(fewest);
        }
        before = last;
        last = next;
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_that_was_meant() {
        let words = ["weight", "scheduler", "rr", "tcp", "upper_threshold"];
        for (text, meant) in [
            ("wieght", Some("weight")),
            ("schedular", Some("scheduler")),
            ("TCP", Some("tcp")),
            ("tpc", Some("tcp")),
            ("upper-threshold", Some("upper_threshold")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(text, words), meant, "{text}");
        }
    }
}
