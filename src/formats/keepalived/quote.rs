//! Words and their quotes: plain ones, and those of scripts and patterns.

use std::iter::Peekable;
use std::str::Chars;

/// The words of a text: blanks between them, double quotes around those with blanks.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (word, behind) = if let Some(inner) = rest.strip_prefix('"') {
            inner.split_once('"').unwrap_or((inner, ""))
        } else {
            let end = rest
                .find(|it: char| it.is_whitespace() || it == '"')
                .unwrap_or(rest.len());
            rest.split_at(end)
        };
        words.push(word.to_owned());
        rest = behind.trim_start();
    }
    words
}

/// The words of a script or pattern: quotes of both kinds, and the escapes of C.
pub(super) fn escaped_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => {
                let meant = escape(&mut letters);
                word.get_or_insert_default().extend(meant);
            }
            '"' | '\'' if quote == Some(letter) => quote = None,
            '"' | '\'' if quote.is_none() => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            _ if quote.is_none() && letter.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

/// What stands behind a backslash.
fn escape(letters: &mut Peekable<Chars<'_>>) -> Option<char> {
    let number = |letters: &mut Peekable<Chars<'_>>, radix, most| {
        let mut value = 0;
        for _ in 0..most {
            let Some(digit) = letters.peek().and_then(|it| it.to_digit(radix)) else {
                break;
            };
            value = value * radix + digit;
            letters.next();
        }
        u8::try_from(value & 0xff).ok().map(char::from)
    };
    match *letters.peek()? {
        '0'..='7' => number(letters, 8, 3),
        'x' => {
            letters.next();
            number(letters, 16, 2)
        }
        other => {
            letters.next();
            Some(match other {
                'a' => '\u{7}',
                'b' => '\u{8}',
                'E' => '\u{1b}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'v' => '\u{b}',
                other => other,
            })
        }
    }
}
