//! `setup` with other methods, protocols and ways in.

use std::fs;
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use libtest_mimic::Failed;

use super::Test;
use super::bad_servers::{HOST, authority, secure};
use super::setup::Place;
use super::walkthrough::{expect_same, picture};
use super::world::{VIP, World};

pub const TESTS: &[Test] = &[
    ("setup::direct_routing_says_what_was_seen", direct),
    ("setup::a_tunnel_is_proven", tunnel),
    ("setup::a_page_under_tls_is_proven", tls),
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
    let mut answers = [world.get(), world.get()];
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

/// Servers that unpack. Their way to clients leads through here, so that answers are
/// seen.
fn tunnel() -> Result<(), Failed> {
    let world = World::with_servers("setup-tunnel");
    let place = Place::new("tunnel");
    let director = &world.director;
    let answers = place.beside("answers.toml");
    fs::write(
        &answers,
        format!(
            "vip = \"{VIP}:80\"\nservers = [\"192.168.31.100\", \"192.168.31.101\"]\n\
             method = \"tun\"\nhealth = \"/health.html\"\n"
        ),
    )?;
    let line = format!(
        "setup --no-input --yes --answers {answers} --file {}",
        place.file()
    );
    director.line("sysctl -q -w net.ipv4.ip_forward=1").ok();
    let said = director.lbctl(&format!("{line} --dry-run")).ok();
    assert!(
        said.contains("ipvsadm -a -t 192.168.100.100:80 -r 192.168.31.100:80 -i -w 1"),
        "{said}"
    );
    // What it says that each server needs is all that it needs.
    for worker in &world.workers[..2] {
        worker.lbctl(&format!("real setup {VIP} --method tun")).ok();
    }
    let said = director.lbctl(&line).ok();
    for part in [
        "method = \"tun\"",
        "lbctl real setup 192.168.100.100 --method tun",
        "real setup 192.168.100.100 --method tun --script | ssh root@192.168.31.101 sh",
        "192.168.31.100:80 answered 200 OK: w1",
        "192.168.31.101:80 answered 200 OK: w2",
        "It works.",
        "lbctl real check 192.168.100.100",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let mut seen = [world.get(), world.get()];
    seen.sort();
    assert_eq!(seen, ["w1", "w2"]);
    // The packets were wrapped.
    let wrapped = world.workers[0].line("ip -s link show tunl0").ok();
    let mut received = wrapped.lines().skip_while(|line| !line.contains("RX:"));
    let packets = received
        .nth(1)
        .and_then(|line| line.split_whitespace().nth(1));
    assert!(packets.is_some_and(|count| count != "0"), "{wrapped}");
    Ok(())
}

/// Servers with certificates of an authority that nobody knows, as most have.
fn tls() -> Result<(), Failed> {
    let world = World::new("setup-tls");
    let place = Place::new("tls");
    let director = &world.director;
    let authority = authority();
    let ca_file = place.beside("ca.pem");
    fs::write(&ca_file, authority.pem())?;
    let _servers =
        [0, 1].map(|worker| secure(&world.workers[worker], 443, Some(&authority), HOST, |_| ()));
    let answers = place.beside("answers.toml");
    let line = format!(
        "setup --no-input --yes --vip {VIP}:443 --servers 192.168.31.100,192.168.31.101 \
         --answers {answers} --file {}",
        place.file()
    );
    let before = picture(director);
    // What is wrong is said with what to answer instead, and all is taken back.
    for (text, parts) in [
        (
            // What is suggested for this port.
            String::new(),
            ["certificate is not trusted", "https /PATH ca FILE"],
        ),
        (
            format!("health = \"https / ca {ca_file}\"\n"),
            [
                "certificate is for www.example.com",
                "say one of those as the host name",
            ],
        ),
    ] {
        fs::write(&answers, text)?;
        let said = director.lbctl(&line);
        assert_eq!(said.code, 1, "{said}");
        for part in parts {
            assert!(said.stderr.contains(part), "{part}: {said}");
        }
        expect_same(&before, &picture(director));
    }
    let wrong = format!("{line} --virtualhost {HOST}");
    fs::write(&answers, "health = \"https / ca /nonexistent/ca.pem\"\n")?;
    let message = director.lbctl(&wrong).fails(2);
    assert!(message.contains("cannot read the CA file"), "{message}");
    // With both it works.
    fs::write(
        &answers,
        format!("health = \"https / ca {ca_file}\"\nvirtualhost = \"{HOST}\"\n"),
    )?;
    let said = director.lbctl(&line);
    assert_eq!(said.code, 0, "{said}");
    assert!(
        said.stderr.contains("2 of 2 servers pass this check"),
        "{said}"
    );
    for part in [
        "type = \"https\"",
        &format!("ca_file = \"{ca_file}\""),
        "192.168.31.100:443 answered by taking the connection",
        "192.168.31.101:443 answered by taking the connection",
        "It works.",
    ] {
        assert!(said.stdout.contains(part), "{part}: {said}");
    }
    let client =
        format!("curl -sS -m 10 --cacert {ca_file} --resolve {HOST}:443:{VIP} https://{HOST}/");
    for _ in 0..2 {
        assert_eq!(world.client.line(&client).ok(), "well\n");
    }
    // Today's answers say whom it trusts, too.
    let again = format!(
        "setup --no-input --yes --existing change --file {}",
        place.file()
    );
    let said = director.lbctl(&again).ok();
    assert!(said.contains("stays as it is"), "{said}");
    // Anybody is trusted who asks for it.
    fs::write(&answers, "health = \"https / unverified\"\n")?;
    let said = director
        .lbctl(&format!("{again} --answers {answers} --virtualhost none"))
        .ok();
    assert!(said.contains("tls_verify = false"), "{said}");
    assert!(said.contains("It works."), "{said}");
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
