//! `setup` on a machine that has a file: change, add, start over, quit; beside a
//! service that runs; and what it says to systemd.

use std::fs;
use std::process::Stdio;

use libtest_mimic::Failed;
use nix::sys::signal::Signal;

use super::Test;
use super::lab;
use super::service::{Service, until};
use super::setup::{FLAGS, Place, answer, start};
use super::walkthrough::{expect_same, picture};
use super::world::World;

pub const TESTS: &[Test] = &[
    ("setup::again_on_a_terminal", again),
    ("setup::again_by_flags", again_by_flags),
    ("setup::beside_a_running_service", beside_a_service),
    ("setup::at_boot_by_systemd", at_boot),
];

/// A file as a person keeps it, applied.
fn kept(world: &World, place: &Place) -> String {
    let line = format!("{FLAGS} --yes --file {}", place.file());
    world.director.lbctl(&line).ok();
    let text = place.text().replace(
        "[[virtual_server]]",
        "# Ours. Ask Ann.\n[host.sysctl]\n\"net.ipv4.vs.expire_nodest_conn\" = 1\n\n\
         [[virtual_server]]\nname = \"shop\" # since May\nquorum = 2",
    );
    fs::write(place.file(), &text).unwrap();
    world
        .director
        .lbctl(&format!("apply {}", place.file()))
        .ok();
    text
}

fn again() -> Result<(), Failed> {
    let world = World::with_servers("setup-again");
    let place = Place::new("again");
    let text = kept(&world, &place);
    let before = picture(&world.director);
    let line = format!("setup --file {}", place.file());

    // Quit.
    let mut session = start(&world, &line)?;
    session.exp_string("shop (tcp 192.168.100.100:80)")?;
    answer(&mut session, "Change, add, over or quit [change]", "chagne")?;
    session.exp_string("none of change, add, over and quit")?;
    answer(&mut session, "Change, add, over or quit [change]", "quit")?;
    session.exp_string("nothing was changed")?;
    session.exp_eof()?;
    assert_eq!(place.text(), text);
    expect_same(&before, &picture(&world.director));

    // Change, with today's answers.
    let mut session = start(&world, &line)?;
    let asked = &mut session;
    answer(asked, "Change, add, over or quit [change]", "")?;
    answer(
        asked,
        "Virtual IP address and port [192.168.100.100:80]",
        "",
    )?;
    answer(
        asked,
        "Real servers [192.168.31.100:80, 192.168.31.101:80]",
        "",
    )?;
    answer(asked, "Method [nat]", "")?;
    answer(asked, "Health check [/health.html]", "")?;
    answer(asked, "Host name to ask for [example.com]", "")?;
    answer(asked, "Sorry server [192.168.31.102:80]", "none")?;
    answer(asked, "Scheduler [wlc]", "rr")?;
    answer(asked, "Persistence [none]", "")?;
    answer(asked, "Way in [fwmark]", "")?;
    asked.exp_string("~ shop")?;
    asked.exp_string("gets, in its place:")?;
    answer(asked, "Do this now?", "")?;
    asked.exp_string("It works.")?;
    asked.exp_eof()?;
    let changed = place.text();
    for part in [
        "# Ours. Ask Ann.\n[host.sysctl]",
        "# since May",
        "quorum = 2",
        "\"rr\"",
    ] {
        assert!(changed.contains(part), "{part}: {changed}");
    }
    assert!(!changed.contains("sorry_server"), "{changed}");

    // Add, with a service twice at first.
    let mut session = start(&world, &line)?;
    let asked = &mut session;
    answer(asked, "Change, add, over or quit [change]", "add")?;
    answer(asked, "Virtual IP address and port", "192.168.100.100:80")?;
    asked.exp_string("already, as shop; take")?;
    // Out to the question before, and in again.
    answer(asked, "Virtual IP address and port", "back")?;
    answer(asked, "Change, add, over or quit [change]", "add")?;
    answer(asked, "Virtual IP address and port", "192.168.100.100:8080")?;
    answer(asked, "Real servers", "192.168.31.100:80")?;
    for prompt in [
        "Method [nat]",
        "Health check [/health.html]",
        "Host name to ask for [none]",
        "Sorry server [none]",
        "Scheduler [rr]",
        "Persistence [none]",
        "Way in [fwmark]",
        "Do this now?",
    ] {
        answer(asked, prompt, "")?;
    }
    asked.exp_string("192.168.31.100:80 answered 200")?;
    asked.exp_string("It works.")?;
    asked.exp_eof()?;
    assert!(place.text().starts_with(&changed), "{}", place.text());
    let seen = world
        .client
        .line("curl -sS -m 10 http://192.168.100.100:8080/")
        .ok();
    assert_eq!(seen, "w1\n");
    assert!(world.get().starts_with('w'));
    Ok(())
}

