//! A service's place in the text of a file: written anew, appended, replaced. All
//! else stays letter by letter; and the new text is read again, so that nothing is
//! written that would mean something else.

use std::fmt::Write as _;
use std::path::Path;

use crate::config::{Config, ConfigErrors, Notes, Spot, Surroundings, VirtualServer};

const HEADER: &str = "virtual_server";

/// A new text of a file, and what it means.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The whole text.
    pub text: String,
    /// The part of it that is new.
    pub section: String,
    /// What reading it gives.
    pub config: Config,
}

/// A file of its own for a service.
///
/// # Errors
/// The service cannot stand in a file; a sentence.
pub fn fresh(
    path: &Path,
    server: &VirtualServer,
    surroundings: &dyn Surroundings,
) -> Result<Change, String> {
    let mut notes = Notes::new();
    notes.above(
        Spot::File,
        "Written by lbctl setup. Every key stands in lbctl.toml(5).\n\
         After a change: lbctl apply, or systemctl reload lbctl.",
    );
    let config = Config {
        virtual_servers: vec![server.clone()],
        ..Config::default()
    };
    let text = config.to_toml(&notes);
    read(path, text.clone(), text, surroundings)
}

/// The file with a service more, at its end.
///
/// # Errors
/// The text would mean something else; a sentence.
pub fn append(
    path: &Path,
    text: &str,
    server: &VirtualServer,
    surroundings: &dyn Surroundings,
) -> Result<Change, String> {
    let mut new = text.trim_end().to_owned();
    if !new.is_empty() {
        new.push_str("\n\n");
    }
    let section = section(server, &[]);
    new.push_str(&section);
    let change = read(path, new, section, surroundings)?;
    let is_there = |it: &VirtualServer| it == server;
    if change.config.virtual_servers.iter().any(is_there) {
        return Ok(change);
    }
    Err(format!(
        "cannot add {} to {}: [defaults] of the file would change what was answered; add it by \
         hand, as lbctl.toml(5) says",
        server.service.id,
        path.display()
    ))
}

/// The file with one service replaced; comments that stood in its section go above
/// it.
///
/// # Errors
/// The section cannot be replaced without loss; a sentence.
pub fn replace(
    path: &Path,
    text: &str,
    before: &Config,
    (old, new): (&VirtualServer, &VirtualServer),
    surroundings: &dyn Surroundings,
) -> Result<Change, String> {
    let refusal = |why: &str| {
        format!(
            "cannot change {} in {} without loss: {why}; change it there by hand, as \
             lbctl.toml(5) says, then: lbctl apply",
            old.service.id,
            path.display()
        )
    };
    let wanted = Config {
        virtual_servers: before
            .virtual_servers
            .iter()
            .map(|it| if it == old { new } else { it })
            .cloned()
            .collect(),
        ..before.clone()
    };
    let sections = sections(text);
    let mut meant = "its section is in a file that is included, or not written as \
                     [[virtual_server]]"
        .to_owned();
    for (number, server) in before.virtual_servers.iter().enumerate() {
        // Which section of this file is which service of all files is not known before
        // the result is read.
        if server != old {
            continue;
        }
        for (start, end) in candidates(&sections, number) {
            let (Some(head), Some(body), Some(tail)) =
                (text.get(..start), text.get(start..end), text.get(end..))
            else {
                continue;
            };
            let section = section(new, &comments(body));
            let mut whole = head.to_owned();
            whole.push_str(&section);
            if !tail.trim().is_empty() {
                whole.push('\n');
                whole.push_str(tail);
            }
            match read(path, whole, section, surroundings) {
                Ok(change) if change.config == wanted => return Ok(change),
                Ok(_) => "[defaults] or an included file has a say in it".clone_into(&mut meant),
                Err(error) => meant = error,
            }
        }
    }
    Err(refusal(&meant))
}

/// The section that stands at this place first, then the others.
fn candidates(sections: &[(usize, usize)], number: usize) -> Vec<(usize, usize)> {
    let first = sections.get(number).copied();
    let others = sections.iter().copied().filter(|it| Some(*it) != first);
    first.into_iter().chain(others).collect()
}

fn read(
    path: &Path,
    text: String,
    section: String,
    surroundings: &dyn Surroundings,
) -> Result<Change, String> {
    let config = Config::parse(path, text.as_bytes(), surroundings)
        .map_err(|errors: ConfigErrors| errors.to_string())?;
    Ok(Change {
        text,
        section,
        config,
    })
}

/// A service as a section, with comments above it.
fn section(server: &VirtualServer, comments: &[String]) -> String {
    let config = Config {
        virtual_servers: vec![server.clone()],
        ..Config::default()
    };
    let mut text = String::new();
    for comment in comments {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{comment}");
    }
    text.push_str(config.to_toml(&Notes::new()).trim_start());
    text
}

/// From the header of each [[virtual_server]] to the end of its last line; blank
/// lines and comments above the next header are the next one's.
fn sections(text: &str) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    let mut inside = false;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let words = line.trim();
        if let Some(name) = header(words) {
            inside = name == HEADER || (inside && name.starts_with("virtual_server."));
            if name == HEADER {
                found.push((start, at));
            }
        }
        let says_something = !words.is_empty() && !words.starts_with('#');
        if let (true, true, Some((_, end))) = (inside, says_something, found.last_mut()) {
            *end = at;
        }
    }
    found
}

/// The name in a line that is a header.
fn header(line: &str) -> Option<&str> {
    let inner = line.strip_prefix('[')?;
    let inner = inner.strip_prefix('[').unwrap_or(inner);
    let (name, _) = inner.split_once(']')?;
    Some(name.trim())
}

/// Comments of a section, whole lines and those behind a value.
fn comments(body: &str) -> Vec<String> {
    body.lines()
        .filter_map(|line| {
            let mut quote = None;
            let start = line.char_indices().find(|(_, letter)| {
                match (quote, *letter) {
                    (None, '#') => return true,
                    (None, '"' | '\'') => quote = Some(*letter),
                    (Some(open), letter) if open == letter => quote = None,
                    _ => {}
                }
                false
            });
            start.and_then(|(start, _)| line.get(start..))
        })
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests;
