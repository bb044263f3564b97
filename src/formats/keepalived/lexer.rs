//! keepalived.conf as tokens: comments, quotes, continued lines, definitions and
//! included files, as keepalived's own `parser.c` reads them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::config::{Surroundings, matching_files};
use crate::formats::translation::Account;

/// Files that may include one another in a row, and all together.
const DEEPEST: usize = 16;
const MOST_FILES: usize = 1000;

/// A line of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Which, by its number among those read.
    pub(super) file: usize,
    /// From 1.
    pub(super) line: usize,
}

/// What a line is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// Text between braces and ends of lines.
    Text(Place, String),
    /// `{`.
    Open(Place),
    /// `}`.
    Close(Place),
}

/// The tokens of a file and those it includes.
pub(super) struct Lexer<'l> {
    pub(super) files: Vec<PathBuf>,
    pub(super) tokens: Vec<Token>,
    pub(super) account: &'l mut Account,
    surroundings: &'l dyn Surroundings,
    definitions: BTreeMap<String, String>,
    /// The files that are being read, outermost first.
    stack: Vec<usize>,
}

impl<'l> Lexer<'l> {
    pub(super) fn new(account: &'l mut Account, surroundings: &'l dyn Surroundings) -> Self {
        Self {
            files: Vec::new(),
            tokens: Vec::new(),
            account,
            surroundings,
            definitions: BTreeMap::new(),
            stack: Vec::new(),
        }
    }

    /// Reads a file's text.
    pub(super) fn file(&mut self, path: &Path, text: &[u8]) {
        let file = self.files.len();
        self.files.push(path.to_owned());
        self.stack.push(file);
        let text = String::from_utf8_lossy(text);
        let mut lines = (1..).zip(text.lines());
        while let Some((line, first)) = lines.next() {
            let (mut text, mut goes_on) = without_comment(first);
            while goes_on {
                let Some((_, next)) = lines.next() else { break };
                let (more, further) = without_comment(next);
                text.push_str(&more);
                goes_on = further;
            }
            self.line(Place { file, line }, text.trim());
        }
        self.stack.pop();
    }

    fn remark(&mut self, place: Place, text: impl Into<String>) {
        let file = self.files.get(place.file).cloned().unwrap_or_default();
        self.account.add(&file, place.line, text);
    }

    fn line(&mut self, place: Place, text: &str) {
        if text.is_empty() {
            return;
        }
        if let Some(rest) = text.strip_prefix('@') {
            let name = rest.split_whitespace().next().unwrap_or_default();
            let rest = rest.trim_start_matches(name).trim();
            self.remark(
                place,
                format!("the condition @{name} is not carried over, nor is its line: {rest}"),
            );
            return;
        }
        if let Some((name, value)) = definition(text) {
            self.definitions.insert(name.to_owned(), value.to_owned());
            return;
        }
        if text.starts_with("~SEQ") || text.starts_with("~LST") {
            self.remark(
                place,
                format!("{text} is not carried over: it stands for several lines; write them out"),
            );
            return;
        }
        let text = self.substituted(place, text);
        let first = text.split_whitespace().next().unwrap_or_default();
        if matches!(
            first,
            "include" | "includea" | "includer" | "includem" | "includew" | "includeb"
        ) {
            let pattern = text
                .get(first.len()..)
                .unwrap_or_default()
                .trim()
                .trim_matches('"');
            self.include(place, pattern);
            return;
        }
        self.split(place, &text);
    }

