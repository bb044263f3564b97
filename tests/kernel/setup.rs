//! `setup` on a new machine: typed on a terminal as a person would, mistakes
//! included; and undone when it does not work, or is stopped.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use libtest_mimic::Failed;
use nix::sys::signal::Signal;
use rexpect::session::{PtySession, spawn_command};

use super::Test;
use super::bad_servers::{ANSWER, Server, hold, listen};
use super::lab;
use super::service::Service;
use super::walkthrough::{expect_same, picture};
use super::world::{VIP, World};

pub const TESTS: &[Test] = &[
    ("setup::typed_on_a_terminal", typed),
    ("setup::what_does_not_work_is_taken_back", taken_back),
    ("setup::ctrl_c_changes_nothing", ctrl_c),
    (
        "setup::ctrl_c_in_the_middle_takes_all_back",
        ctrl_c_in_the_middle,
    ),
    (
        "setup::a_signal_in_the_proof_takes_all_back",
        signal_in_the_proof,
    ),
];

/// Milliseconds until a prompt must have come; the guest is slow.
const PATIENCE: u64 = 60_000;

/// A place for a file of a test.
pub struct Place(PathBuf);

impl Place {
    pub fn new(name: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("lbctl-setup-{name}"));
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        Self(directory)
    }

    pub fn file(&self) -> String {
        self.beside("lbctl.toml")
    }

    pub fn beside(&self, name: &str) -> String {
        self.0
            .join(name)
            .to_str()
            .expect("a path in UTF-8")
            .to_owned()
    }

    pub fn text(&self) -> String {
        fs::read_to_string(self.file()).unwrap()
    }

    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Starts it on a terminal.
pub fn start(world: &World, line: &str) -> Result<PtySession, rexpect::error::Error> {
    world.director.enter(|| {
        let mut command = Command::new(lab::lbctl());
        command.args(line.split_whitespace()).env("TERM", "xterm");
        spawn_command(command, Some(PATIENCE))
    })
}

/// Waits for a prompt and types a line.
pub fn answer(session: &mut PtySession, prompt: &str, typed: &str) -> Result<(), Failed> {
    session.exp_string(prompt)?;
    session.exp_string(": ")?;
    session.send_line(typed)?;
    Ok(())
}

