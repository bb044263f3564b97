//! `drain` and `undrain`, with a probe beside them and without.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Stdio;
use std::sync::atomic::Ordering;

use libtest_mimic::Failed;
use nix::sys::signal::Signal;
use serde_json::Value;

use super::Test;
use super::apply::ConfigFile;
use super::lab;
use super::service::{Service, expected, text, until, weights};
use super::traffic::Load;
use super::world::{VIP, World};

pub const TESTS: &[Test] = &[
    ("drain::without_a_probe", without_a_probe),
    ("drain::waits_for_a_download", waits_for_a_download),
    ("drain::persistent_clients_are_told", persistent_clients),
    ("drain::checks_never_undo_it", checks_never_undo_it),
    ("drain::the_last_and_the_sorry_server", the_last_server),
    ("drain::beside_a_probe_that_sleeps", beside_a_probe),
    ("drain::nobody_notices", nobody_notices),
];

const BOTH: &[(&str, u32)] = &[("192.168.31.100", 3), ("192.168.31.101", 1)];
/// More than all socket buffers on the way hold.
const LARGE: usize = 16 << 20;

fn words(verb: &str, servers: &[u8]) -> String {
    let servers: Vec<String> = servers
        .iter()
        .map(|last| format!("-r 192.168.31.{last}"))
        .collect();
    format!("{verb} -t {VIP}:80 {}", servers.join(" "))
}

fn start(world: &World, line: &str) -> Service {
    let lbctl = lab::lbctl();
    let words = line.split_whitespace().map(AsRef::as_ref);
    let words = std::iter::once(lbctl.as_os_str()).chain(words);
    Service(world.director.spawn(words, Stdio::null()))
}

/// How `lbctl run` sees a server, and what its checks say.
fn seen(world: &World, index: usize) -> (String, String) {
    let json = world.director.lbctl("status --json").stdout;
    let json: Value = serde_json::from_str(&json).unwrap_or_default();
    let server = &json["services"][0]["servers"][index];
    let text = |key: &str| server[key].as_str().unwrap_or_default().to_lowercase();
    (text("state"), text("verdict"))
}

/// What `lbctl run` did last with a server.
fn last_change(world: &World, index: usize) -> String {
    let json: Value = serde_json::from_str(&world.director.lbctl("status --json").stdout).unwrap();
    let server = &json["services"][0]["servers"][index];
    server["change"].as_str().unwrap_or_default().to_owned()
}

fn pair(state: &str, verdict: &str) -> (String, String) {
    (state.to_owned(), verdict.to_owned())
}

