//! Servers that are not there, do not listen, or answer elsewhere.

use std::fmt::Write as _;

use libtest_mimic::Failed;
use rexpect::session::spawn_command;
use serde_json::Value;

use super::{SERVICE, Test, World, broken, flows, ids, lab, try_in_vain, working};

pub const TESTS: &[Test] = &[
    ("check::no_usable_server", no_usable_server),
    ("check::servers_full", servers_full),
    ("check::server_unreachable", server_unreachable),
    ("check::port_closed", port_closed),
    ("check::no_way_back", no_way_back),
    ("check::no_way_back_seen_by_connections", no_way_back_seen),
    ("check::not_asked", not_asked),
    ("check::progress_on_a_terminal", progress),
];

fn no_usable_server() -> Result<(), Failed> {
    let world = working("check-usable");
    for server in ["192.168.31.100", "192.168.31.101"] {
        world
            .director
            .lbctl(&format!("edit {SERVICE} -r {server} -w 0"))
            .ok();
    }
    assert!(!flows(&world));
    let answer = world.director.lbctl("check --json");
    assert_eq!(
        (ids(&answer), answer.code),
        (vec!["no-usable-server".to_owned()], 2),
        "{answer}"
    );
    // The advice is a command line that works.
    let json: Value = serde_json::from_str(&answer.stdout)?;
    let fix = json["findings"][0]["fix"].as_str().unwrap();
    let command = fix.rsplit("lbctl ").next().ok_or("no command")?;
    world.director.lbctl(command).ok();
    assert!(flows(&world));

    world
        .director
        .lbctl(&format!(
            "del {SERVICE} -r 192.168.31.100 -r 192.168.31.101"
        ))
        .ok();
    broken(&world, "no servers", "no-server");
    let add = format!("add {SERVICE} -r 192.168.31.100 -r 192.168.31.101 -m");
    world.director.lbctl(&add).ok();
    assert!(flows(&world));
    world.director.lbctl("check").ok();
    Ok(())
}

fn server_unreachable() -> Result<(), Failed> {
    let world = working("check-reach");
    let [w1, ..] = &world.workers;
    w1.line("ip link set eth0 down").ok();
    assert!(!flows(&world));
    let answer = world.director.lbctl("check --json");
    assert_eq!(
        (ids(&answer), answer.code),
        (vec!["server-unreachable".to_owned()], 2),
        "{answer}"
    );
    let text = world.director.lbctl("check").stdout;
    assert!(
        text.contains("192.168.31.100:80 of tcp 192.168.100.100:80"),
        "{text}"
    );
    // The advice: out with it. Clients are served again, and it is a warning.
    world
        .director
        .lbctl(&format!("edit {SERVICE} -r 192.168.31.100 -w 0"))
        .ok();
    assert!(flows(&world));
    assert_eq!(world.director.lbctl("check").code, 1);
    Ok(())
}

/// The kernel calls a server full at its threshold; connections that were closed
/// count until they are forgotten.
fn servers_full() -> Result<(), Failed> {
    let world = working("check-full");
    for server in ["192.168.31.100", "192.168.31.101"] {
        world
            .director
            .lbctl(&format!("edit {SERVICE} -r {server} -x 1"))
            .ok();
    }
    broken(&world, "thresholds", "servers-full");
    for server in ["192.168.31.100", "192.168.31.101"] {
        world
            .director
            .lbctl(&format!("edit {SERVICE} -r {server} -x 100"))
            .ok();
    }
    assert!(flows(&world));
    world.director.lbctl("check").ok();
    Ok(())
}

fn port_closed() -> Result<(), Failed> {
    let world = working("check-port");
    let [w1, ..] = &world.workers;
    let config = std::env::temp_dir().join("lbctl-world-check-port/w1/nginx.conf");
    let nginx = format!("nginx -e /dev/null -c {}", config.display());
    w1.line(&format!("{nginx} -s stop")).ok();
    // It is told by a signal.
    while w1.line("ss -Hltn sport = :80").stdout.contains(":80") {}
    broken(&world, "nothing listens", "port-closed");
    w1.line(&nginx).ok();
    assert!(flows(&world));
    world.director.lbctl("check").ok();
    Ok(())
}

