//! Answers that were given beforehand, as flags or in a file.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::key::Key;
use crate::config::nearest;

/// An answer, and where it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) text: String,
    pub(super) origin: String,
}

/// Answers that were given beforehand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given(BTreeMap<Key, Answer>);

impl Given {
    /// Reads an answers file: TOML with a key for each question.
    ///
    /// # Errors
    /// All mistakes of the file, a line each.
    pub fn parse(name: &str, text: &str) -> Result<Self, String> {
        let table = DeTable::parse(text)
            .map_err(|error| format!("{name}: {}", error.to_string().trim_end()))?;
        let mut given = Self::default();
        let mut wrong = Vec::new();
        for (word, value) in table.get_ref() {
            let word = word.get_ref().as_ref();
            let Some(key) = Key::ALL.into_iter().find(|key| key.as_str() == word) else {
                wrong.push(format!("{name}: {}", unknown(word)));
                continue;
            };
            let origin = format!("{name}: {word}");
            match plain(value.get_ref()) {
                Some(text) => given.insert(key, text, origin),
                None => wrong.push(format!("{origin} is neither text nor a list of texts")),
            }
        }
        if wrong.is_empty() {
            Ok(given)
        } else {
            Err(wrong.join("\n"))
        }
    }

    /// A flag's answer; it goes before a file's.
    pub fn flag(&mut self, key: Key, text: Option<&str>) {
        if let Some(text) = text {
            self.insert(key, text.to_owned(), key.flag());
        }
    }

    fn insert(&mut self, key: Key, text: String, origin: String) {
        self.0.insert(key, Answer { text, origin });
    }

    /// What was answered.
    #[must_use]
    pub fn text(&self, key: Key) -> Option<&str> {
        self.0.get(&key).map(|answer| answer.text.as_str())
    }

    pub(super) fn get(&self, key: Key) -> Option<&Answer> {
        self.0.get(&key)
    }
}

fn unknown(word: &str) -> String {
    let names = Key::ALL.map(Key::as_str);
    let shown = word.escape_debug();
    match nearest(word, names) {
        Some(meant) => format!("unknown key '{shown}'; did you mean {meant}?"),
        None => format!("unknown key '{shown}'; the keys are {}", names.join(", ")),
    }
}

/// As it would be typed.
fn plain(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Boolean(true) => Some("yes".to_owned()),
        DeValue::Boolean(false) => Some("no".to_owned()),
        DeValue::Array(parts) => {
            let parts: Option<Vec<&str>> =
                parts.iter().map(|part| part.get_ref().as_str()).collect();
            parts.map(|parts| parts.join(", "))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_file_of_answers() {
        let text = "vip = \"192.0.2.1:80\"\nservers = [\"10.0.0.1\", \"10.0.0.2:81\"]\nboot = true";
        let mut given = Given::parse("answers.toml", text).unwrap();
        assert_eq!(given.text(Key::Servers), Some("10.0.0.1, 10.0.0.2:81"));
        assert_eq!(given.text(Key::Boot), Some("yes"));
        given.flag(Key::Vip, Some("192.0.2.9:80"));
        given.flag(Key::Servers, None);
        assert_eq!(given.text(Key::Vip), Some("192.0.2.9:80"));
    }

    #[test]
    fn every_mistake_is_told() {
        let text = "vpi = \"x\"\nhealth = 7\ncolour = \"red\"";
        let error = Given::parse("answers.toml", text).unwrap_err();
        assert_eq!(error.lines().count(), 3, "{error}");
        assert!(
            error.contains("answers.toml: unknown key 'vpi'; did you mean vip?"),
            "{error}"
        );
        assert!(error.contains("the keys are existing, "), "{error}");
        assert!(error.contains("health is neither"), "{error}");
        let error = Given::parse("answers.toml", "vip = \n").unwrap_err();
        assert!(error.contains("line 1"), "{error}");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC*") {
            let _ = Given::parse("x", &text);
        }
    }
}
