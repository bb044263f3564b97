//! Holds the house together: which room may use which, and what every file owes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each room and the rooms it may use. The list is the map of src/lib.rs.
const ARROWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("netlink", &[]),
    ("cli", &[]),
    ("lookup", &["model"]),
    ("config", &["model", "lookup", "health", "reconcile"]),
    ("formats", &["model", "config", "health"]),
    ("health", &["model"]),
    ("reconcile", &["model"]),
    ("render", &["model", "health"]),
    ("ipvs", &["model", "netlink", "reconcile"]),
    (
        "ipvsadm",
        &["model", "lookup", "formats", "ipvs", "reconcile"],
    ),
    ("plumbing", &["model", "netlink", "reconcile"]),
    ("service", &[]),
    ("live", &["model", "health", "render"]),
    ("check", &["model", "ipvs", "plumbing"]),
    (
        "wizard",
        &["model", "lookup", "config", "health", "plumbing"],
    ),
    ("demo", &["model", "netlink", "ipvs", "plumbing", "render"]),
];

fn files(below: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// Path below src, and text, of every source file.
fn sources() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    files(&root, &mut found);
    found
        .into_iter()
        .map(|path| {
            let name = path
                .strip_prefix(&root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect()
}

/// The room of a file: its first folder, or its own name.
fn room(file: &str) -> &str {
    file.split('/').next().unwrap().trim_end_matches(".rs")
}

/// The rooms that a file names behind `crate::`, tests left out.
fn used(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]").next().unwrap();
    let mut rooms = BTreeSet::new();
    for (_, behind) in code
        .match_indices("crate::")
        .map(|(at, found)| (at, &code[at + found.len()..]))
    {
        let names: Vec<&str> = match behind.strip_prefix('{') {
            Some(group) => group.split('}').next().unwrap().split(',').collect(),
            None => vec![behind],
        };
        for name in names {
            let name: String = name
                .trim()
                .chars()
                .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
                .collect();
            rooms.insert(name);
        }
    }
    rooms
}

#[test]
fn the_arrows_go_one_way() {
    let arrows: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let room = room(&file);
        // main, lib and commands tie the rooms together.
        if ["main", "lib", "commands"].contains(&room) {
            continue;
        }
        let allowed = arrows
            .get(room)
            .unwrap_or_else(|| panic!("{file}: no arrows for {room}"));
        for other in used(&text) {
            if other != room && !allowed.contains(&other.as_str()) {
                wrong.push(format!("{file} uses {other}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_test_of_arrows_sees_an_arrow() {
    let text =
        "use crate::{ipvs, model::Server};\nuse crate::render::Output;\nlet x = crate::cli::Cli;";
    let rooms: Vec<String> = used(text).into_iter().collect();
    assert_eq!(rooms, ["cli", "ipvs", "model", "render"]);
}

#[test]
fn every_file_opens_with_what_it_owns() {
    for (file, text) in sources() {
        assert!(text.starts_with("//!"), "{file}");
    }
}

#[test]
fn only_main_exits() {
    for (file, text) in sources() {
        let code = text.split("#[cfg(test)]").next().unwrap();
        assert!(
            file == "main.rs" || !code.contains("process::exit"),
            "{file}"
        );
    }
}