fn typed() -> Result<(), Failed> {
    let world = World::with_servers("setup");
    let place = Place::new("typed");
    world
        .director
        .line("sysctl -q -w net.ipv4.ip_forward=0")
        .ok();
    let mut session = start(&world, &format!("setup --file {}", place.file()))?;
    let session = &mut session;
    answer(session, "Virtual IP address and port", "back")?;
    session.exp_string("this is the first question")?;
    answer(session, "Virtual IP address and port", VIP)?;
    session.exp_string("a port is needed")?;
    answer(session, "Virtual IP address and port", "192.168.100.100:80")?;
    session.exp_string("clients need a route to it")?;
    answer(session, "Real servers", "192.168.31.100, 192.168.31.100")?;
    session.exp_string("named twice")?;
    // The wrong port, seen and mended.
    answer(session, "Real servers", "192.168.31.100:81, 192.168.31.101")?;
    session.exp_string("192.168.31.100:81 refuses connections")?;
    answer(session, "Method [nat]", "<")?;
    answer(
        session,
        "Real servers [192.168.31.100:81, 192.168.31.101]",
        "192.168.31.100, 192.168.31.101",
    )?;
    session.exp_string("192.168.31.100:80 answers HTTP and has /health.html, /")?;
    answer(session, "Method [nat]", "")?;
    // A page that is not there.
    answer(session, "Health check [/health.html]", "/healthy")?;
    answer(session, "Host name to ask for [none]", "example.com")?;
    session.exp_string("192.168.31.100:80 does not pass this check: status 404, wanted 200")?;
    answer(session, "Sorry server [none]", "back")?;
    answer(session, "Host name to ask for [example.com]", "back")?;
    answer(session, "Health check [/healthy]", "/health.html")?;
    answer(session, "Host name to ask for [example.com]", "")?;
    session.exp_string("2 of 2 servers pass this check")?;
    answer(session, "Sorry server [none]", "192.168.31.102")?;
    answer(session, "Scheduler [rr]", "")?;
    answer(session, "Persistence [none]", "")?;
    answer(session, "Way in [fwmark]", "")?;
    // The plan in words, the file, the old tools' commands.
    session.exp_string("This will be done:")?;
    session.exp_string("+ vip 192.168.100.100  mark 1")?;
    session.exp_string("lbctl.toml will be:")?;
    session.exp_string("path = \"/health.html\"")?;
    session.exp_string("The same by hand:")?;
    session.exp_string("sysctl -w net.ipv4.ip_forward=1")?;
    session.exp_string("ipvsadm -A -t 192.168.100.100:80 -s rr")?;
    session.exp_string("ip rule add priority 100 fwmark 1 lookup 100")?;
    assert!(place.names().is_empty(), "{:?}", place.names());
    // Back from the plan to the last question.
    answer(session, "Do this now?", "back")?;
    answer(session, "Way in [fwmark]", "")?;
    answer(session, "Do this now?", "maybe")?;
    session.exp_string("neither yes nor no")?;
    answer(session, "Do this now?", "y")?;
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
    session.exp_string("lbctl run ")?;
    session.exp_eof()?;
    let answers: Vec<String> = (0..4).map(|_| world.get()).collect();
    assert!(
        answers.contains(&"w1".to_owned()) && answers.contains(&"w2".to_owned()),
        "{answers:?}"
    );
    // The file is the plan.
    let text = place.text();
    assert!(
        text.contains("sorry_server = \"192.168.31.102:80\""),
        "{text}"
    );
    assert_eq!(place.names(), ["lbctl.toml"]);
    world.director.lbctl(&format!("diff {}", place.file())).ok();
    // Nothing of the proof is left.
    let links = world.director.line("ip -o link").ok();
    assert!(!links.contains("lbctl-proof"), "{links}");
    Ok(())
}

pub const FLAGS: &str = "setup --vip 192.168.100.100:80 --servers 192.168.31.100,192.168.31.101 \
                         --health /health.html --virtualhost example.com --sorry 192.168.31.102 \
                         --scheduler wlc";

fn taken_back() -> Result<(), Failed> {
    let world = World::with_servers("setup-back");
    let place = Place::new("back");
    let director = &world.director;
    director.line("sysctl -q -w net.ipv4.ip_forward=0").ok();
    // The servers' way back is not through the director: nothing can work.
    for worker in &world.workers {
        worker.line("ip route del default").ok();
    }
    let before = picture(director);
    let flags = format!("{FLAGS} --file {}", place.file());
    let answer = director.lbctl(&format!("{flags} --yes"));
    assert_eq!(answer.code, 1, "{answer}");
    assert!(answer.stdout.contains("no answer within 5 s"), "{answer}");
    assert!(answer.stdout.contains("no-way-back"), "{answer}");
    assert!(answer.stderr.contains("taken back"), "{answer}");
    expect_same(&before, &picture(director));
    assert!(place.names().is_empty(), "{:?}", place.names());
    // A step that the kernel refuses half way: all before it is taken back.
    let line = format!(
        "setup --vip {VIP}:80 --servers 192.168.31.100 --scheduler twos --yes --file {}",
        place.file()
    );
    let message = director.lbctl(&line).fails(1);
    assert!(message.contains("ip_vs_twos"), "{message}");
    expect_same(&before, &picture(director));
    assert!(place.names().is_empty(), "{:?}", place.names());
    // A file that was there, and a service that was there, come back as they were.
    let old = "# mine\n[[virtual_server]]\nlisten = \"192.168.100.101:80\"\nprotocol = \"tcp\"\n\
               [[virtual_server.real_server]]\naddress = \"192.168.31.100\"\n";
    fs::write(place.file(), old).unwrap();
    director.lbctl(&format!("apply {}", place.file())).ok();
    director
        .lbctl(&format!("add -t {VIP}:80 -s sed -r 192.168.31.101 -m -w 7"))
        .ok();
    let before = picture(director);
    for existing in ["add", "over", "change"] {
        let answer = director.lbctl(&format!("{flags} --yes --existing {existing}"));
        assert_eq!(answer.code, 1, "{answer}");
        assert!(
            answer.stdout.contains("is there already, made by hand"),
            "{answer}"
        );
        expect_same(&before, &picture(director));
        assert_eq!(place.text(), old);
        assert_eq!(place.names(), ["lbctl.toml"]);
    }
    Ok(())
}

