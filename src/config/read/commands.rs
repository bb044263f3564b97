//! Values of checks that are longer than a word: commands, paths, names, bytes.

use std::path::{Path, PathBuf};

use super::Reader;
use crate::config::document::{Item, Layers};
use crate::config::nearest::nearest;
use crate::config::words;
use crate::health::is_domain_name;

/// What `{...}` in a command may be.
const PLACEHOLDERS: [&str; 2] = ["address", "port"];

impl Reader<'_> {
    /// The words of a command; the first is a program that is there.
    pub(super) fn command(&mut self, layers: &Layers<'_>) -> Option<Vec<String>> {
        let (_, item) = layers.find("command")?;
        let example = "[\"/path/of/program\", \"{address}\", \"{port}\"]";
        let Some(elements) = item.elements() else {
            self.read(&item, |item| -> Result<(), String> {
                words::wrong_type(item, "a list of words", example)
            });
            return None;
        };
        let surroundings = self.surroundings;
        let mut command = Vec::new();
        let mut complete = true;
        for (index, element) in elements.enumerate() {
            let word = self.read(&element, |element| {
                let word = words::text(element, "/path/of/program")?;
                if index == 0 {
                    let path = absolute(element.key, word)?;
                    surroundings
                        .command(&path)
                        .map_err(|why| format!("{}: {why}", word.escape_debug()))?;
                } else {
                    placeholders(word)?;
                }
                Ok(word.to_owned())
            });
            complete &= word.is_some();
            command.extend(word);
        }
        if complete && command.is_empty() {
            self.report.error(
                item.place,
                format!("the command is empty; write it as in command = {example}"),
            );
            return None;
        }
        complete.then_some(command)
    }
}

/// A path that means the same wherever lbctl was started.
pub(super) fn absolute(key: &str, text: &str) -> Result<PathBuf, String> {
    let path = Path::new(text);
    if path.is_absolute() {
        return Ok(path.to_owned());
    }
    Err(format!(
        "{key} '{}' has to begin with '/': a service has no directory of its own; write the \
         whole path",
        text.escape_debug()
    ))
}

/// Whether every `{word}` is one that is replaced. Braces around anything else stay
/// as they are.
fn placeholders(text: &str) -> Result<(), String> {
    for part in text.split('{').skip(1) {
        let Some((word, _)) = part.split_once('}') else {
            continue;
        };
        let is_word = !word.is_empty()
            && word
                .chars()
                .all(|letter| letter.is_ascii_alphabetic() || letter == '_');
        if is_word && !PLACEHOLDERS.contains(&word) {
            let sentence =
                format!("{{{word}}} stands for nothing; there are {{address}} and {{port}}");
            return Err(match nearest(word, PLACEHOLDERS) {
                Some(meant) => format!("{sentence}; did you mean {{{meant}}}?"),
                None => sentence,
            });
        }
    }
    Ok(())
}

/// The name that a name server is asked for.
pub(super) fn domain(item: &Item<'_>) -> Result<String, String> {
    let text = words::text(item, "example.com")?;
    if is_domain_name(text) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "'{}' is no domain name; write it as in query = \"example.com\"",
        text.escape_debug()
    ))
}

/// Bytes, written as pairs of hexadecimal digits.
pub(super) fn hex(item: &Item<'_>) -> Result<Vec<u8>, String> {
    let text = words::text(item, "0a0d")?;
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|digit| {
            digit
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        })
        .collect();
    match digits {
        Some(digits) if digits.len().is_multiple_of(2) => Ok(digits
            .chunks_exact(2)
            .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
            .collect()),
        _ => Err(format!(
            "{} is not hexadecimal; write bytes as pairs of digits, as in \"0a0d\"",
            item.key
        )),
    }
}
