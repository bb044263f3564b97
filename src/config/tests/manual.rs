//! lbctl.toml(5) is what the file is.

use super::*;
use crate::config::keys;

const PAGE: &str = include_str!("../../../man/lbctl.toml.5");

#[test]
fn the_example_is_a_file() {
    let (_, example) = PAGE.split_once(".SH EXAMPLES\n.nf\n").unwrap();
    let (example, _) = example.split_once("\n.fi\n").unwrap();
    let config = read(&example.replace("\\-", "-").replace("\\e", "\\"));
    let names: Vec<&str> = config
        .virtual_servers
        .iter()
        .filter_map(|server| server.name.as_deref())
        .collect();
    assert_eq!(names, ["web", "shop", "mail"]);
}

#[test]
fn every_key_is_explained() {
    for kind in [
        &keys::FILE,
        &keys::VIRTUAL_SERVER,
        &keys::REAL_SERVER,
        &keys::SORRY_SERVER,
        &keys::TUNNEL,
        &keys::CHECK,
        &keys::HOST,
        &keys::TIMEOUTS,
        &keys::SYNC,
        &keys::DAEMON,
        &keys::PROBE,
    ] {
        for key in kind.keys {
            let is_there = PAGE.lines().any(|line| {
                let mut words = line.split([' ', '"', ',', '(', ')', '[', ']', '.']);
                line.starts_with('.') && words.any(|word| word == *key)
            });
            assert!(is_there, "{key} of {}", kind.title);
        }
    }
}

#[test]
fn defaults_are_keys_of_virtual_servers_and_checks() {
    let own = ["name", "listen", "fwmark", "family", "real_server"];
    let server = keys::VIRTUAL_SERVER.keys.iter();
    let server = server.filter(|key| !own.contains(key));
    let check = keys::CHECK.keys.iter().filter(|key| **key != "address");
    let expected: Vec<&str> = server.chain(check).copied().collect();
    assert_eq!(keys::DEFAULTS.keys, expected);
}
