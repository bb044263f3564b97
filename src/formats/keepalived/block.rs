//! keepalived.conf as statements and the blocks that belong to them.

use super::lexer::{Place, Token};
use super::quote::words;

/// Blocks in one another. keepalived itself has five.
const DEEPEST: usize = 20;

/// A line, and the block that it opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) place: Place,
    /// The line as it stands there, for what is quoted in ways of its own.
    pub(super) text: String,
    /// Its words, the keyword first; at least one.
    pub(super) words: Vec<String>,
    /// The block's statements; none: no block.
    pub(super) block: Option<Vec<Statement>>,
}

impl Statement {
    /// The first word.
    pub(super) fn keyword(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// A word behind the keyword, counted from 1.
    pub(super) fn word(&self, number: usize) -> Option<&str> {
        self.words.get(number).map(String::as_str)
    }

    /// What stands behind the keyword.
    pub(super) fn rest(&self) -> &str {
        self.text
            .get(self.keyword().len()..)
            .unwrap_or_default()
            .trim()
    }

    /// The statements inside.
    pub(super) fn inside(&self) -> &[Statement] {
        self.block.as_deref().unwrap_or_default()
    }
}

/// Something wrong with the braces.
pub(super) type Oddity = (Place, &'static str);

/// The statements of a file, and what is odd about its braces.
pub(super) fn statements(tokens: Vec<Token>) -> (Vec<Statement>, Vec<Oddity>) {
    let mut odd = Vec::new();
    // The lists that are open, outermost first, each but the first with where it began.
    let mut open: Vec<(Place, Vec<Statement>)> = vec![(Place { file: 0, line: 0 }, Vec::new())];
    for token in tokens {
        match token {
            Token::Text(place, text) => {
                let words = words(&text);
                if let (Some((_, list)), false) = (open.last_mut(), words.is_empty()) {
                    list.push(Statement {
                        place,
                        text,
                        words,
                        block: None,
                    });
                }
            }
            Token::Open(place) => {
                let owner = open.last().and_then(|(_, list)| list.last());
                if owner.is_none_or(|owner| owner.block.is_some()) {
                    odd.push((
                        place,
                        "this { belongs to nothing; what it holds is left out",
                    ));
                }
                if open.len() >= DEEPEST {
                    odd.push((
                        place,
                        "too many blocks in one another; the rest is left out",
                    ));
                    break;
                }
                open.push((place, Vec::new()));
            }
            Token::Close(place) => {
                if open.len() > 1 {
                    close(&mut open);
                } else {
                    odd.push((place, "this } closes nothing"));
                }
            }
        }
    }
    while open.len() > 1 {
        if let Some((place, _)) = open.last() {
            odd.push((
                *place,
                "the block that begins here is not closed; its } is missing",
            ));
        }
        close(&mut open);
    }
    let all = open.pop().map(|(_, list)| list).unwrap_or_default();
    (all, odd)
}

fn close(open: &mut Vec<(Place, Vec<Statement>)>) {
    let Some((_, list)) = open.pop() else { return };
    let owner = open.last_mut().and_then(|(_, list)| list.last_mut());
    if let Some(owner) = owner
        && owner.block.is_none()
    {
        owner.block = Some(list);
    }
}