fn no_way_back() -> Result<(), Failed> {
    let world = working("check-back");
    let [w1, ..] = &world.workers;
    w1.line("ip route del default").ok();
    let answer = broken(&world, "no default route", "no-way-back");
    let json: Value = serde_json::from_str(&answer.stdout)?;
    let fix = json["findings"][0]["fix"].as_str().unwrap();
    let command = fix
        .split("on the server: ")
        .nth(1)
        .and_then(|it| it.split(';').next());
    w1.line(command.ok_or("no command")?).ok();
    assert!(flows(&world));
    world.director.lbctl("check").ok();
    Ok(())
}

/// A server whose other gateway knows the director's nets, but not the clients': asked
/// from here it answers either way. What became of the clients' connections tells.
fn no_way_back_seen() -> Result<(), Failed> {
    let world = working("check-back-seen");
    let [w1, ..] = &world.workers;
    w1.line("ip route add blackhole 192.168.10.10/32").ok();
    try_in_vain(&world);
    let answer = broken(&world, "no route to the client", "never-established");
    assert!(
        answer.stdout.contains("got no further than the SYN"),
        "{answer}"
    );
    w1.line("ip route del blackhole 192.168.10.10/32").ok();
    assert!(flows(&world));
    world.director.lbctl("check").ok();
    Ok(())
}

/// The walkthrough, and another service with so many servers behind w1, which says
/// nothing to whoever asks there.
fn with_silent(name: &str, servers: usize) -> World {
    let world = working(name);
    let (director, w1) = (&world.director, &world.workers[0]);
    w1.line("iptables -A INPUT -d 10.20.0.0/16 -j DROP").ok();
    w1.line("ip route add local 10.20.0.0/16 dev lo").ok();
    director
        .line("ip route add 10.20.0.0/16 via 192.168.31.100")
        .ok();
    let mut saved = director.line("ipvsadm -Sn").ok();
    saved += "-A -t 192.168.100.100:81 -s rr\n";
    for number in 0..servers {
        let address = format!("10.20.{}.{}", number / 250, number % 250 + 1);
        let _ = writeln!(saved, "-a -t 192.168.100.100:81 -r {address}:80 -m -w 1");
    }
    let lbctl = lab::lbctl();
    let restore = [lbctl.as_os_str(), "restore".as_ref()];
    director.run_with(restore, &saved).ok();
    world
}

/// It takes seconds, however many are silent, and says whom it did not come to.
fn not_asked() -> Result<(), Failed> {
    let world = with_silent("check-many", 3000);
    let answer = world.director.lbctl("check --json");
    let found = ids(&answer);
    let count = |id: &str| found.iter().filter(|it| *it == id).count();
    assert_eq!(count("not-asked"), 1, "of {} findings", found.len());
    assert_eq!(count("server-unreachable") + 1, found.len());
    let left = " of 3002 servers were not asked";
    assert!(answer.stdout.contains(left));
    // A person reads of all of them at once, and of whom it is.
    let answer = world.director.lbctl("check");
    assert_eq!(answer.code, 2, "{answer}");
    let shown = answer.stdout;
    assert_eq!(shown.lines().count(), 8, "{shown}");
    let named = " servers of tcp 192.168.100.100:81: 10.20.0.1:80, 10.20.0.2:80, 10.20.0.3:80 and ";
    assert!(shown.contains(named), "{shown}");
    // Those are mended first; then there is time for all, or for more.
    world.workers[0].line("iptables -F INPUT").ok();
    let found = ids(&world.director.lbctl("check --json"));
    assert!(found.iter().all(|id| id == "not-asked"));
    world.director.lbctl("del -t 192.168.100.100:81").ok();
    world.director.lbctl("check").ok();
    Ok(())
}

fn progress() -> Result<(), Failed> {
    let world = with_silent("check-progress", 2);
    let mut session = world.director.enter(|| {
        let mut command = std::process::Command::new(lab::lbctl());
        command.arg("check").env("TERM", "xterm");
        spawn_command(command, Some(60_000))
    })?;
    session.exp_string("asking the servers: 2 of 4")?;
    session.exp_string("server-unreachable")?;
    session.exp_eof()?;
    // Nobody else is shown it.
    let answer = world.director.lbctl("check");
    assert_eq!((answer.code, answer.stderr.as_str()), (2, ""), "{answer}");
    Ok(())
}
