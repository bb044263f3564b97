//! `rate` and `list --watch`: counters into rates, in a pipe and on a terminal.

use std::process::{Command, Stdio};

use libtest_mimic::Failed;
use rexpect::session::spawn_command;
use serde_json::Value;

use super::Test;
use super::lab;
use super::world::{VIP, World};

pub const TESTS: &[Test] = &[
    ("rate::lines_in_a_pipe", lines),
    ("rate::a_live_screen", screen),
    ("rate::wrong_words", wrong_words),
];

const SERVICE: &str = "-t 192.168.100.100:80";

fn working(name: &str) -> World {
    let world = World::with_servers(name);
    let director = &world.director;
    director.lbctl("forward on -4").ok();
    director.lbctl(&format!("vip add {VIP}")).ok();
    director
        .lbctl(&format!(
            "add {SERVICE} -s rr -r 192.168.31.100 -r 192.168.31.101 -m"
        ))
        .ok();
    world
}

/// What came in between two readings is in the second one's rates, and both
/// servers have had their share.
fn lines() -> Result<(), Failed> {
    let world = working("rate-lines");
    let url = format!("http://{VIP}/");
    let load = ["ab", "-q", "-n", "400", "-c", "2", &url];
    let mut load = world.client.spawn(load, Stdio::null());
    let text = world.director.lbctl("rate -i 2 -c 3 --json").ok();
    assert!(load.wait()?.success());
    let readings: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(readings.len(), 3, "{text}");
    let total = |reading: &Value| {
        let total = &reading["services"][0]["stats"]["connections"];
        total.as_u64().unwrap()
    };
    let rate = |reading: &Value| reading["services"][0]["rate"]["connections"].as_u64();
    // More than a second, and less than ten, lay between two readings. One that fell
    // between two ticks of the kernel's shows the rates before.
    for pair in readings.windows(2) {
        let came = total(&pair[1]) - total(&pair[0]);
        let rate = rate(&pair[1]).unwrap();
        assert!(came == 0 || (came / 10..=came).contains(&rate), "{text}");
    }
    assert!(total(&readings[2]) > 0, "{text}");
    // Who has seen enough closes the pipe: no error.
    let lbctl = lab::lbctl();
    let piped = format!("{} list --watch=1 --stats | head -n 2", lbctl.display());
    let listed = world.director.run(["sh", "-c", &piped]);
    assert!(listed.stderr.is_empty(), "{listed}");
    assert!(listed.ok().contains("tcp 192.168.100.100:80"));
    Ok(())
}

fn screen() -> Result<(), Failed> {
    let world = working("rate-screen");
    let mut session = world.director.enter(|| {
        let mut command = Command::new("sh");
        // A new pseudo-terminal has no size, which is no screen.
        let line = "stty rows 24 cols 80; exec \"$0\" rate -i 1";
        command
            .args(["-c", line])
            .arg(lab::lbctl())
            .env("TERM", "xterm");
        spawn_command(command, Some(60_000))
    })?;
    session.exp_string("192.168.100.100:80")?;
    session.exp_string("192.168.31.101:80")?;
    session.send("?")?;
    session.flush()?;
    // Only cells that change are written: no more than a word stands together.
    session.exp_string("goes")?;
    session.send("x")?;
    session.flush()?;
    session.exp_string("sorted")?;
    session.send("q")?;
    session.flush()?;
    session.exp_eof()?;
    Ok(())
}

fn wrong_words() -> Result<(), Failed> {
    let world = World::new("rate-words");
    let director = &world.director;
    let message = director.lbctl("rate -i 0").fails(2);
    assert!(message.contains("'0'"), "{message}");
    let message = director.lbctl(&format!("rate -c 1 {SERVICE}")).fails(1);
    assert!(message.contains("lbctl list"), "{message}");
    let empty = director.lbctl("rate -c 1");
    assert!(empty.stderr.contains("the table is empty"), "{empty}");
    assert_eq!(empty.ok(), "");
    Ok(())
}
