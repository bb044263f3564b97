//! `run` and `status`: the walkthrough kept by the service.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::Test;
use super::apply::{ConfigFile, walkthrough};
use super::lab;
use super::world::World;

pub const TESTS: &[Test] = &[
    ("service::keeps_the_walkthrough", keeps_the_walkthrough),
    ("service::takes_all_away_if_told_so", takes_all_away),
    ("service::an_empty_file_takes_nothing_away", empty_file),
    ("service::root_and_its_group_may_ask", who_may_ask),
];

pub const BOTH: &[(&str, u32)] = &[("192.168.31.100", 1), ("192.168.31.101", 1)];
/// Longer than any event here takes on a slow machine; a limit, not a measure.
const LIMIT: Duration = Duration::from_mins(1);

/// A running service; ended when dropped.
pub struct Service(pub Child);

impl Service {
    pub fn start(world: &World, file: &ConfigFile, metrics: &str) -> Self {
        let lbctl = lab::lbctl();
        let words = [
            lbctl.as_os_str(),
            "run".as_ref(),
            file.0.as_os_str(),
            "--metrics".as_ref(),
            metrics.as_ref(),
        ];
        Self(world.director.spawn(words, Stdio::null()))
    }

    pub fn tell(&self, signal: Signal) {
        let id = i32::try_from(self.0.id()).unwrap();
        kill(Pid::from_raw(id), signal).unwrap();
    }