fn without_a_probe() -> Result<(), Failed> {
    let world = World::with_servers("drain");
    let director = &world.director;
    let file = ConfigFile::new("drain", &text(BOTH));
    file.run(director, "apply").ok();

    let commands = director.lbctl(&words("drain --dry-run", &[100])).ok();
    assert_eq!(
        commands,
        format!("ipvsadm -e -t {VIP}:80 -r 192.168.31.100:80 -m -w 0\n")
    );
    assert_eq!(weights(&world), expected(&[("100", 3), ("101", 1)]));

    let told = director.lbctl(&words("drain --json --reason kernel", &[100]));
    let json: Value = serde_json::from_str(&told.clone().ok())?;
    assert_eq!(json["servers"][0]["changed"], true, "{told}");
    assert_eq!(json["servers"][0]["weight_before"], 3, "{told}");
    assert_eq!(weights(&world), expected(&[("100", 0), ("101", 1)]));
    for _ in 0..4 {
        assert_eq!(world.get(), "w2");
    }
    let listed = director.lbctl("list").ok();
    assert!(
        listed.contains("192.168.31.100:80 of tcp 192.168.100.100:80 is drained by root: kernel"),
        "{listed}"
    );
    // Twice is once, and the weight of before is not forgotten.
    let again = director.lbctl(&words("drain --wait", &[100]));
    assert!(again.stderr.contains("was drained already"), "{again}");
    again.ok();
    // Neither a file nor a probe undoes it.
    file.run(director, "apply").ok();
    let probe = format!("probe -t {VIP}:80 --http /health.html --once");
    director.lbctl(&probe).ok();
    assert_eq!(weights(&world), expected(&[("100", 0), ("101", 1)]));

    // The last one is not taken by the way.
    let why = director.lbctl(&words("drain", &[101])).fails(2);
    assert!(why.contains("--yes"), "{why}");
    assert_eq!(weights(&world), expected(&[("100", 0), ("101", 1)]));
    director.lbctl(&words("drain --yes", &[101])).ok();
    assert_eq!(weights(&world), expected(&[("100", 0), ("101", 0)]));

    director.lbctl(&words("undrain", &[100, 101])).ok();
    assert_eq!(weights(&world), expected(&[("100", 3), ("101", 1)]));
    let told = director.lbctl(&words("undrain", &[100]));
    assert!(told.stderr.contains("is not drained"), "{told}");
    told.ok();

    // What its last check found counts also when no probe runs.
    director.lbctl(&words("drain", &[100])).ok();
    world.set_health("w1", false);
    director.lbctl(&probe).ok();
    let told = director.lbctl(&words("undrain", &[100]));
    assert!(told.stderr.contains("its last check failed"), "{told}");
    assert_eq!(weights(&world), expected(&[("100", 0), ("101", 1)]));

    let why = director.lbctl(&words("drain", &[9])).fails(1);
    assert!(why.contains("no such server"), "{why}");
    let why = director
        .lbctl("drain -t 192.0.2.1:80 -r 192.0.2.2")
        .fails(1);
    assert!(why.contains("no such service"), "{why}");
    for wrong in ["drain --timeout 3s", "drain --wait --timeout 3"] {
        director.lbctl(&words(wrong, &[101])).fails(2);
    }
    director.lbctl(&format!("drain -t {VIP}:80")).fails(2);
    Ok(())
}

fn waits_for_a_download() -> Result<(), Failed> {
    let world = World::with_servers("drain-wait");
    let director = &world.director;
    world.put("w1", "large", &vec![b'x'; LARGE]);
    let file = ConfigFile::new("drain-wait", &text(BOTH));
    file.run(director, "apply").ok();
    director.lbctl(&words("drain", &[101])).ok();
    let mut download = world.client.enter(|| {
        let mut stream = TcpStream::connect((VIP, 80)).unwrap();
        stream.write_all(b"GET /large HTTP/1.0\r\n\r\n").unwrap();
        stream
    });
    let mut all = vec![0; 1];
    download.read_exact(&mut all)?;
    director.lbctl(&words("undrain", &[101])).ok();

    let why = director
        .lbctl(&words("drain --wait --timeout 1s", &[100]))
        .fails(1);
    assert!(why.contains("192.168.31.100:80: 1 active"), "{why}");
    assert_eq!(weights(&world), expected(&[("100", 0), ("101", 1)]));

    // Ctrl-C ends the waiting only.
    director.lbctl(&words("undrain", &[100])).ok();
    let mut waiting = start(&world, &words("drain --wait --remove", &[100]));
    until(expected(&[("100", 0), ("101", 1)]), || weights(&world));
    waiting.tell(Signal::SIGINT);
    assert_eq!(waiting.0.wait()?.code(), Some(130));
    let told = director.lbctl(&words("drain", &[100]));
    assert!(told.stderr.contains("was drained already"), "{told}");

    let mut removing = start(&world, &words("drain --remove", &[100]));
    assert_eq!(world.get(), "w2");
    assert!(removing.0.try_wait()?.is_none(), "it did not wait");
    assert_eq!(weights(&world), expected(&[("100", 0), ("101", 1)]));
    download.read_to_end(&mut all)?;
    let text = all.split_inclusive(|byte| *byte == b'\n');
    let head: usize = text
        .take_while(|line| *line != b"\r\n")
        .map(<[u8]>::len)
        .sum();
    assert_eq!(all.len() - head - 2, LARGE);
    drop(download);
    assert!(removing.0.wait()?.success());
    assert_eq!(weights(&world), expected(&[("101", 1)]));
    // It is forgotten with its server.
    director.lbctl(&words("undrain", &[100])).fails(1);
    Ok(())
}