fn again_by_flags() -> Result<(), Failed> {
    let world = World::with_servers("setup-flags-again");
    let place = Place::new("flags-again");
    let text = kept(&world, &place);
    let before = picture(&world.director);
    let setup = |flags: &str| {
        world
            .director
            .lbctl(&format!("setup --yes --file {} {flags}", place.file()))
    };
    for (flags, part) in [
        ("", "is there already"),
        ("--existing chnage", "none of change, add, over and quit"),
        (
            "--existing change --service web",
            "has no service 'web'; it has shop",
        ),
        ("--existing add", "--vip, --servers"),
        (
            "--existing add --vip 192.168.100.100:80 --servers 192.168.31.100",
            "already, as shop",
        ),
    ] {
        let message = setup(flags).fails(2);
        assert!(message.contains(part), "{flags}: {message}");
    }
    // A mistake in the file ends everything.
    fs::write(place.file(), text.replace("quorum", "qourum")).unwrap();
    let message = setup("--existing change").fails(2);
    assert!(message.contains("did you mean quorum?"), "{message}");
    fs::write(place.file(), &text).unwrap();
    expect_same(&before, &picture(&world.director));
    // Nothing new: nothing is written.
    let said = setup("--existing change --service shop").ok();
    assert!(said.contains("stays as it is"), "{said}");
    assert_eq!(place.text(), text);
    // Start over: the old file is kept, what it made goes.
    let said = setup("--existing over --vip 192.168.100.101:80 --servers 192.168.31.101").ok();
    assert!(said.contains("lbctl.toml.old"), "{said}");
    assert_eq!(
        fs::read_to_string(place.beside("lbctl.toml.old")).unwrap(),
        text
    );
    let table = world.director.look("ipvsadm -Sn").ok();
    assert!(table.contains("192.168.100.101:80"), "{table}");
    assert!(!table.contains("192.168.100.100:80"), "{table}");
    Ok(())
}

fn beside_a_service() -> Result<(), Failed> {
    let world = World::with_servers("setup-beside");
    let place = Place::new("beside");
    kept(&world, &place);
    let lbctl = lab::lbctl();
    let file = place.file();
    let words = [lbctl.as_os_str(), "run".as_ref(), file.as_ref()];
    let mut service = Service(world.director.spawn(words, Stdio::null()));
    let services = || {
        let answer = world.director.lbctl("status --json");
        let json: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap_or_default();
        json["services"].as_array().map_or(0, Vec::len)
    };
    until(1, services);
    let line = format!("setup --yes --existing add --servers 192.168.31.100:80 --file {file}");
    let said = world
        .director
        .lbctl(&format!("{line} --vip 192.168.100.100:81"));
    assert_eq!(said.code, 0, "{said}");
    assert!(said.stderr.contains("goes on with the new file"), "{said}");
    until(2, services);
    // What fails is undone, and the service goes back, too.
    let text = place.text();
    let said = world.director.lbctl(&format!(
        "{line} --vip 192.168.100.100:82 --health /nowhere"
    ));
    assert_eq!(said.code, 1, "{said}");
    assert_eq!(place.text(), text);
    until(2, services);
    let table = world.director.look("ipvsadm -Sn").ok();
    assert!(!table.contains(":82"), "{table}");
    service.end(Signal::SIGTERM);
    Ok(())
}

/// systemd knows the service.
const UNIT: &str = "touch /run/systemd/system/lbctl.service";

/// Runs setup where process 1 is of the director's network, and /run, /etc/lbctl and
/// /var/lib/lbctl are its own. systemctl only notes what it was told.
fn at_boot() -> Result<(), Failed> {
    let world = World::with_servers("setup-boot");
    fs::create_dir_all("/etc/lbctl").unwrap();
    fs::create_dir_all("/var/lib/lbctl").unwrap();
    let lbctl = lab::lbctl();
    let run = |exit: u8, flags: &str| {
        let script = format!(
            "set -e\n\
             for place in /run /etc/lbctl /var/lib/lbctl; do mount -t tmpfs none $place; done\n\
             mkdir -p /run/systemd/system /run/bin\n\
             printf '#!/bin/bash\\necho \"$@\" >/run/told\\necho refused >&2\\nexit {exit}\\n' >/run/bin/systemctl\n\
             chmod +x /run/bin/systemctl\n\
             {flags}\n\
             PATH=/run/bin:$PATH\n\
             set +e\n\
             {} setup --yes --vip 192.168.100.100:80 --servers 192.168.31.100 $FLAGS\n\
             status=$?\n\
             cat /run/told 2>/dev/null\n\
             {} teardown --yes -q >/dev/null\n\
             exit $status\n",
            lbctl.display(),
            lbctl.display(),
        );
        world.director.run([
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--mount-proc",
            "bash",
            "-c",
            &script,
        ])
    };
    let said = run(0, &format!("{UNIT}; FLAGS='--boot yes'"));
    assert_eq!(said.code, 0, "{said}");
    assert!(
        said.stdout.ends_with("enable --now lbctl.service\n"),
        "{said}"
    );
    assert!(said.stderr.contains("systemd starts it at boot"), "{said}");
    // It cannot be started: what was set up stays.
    let said = run(1, &format!("{UNIT}; FLAGS='--boot yes'"));
    assert_eq!(said.code, 1, "{said}");
    assert!(said.stderr.contains("failed: refused"), "{said}");
    assert!(said.stdout.contains("It works."), "{said}");
    // Nobody asked for it, and nobody can be asked.
    let said = run(0, &format!("{UNIT}; FLAGS=''"));
    assert_eq!(said.code, 0, "{said}");
    assert!(
        !said.stdout.contains("enable --now lbctl.service\n"),
        "{said}"
    );
    assert!(
        said.stderr
            .contains("do that with: systemctl enable --now lbctl"),
        "{said}"
    );
    // No unit; another file.
    let said = run(0, "FLAGS='--boot yes'");
    assert_eq!(said.code, 1, "{said}");
    assert!(
        said.stderr.contains("systemd has no lbctl.service here"),
        "{said}"
    );
    let said = run(0, &format!("{UNIT}; FLAGS='--file /run/other.toml'"));
    assert!(said.stderr.contains("lbctl run /run/other.toml"), "{said}");
    Ok(())
}