    pub fn end(&mut self, signal: Signal) {
        self.tell(signal);
        self.0.wait().unwrap();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Looks until it is so.
pub fn until<T: PartialEq + std::fmt::Debug>(wanted: T, mut look: impl FnMut() -> T) {
    let begin = Instant::now();
    loop {
        let found = look();
        if found == wanted {
            return;
        }
        assert!(begin.elapsed() < LIMIT, "{found:?}, wanted {wanted:?}");
    }
}

pub fn text(servers: &[(&str, u32)]) -> String {
    walkthrough("web", "rr", servers).replace("\"3s\"", "\"300ms\"\nfall = 1")
}

pub fn weights(world: &World) -> Vec<(String, u64)> {
    let json: Value = serde_json::from_str(&world.director.lbctl("list --json").ok()).unwrap();
    let servers = json["services"][0]["servers"].as_array();
    let pair = |server: &Value| {
        (
            server["address"].as_str().unwrap().to_owned(),
            server["weight"].as_u64().unwrap(),
        )
    };
    servers.into_iter().flatten().map(pair).collect()
}

pub fn expected(weights: &[(&str, u64)]) -> Vec<(String, u64)> {
    let pairs = weights.iter();
    pairs
        .map(|(last, weight)| (format!("192.168.31.{last}"), *weight))
        .collect()
}

fn keeps_the_walkthrough() -> Result<(), Failed> {
    let world = World::with_servers("service");
    let director = &world.director;
    let file = ConfigFile::new("service", &text(BOTH));
    director.lbctl("status").fails(3);
    let metrics = "127.0.0.1:9876";
    let mut service = Service::start(&world, &file, metrics);
    until(expected(&[("100", 1), ("101", 1)]), || weights(&world));
    until(0, || director.lbctl("status").code);
    let json: Value = serde_json::from_str(&director.lbctl("status --json").ok())?;
    assert_eq!(json["services"][0]["name"], "web");
    assert_eq!(json["services"][0]["servers"][0]["state"], "up");
    let shown = director.lbctl("status").ok();
    assert!(shown.contains("last heard"), "{shown}");
    let scraped = director.enter(|| {
        let mut stream = TcpStream::connect(metrics).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    });
    assert!(scraped.contains("node_ipvs_backend_weight{local_address=\"192.168.100.100\""));
    assert!(
        scraped.contains("server=\"192.168.31.100:80\"} 1"),
        "{scraped}"
    );

    // Both fail: the sorry server; both are back: it is gone.
    world.set_health("w1", false);
    world.set_health("w2", false);
    until(expected(&[("100", 0), ("101", 0), ("102", 1)]), || {
        weights(&world)
    });
    assert_eq!(world.get(), "sorry");
    assert_eq!(director.lbctl("status").code, 2);
    // `apply` beside it leaves what it holds.
    assert_eq!(file.run(director, "apply").ok(), "");

    // Killed with both down; they come back while nobody looks.
    service.end(Signal::SIGKILL);
    world.set_health("w1", true);
    world.set_health("w2", true);
    let mut service = Service::start(&world, &file, metrics);
    until(expected(&[("100", 1), ("101", 1)]), || weights(&world));

    // Somebody clears the table.
    director.line("ipvsadm -C").ok();
    until(expected(&[("100", 1), ("101", 1)]), || weights(&world));

    // A wrong file changes nothing, a right one is taken.
    file.set("nonsense");
    service.tell(Signal::SIGHUP);
    let why = director.lbctl("status --reload").fails(2);
    assert!(why.contains("all goes on as before"), "{why}");
    assert!(why.contains("nonsense"), "{why}");
    until(0, || director.lbctl("status").code);
    assert_eq!(weights(&world), expected(&[("100", 1), ("101", 1)]));
    file.set(&text(&BOTH[..1]));
    service.tell(Signal::SIGHUP);
    until(expected(&[("100", 1)]), || weights(&world));
    file.set(&text(BOTH));
    director.lbctl("status --reload").ok();
    until(expected(&[("100", 1), ("101", 1)]), || weights(&world));

    // It goes, and the table stays.
    service.end(Signal::SIGTERM);
    assert_eq!(weights(&world), expected(&[("100", 1), ("101", 1)]));
    assert_eq!(director.lbctl("status").code, 3);
    Ok(())
}

fn takes_all_away() -> Result<(), Failed> {
    let world = World::with_servers("service-exit");
    let director = &world.director;
    director.lbctl("add -t 192.0.2.9:80 -s rr").ok();
    let file = ConfigFile::new(
        "service-exit",
        &(text(BOTH) + "[probe]\non_exit = \"remove\"\n"),
    );
    let mut service = Service::start(&world, &file, "127.0.0.1:9877");
    until("w1".to_owned(), || world.get());
    service.end(Signal::SIGTERM);
    assert_eq!(
        director.look("ipvsadm -Sn").ok().trim(),
        "-A -t 192.0.2.9:80 -s rr"
    );
    assert_eq!(director.lbctl("vip list").ok(), "");
    Ok(())
}

/// As when an editor has just begun to write it.
fn empty_file() -> Result<(), Failed> {
    let world = World::with_servers("service-empty");
    let director = &world.director;
    let file = ConfigFile::new("service-empty", &text(BOTH));
    let mut service = Service::start(&world, &file, "127.0.0.1:9876");
    until(expected(&[("100", 1), ("101", 1)]), || weights(&world));
    until(0, || director.lbctl("status").code);
    for empty in ["", "# nothing\n", "[host]\nip_forward = true\n"] {
        file.set(empty);
        let why = director.lbctl("status --reload").fails(2);
        assert!(why.contains("names no virtual server"), "{why}");
        assert_eq!(weights(&world), expected(&[("100", 1), ("101", 1)]));
        assert_eq!(director.lbctl("status").code, 0);
    }
    service.end(Signal::SIGTERM);
    let why = file.run(director, "run").fails(2);
    assert!(why.contains("--allow-empty"), "{why}");
    assert_eq!(weights(&world), expected(&[("100", 1), ("101", 1)]));
    Ok(())
}

fn who_may_ask() -> Result<(), Failed> {
    let world = World::with_servers("service-ask");
    let director = &world.director;
    let file = ConfigFile::new("service-ask", &text(BOTH));
    let _service = Service::start(&world, &file, "127.0.0.1:9876");
    until(0, || director.lbctl("status").code);
    let status_as = |group: &str| {
        let program = lab::lbctl();
        let line = format!(
            "setpriv --reuid 65534 --regid {group} --clear-groups {} status",
            program.display()
        );
        director.line(&line)
    };
    let shown = status_as("0").ok();
    assert!(shown.contains("status 200"), "{shown}");
    let why = status_as("65534").fails(3);
    assert!(why.contains("root and root's group may ask"), "{why}");
    Ok(())
}