fn persistent_clients() -> Result<(), Failed> {
    let world = World::with_servers("drain-persistent");
    let director = &world.director;
    let file = ConfigFile::new("drain-persistent", &text(BOTH));
    file.run(director, "apply").ok();
    director.lbctl(&format!("edit -t {VIP}:80 -p 300")).ok();
    let (number, name) = match world.get().as_str() {
        "w1" => (100, "w1"),
        "w2" => (101, "w2"),
        other => return Err(other.into()),
    };
    let wait = words("drain --wait --timeout 1s", &[number]);
    let why = director.lbctl(&wait).fails(1);
    assert!(why.contains(": 1 persistent"), "{why}");
    assert!(why.contains("expire_quiescent_template=1"), "{why}");
    assert_eq!(world.get(), name, "the kernel holds its promise");
    director
        .line("sysctl -q -w net.ipv4.vs.expire_quiescent_template=1")
        .ok();
    director.lbctl(&words("drain --wait", &[number])).ok();
    assert_ne!(world.get(), name);
    Ok(())
}

fn checks_never_undo_it() -> Result<(), Failed> {
    let world = World::with_servers("drain-run");
    let director = &world.director;
    let file = ConfigFile::new("drain-run", &text(BOTH));
    let mut service = Service::start(&world, &file, "127.0.0.1:9878");
    until(pair("up", "up"), || seen(&world, 0));
    until(pair("up", "up"), || seen(&world, 1));

    // It is done when lbctl says so.
    director.lbctl(&words("drain --reason kernel", &[100])).ok();
    assert_eq!(weights(&world), expected(&[("100", 0), ("101", 1)]));
    until(pair("drained", "up"), || seen(&world, 0));
    world.set_health("w1", false);
    until(pair("drained", "down"), || seen(&world, 0));
    world.set_health("w1", true);
    until(pair("drained", "up"), || seen(&world, 0));
    assert_eq!(weights(&world), expected(&[("100", 0), ("101", 1)]));
    // Not even for the moment in which the service starts or reads its file again.
    let change = last_change(&world, 0);
    service.end(Signal::SIGKILL);
    let _service = Service::start(&world, &file, "127.0.0.1:9878");
    until(pair("drained", "up"), || seen(&world, 0));
    assert_eq!(weights(&world), expected(&[("100", 0), ("101", 1)]));
    assert_eq!(last_change(&world, 0), change);
    file.set(&text(BOTH).replace("weight = 1", "weight = 2"));
    director.lbctl("status --reload").ok();
    until(expected(&[("100", 0), ("101", 2)]), || weights(&world));
    assert_eq!(last_change(&world, 0), change);
    file.set(&text(BOTH));
    director.lbctl("status --reload").ok();
    until(expected(&[("100", 0), ("101", 1)]), || weights(&world));
    director.lbctl(&words("undrain", &[100])).ok();
    assert_eq!(weights(&world), expected(&[("100", 3), ("101", 1)]));

    // Let back in while its checks fail: when they pass.
    director.lbctl(&words("drain", &[100])).ok();
    world.set_health("w1", false);
    until(pair("drained", "down"), || seen(&world, 0));
    let told = director.lbctl(&words("undrain", &[100]));
    assert!(told.stderr.contains("its checks fail"), "{told}");
    assert_eq!(weights(&world), expected(&[("100", 0), ("101", 1)]));
    world.set_health("w1", true);
    until(expected(&[("100", 3), ("101", 1)]), || weights(&world));

    // What the service would put back is not removed.
    let why = director.lbctl(&words("drain --remove", &[100])).fails(1);
    assert!(why.contains("would put them back"), "{why}");
    assert_eq!(weights(&world), expected(&[("100", 3), ("101", 1)]));
    Ok(())
}

