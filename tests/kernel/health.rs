//! The service where keepalived and ldirectord go wrong: weights that were set by
//! hand, a table that somebody empties, reloads while servers are down.

use std::time::Duration;

use libtest_mimic::Failed;
use nix::sys::signal::Signal;
use serde_json::Value;

use super::Test;
use super::apply::ConfigFile;
use super::service::{BOTH, Service, expected, text, until, weights};
use super::world::{VIP, World};

pub const TESTS: &[Test] = &[
    ("health::a_weight_set_by_hand_stays", by_hand),
    ("health::what_others_delete_comes_back", deleted),
    ("health::a_reload_keeps_verdicts", reload),
    ("health::a_reload_corrects_the_service", scheduler),
    ("health::a_reload_with_another_sorry_server", another_sorry),
    ("health::a_kill_with_one_server_down", killed),
    ("health::maintenance_beats_checks", maintenance),
    ("health::a_machine_that_slept_takes_nobody_down", slept),
    ("health::monitoring_plugins", plugin),
    ("health::one_service_keeps_a_table", twice),
];

const METRICS: &str = "127.0.0.1:9876";
const W1: &str = "192.168.31.100:80";

/// The walkthrough kept by the service, with both servers up.
fn kept(name: &str) -> (World, ConfigFile, Service) {
    let world = World::with_servers(name);
    let file = ConfigFile::new(name, &text(BOTH));
    let service = Service::start(&world, &file, METRICS);
    until(expected(&[("100", 1), ("101", 1)]), || weights(&world));
    until("up".to_owned(), || of_w1(&world, "state"));
    (world, file, service)
}

