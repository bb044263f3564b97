//! `setup` with other methods, protocols and ways in.

use std::fs;
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use libtest_mimic::Failed;

use super::Test;
use super::setup::Place;
use super::world::{VIP, World};

pub const TESTS: &[Test] = &[
    ("setup::direct_routing_says_what_was_seen", direct),
    ("setup::udp_says_what_cannot_be_proven", udp),
    ("setup::a_vip_of_the_clients_net", clients_net),
];

fn direct() -> Result<(), Failed> {
    let world = World::with_servers("setup-direct");
    let place = Place::new("direct");
    let director = &world.director;
    for worker in &world.workers[..2] {
        worker.lbctl(&format!("real setup {VIP}")).ok();
    }
    director.line("sysctl -q -w net.ipv4.ip_forward=0").ok();
    let line = format!(
        "setup --yes --vip {VIP}:80 --servers 192.168.31.100,192.168.31.101 --method dr --file {}",
        place.file()
    );
    let said = director.lbctl(&line).ok();
    for part in [
        "Each real server needs",
        "lbctl real setup 192.168.100.100 --script | ssh root@192.168.31.101 sh",
        "given to 192.168.31.100:80; no answer was seen here",
        "given to 192.168.31.101:80; no answer was seen here",
        "Its answer goes to the client directly",
        "lbctl real check 192.168.100.100",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    // dr needs no forwarding; here the servers' way to the client leads through it.
    assert_eq!(director.line("sysctl -n net.ipv4.ip_forward").ok(), "0\n");
    director.line("sysctl -q -w net.ipv4.ip_forward=1").ok();
    let mut answers = [world.curl(), world.curl()];
    answers.sort();
    assert_eq!(answers, ["w1", "w2"]);
    // Now answers are seen, and said to be.
    let said = director
        .lbctl(&format!("{line} --existing change --json"))
        .ok();
    let json: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (&json["works"], &json["proven"]),
        (&true.into(), &true.into()),
        "{json}"
    );
    // Servers that nobody listens on are no success.
    let said = director.lbctl(&format!(
        "setup --yes --vip {VIP}:81 --servers 192.168.31.100 --method dr --health none \
         --existing add --file {}",
        place.file()
    ));
    assert_eq!(said.code, 1, "{said}");
    Ok(())
}

fn udp() -> Result<(), Failed> {
    let world = World::new("setup-udp");
    let place = Place::new("udp");
    let director = &world.director;
    let line = format!(
        "setup --yes --vip {VIP}:5353/udp --servers 192.168.31.100,192.168.31.101 --file {}",
        place.file()
    );
    // Nothing listens, and the servers say so.
    let said = director.lbctl(&line);
    assert_eq!(said.code, 1, "{said}");
    assert!(
        said.stdout
            .contains("port unreachable: nothing listens there"),
        "{said}"
    );
    // They take it and are silent.
    let sockets: Vec<UdpSocket> = world.workers[..2]
        .iter()
        .map(|worker| worker.enter(|| UdpSocket::bind("0.0.0.0:5353").unwrap()))
        .collect();
    let said = director.lbctl(&line).ok();
    for part in [
        "protocol = \"udp\"",
        "given to 192.168.31.100:5353; no answer was seen here",
        "only a client of its own kind can tell",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    // They answer.
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for socket in &sockets {
            socket
                .set_read_timeout(Some(Duration::from_millis(100)))
                .unwrap();
            let over = &over;
            scope.spawn(move || {
                let mut buffer = [0; 64];
                while !over.load(Ordering::Relaxed) {
                    if let Ok((length, client)) = socket.recv_from(&mut buffer) {
                        socket.send_to(&buffer[..length], client).unwrap();
                    }
                }
            });
        }
        let said = director.lbctl(&format!("{line} --existing change"));
        over.store(true, Ordering::Relaxed);
        assert_eq!(said.code, 0, "{said}");
        assert!(said.stdout.contains("It works."), "{said}");
    });
    // No connection is kept: nothing says who got a datagram.
    let text = place
        .text()
        .replace("\"udp\"", "\"udp\"\none_packet = true");
    fs::write(place.file(), text).unwrap();
    let said = director
        .lbctl(&format!("{line} --existing change --scheduler wlc"))
        .ok();
    assert!(said.contains("nothing keeps count"), "{said}");
    assert!(
        place.text().contains("one_packet = true"),
        "{}",
        place.text()
    );
    Ok(())
}

fn clients_net() -> Result<(), Failed> {
    let world = World::with_servers("setup-lan");
    let place = Place::new("lan");
    let director = &world.director;
    let curl = |address: &str| {
        let answer = world
            .client
            .line(&format!("curl -sS -m 10 http://{address}/"));
        answer.ok().trim().to_owned()
    };
    // An address of the clients' net: this machine gets it.
    let line = format!(
        "setup --yes --servers 192.168.31.100 --file {}",
        place.file()
    );
    let said = director
        .lbctl(&format!("{line} --vip 192.168.10.50:80"))
        .ok();
    assert!(said.contains("vip = \"address\""), "{said}");
    assert!(said.contains("It works."), "{said}");
    assert_eq!(curl("192.168.10.50"), "w1");
    // Its own address: nothing is needed.
    let said = director.lbctl(&format!("{line} --vip 192.168.10.1:80 --existing add"));
    assert_eq!(said.code, 0, "{said}");
    assert!(
        said.stderr
            .contains("is an address of this machine, on outside"),
        "{said}"
    );
    assert!(said.stdout.contains("vip = \"none\""), "{said}");
    assert_eq!(curl("192.168.10.1"), "w1");
    Ok(())
}