fn the_last_server() -> Result<(), Failed> {
    let world = World::with_servers("drain-sorry");
    let director = &world.director;
    let file = ConfigFile::new("drain-sorry", &text(BOTH));
    let _service = Service::start(&world, &file, "127.0.0.1:9879");
    until(pair("up", "up"), || seen(&world, 0));
    until(pair("up", "up"), || seen(&world, 1));
    director.lbctl(&words("drain", &[100, 101])).fails(2);
    director.lbctl(&words("drain --yes", &[100, 101])).ok();
    assert_eq!(weights(&world), expected(&[("100", 0), ("101", 0)]));
    director.lbctl(&words("undrain", &[100, 101])).ok();
    assert_eq!(weights(&world), expected(&[("100", 3), ("101", 1)]));
    director
        .lbctl(&words("drain --yes --sorry", &[100, 101]))
        .ok();
    until(expected(&[("100", 0), ("101", 0), ("102", 1)]), || {
        weights(&world)
    });
    assert_eq!(world.get(), "sorry");
    director.lbctl(&words("drain --yes", &[102])).fails(2);
    Ok(())
}

fn beside_a_probe() -> Result<(), Failed> {
    let world = World::with_servers("drain-probe");
    let director = &world.director;
    let file = ConfigFile::new("drain-probe", &text(BOTH));
    file.run(director, "apply").ok();
    let probe = format!("probe -t {VIP}:80 --http /health.html --interval 300ms --fall 1 --loop");
    let _probe = start(&world, &probe);
    let turn = |well: bool, weights_then: &[(&str, u64)]| {
        for worker in ["w1", "w2"] {
            world.set_health(worker, well);
        }
        until(expected(weights_then), || weights(&world));
    };
    turn(false, &[("100", 0), ("101", 0)]);
    turn(true, &[("100", 3), ("101", 1)]);
    director.lbctl(&words("drain", &[100])).ok();
    assert_eq!(weights(&world), expected(&[("100", 0), ("101", 1)]));
    turn(false, &[("100", 0), ("101", 0)]);
    turn(true, &[("100", 0), ("101", 1)]);
    director.lbctl(&words("undrain", &[100])).ok();
    until(expected(&[("100", 3), ("101", 1)]), || weights(&world));
    Ok(())
}

fn nobody_notices() -> Result<(), Failed> {
    let world = World::with_servers("drain-load");
    let director = &world.director;
    let file = ConfigFile::new("drain-load", &text(BOTH));
    let _service = Service::start(&world, &file, "127.0.0.1:9880");
    until(pair("up", "up"), || seen(&world, 0));
    until(pair("up", "up"), || seen(&world, 1));
    let load = Load::new();
    let more = |answers: usize| {
        let so_far = load.answered.load(Ordering::Relaxed);
        load.wait_for(so_far + answers);
    };
    load.during(&world, 5000, || {
        for _ in 0..3 {
            for (last, worker) in [(100, "w1"), (101, "w2")] {
                director.lbctl(&words("drain --wait", &[last])).ok();
                more(50);
                director.lbctl(&words("undrain", &[last])).ok();
                more(50);
                // It flaps: its page says so, and it still answers who is there.
                let weights = |well: bool| {
                    let of =
                        |other: u8, weight: u64| if other == last && !well { 0 } else { weight };
                    expected(&[("100", of(100, 3)), ("101", of(101, 1))])
                };
                for well in [false, true, false, true] {
                    world.set_health(worker, well);
                    until(weights(well), || super::service::weights(&world));
                    more(20);
                }
            }
        }
    });
    let lost = load.lost.lock().unwrap();
    assert!(lost.is_empty(), "{lost:?}");
    assert_eq!(weights(&world), expected(&[("100", 3), ("101", 1)]));
    Ok(())
}
