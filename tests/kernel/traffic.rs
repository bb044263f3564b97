//! Requests all the while a file is applied: nobody who talks to a server that
//! stays may notice.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use libtest_mimic::Failed;
use serde_json::Value;

use super::Test;
use super::apply::{ConfigFile, walkthrough};
use super::lab;
use super::world::{VIP, World};

pub const TESTS: &[Test] = &[
    ("traffic::nobody_notices_an_apply", nobody_notices),
    ("traffic::killed_and_applied_again", killed_and_applied),
];

const CONNECTIONS: usize = 20;
const BOTH: &[(&str, u32)] = &[("192.168.31.100", 1), ("192.168.31.101", 1)];
const THREE: &[(&str, u32)] = &[
    ("192.168.31.100", 2),
    ("192.168.31.101", 1),
    ("192.168.31.102:80", 1),
];

/// The walkthrough's file, with the third server in the ranks.
fn web(name: &str, scheduler: &str, servers: &[(&str, u32)]) -> String {
    walkthrough(name, scheduler, servers).replace("sorry_server = \"192.168.31.102:80\"\n", "")
}

/// A request without an answer: the client's port, and what happened.
pub type Lost = (u16, String);

/// Clients that ask one after the other, every second of them over connections
/// that stay, until they are told to stop.
pub struct Load {
    pub answered: AtomicUsize,
    pub lost: Mutex<Vec<Lost>>,
    stop: AtomicBool,
}

impl Load {
    pub fn new() -> Self {
        Self {
            answered: AtomicUsize::new(0),
            lost: Mutex::new(Vec::new()),
            stop: AtomicBool::new(false),
        }
    }

    /// One client's life.
    fn client(&self, keeps: bool) {
        let address: SocketAddr = format!("{VIP}:80").parse().unwrap();
        while !self.stop.load(Ordering::Relaxed) {
            let mut stream = match TcpStream::connect_timeout(&address, Duration::from_secs(5)) {
                Ok(stream) => stream,
                Err(error) => {
                    self.lost
                        .lock()
                        .unwrap()
                        .push((0, format!("connect: {error}")));
                    continue;
                }
            };
            let port = stream.local_addr().unwrap().port();
            for _ in 0..if keeps { 10 } else { 1 } {
                match ask(&mut stream, keeps) {
                    Ok(()) => _ = self.answered.fetch_add(1, Ordering::Relaxed),
                    Err(error) => {
                        self.lost.lock().unwrap().push((port, error.to_string()));
                        break;
                    }
                }
            }
        }
    }

    /// Has clients ask while `work` is done, and until so many were answered.
    pub fn during(&self, world: &World, requests: usize, work: impl FnOnce() + Send) {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                world.client.enter(|| {
                    std::thread::scope(|scope| {
                        for number in 0..CONNECTIONS {
                            scope.spawn(move || self.client(number % 2 == 0));
                        }
                    });
                });
            });
            // Those who wait for this must also learn of a failure.
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                self.wait_for(1);
                work();
                self.wait_for(requests);
            }));
            self.stop.store(true, Ordering::Relaxed);
            if let Err(panic) = done {
                std::panic::resume_unwind(panic);
            }
        });
    }

    /// Waits for so many answers; whoever gets none has lost requests.
    pub fn wait_for(&self, answers: usize) {
        while self.answered.load(Ordering::Relaxed) < answers
            && self.lost.lock().unwrap().len() < CONNECTIONS
        {
            std::thread::yield_now();
        }
    }
}

/// One request and its whole answer.
fn ask(stream: &mut TcpStream, keeps: bool) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let connection = if keeps { "keep-alive" } else { "close" };
    let request = format!("GET / HTTP/1.1\r\nHost: {VIP}\r\nConnection: {connection}\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    let mut piece = [0; 2048];
    loop {
        let read = stream.read(&mut piece)?;
        answer.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&answer);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("Content-Length: "))
                .and_then(|length| length.parse::<usize>().ok());
            if length.is_some_and(|length| body.len() >= length) {
                return Ok(());
            }
        }
        if read == 0 {
            let why = format!("closed after {} bytes", answer.len());
            return Err(std::io::Error::other(why));
        }
    }
}

