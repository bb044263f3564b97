//! completions/ and man/ are what lbctl prints today.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

fn lbctl(words: &[&str]) -> Vec<u8> {
    let output = Command::new(env!("CARGO_BIN_EXE_lbctl"))
        .args(words)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(directory)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect()
}

/// Written by hand: no verb of the generated kind.
const BY_HAND: &[&str] = &["lbctl-ipvsadm.1", "lbctl.toml.5"];

#[test]
fn man_pages_are_current() {
    let directory = std::env::temp_dir().join(format!("lbctl-man-{}", std::process::id()));
    lbctl(&["man", directory.to_str().unwrap()]);
    let made = files(&directory);
    fs::remove_dir_all(&directory).unwrap();
    let mut kept = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("man"));
    kept.retain(|name, _| !BY_HAND.contains(&name.as_str()));
    assert_eq!(
        kept.keys().collect::<Vec<_>>(),
        made.keys().collect::<Vec<_>>(),
        "make them anew with: lbctl man man"
    );
    for (name, page) in made {
        assert!(
            kept[&name] == page,
            "{name}: make it anew with: lbctl man man"
        );
    }
}

#[test]
fn completions_are_current() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions");
    for (shell, name) in [
        ("bash", "lbctl.bash"),
        ("zsh", "_lbctl"),
        ("fish", "lbctl.fish"),
    ] {
        assert!(
            fs::read(directory.join(name)).unwrap() == lbctl(&["completions", shell]),
            "make it anew with: lbctl completions {shell} > completions/{name}"
        );
    }
}
