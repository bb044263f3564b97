//! `setup` as a script calls it: flags, a file of answers, wrong ones.

use std::fs;

use libtest_mimic::Failed;

use super::Test;
use super::setup::{FLAGS, Place};
use super::walkthrough::{expect_same, picture};
use super::world::World;

pub const TESTS: &[Test] = &[
    ("setup::by_flags", by_flags),
    ("setup::by_a_file_of_answers", by_answers),
    ("setup::wrong_flags_change_nothing", wrong_flags),
];

fn by_flags() -> Result<(), Failed> {
    let world = World::with_servers("setup-flags");
    let place = Place::new("flags");
    let flags = format!("{FLAGS} --file {}", place.file());
    let message = world.director.lbctl(&flags).fails(2);
    assert!(message.contains("--yes"), "{message}");
    let before = picture(&world.director);
    // A shell takes what it would do.
    let commands = world.director.lbctl(&format!("{flags} --dry-run")).ok();
    assert!(
        commands.contains("ipvsadm -A -t 192.168.100.100:80 -s wlc"),
        "{commands}"
    );
    assert!(
        commands.contains("<<'END'\n# Written by lbctl setup."),
        "{commands}"
    );
    expect_same(&before, &picture(&world.director));
    assert!(place.names().is_empty());
    let text = world.director.lbctl(&format!("{flags} --yes")).ok();
    assert!(text.contains("It works."), "{text}");
    assert!(world.get().starts_with('w'));
    // A second time: the file is there.
    let message = world.director.lbctl(&format!("{flags} --yes")).fails(2);
    assert!(message.contains("--existing change"), "{message}");
    let line = format!("{flags} --yes --existing change --json --scheduler rr --boot yes");
    let line = line.replacen("--scheduler wlc ", "", 1);
    let answer = world.director.lbctl(&line);
    // Nothing here starts services.
    assert_eq!(answer.code, 1, "{answer}");
    let json: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(json["works"], true, "{json}");
    assert_eq!(json["proven"], true, "{json}");
    assert_eq!(json["boot"], false, "{json}");
    assert_eq!(json["changes"].as_array().unwrap().len(), 1, "{json}");
    assert_eq!(json["requests"].as_array().unwrap().len(), 4, "{json}");
    assert_eq!(
        json["health"]["services"].as_array().unwrap().len(),
        1,
        "{json}"
    );
    Ok(())
}

fn by_answers() -> Result<(), Failed> {
    let world = World::with_servers("setup-answers");
    let place = Place::new("answers");
    let answers = place.beside("answers.toml");
    let line = format!(
        "setup --no-input --yes --answers {answers} --file {}",
        place.file()
    );
    fs::write(&answers, "vpi = \"192.168.100.100:80\"\nservers = 7\n").unwrap();
    let message = world.director.lbctl(&line).fails(2);
    assert!(
        message.contains("unknown key 'vpi'; did you mean vip?"),
        "{message}"
    );
    assert!(message.contains("servers is neither text"), "{message}");
    fs::write(&answers, "scheduler = \"wlc\"\n").unwrap();
    let message = world.director.lbctl(&line).fails(2);
    assert!(message.contains("--vip, --servers"), "{message}");
    fs::write(
        &answers,
        "vip = \"192.168.100.100:80\"\nservers = [\"192.168.31.100\", \"192.168.31.101\"]\n\
         scheduler = \"wlc\"\npersistence = \"5m\"\nboot = false\n",
    )
    .unwrap();
    // A flag goes before the file.
    world.director.lbctl(&format!("{line} --scheduler rr")).ok();
    let text = place.text();
    for part in [
        "scheduler = \"rr\"",
        "persistence_timeout = \"5m\"",
        // Found by looking.
        "path = \"/health.html\"",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let first = world.get();
    assert_eq!(world.get(), first);
    Ok(())
}

fn wrong_flags() -> Result<(), Failed> {
    let world = World::new("setup-wrong");
    let place = Place::new("wrong");
    let before = picture(&world.director);
    for (flags, part) in [
        ("", "--vip, --servers"),
        ("--vip 192.168.100.100", "--servers"),
        (
            "--vip 192.168.100.100 --servers 10.0.0.1",
            "a port is needed",
        ),
        (
            "--vip 192.168.100.100:80/sctp --servers 10.0.0.1",
            "neither tcp nor udp",
        ),
        (
            "--vip 192.168.100.100:80 --servers 192.168.100.100",
            "the virtual IP address itself",
        ),
        (
            "--vip 192.168.100.100:80 --servers 10.0.0.1 --health x",
            "--health",
        ),
        (
            "--vip 192.168.100.100:80 --servers 10.0.0.1:81 --method dr",
            "leaves the port as it is",
        ),
        (
            "--vip 192.168.100.100:80 --servers 10.0.0.1 --scheduler x",
            "unknown scheduler",
        ),
        (
            "--vip 192.168.100.100:80 --servers 10.0.0.1 --sorry 10.0.0.1",
            "--sorry",
        ),
        (
            "--vip 192.168.100.100:80 --servers 10.0.0.1 --boot maybe",
            "neither yes nor no",
        ),
    ] {
        let line = format!("setup --yes --file {} {flags}", place.file());
        let message = world.director.lbctl(&line).fails(2);
        assert!(message.contains(part), "{flags}: {message}");
    }
    expect_same(&before, &picture(&world.director));
    assert!(place.names().is_empty());
    Ok(())
}