/// Requests that were lost on their way to a server that stays: the connection
/// table still knows where they went.
fn lost_to(world: &World, load: &Load, stays: &[&str]) -> Vec<Lost> {
    let lost = std::mem::take(&mut *load.lost.lock().unwrap());
    if lost.is_empty() {
        return lost;
    }
    let text = world.director.lbctl("list --connections --json").ok();
    let json: Value = serde_json::from_str(&text).unwrap();
    let gone = |port: u16| {
        let connections = json["connections"].as_array().unwrap();
        let mut found = connections.iter().filter(|it| it["client_port"] == port);
        found.any(|it| !stays.iter().any(|server| it["server"] == **server))
    };
    lost.into_iter().filter(|(port, _)| !gone(*port)).collect()
}

fn nobody_notices() -> Result<(), Failed> {
    let world = World::with_servers("traffic");
    let director = &world.director;
    let file = ConfigFile::new("traffic", &web("web", "rr", BOTH));
    file.run(director, "apply").ok();
    let load = Load::new();
    load.during(&world, 2000, || {
        for (name, scheduler, servers) in [
            ("web", "rr", BOTH),
            ("web", "rr", THREE),
            ("web", "wrr", THREE),
            ("web", "wlc", BOTH),
            ("shop", "wlc", BOTH),
            ("shop", "rr", THREE),
            ("shop", "rr", BOTH),
        ] {
            file.set(&web(name, scheduler, servers));
            file.run(director, "apply").ok();
            file.run(director, "apply").ok();
            let so_far = load.answered.load(Ordering::Relaxed);
            load.wait_for(so_far + 100);
        }
    });
    let lost = lost_to(&world, &load, &["192.168.31.100", "192.168.31.101"]);
    assert!(lost.is_empty(), "{lost:?}");
    assert!(load.answered.load(Ordering::Relaxed) >= 2000);
    assert_eq!(file.run(director, "diff").ok(), "");
    Ok(())
}

fn killed_and_applied() -> Result<(), Failed> {
    let world = World::with_servers("traffic-kill");
    let director = &world.director;
    // Many services more, so that there is a middle to be killed in.
    let with_crowd = |round: usize, servers: &[(&str, u32)]| {
        let mut text = web(
            "web",
            if round.is_multiple_of(2) { "rr" } else { "wrr" },
            servers,
        );
        for port in 1000..1060 + round {
            let lines = [
                "[[virtual_server]]".to_owned(),
                format!("listen = \"192.0.2.1:{port}\""),
                "protocol = \"tcp\"\nvip = \"none\"\nmethod = \"nat\"".to_owned(),
                "[[virtual_server.real_server]]\naddress = \"192.168.31.100:80\"".to_owned(),
                format!("weight = {}\n", round + 1),
            ];
            text += &lines.join("\n");
        }
        text
    };
    let file = ConfigFile::new("traffic-kill", &with_crowd(0, BOTH));
    file.run(director, "apply").ok();
    let load = Load::new();
    let mut cut_short = 0;
    load.during(&world, 500, || {
        for round in 1..=20 {
            file.set(&with_crowd(
                round,
                if round % 2 == 0 { BOTH } else { THREE },
            ));
            let program = lab::lbctl();
            let words = [program.as_os_str(), "apply".as_ref(), file.0.as_os_str()];
            let mut child = director.spawn(words, Stdio::null());
            // Somewhere in the middle, elsewhere in each round.
            for _ in 0..round * 150 {
                if child.try_wait().unwrap().is_some() {
                    break;
                }
                std::thread::yield_now();
            }
            let _ = child.kill();
            cut_short += usize::from(!child.wait().unwrap().success());
            file.run(director, "apply").ok();
            assert_eq!(file.run(director, "diff").ok(), "", "round {round}");
            let saved = director.look("ipvsadm -Sn").ok();
            let services = saved.lines().filter(|line| line.starts_with("-A")).count();
            assert_eq!(services, 61 + round, "round {round}");
        }
    });
    assert!(cut_short > 0, "no apply was killed half way");
    let lost = lost_to(&world, &load, &["192.168.31.100", "192.168.31.101"]);
    assert!(lost.is_empty(), "{lost:?}");
    Ok(())
}
