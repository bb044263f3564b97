//! Files: their text, and which others they include.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use crate::config::document::{Item, Table};
use crate::config::report::{Place, Report, Source};
use crate::config::{Config, ConfigErrors, Surroundings, words};

impl Config {
    /// Reads this file, and the files that it includes.
    ///
    /// # Errors
    /// It cannot be read, or as [`Config::parse`].
    pub fn load(path: &Path, surroundings: &dyn Surroundings) -> Result<Self, ConfigErrors> {
        match surroundings.read(path) {
            Ok(text) => Self::parse(path, &text, surroundings),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(ConfigErrors::of_file(
                path,
                "there is no such file; lbctl setup writes one, and so does lbctl import from \
                 another tool's"
                    .to_owned(),
            )),
            Err(error) => Err(ConfigErrors::of_file(
                path,
                format!("cannot read the file: {error}"),
            )),
        }
    }
}

/// A file's text, which has to be UTF-8.
pub(super) fn source(path: &Path, text: &[u8], number: usize, report: &mut Report) -> Source {
    let path = path.to_owned();
    match std::str::from_utf8(text) {
        Ok(text) => Source {
            path,
            text: text.to_owned(),
            is_text: true,
        },
        Err(error) => {
            let start = error.valid_up_to();
            let place = Place {
                source: number,
                start,
                end: start + 1,
            };
            report.error(
                place,
                "the file is not UTF-8 from here on; save it as UTF-8 text",
            );
            // What is before the place stays where it was.
            Source {
                path,
                text: String::from_utf8_lossy(text).into_owned(),
                is_text: false,
            }
        }
    }
}

/// What the parser says of a mistake in the syntax, and what to do.
pub(super) fn syntax(message: &str) -> String {
    let advice = match message {
        "duplicate key" => "it stands in this table already; take one of the two out",
        text if text.starts_with("string values must be quoted") => {
            return "a value is missing, or a text without quotes; write text as in key = \"text\""
                .to_owned();
        }
        _ => "see lbctl.toml(5) for an example",
    };
    format!("this is not TOML: {message}; {advice}")
}

/// The files that the main one includes, in the order of its list and then of their
/// names.
pub(super) fn included(
    document: Option<&DeTable<'_>>,
    main: &Path,
    surroundings: &dyn Surroundings,
    report: &mut Report,
) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut seen = HashSet::from([main.to_owned()]);
    let include = document.and_then(|document| Table::document(0, document).get("include"));
    let Some(item) = include else {
        return files;
    };
    let directory = main.parent().unwrap_or(Path::new(""));
    let Some(elements) = item.elements() else {
        let wrong: Result<(), String> =
            words::wrong_type(&item, "a list of files", "[\"conf.d/*.toml\"]");
        if let Err(message) = wrong {
            report.error(item.place, message);
        }
        return files;
    };
    for element in elements {
        match expand(&element, directory, surroundings) {
            Ok(paths) => {
                for path in paths {
                    if !seen.insert(path.clone()) {
                        report.error(
                            element.place,
                            format!("{} is included twice; name it once", path.display()),
                        );
                        continue;
                    }
                    match surroundings.read(&path) {
                        Ok(text) => files.push((path, text)),
                        Err(error) => report.error(
                            element.place,
                            format!("cannot read {}: {error}", path.display()),
                        ),
                    }
                }
            }
            Err(message) => report.error(element.place, message),
        }
    }
    files
}

/// The files that a pattern names: `*` and `?` in the last part.
fn expand(
    item: &Item<'_>,
    directory: &Path,
    surroundings: &dyn Surroundings,
) -> Result<Vec<PathBuf>, String> {
    let text = words::text(item, "conf.d/*.toml")?;
    matching_files(text, directory, surroundings)
}

/// The files that a pattern names, sorted; `*` and `?` may stand in the last part. A
/// path without them names one file, whether that is there or not.
///
/// # Errors
/// A sentence: it names no file, has `*` elsewhere, or its directory cannot be read.
pub fn matching_files(
    text: &str,
    directory: &Path,
    surroundings: &dyn Surroundings,
) -> Result<Vec<PathBuf>, String> {
    let path = directory.join(text);
    let is_pattern = |text: &str| text.contains(['*', '?']);
    let parent = path.parent().unwrap_or(Path::new(""));
    let Some(pattern) = path.file_name().and_then(|name| name.to_str()) else {
        return Err(format!(
            "'{}' names no file; write it as in conf.d/*.toml",
            text.escape_debug()
        ));
    };
    if is_pattern(&parent.to_string_lossy()) {
        return Err("* and ? may stand in the last part of a path only; name the directory".into());
    }
    if !is_pattern(pattern) {
        return Ok(vec![path.clone()]);
    }
    let mut names = match surroundings.names(parent) {
        Ok(names) => names,
        // A directory that is not there has no file that matches.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(format!("cannot read {}: {error}", parent.display())),
    };
    // As in a shell, a pattern does not find hidden files.
    names.retain(|name| {
        matches(pattern, name) && (pattern.starts_with('.') || !name.starts_with('.'))
    });
    names.sort();
    Ok(names.into_iter().map(|name| parent.join(name)).collect())
}

/// Whether a name matches a pattern of `*` and `?`.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut star, mut read) = (0, None, 0);
    while read < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(letter) if *letter == '?' || Some(letter) == name.get(read) => {
                at += 1;
                read += 1;
            }
            // The last star takes one letter more.
            _ => match star {
                Some((place, taken)) => {
                    star = Some((place, taken + 1));
                    at = place + 1;
                    read = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(at).all(|letter| *letter == '*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_of_names() {
        for (pattern, name, answer) in [
            ("*.toml", "web.toml", true),
            ("*.toml", "web.toml.old", false),
            ("w?b*", "web", true),
            ("w?b*", "wb", false),
            ("*a*b", "xaxbxb", true),
            ("*", "", true),
            ("?", "", false),
        ] {
            assert_eq!(matches(pattern, name), answer, "{pattern} {name}");
        }
    }
}
