//! Where a mistake is said to be.

use super::*;
use std::fmt::Write as _;

fn shown(text: &[u8]) -> String {
    Config::parse(Path::new("/etc/lbctl/lbctl.toml"), text, &Machine::new())
        .unwrap_err()
        .to_string()
}

#[test]
fn a_caret_stands_under_what_is_meant() {
    assert_eq!(
        shown(b"[host]\n\tip_forward = 1 # on\n"),
        "/etc/lbctl/lbctl.toml:2:15: ip_forward is a number, and has to be true or false, \
         without quotes; write it as in ip_forward = true\n\
         \x20 |     ip_forward = 1 # on\n\
         \x20 |                  ^"
    );
    assert_eq!(
        shown("[host]\n'\u{e4}\u{f6}' = 'x'\n".as_bytes()),
        "/etc/lbctl/lbctl.toml:2:1: unknown key '\u{e4}\u{f6}'; [host] knows ip_forward, sysctl\n\
         \x20 | '\u{e4}\u{f6}' = 'x'\n\
         \x20 | ^^^^"
    );
}

#[test]
fn marks_and_line_ends_do_not_move_it() {
    let plain = shown(b"[host]\nip_forward = 1\n");
    assert_eq!(plain, shown(b"[host]\r\nip_forward = 1\r\n"));
    assert_eq!(plain, shown(b"\xef\xbb\xbf[host]\nip_forward = 1\n"));
    let first = shown(b"\xef\xbb\xbfhots = 1\n");
    assert!(first.contains(":1:1: unknown key 'hots'"), "{first}");
    let web = format!("\u{feff}{}", WEB.replace('\n', "\r\n"));
    assert_eq!(read(&web), read(WEB));
}

#[test]
fn what_is_not_utf8_is_said_to_be_so() {
    let text = shown(b"[host]\nip_forward = \"\xe4\"\n");
    assert!(
        text.contains(":2:15: the file is not UTF-8 from here on; save it as UTF-8 text"),
        "{text}"
    );
}

#[test]
fn no_line_and_no_number_of_mistakes_floods_a_terminal() {
    let mut long = String::from("[host]\nip_forward = [");
    for _ in 0..100_000 {
        long.push_str("1, ");
    }
    let text = shown((long + "]\n").as_bytes());
    assert!(text.len() < 1000, "{}", text.len());

    let key = "k".repeat(10_000);
    let text = shown(format!("{key} = 1\n").as_bytes());
    assert!(text.len() < 2000, "{}", text.len());

    let mut many = String::new();
    for number in 0..150 {
        writeln!(many, "key{number} = 1").unwrap();
    }
    let errors = Config::parse(Path::new("x"), many.as_bytes(), &Machine::new()).unwrap_err();
    assert_eq!((errors.errors().len(), errors.more()), (100, 50));
    assert!(errors.to_string().ends_with("\nand 50 more mistakes"));
}

#[test]
fn control_characters_do_not_reach_a_terminal() {
    let text = shown("[host]\n\"a\\u001b\" = \"\u{7f}\u{9b}\"\n".as_bytes());
    assert!(
        !text.contains(|letter: char| letter.is_control() && letter != '\n'),
        "{text:?}"
    );
}

#[test]
fn an_included_file_is_named() {
    let machine = Machine::new()
        .with("/etc/lbctl/conf.d/b.toml", WEB)
        .with("/etc/lbctl/conf.d/a.toml", "[host]\nip_forward = 1\n")
        .with("/etc/lbctl/conf.d/.hidden.toml", "nonsense")
        .with("/etc/lbctl/conf.d/a.toml.old", "nonsense");
    let parse = |text: &str, machine: &Machine| {
        Config::parse(Path::new("/etc/lbctl/lbctl.toml"), text.as_bytes(), machine)
    };
    let include = "include = [\"conf.d/*.toml\"]\n";
    let errors = parse(&format!("{include}{WEB}"), &machine).unwrap_err();
    let errors = errors.to_string();
    assert!(
        errors.contains("/etc/lbctl/conf.d/a.toml:2:14: ip_forward is a number"),
        "{errors}"
    );
    assert!(
        errors.contains(
            "/etc/lbctl/conf.d/b.toml:4:10: the service tcp 192.168.100.100:80 is there twice, \
             first at /etc/lbctl/lbctl.toml:5:10"
        ),
        "{errors}"
    );
    let at = |name: &str| errors.find(name);
    assert!(at("a.toml:") < at("b.toml:"), "{errors}");
    assert!(
        !errors.contains("hidden") && !errors.contains("old"),
        "{errors}"
    );

    let machine = machine.with("/etc/lbctl/conf.d/a.toml", "[host]\nip_forward = true\n");
    let config = parse(include, &machine).unwrap();
    assert_eq!(config.virtual_servers, read(WEB).virtual_servers);
    assert_eq!(config.host.ip_forward, Some(true));
    assert!(parse("include = [\"none.d/*.toml\"]\n", &machine).is_ok());

    for (text, part) in [
        (
            "include = [\"conf.d/a.toml\", \"conf.d/*.toml\"]\n",
            ":1:29: /etc/lbctl/conf.d/a.toml is included twice",
        ),
        (
            "include = [\"*/a.toml\"]\n",
            "in the last part of a path only",
        ),
        ("include = [\"/\"]\n", "names no file"),
        ("include = [\"lbctl.toml\"]\n", "is included twice"),
        (
            "include = [\"conf.d/a.toml\"]\n[host]\nip_forward = true\n",
            "a.toml:1:1: [host] is there twice, first at /etc/lbctl/lbctl.toml:2:1",
        ),
    ] {
        let errors = parse(text, &machine).unwrap_err().to_string();
        assert!(errors.contains(part), "{text}\n{errors}");
    }
    let machine = machine.with("/etc/lbctl/conf.d/a.toml", include);
    let errors = parse(include, &machine).unwrap_err().to_string();
    assert!(
        errors.contains("an included file cannot include others"),
        "{errors}"
    );
}

#[test]
fn a_file_that_cannot_be_read() {
    let errors = Config::load(Path::new("/none.toml"), &Machine::new()).unwrap_err();
    assert_eq!(
        errors.to_string(),
        "/none.toml: there is no such file; lbctl setup writes one, and so does lbctl import from \
         another tool's"
    );
}

#[test]
fn depth_is_bounded() {
    for text in [
        format!("x = {}1{}\n", "[".repeat(100_000), "]".repeat(100_000)),
        format!("x = {}1{}\n", "{a=".repeat(100_000), "}".repeat(100_000)),
        format!("[host.sysctl]\n{}a = 1\n", "a.".repeat(100_000)),
        format!("[host.sysctl.{}a]\n", "a.".repeat(100_000)),
        format!("[[{}a]]\n", "a.".repeat(100_000)),
    ] {
        let _ = shown(text.as_bytes());
    }
}
