//! popt's way with an argument vector (popt 1.19, without aliases): long options
//! in full, `--long=value`, short ones glued to each other and to their value,
//! words between options set aside. Which options there are stands in `option`.

use super::option::Name;

/// What an option takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// Nothing.
    Nothing,
    /// A value.
    Value,
    /// A value, unless the next word starts with '-' or there is none.
    PerhapsValue,
}

/// Why the next option cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    /// There is no such option.
    Unknown,
    /// Its value is missing.
    NoValue,
    /// It takes no value.
    Unwanted,
}

impl Wrong {
    /// popt's words.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown option",
            Self::NoValue => "missing argument",
            Self::Unwanted => "option does not take an argument",
        }
    }
}

/// Reads options one by one.
pub(super) struct Reader<'a> {
    words: &'a [&'a str],
    next: usize,
    /// What is left of a word of short options.
    cluster: &'a str,
    only_words: bool,
    set_aside: Vec<&'a str>,
}

impl<'a> Reader<'a> {
    /// The words behind the program's name.
    pub(super) fn new(words: &'a [&'a str]) -> Self {
        Self {
            words,
            next: 0,
            cluster: "",
            only_words: false,
            set_aside: Vec::new(),
        }
    }

    /// The next option with its value, or none at the end.
    pub(super) fn option(&mut self) -> Result<Option<(Name, Option<&'a str>)>, Wrong> {
        if self.cluster.is_empty() {
            let Some(word) = self.option_word() else {
                return Ok(None);
            };
            // As every option of a saved table is written.
            if let [b'-', letter] = word.as_bytes()
                && *letter != b'-'
            {
                let (name, takes) = Name::short(char::from(*letter)).ok_or(Wrong::Unknown)?;
                return Ok(Some((name, self.value(takes, None)?)));
            }
            if let Some(long) = word.strip_prefix("--") {
                let (name, value) = match long.split_once('=') {
                    Some((name, value)) => (name, Some(value)),
                    None => (long, None),
                };
                let (name, takes) = Name::long(name).ok_or(Wrong::Unknown)?;
                return Ok(Some((name, self.value(takes, value)?)));
            }
            self.cluster = word.strip_prefix('-').unwrap_or(word);
        }
        let mut letters = self.cluster.chars();
        let found = letters.next().and_then(Name::short);
        self.cluster = "";
        let (name, takes) = found.ok_or(Wrong::Unknown)?;
        let rest = letters.as_str();
        if takes == Takes::Nothing {
            if rest.starts_with('=') {
                return Err(Wrong::Unwanted);
            }
            self.cluster = rest;
            return Ok(Some((name, None)));
        }
        let value = (!rest.is_empty()).then(|| rest.strip_prefix('=').unwrap_or(rest));
        Ok(Some((name, self.value(takes, value)?)))
    }

    /// The last word that was looked at, which a message names.
    pub(super) fn last_word(&self) -> &'a str {
        let last = self.next.checked_sub(1);
        last.and_then(|last| self.words.get(last)).unwrap_or(&"")
    }

    /// The words that are no options.
    pub(super) fn into_words(self) -> Vec<&'a str> {
        self.set_aside
    }

    fn word(&mut self) -> Option<&'a str> {
        let word = self.words.get(self.next)?;
        self.next += 1;
        Some(word)
    }

    /// The next word that holds options; others are set aside.
    fn option_word(&mut self) -> Option<&'a str> {
        while let Some(word) = self.word() {
            match word.as_bytes() {
                [b'-', b'-'] if !self.only_words => self.only_words = true,
                [b'-', _, ..] if !self.only_words => return Some(word),
                _ => self.set_aside.push(word),
            }
        }
        None
    }

    fn value(&mut self, takes: Takes, value: Option<&'a str>) -> Result<Option<&'a str>, Wrong> {
        Ok(match (takes, value) {
            (Takes::Nothing, Some(_)) => return Err(Wrong::Unwanted),
            (Takes::Nothing, None) => None,
            (_, Some(value)) => Some(value),
            (Takes::Value, None) => Some(self.word().ok_or(Wrong::NoValue)?),
            (Takes::PerhapsValue, None) => {
                let next = self.words.get(self.next);
                if next.is_some_and(|word| !word.starts_with('-')) {
                    self.word()
                } else {
                    None
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> (Vec<String>, Option<Wrong>, Vec<String>) {
        let words: Vec<&str> = line.split(' ').collect();
        let mut reader = Reader::new(&words);
        let mut options = Vec::new();
        let mut wrong = None;
        loop {
            match reader.option() {
                Ok(Some((name, value))) => {
                    options.push(format!("{name:?}:{}", value.unwrap_or("none")));
                }
                Ok(None) => break,
                Err(error) => {
                    wrong = Some(error);
                    break;
                }
            }
        }
        let set_aside = reader.into_words().into_iter().map(str::to_owned).collect();
        (options, wrong, set_aside)
    }

    #[test]
    fn options_stand_apart_or_glued() {
        assert_eq!(read("-Ln").0, ["List:none", "Numeric:none"]);
        let add = ["AddService:none", "TcpService:10.0.0.1:80", "Scheduler:wrr"];
        for line in [
            "-At10.0.0.1:80 -swrr",
            "-A -t=10.0.0.1:80 -s wrr",
            "--add-service --tcp-service 10.0.0.1:80 --scheduler=wrr",
        ] {
            assert_eq!(read(line).0, add, "{line}");
        }
    }

    #[test]
    fn a_timeout_may_be_left_out() {
        for line in ["-p", "-p -n", "--persistent -n"] {
            assert_eq!(read(line).0[0], "Persistent:none", "{line}");
        }
        for line in ["-p 77", "-p77", "-p=77", "--persistent=77"] {
            assert_eq!(read(line).0[0], "Persistent:77", "{line}");
        }
        assert_eq!(read("-p=").0[0], "Persistent:");
    }

    #[test]
    fn names_what_is_wrong() {
        assert_eq!(read("-L --sta").1, Some(Wrong::Unknown));
        assert_eq!(read("-Lq").1, Some(Wrong::Unknown));
        assert_eq!(read("-A -t").1, Some(Wrong::NoValue));
        assert_eq!(read("-L -n=3").1, Some(Wrong::Unwanted));
        assert_eq!(read("-L --stats=3").1, Some(Wrong::Unwanted));
    }

    #[test]
    fn other_words_are_set_aside() {
        assert_eq!(read("x -L - y").2, ["x", "-", "y"]);
        assert_eq!(read("-L -- -n").2, ["-n"]);
    }
}
