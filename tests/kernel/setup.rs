//! `setup`: typed on a terminal as a person would, mistakes included; by flags;
//! and undone when it does not work.

use std::process::Command;

use libtest_mimic::Failed;
use rexpect::session::{PtySession, spawn_command};

use super::Test;
use super::lab;
use super::walkthrough::{expect_same, picture};
use super::world::{VIP, World};

pub const TESTS: &[Test] = &[
    ("setup::typed_on_a_terminal", typed),
    ("setup::by_flags", by_flags),
    ("setup::what_does_not_work_is_taken_back", taken_back),
    ("setup::ctrl_c_changes_nothing", ctrl_c),
    ("setup::wrong_flags_change_nothing", wrong_flags),
];

/// Milliseconds until a prompt must have come; the guest is slow.
const PATIENCE: u64 = 60_000;

fn start(world: &World) -> Result<PtySession, rexpect::error::Error> {
    world.director.enter(|| {
        let mut command = Command::new(lab::lbctl());
        command.arg("setup").env("TERM", "xterm");
        spawn_command(command, Some(PATIENCE))
    })
}

/// Waits for a prompt and types a line.
fn answer(session: &mut PtySession, prompt: &str, typed: &str) -> Result<(), Failed> {
    session.exp_string(prompt)?;
    session.send_line(typed)?;
    Ok(())
}

fn typed() -> Result<(), Failed> {
    let world = World::with_servers("setup");
    world
        .director
        .line("sysctl -q -w net.ipv4.ip_forward=0")
        .ok();
    let mut session = start(&world)?;
    answer(
        &mut session,
        "Virtual IP address and port",
        "192.168.100.100",
    )?;
    session.exp_string("a port is needed")?;
    answer(
        &mut session,
        "Virtual IP address and port",
        "192.168.100.100:80",
    )?;
    answer(
        &mut session,
        "Real servers",
        "192.168.31.100, 192.168.31.101",
    )?;
    answer(&mut session, "Health page", "/health.html")?;
    answer(&mut session, "Host name to ask for", "example.com")?;
    answer(&mut session, "Sorry server", "192.168.31.102")?;
    answer(&mut session, "Scheduler", "")?;
    // The plan, in words and in the old tools' commands.
    session.exp_string("This will be done:")?;
    session.exp_string("The same by hand:")?;
    session.exp_string("sysctl -w net.ipv4.ip_forward=1")?;
    session.exp_string("ip rule add priority 100 fwmark 1 lookup 100")?;
    session.exp_string("ipvsadm -A -t 192.168.100.100:80 -s rr")?;
    answer(&mut session, "Do this now?", "y")?;
    // The proof names who answered.
    session.exp_string("all well")?;
    for _ in 0..2 {
        let server = session.exp_regex(r"192\.168\.31\.10[01]:80 answered 200")?;
        let name = session.exp_regex("w[12]")?;
        assert_eq!(
            server.1.contains("100:80"),
            name.1 == "w1",
            "{server:?} {name:?}"
        );
    }
    session.exp_string("It works.")?;
    session.exp_string(
        "lbctl probe -t 192.168.100.100:80 --http /health.html --virtualhost example.com \
         --sorry 192.168.31.102:80 --loop",
    )?;
    session.exp_eof()?;
    let answers: Vec<String> = (0..4).map(|_| world.curl()).collect();
    assert!(
        answers.contains(&"w1".to_owned()) && answers.contains(&"w2".to_owned()),
        "{answers:?}"
    );
    // Nothing of the proof is left.
    let links = world.director.line("ip -o link").ok();
    assert!(!links.contains("lbctl-proof"), "{links}");
    Ok(())
}

const FLAGS: &str = "setup --vip 192.168.100.100:80 --servers 192.168.31.100,192.168.31.101 \
                     --health /health.html --virtualhost example.com --sorry 192.168.31.102 \
                     --scheduler wlc";

fn by_flags() -> Result<(), Failed> {
    let world = World::with_servers("setup-flags");
    let message = world.director.lbctl(FLAGS).fails(2);
    assert!(message.contains("--yes"), "{message}");
    let commands = world.director.lbctl(&format!("{FLAGS} --dry-run")).ok();
    assert!(
        commands.contains("ipvsadm -A -t 192.168.100.100:80 -s wlc"),
        "{commands}"
    );
    let text = world.director.lbctl(&format!("{FLAGS} --yes")).ok();
    assert!(text.contains("It works."), "{text}");
    assert!(world.curl().starts_with('w'));
    // A second time: it is there.
    let message = world.director.lbctl(&format!("{FLAGS} --yes")).fails(1);
    assert!(message.contains("there already"), "{message}");
    Ok(())
}

fn taken_back() -> Result<(), Failed> {
    let world = World::with_servers("setup-back");
    world
        .director
        .line("sysctl -q -w net.ipv4.ip_forward=0")
        .ok();
    // The servers' way back is not through the director: nothing can work.
    for worker in &world.workers {
        worker.line("ip route del default").ok();
    }
    let before = picture(&world.director);
    let answer = world.director.lbctl(&format!("{FLAGS} --yes"));
    assert_eq!(answer.code, 1, "{answer}");
    assert!(answer.stdout.contains("no answer within 5 s"), "{answer}");
    assert!(answer.stderr.contains("taken back"), "{answer}");
    expect_same(&before, &picture(&world.director));
    // A step that the kernel refuses half way: all before it is taken back.
    let message = world
        .director
        .lbctl("setup --vip 192.168.100.100:80 --servers 192.168.31.100,240.0.0.1 --scheduler twos --yes")
        .fails(1);
    assert!(message.contains("ip_vs_twos"), "{message}");
    expect_same(&before, &picture(&world.director));
    Ok(())
}

fn ctrl_c() -> Result<(), Failed> {
    let world = World::with_servers("setup-ctrl-c");
    let before = picture(&world.director);
    let mut session = start(&world)?;
    answer(
        &mut session,
        "Virtual IP address and port",
        &format!("{VIP}:80"),
    )?;
    session.exp_string("Real servers")?;
    session.send_control('c')?;
    session.exp_eof()?;
    expect_same(&before, &picture(&world.director));
    Ok(())
}

fn wrong_flags() -> Result<(), Failed> {
    let world = World::new("setup-wrong");
    let before = picture(&world.director);
    for (flags, part) in [
        ("", "--vip is missing"),
        ("--vip 192.168.100.100", "a port is needed"),
        ("--vip 192.168.100.100:80", "--servers is missing"),
        (
            "--vip 192.168.100.100:80 --servers 192.168.100.100",
            "the virtual IP address itself",
        ),
        (
            "--vip 192.168.100.100:80 --servers 10.0.0.1 --health x",
            "--health",
        ),
        (
            "--vip 192.168.100.100:80 --servers 10.0.0.1 --scheduler x",
            "unknown scheduler",
        ),
        (
            "--vip 192.168.100.100:80 --servers 10.0.0.1 --sorry 10.0.0.1",
            "--sorry",
        ),
    ] {
        let message = world
            .director
            .lbctl(&format!("setup --yes {flags}"))
            .fails(2);
        assert!(message.contains(part), "{flags}: {message}");
    }
    expect_same(&before, &picture(&world.director));
    Ok(())
}
