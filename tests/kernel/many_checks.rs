//! Ten thousand servers that are eight: each is checked once, and what becomes of them
//! all at the end is what the file says.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::IpAddr;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use libtest_mimic::Failed;
use nix::sys::signal::Signal;

use super::Test;
use super::apply::ConfigFile;
use super::bad_servers::{ANSWER, Server, listen};
use super::lab;
use super::service::{Service, until};
use super::world::World;

/// They keep the machine busy.
pub const ALONE: &[Test] = &[("many_checks::ten_thousand_servers", ten_thousand)];

const SERVICES: usize = 1250;
const TARGETS: usize = 8;
const PORT: u16 = 8080;

fn text(on_exit: &str) -> String {
    let mut text = format!("[probe]\non_exit = \"{on_exit}\"\n\n");
    for port in 1..=SERVICES {
        let _ = write!(
            text,
            "[[virtual_server]]\nlisten = \"192.0.2.1:{port}\"\nprotocol = \"tcp\"\n\
             scheduler = \"rr\"\nmethod = \"nat\"\nvip = \"none\"\n\n[virtual_server.check]\n\
             type = \"http\"\npath = \"/\"\ninterval = \"5s\"\n\n"
        );
        for target in 1..=TARGETS {
            let _ = write!(
                text,
                "[[virtual_server.real_server]]\naddress = \"10.20.0.{target}:{PORT}\"\n\n"
            );
        }
    }
    text
}

fn ten_thousand() -> Result<(), Failed> {
    let world = World::new("many-checks");
    let (director, worker) = (&world.director, &world.workers[0]);
    worker.line("ip route add local 10.20.0.0/24 dev lo").ok();
    director
        .line("ip route add 10.20.0.0/24 via 192.168.31.100")
        .ok();
    let asked: Arc<Mutex<BTreeMap<IpAddr, usize>>> = Arc::default();
    let counted = Arc::clone(&asked);
    let _server = Server::start(worker, PORT, move |stream| {
        listen(stream);
        let address = stream.local_addr().unwrap().ip();
        *counted.lock().unwrap().entry(address).or_default() += 1;
        let _ = stream.write_all(ANSWER);
    });
    // Services, servers, and servers that are in.
    let table = || {
        let saved = director.look("ipvsadm -Sn").ok();
        let count = |part: &str| saved.lines().filter(|line| line.contains(part)).count();
        (count("-A "), count("-a "), count("-w 1"))
    };
    let whole = (SERVICES, SERVICES * TARGETS, SERVICES * TARGETS);

    let file = ConfigFile::new("many-checks", &text("keep"));
    // Ten thousand lines would be most of the work.
    let start = || {
        let lbctl = lab::lbctl();
        let words = [
            lbctl.as_os_str(),
            "run".as_ref(),
            "-q".as_ref(),
            file.0.as_os_str(),
        ];
        Service(director.spawn(words, Stdio::null()))
    };
    let mut service = start();
    until(whole, table);
    let first = IpAddr::from([10, 20, 0, 1]);
    let times = || asked.lock().unwrap().get(&first).copied().unwrap_or(0);
    let goal = times() + 3;
    until(true, || times() >= goal);
    let all = asked.lock().unwrap().clone();
    assert_eq!(all.len(), TARGETS);
    // One may be a beat ahead of the first, or behind.
    for (address, count) in &all {
        assert!(count.abs_diff(all[&first]) <= 1, "{address}: {all:?}");
    }

    service.end(Signal::SIGTERM);
    assert_eq!(table(), whole);
    file.set(&text("remove"));
    let mut service = start();
    until(0, || director.lbctl("status").code);
    service.end(Signal::SIGTERM);
    assert_eq!(table(), (0, 0, 0));
    Ok(())
}
