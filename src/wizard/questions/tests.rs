//! The questions without a terminal: scripted answers, a scripted machine.

use super::*;
use crate::config::{Trust, VipWay};
use crate::wizard::{Health, Method};
use scene::{Scene, Script};

mod scene;

struct Played {
    answers: Result<Answers, QuestionError>,
    prompts: Vec<String>,
    refused: Vec<String>,
    said: Vec<String>,
}

fn play_on(
    typed: &[&str],
    given: &Given,
    today: BTreeMap<Key, String>,
    others: &[VirtualServer],
) -> Played {
    let mut script = Script::new(typed);
    let answers = Interview {
        given,
        today,
        others,
        ask: Some(&mut script),
        look: &mut Scene,
        hear: &mut |text| panic!("{text}"),
        typed: &mut BTreeMap::new(),
        has_before: false,
    }
    .answers();
    let rest = script.typed.as_slice();
    assert!(rest.is_empty() || answers.is_err(), "not asked: {rest:?}");
    Played {
        answers,
        prompts: script.prompts,
        refused: script.refused,
        said: script.said,
    }
}

fn play(typed: &[&str]) -> Played {
    play_on(typed, &Given::default(), BTreeMap::new(), &[])
}

#[test]
fn enter_gives_what_was_found_by_looking() {
    let servers = "10.0.0.11, 10.0.0.12";
    let played = play(&["203.0.113.10:80", servers, "", "", "", "", "", "", ""]);
    let answers = played.answers.unwrap();
    assert!(played.refused.is_empty(), "{:?}", played.refused);
    assert_eq!(
        played.prompts,
        [
            "Virtual IP address and port []",
            "Real servers []",
            "Method [nat]",
            "Health check [/]",
            "Host name to ask for [none]",
            "Sorry server [none]",
            "Scheduler [rr]",
            "Persistence [none]",
            "Way in [fwmark]",
        ]
    );
    assert_eq!(answers.id().options(), "-t 203.0.113.10:80");
    assert_eq!(answers.servers[1].to_string(), "10.0.0.12:80");
    assert_eq!(answers.way, VipWay::Fwmark);
    let said = played.said.join("\n");
    for part in [
        "in no net of this machine",
        "10.0.0.11:80 answers HTTP and has /health.html, /",
        "10.0.0.12:80 does not pass this check: status 404",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn defaults_follow_the_machine() {
    let last = |vip: &str, servers: &str| {
        let mut typed = vec![vip, servers];
        // Enter until the script is over: how many questions there are depends.
        typed.extend([""; 7]);
        let played = play(&typed[..8]);
        let played = if played.answers.is_err() {
            play(&typed)
        } else {
            played
        };
        (played.answers.unwrap(), played.said.join("\n"))
    };
    // On this machine; nobody answers.
    let (answers, said) = last("192.0.2.1:8000", "10.0.0.77");
    assert_eq!((answers.way, answers.health), (VipWay::None, Health::Tcp));
    assert!(
        said.contains("10.0.0.77:8000 refuses connections"),
        "{said}"
    );
    // On a connected net.
    assert_eq!(last("192.0.2.9:80", "10.0.0.80").0.way, VipWay::Address);
    // Servers elsewhere.
    let (answers, _) = last("203.0.113.1:80", "198.51.100.1");
    assert_eq!(answers.method, Method::Tun);
    // Only nat gives them another port.
    let (answers, said) = last("203.0.113.1:80", "198.51.100.1:8080");
    assert_eq!(answers.method, Method::Nat);
    assert!(said.contains("is behind a router"), "{said}");
    // TLS, and UDP.
    let (answers, _) = last("203.0.113.1:443", "10.0.0.77");
    let path = "/".to_owned();
    let tls = Some(Trust {
        verify: true,
        ca_file: None,
    });
    assert_eq!(answers.health, Health::Page { tls, path });
    assert_eq!(
        last("203.0.113.1:53/udp", "10.0.0.77").0.health,
        Health::Dns
    );
    assert_eq!(
        last("203.0.113.1:99/udp", "10.0.0.77").0.health,
        Health::None
    );
}

#[test]
fn every_mistake_is_named_and_asked_again() {
    let played = play(&[
        "203.0.113.10",
        "127.0.0.1:80",
        "203.0.113.10:8000",
        "10.0.0.11,10.0.0.11",
        "2001:db8::1",
        "203.0.113.10",
        "10.0.0.11:80",
        "dr",
        "nat",
        "health.html",
        "/health.html",
        "bad host",
        "example.com",
        "10.0.0.11:80",
        "10.0.0.80",
        "rrr",
        "wlc",
        "5",
        "5m",
        "lo",
        "fwmark",
    ]);
    let answers = played.answers.unwrap();
    for (refused, part) in played.refused.iter().zip([
        "a port is needed",
        "no address that clients can connect to",
        "named twice",
        "another address family",
        "the virtual IP address itself",
        "leaves the port as it is",
        "is no check; say a page as in",
        "",
        "is one of the real servers",
        "unknown scheduler",
        "number with a unit",
        "say fwmark, address or none",
    ]) {
        assert!(refused.contains(part), "{part}: {refused}");
    }
    assert_eq!(played.refused.len(), 12, "{:?}", played.refused);
    assert_eq!(answers.persistence, Some(300));
    // The port of the sorry server was forgotten.
    assert_eq!(answers.sorry.unwrap().to_string(), "10.0.0.80:8000");
    let said = played.said.join("\n");
    assert!(said.contains("say 10.0.0.80:80 if that is meant"), "{said}");
}

#[test]
fn back_goes_to_the_question_before_and_keeps_what_was_typed() {
    let played = play(&[
        "back",
        "203.0.113.10:80",
        "10.0.0.11",
        "dr",
        "tcp",
        "back",
        "back",
        "back",
        "10.0.0.12",
        "",
        "",
        "",
        "",
        "",
        "",
    ]);
    let answers = played.answers.unwrap();
    assert!(played.said[0].contains("this is the first question"));
    assert_eq!(answers.servers[0].to_string(), "10.0.0.12:80");
    assert_eq!(answers.method, Method::Dr);
    assert_eq!(answers.health, Health::Tcp);
    let asked: Vec<&str> = played.prompts[6..10].iter().map(String::as_str).collect();
    assert_eq!(
        asked,
        [
            "Health check [tcp]",
            "Method [dr]",
            "Real servers [10.0.0.11]",
            "Method [dr]"
        ]
    );
}

#[test]
fn what_was_typed_is_no_default_where_it_cannot_be() {
    // dr does not go with the port that the server has now.
    let played = play(&[
        "203.0.113.10:80",
        "10.0.0.11",
        "dr",
        "back",
        "back",
        "10.0.0.11:81",
        "",
        "none",
        "",
        "",
        "",
        "",
    ]);
    assert_eq!(played.answers.unwrap().method, Method::Nat);
}

#[test]
fn flags_are_not_asked_and_back_passes_them_by() {
    let mut given = Given::default();
    given.flag(Key::Servers, Some("10.0.0.11"));
    given.flag(Key::Method, Some("dr"));
    let typed = [
        "203.0.113.10:80",
        "back",
        "203.0.113.11:80",
        "tcp",
        "",
        "",
        "",
        "",
    ];
    let played = play_on(&typed, &given, BTreeMap::new(), &[]);
    let answers = played.answers.unwrap();
    assert_eq!(answers.vip.to_string(), "203.0.113.11:80");
    assert_eq!(played.prompts.len(), 8, "{:?}", played.prompts);
}

fn alone(given: &Given) -> Result<Answers, QuestionError> {
    alone_with(given, &mut Vec::new())
}

fn alone_with(given: &Given, heard: &mut Vec<String>) -> Result<Answers, QuestionError> {
    Interview {
        given,
        today: BTreeMap::new(),
        others: &[],
        ask: None,
        look: &mut Scene,
        hear: &mut |text| heard.push(text.to_owned()),
        typed: &mut BTreeMap::new(),
        has_before: false,
    }
    .answers()
}

#[test]
fn where_nobody_is_asked_all_that_is_missing_is_named_at_once() {
    let mut given = Given::default();
    let error = alone(&given).unwrap_err().to_string();
    assert!(error.contains("--vip, --servers"), "{error}");
    given.flag(Key::Vip, Some("203.0.113.10:80"));
    given.flag(Key::Servers, Some("10.0.0.11"));
    let mut heard = Vec::new();
    let answers = alone_with(&given, &mut heard).unwrap();
    assert_eq!(answers.scheduler.as_str(), "rr");
    assert!(
        heard.contains(&"1 of 1 servers pass this check".to_owned()),
        "{heard:?}"
    );
    given.flag(Key::Sorry, Some("10.0.0.11"));
    let error = alone(&given).unwrap_err().to_string();
    assert!(
        error.contains("--sorry: 10.0.0.11:80 is one of the real servers"),
        "{error}"
    );
}

#[test]
fn the_same_service_twice_is_refused() {
    let other = Answers {
        vip: "203.0.113.10:80".parse().unwrap(),
        ..Answers::default()
    };
    let mut other = other.virtual_server(None);
    other.name = Some("web".to_owned());
    other.vip = VipWay::Address;
    let typed = [
        "203.0.113.10:80",
        "203.0.113.10:81",
        "10.0.0.11",
        "",
        "",
        "",
        "",
        "",
        "",
    ];
    let played = play_on(&typed, &Given::default(), BTreeMap::new(), &[other]);
    assert!(
        played.refused[0].contains("has tcp 203.0.113.10:80 already, as web"),
        "{:?}",
        played.refused
    );
    // One address has one way in.
    assert_eq!(played.answers.unwrap().way, VipWay::Address);
}

#[test]
fn whoever_comes_back_from_the_plan_is_at_the_last_question() {
    let mut typed = BTreeMap::new();
    let mut round = |answers: &[&str]| {
        let mut script = Script::new(answers);
        let answers = Interview {
            given: &Given::default(),
            today: BTreeMap::new(),
            others: &[],
            ask: Some(&mut script),
            look: &mut Scene,
            typed: &mut typed,
            has_before: true,
            hear: &mut |_| {},
        }
        .answers();
        (answers, script.prompts)
    };
    let (first, _) = round(&[
        "203.0.113.10:80",
        "10.0.0.11",
        "",
        "tcp",
        "",
        "wlc",
        "5m",
        "",
    ]);
    let (second, prompts) = round(&["back", "6m", ""]);
    assert_eq!(
        prompts,
        ["Way in [fwmark]", "Persistence [5m]", "Way in [fwmark]"]
    );
    let mut first = first.unwrap();
    first.persistence = Some(360);
    assert_eq!(second.unwrap(), first);
    // And out at the other end.
    let (out, _) = round(&["back"; 8]);
    assert!(matches!(out, Err(QuestionError::BackOut)), "{out:?}");
}