/// What `status` says of the first server; nothing while no service answers.
fn of_w1(world: &World, key: &str) -> String {
    let answer = world.director.lbctl("status --json").stdout;
    let json: Value = serde_json::from_str(&answer).unwrap_or_default();
    match &json["services"][0]["servers"][0][key] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn by_hand() -> Result<(), Failed> {
    let (world, file, service) = kept("hand");
    let director = &world.director;
    let set = |weight: u32| {
        let line = format!("ipvsadm -e -t {VIP}:80 -r {W1} -m -w {weight}");
        director.line(&line).ok();
    };
    set(5);
    until("true".to_owned(), || of_w1(&world, "foreign"));
    assert_eq!(weights(&world), expected(&[("100", 5), ("101", 1)]));

    // Taken out by hand: checks go on, and do not bring it back.
    set(0);
    until("drained".to_owned(), || of_w1(&world, "state"));
    for (well, verdict) in [(false, "down"), (true, "up")] {
        world.set_health("w1", well);
        until(verdict.to_owned(), || of_w1(&world, "verdict"));
        assert_eq!(weights(&world), expected(&[("100", 0), ("101", 1)]));
    }
    assert_eq!(director.lbctl("status").code, 0, "drained on purpose");

    // Nor does another start.
    drop(service);
    let _service = Service::start(&world, &file, METRICS);
    until("drained".to_owned(), || of_w1(&world, "state"));
    assert_eq!(weights(&world), expected(&[("100", 0), ("101", 1)]));

    // Given back by hand.
    set(1);
    until("up".to_owned(), || of_w1(&world, "state"));
    Ok(())
}

fn deleted() -> Result<(), Failed> {
    let (world, _file, _service) = kept("deleted");
    let both = || expected(&[("100", 1), ("101", 1)]);
    let as_asked = world.director.look("ipvsadm -Sn").ok();
    for line in ["ipvsadm -C".to_owned(), format!("ipvsadm -D -t {VIP}:80")] {
        world.director.line(&line).ok();
        until(both(), || weights(&world));
        until(as_asked.clone(), || world.director.look("ipvsadm -Sn").ok());
    }
    // A server that is down comes back as such.
    world.set_health("w1", false);
    let down = || expected(&[("100", 0), ("101", 1)]);
    until(down(), || weights(&world));
    world.director.line("ipvsadm -C").ok();
    until(down(), || weights(&world));
    world.set_health("w1", true);
    until(both(), || weights(&world));
    Ok(())
}

fn reload() -> Result<(), Failed> {
    let (world, file, service) = kept("reload");
    world.set_health("w1", false);
    until(expected(&[("100", 0), ("101", 1)]), || weights(&world));
    // Other options of the check, and w2's weight, which tells when they hold.
    for (weight, option) in [(2, "rise = 2\n"), (3, "timeout = \"4s\"\n")] {
        let both = [BOTH[0], (BOTH[1].0, weight)];
        file.set(&text(&both).replace("fall = 1", &format!("fall = 1\n{option}")));
        service.tell(Signal::SIGHUP);
        until(u64::from(weight), || {
            let now = weights(&world);
            assert_eq!(now[0], expected(&[("100", 0)])[0], "in although it is down");
            now[1].1
        });
        assert_eq!(of_w1(&world, "verdict"), "down");
    }
    world.set_health("w1", true);
    until(expected(&[("100", 1), ("101", 3)]), || weights(&world));
    Ok(())
}

/// The old one goes, and the new one comes, while nobody else is left.
fn another_sorry() -> Result<(), Failed> {
    let (world, file, service) = kept("sorry");
    for worker in ["w1", "w2"] {
        world.set_health(worker, false);
    }
    let sorry = |last: &'static str| expected(&[("100", 0), ("101", 0), (last, 1)]);
    until(sorry("102"), || weights(&world));
    let other = text(BOTH).replace("\"192.168.31.102:80\"", "\"192.168.31.103:80\"");
    file.set(&other);
    service.tell(Signal::SIGHUP);
    until(sorry("103"), || weights(&world));
    for worker in ["w1", "w2"] {
        world.set_health(worker, true);
    }
    until(expected(&[("100", 1), ("101", 1)]), || weights(&world));
    Ok(())
}

fn scheduler() -> Result<(), Failed> {
    let (world, _file, service) = kept("scheduler");
    let as_asked = world.director.look("ipvsadm -Sn").ok();
    let line = format!("ipvsadm -E -t {VIP}:80 -s wlc -p 60");
    world.director.line(&line).ok();
    service.tell(Signal::SIGHUP);
    until(as_asked, || world.director.look("ipvsadm -Sn").ok());
    Ok(())
}

fn killed() -> Result<(), Failed> {
    let (world, file, mut service) = kept("killed");
    world.set_health("w1", false);
    until(expected(&[("100", 0), ("101", 1)]), || weights(&world));
    service.end(Signal::SIGKILL);
    assert_eq!(weights(&world), expected(&[("100", 0), ("101", 1)]));
    world.set_health("w1", true);
    let _service = Service::start(&world, &file, METRICS);
    until(expected(&[("100", 1), ("101", 1)]), || weights(&world));
    Ok(())
}

fn maintenance() -> Result<(), Failed> {
    let (world, file, service) = kept("maintenance");
    let out = text(BOTH).replace(
        "address = \"192.168.31.100\"",
        "address = \"192.168.31.100\"\nmaintenance = true",
    );
    file.set(&out);
    service.tell(Signal::SIGHUP);
    until("maintenance".to_owned(), || of_w1(&world, "state"));
    until(expected(&[("100", 0), ("101", 1)]), || weights(&world));
    assert_eq!(world.director.lbctl("status").code, 0, "out on purpose");
    for (well, verdict) in [(false, "down"), (true, "up")] {
        world.set_health("w1", well);
        until(verdict.to_owned(), || of_w1(&world, "verdict"));
        assert_eq!(weights(&world), expected(&[("100", 0), ("101", 1)]));
    }
    file.set(&text(BOTH));
    service.tell(Signal::SIGHUP);
    until(expected(&[("100", 1), ("101", 1)]), || weights(&world));
    Ok(())
}

/// Monitoring asks the service, or checks by itself.
fn plugin() -> Result<(), Failed> {
    let world = World::with_servers("plugin");
    let director = &world.director;
    let line = |words: &str, code: i32| {
        let answer = director.lbctl(words);
        assert_eq!(answer.code, code, "{answer}");
        assert_eq!(answer.stdout.lines().count(), 1, "{answer}");
        answer.stdout.trim_end().to_owned()
    };
    let not_running = line("status --plugin", 3);
    assert!(not_running.starts_with("LBCTL UNKNOWN - "), "{not_running}");

    let probe = format!("probe -t {VIP}:80 --http /health.html --fall 1 --once --plugin");
    assert!(line(&probe, 3).starts_with("LBCTL UNKNOWN - "));
    director.line(&format!("ipvsadm -A -t {VIP}:80 -s rr")).ok();
    for server in ["192.168.31.100", "192.168.31.101"] {
        let add = format!("ipvsadm -a -t {VIP}:80 -r {server} -m");
        director.line(&add).ok();
    }
    let name = format!("tcp {VIP}:80");
    let well = format!("LBCTL OK - {name}: 2 of 2 servers up | '{name}'=2;2:;1:;0;2");
    assert_eq!(line(&probe, 0), well);
    world.set_health("w1", false);
    let one = line(&probe, 1);
    let begin = format!("LBCTL WARNING - {name}: 1 of 2 servers up, {W1} down (status 403");
    assert!(one.starts_with(&begin), "{one}");
    assert!(one.ends_with(&format!(" | '{name}'=1;2:;1:;0;2")), "{one}");
    world.set_health("w2", false);
    assert!(line(&probe, 2).starts_with("LBCTL CRITICAL - "));
    for worker in ["w1", "w2"] {
        world.set_health(worker, true);
    }

    let file = ConfigFile::new("plugin", &text(BOTH));
    let _service = Service::start(&world, &file, METRICS);
    let well = "LBCTL OK - web: 2 of 2 servers up | 'web'=2;2:;1:;0;2\n";
    until(well.to_owned(), || director.lbctl("status --plugin").stdout);
    Ok(())
}

fn twice() -> Result<(), Failed> {
    let (world, file, service) = kept("twice");
    let told = file.run(&world.director, "run").fails(1);
    assert!(told.contains(&service.0.id().to_string()), "{told}");
    // What is not the service's can be changed beside it.
    assert_eq!(file.run(&world.director, "apply").ok(), "");
    world.director.lbctl("vip add 192.0.2.77").ok();
    world.director.lbctl("vip del 192.0.2.77").ok();
    world.set_health("w1", false);
    until(expected(&[("100", 0), ("101", 1)]), || weights(&world));
    Ok(())
}

/// What fails while the network comes back is not held against the server.
fn slept() -> Result<(), Failed> {
    let (world, _file, service) = kept("slept");
    let change = of_w1(&world, "change");
    service.tell(Signal::SIGSTOP);
    world.set_health("w1", false);
    // What is slept through is time.
    std::thread::sleep(Duration::from_secs(6));
    service.tell(Signal::SIGCONT);
    until(true, || {
        of_w1(&world, "reason").contains("this machine slept or was overloaded: status 403")
    });
    assert_eq!(weights(&world), expected(&[("100", 1), ("101", 1)]));
    world.set_health("w1", true);
    until("status 200".to_owned(), || of_w1(&world, "reason"));
    assert_eq!(of_w1(&world, "change"), change, "it was out meanwhile");
    // Awake again, it believes what it sees.
    world.set_health("w1", false);
    until(expected(&[("100", 0), ("101", 1)]), || weights(&world));
    Ok(())
}
