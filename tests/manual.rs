//! The man pages as groff and mandoc read them, and what every page owes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("man")
}

/// Name and text of every page.
fn pages() -> BTreeMap<String, String> {
    let pages: BTreeMap<String, String> = fs::read_dir(directory())
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read_to_string(entry.path()).unwrap())
        })
        .collect();
    assert!(pages.contains_key("lbctl.1"), "{:?}", pages.keys());
    pages
}

fn read_by(program: &str, options: &[&str], page: &str) -> Output {
    Command::new(program)
        .args(options)
        .arg(directory().join(page))
        .env("LC_ALL", "C.UTF-8")
        .env("MANWIDTH", "80")
        .output()
        .unwrap_or_else(|error| panic!("{program} cannot be run ({error}); install it"))
}

#[test]
fn groff_warns_of_nothing() {
    for page in pages().keys() {
        let output = read_by("man", &["--warnings", "-E", "UTF-8", "-l", "-Tutf8"], page);
        assert!(output.status.success(), "{page}: {output:?}");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.is_empty(), "{page}: {text}");
        assert!(output.stdout.len() > 500, "{page}: {output:?}");
    }
}

/// What mandoc says of every page, and why that stays.
const ACCEPTED: &[&str] = &[
    // The page of a version is the same whenever it is made.
    "missing date, using \"\"",
];

#[test]
fn mandoc_warns_of_nothing() {
    for page in pages().keys() {
        let output = read_by("mandoc", &["-T", "lint", "-W", "warning"], page);
        let said = [output.stdout, output.stderr].concat();
        for line in String::from_utf8_lossy(&said).lines() {
            let accepted = ACCEPTED.iter().any(|it| line.contains(it));
            assert!(accepted, "{page}: {line}");
        }
    }
}

fn sections(text: &str) -> Vec<String> {
    let heads = text.lines().filter_map(|line| line.strip_prefix(".SH "));
    heads.map(|it| it.trim_matches('"').to_owned()).collect()
}

#[test]
fn every_page_has_its_sections() {
    /// Verbs that touch no file of their own: words in, text out, or the kernel's table.
    const WITHOUT_FILES: &[&str] = &[
        "clear",
        "completions",
        "del",
        "demo",
        "import",
        "man",
        "rate",
        "restore",
        "save",
        "sync",
        "timeouts",
        "zero",
    ];
    for (name, text) in pages() {
        let sections = sections(&text);
        let verb = name.split(['-', '.']).nth(1).unwrap_or_default();
        let mut wanted = vec!["NAME", "SYNOPSIS", "DESCRIPTION", "EXAMPLES", "SEE ALSO"];
        if name.ends_with(".1") {
            wanted.push("EXIT STATUS");
        }
        if !WITHOUT_FILES.contains(&verb) {
            wanted.push("FILES");
        }
        for section in wanted {
            assert!(
                sections.iter().any(|it| it == section),
                "{name} has no section {section}: {sections:?}"
            );
        }
    }
}

#[test]
fn every_page_that_is_named_is_there() {
    let pages = pages();
    for (name, text) in &pages {
        let text = text.replace("\\-", "-");
        for line in text.lines() {
            let words = line.trim_start_matches(".BR ").trim_start_matches("\\fB");
            let Some(at) = words.find(['(']) else {
                continue;
            };
            let (page, section) = words.split_at(at);
            let page = page.trim();
            let Some(section) = section.get(1..2) else {
                continue;
            };
            if page.starts_with("lbctl") && !page.contains(' ') {
                let file = format!("{page}.{section}");
                assert!(pages.contains_key(&file), "{name} names {page}({section})");
            }
        }
    }
}