fn ctrl_c() -> Result<(), Failed> {
    let world = World::with_servers("setup-ctrl-c");
    let place = Place::new("ctrl-c");
    let before = picture(&world.director);
    let mut session = start(&world, &format!("setup --file {}", place.file()))?;
    answer(
        &mut session,
        "Virtual IP address and port",
        &format!("{VIP}:80"),
    )?;
    session.exp_string("Real servers: ")?;
    session.send_control('c')?;
    session.exp_string("nothing was changed")?;
    session.exp_eof()?;
    expect_same(&before, &picture(&world.director));
    assert!(place.names().is_empty());
    Ok(())
}

fn ctrl_c_in_the_middle() -> Result<(), Failed> {
    let world = World::with_servers("setup-middle");
    let place = Place::new("middle");
    // Requests stay without an answer, so that there is a middle.
    for worker in &world.workers {
        worker.line("ip route del default").ok();
    }
    let before = picture(&world.director);
    let line = format!("{FLAGS} --method nat --persistence none --way fwmark --yes --file");
    for stop in ["Checking the servers:", "Requests to 192.168.100.100:80"] {
        let mut session = start(&world, &format!("{line} {}", place.file()))?;
        session.exp_string(stop)?;
        assert_eq!(place.names(), ["lbctl.toml"]);
        session.send_control('c')?;
        session.exp_string("what was done is taken back")?;
        session.exp_string("stopped; everything was taken back")?;
        session.exp_eof()?;
        expect_same(&before, &picture(&world.director));
        assert!(place.names().is_empty(), "{:?}", place.names());
    }
    Ok(())
}

/// A server that answers the checks, and takes the question of the proof for ever.
fn signal_in_the_proof() -> Result<(), Failed> {
    let world = World::new("setup-signal");
    let place = Place::new("signal");
    let (sender, asked) = mpsc::channel();
    let _server = Server::start(&world.workers[0], 80, move |stream| {
        let client = stream.peer_addr().unwrap().to_string();
        listen(stream);
        if client.starts_with("198.18.") {
            let _ = sender.send(());
            hold(stream);
        } else {
            let _ = stream.write_all(ANSWER);
        }
    });
    let before = picture(&world.director);
    let line = format!(
        "exec {} setup --vip {VIP}:80 --servers 192.168.31.100 --health / --yes --file {} 2>&1",
        lab::lbctl().display(),
        place.file()
    );
    for signal in [Signal::SIGTERM, Signal::SIGHUP] {
        let words = ["bash", "-c", &line];
        let mut setup = Service(world.director.spawn(words, Stdio::piped()));
        asked
            .recv_timeout(Duration::from_millis(PATIENCE))
            .map_err(|_| "the proof asked nothing")?;
        assert_eq!(place.names(), ["lbctl.toml"]);
        setup.tell(signal);
        let mut said = String::new();
        let mut output = setup.0.stdout.take().ok_or("no output")?;
        output.read_to_string(&mut said)?;
        assert_eq!(setup.0.wait()?.code(), Some(130), "{signal}: {said}");
        for part in [
            "what was done is taken back",
            "stopped; everything was taken back",
        ] {
            assert!(said.contains(part), "{signal}: {said}");
        }
        expect_same(&before, &picture(&world.director));
        assert!(place.names().is_empty(), "{:?}", place.names());
    }
    Ok(())
}
