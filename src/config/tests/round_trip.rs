//! No text makes reading panic; what is written is read again.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::generate::config;
use super::*;
use crate::config::{Notes, Spot, keys};

fn written(config: &Config) -> String {
    config.to_toml(&Notes::new())
}

fn read_all(text: &[u8]) -> Result<Config, crate::config::ConfigErrors> {
    Config::parse(Path::new("lbctl.toml"), text, &Machine::new())
}

/// Texts that are nearly a file.
fn nearly() -> impl Strategy<Value = String> {
    let tables = [
        "[defaults]",
        "[defaults.check]",
        "[[virtual_server]]",
        "[virtual_server]",
        "[virtual_server.check]",
        "[virtual_server.sorry_server]",
        "[[virtual_server.real_server]]",
        "[virtual_server.real_server.check]",
        "[host]",
        "[host.sysctl]",
        "[timeouts]",
        "[sync.master]",
        "[probe]",
    ];
    let values = [
        "1",
        "-1",
        "0",
        "0x10",
        "1.5",
        "nan",
        "true",
        "false",
        "\"\"",
        "\"3s\"",
        "\"off\"",
        "\"192.0.2.1:80\"",
        "\"fd00::1\"",
        "\"tcp\"",
        "\"rr\"",
        "\"http\"",
        "\"exec\"",
        "\"/\"",
        "\"tun\"",
        "[]",
        "[1, \"x\"]",
        "{ type = \"gue\" }",
        "{}",
        "1979-05-27",
        "\"\\u0000\"",
        "[[]]",
        "\"{\"",
        "\"(\"",
        "",
    ];
    let all: Vec<&'static str> = [
        &keys::FILE,
        &keys::VIRTUAL_SERVER,
        &keys::REAL_SERVER,
        &keys::CHECK,
        &keys::HOST,
        &keys::TIMEOUTS,
        &keys::DAEMON,
        &keys::PROBE,
    ]
    .iter()
    .flat_map(|kind| kind.keys.iter().copied())
    .collect();
    let line = prop_oneof![
        3 => select(tables.to_vec()).prop_map(str::to_owned),
        6 => (select(all), select(values.to_vec())).prop_map(|(key, value)| format!("{key} = {value}")),
    ];
    vec(line, 0..20).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_are_answered(text: Vec<u8>) {
        if let Err(errors) = read_all(&text) {
            prop_assert!(!errors.to_string().is_empty());
        }
    }

    #[test]
    fn any_text_that_is_nearly_a_file_is_answered(text in nearly()) {
        match read_all(text.as_bytes()) {
            Ok(config) => prop_assert_eq!(read(&written(&config)), config),
            Err(errors) => prop_assert!(!errors.errors().is_empty() && !errors.to_string().is_empty()),
        }
    }

    #[test]
    fn any_cut_of_a_file_is_answered(cut in 0..WEB.len(), letter: char) {
        let text: String = WEB.chars().take(cut).chain([letter]).chain(WEB.chars().skip(cut + 1)).collect();
        if let Err(errors) = read_all(text.as_bytes()) {
            prop_assert!(!errors.to_string().is_empty());
        }
    }

    #[test]
    fn what_is_written_is_read(config in config()) {
        let text = written(&config);
        match read_all(text.as_bytes()) {
            Ok(again) => prop_assert_eq!(again, config, "{}", text),
            Err(errors) => prop_assert!(false, "{errors}\n{text}"),
        }
    }
}

#[test]
fn a_file_is_written_as_a_person_would() {
    let config = read(WEB);
    let expected = WEB
        .trim_start()
        .replace("192.168.31.101\"", "192.168.31.101:80\"");
    assert_eq!(written(&config), expected);
    assert_eq!(written(&Config::default()), "");
}

#[test]
fn notes_stand_above_what_they_are_about() {
    let mut notes = Notes::new();
    notes.above(Spot::File, "from keepalived.conf");
    notes.above(Spot::VirtualServer(0), "line 3\nwith\tnotes\u{1b}");
    notes.above_key(Spot::VirtualServer(0), "scheduler", "lb_algo was left out");
    notes.above_key(Spot::VirtualServer(0), "method", "lb_kind was left out");
    notes.above_key(Spot::RealServer(0, 1), "address", "no port: the service's");
    let text = read(WEB).to_toml(&notes);
    for part in [
        "# from keepalived.conf\n\n# line 3\n# with\tnotes\u{fffd}\n# lb_kind was left out\n[[virtual_server]]\n",
        "\n# lb_algo was left out\nscheduler = \"rr\"\n",
        "\n  # no port: the service's\n  address = \"192.168.31.101:80\"\n",
    ] {
        assert!(text.contains(part), "{text}\n{part}");
    }
    assert_eq!(read(&text), read(WEB));
}