    fn include(&mut self, place: Place, pattern: &str) {
        let directory = self.files.get(place.file).and_then(|file| file.parent());
        let directory = directory.unwrap_or(Path::new("")).to_owned();
        if self.stack.len() >= DEEPEST || self.files.len() >= MOST_FILES {
            self.remark(
                place,
                format!("include {pattern}: too many files include one another; it is left out"),
            );
            return;
        }
        let paths = match matching_files(pattern, &directory, self.surroundings) {
            Ok(paths) => paths,
            Err(why) => {
                self.remark(place, format!("include {pattern} is left out: {why}"));
                return;
            }
        };
        if paths.is_empty() {
            self.remark(place, format!("include {pattern}: there is no such file"));
        }
        for path in paths {
            let open = self
                .stack
                .iter()
                .any(|file| self.files.get(*file) == Some(&path));
            if open {
                self.remark(
                    place,
                    format!("{} includes itself; it is read once", path.display()),
                );
                continue;
            }
            match self.surroundings.read(&path) {
                Ok(text) => self.file(&path, &text),
                Err(error) => {
                    self.remark(
                        place,
                        format!("cannot read {}: {error}; it is left out", path.display()),
                    );
                }
            }
        }
    }

    /// `$NAME` and `${NAME}` replaced by what was defined before.
    fn substituted(&mut self, place: Place, text: &str) -> String {
        let mut done = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('$') {
            done.push_str(before);
            let (braced, inner) = match behind.strip_prefix('{') {
                Some(inner) => (true, inner),
                None => (false, behind),
            };
            let name: String = inner
                .chars()
                .take_while(|it| it.is_alphanumeric() || *it == '_')
                .collect();
            let after = inner.get(name.len()..).unwrap_or_default();
            let after = if braced {
                after.strip_prefix('}')
            } else {
                Some(after)
            };
            match (self.definitions.get(&name), after) {
                (Some(value), Some(after)) => {
                    done.push_str(value);
                    rest = after;
                }
                (None, Some(_))
                    if !name.is_empty() && !name.starts_with(|it: char| it.is_ascii_digit()) =>
                {
                    self.remark(
                        place,
                        format!("${name} is not defined before this line, and stays as it is"),
                    );
                    done.push('$');
                    rest = behind;
                }
                _ => {
                    done.push('$');
                    rest = behind;
                }
            }
        }
        done + rest
    }

    /// Braces that stand by themselves or end a word open and close blocks; inside a
    /// word, as in `a{2}`, they belong to it.
    fn split(&mut self, place: Place, text: &str) {
        let mut part = String::new();
        let (mut quoted, mut inner) = (false, 0_usize);
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            let at_start = part.ends_with(char::is_whitespace) || part.is_empty();
            match letter {
                '\\' if quoted => {
                    part.push(letter);
                    part.extend(letters.next());
                    continue;
                }
                '"' => quoted = !quoted,
                _ if quoted => {}
                '{' if at_start || letters.peek().is_none_or(|next| next.is_whitespace()) => {
                    self.text(place, &mut part);
                    self.tokens.push(Token::Open(place));
                    continue;
                }
                '{' => inner += 1,
                '}' if inner > 0 => inner -= 1,
                '}' => {
                    self.text(place, &mut part);
                    self.tokens.push(Token::Close(place));
                    continue;
                }
                _ if letter.is_whitespace() => inner = 0,
                _ => {}
            }
            part.push(letter);
        }
        self.text(place, &mut part);
    }

    fn text(&mut self, place: Place, part: &mut String) {
        let text = std::mem::take(part);
        let text = text.trim();
        if !text.is_empty() {
            self.tokens.push(Token::Text(place, text.to_owned()));
        }
    }
}

/// `$NAME=VALUE`.
fn definition(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.strip_prefix('$')?.split_once('=')?;
    let name = name.trim_end();
    let valid = !name.is_empty() && name.chars().all(|it| it.is_alphanumeric() || it == '_');
    valid.then_some((name, value.trim()))
}

/// The line without its comment, and whether the next one continues it.
fn without_comment(line: &str) -> (String, bool) {
    let mut text = String::new();
    let mut quoted = false;
    let mut letters = line.trim().chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => quoted = !quoted,
            '#' | '!' if !quoted => break,
            '\\' => match letters.next() {
                None => return (text, true),
                Some(next @ ('#' | '!')) if !quoted => {
                    text.push(next);
                    continue;
                }
                Some(next) => {
                    text.push(letter);
                    text.push(next);
                    continue;
                }
            },
            _ => {}
        }
        text.push(letter);
    }
    (text, false)
}
