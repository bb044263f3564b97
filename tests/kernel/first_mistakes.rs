//! The likeliest first mistakes with the verbs of the shell, and that the answer says
//! what to do. The same by `setup`: `setup_mistakes`; no module: `no_module`.

use std::fs;
use std::time::Duration;

use libtest_mimic::Failed;

use super::Test;
use super::lab::{self, Answer, NO_ANSWER, Namespace};
use super::setup::Place;
use super::walkthrough::{expect_same, picture};
use super::world::{VIP, World};

pub const TESTS: &[Test] = &[
    ("first_mistakes::not_root", not_root),
    ("first_mistakes::the_vip_is_on_an_interface", vip_there),
    ("first_mistakes::the_servers_gateway", gateway),
    ("first_mistakes::a_closed_port", closed_port),
    ("first_mistakes::no_such_page", no_page),
    ("first_mistakes::a_firewall_drops", firewall),
    ("first_mistakes::a_typo_in_the_file", typo),
    ("first_mistakes::a_service_twice", twice),
    ("first_mistakes::the_sorry_servers_port", sorry_port),
];

const SERVICE: &str = "-t 192.168.100.100:80";

/// It ended so, and says all of these, on stdout or stderr.
#[track_caller]
fn says(answer: &Answer, code: i32, parts: &[&str]) {
    assert_eq!(answer.code, code, "{answer}");
    for part in parts {
        let found = answer.stdout.contains(part) || answer.stderr.contains(part);
        assert!(found, "{part}: {answer}");
    }
}

/// What a newcomer types first.
fn typed(name: &str) -> World {
    let world = World::with_servers(name);
    for line in [
        "forward on -4",
        &format!("vip add {VIP}"),
        &format!("add {SERVICE} -s rr -r 192.168.31.100 -r 192.168.31.101 -m"),
    ] {
        world.director.lbctl(line).ok();
    }
    world
}

/// A file with a sorry server, and one service.
fn file(port: u16, sorry: &str) -> String {
    format!(
        "[[virtual_server]]\nlisten = \"{VIP}:{port}\"\nprotocol = \"tcp\"\n\
         sorry_server = \"{sorry}\"\n\
         [virtual_server.check]\ntype = \"http\"\npath = \"/health.html\"\n\
         [[virtual_server.real_server]]\naddress = \"192.168.31.100:80\"\n"
    )
}

/// Drops what comes in to port 80, on this machine.
fn wall(machine: &Namespace) {
    let rules = "add table inet wall\n\
                 add chain inet wall input { type filter hook input priority 0; }\n\
                 add rule inet wall input tcp dport 80 drop\n";
    machine.run_with(["nft", "-f", "-"], rules).ok();
}

fn not_root() -> Result<(), Failed> {
    let world = World::new("first-root");
    let place = Place::new("first-root");
    fs::write(place.file(), file(80, "192.168.31.102"))?;
    let before = picture(&world.director);
    let lbctl = lab::lbctl();
    let as_nobody = |line: &str| {
        let line = format!(
            "setpriv --reuid=65534 --regid=65534 --clear-groups {} {line}",
            lbctl.display()
        );
        world.director.line(&line)
    };
    let file = place.file();
    for line in [
        "forward on -4",
        "vip add 192.168.100.100",
        "vip list",
        "add -t 192.168.100.100:80 -r 192.168.31.100 -m",
        "probe -t 192.168.100.100:80 --once --tcp",
        &format!("apply {file}"),
        &format!("diff {file}"),
        &format!("run {file}"),
        "teardown",
        "real setup 192.168.100.100",
    ] {
        says(&as_nobody(line), 1, &["run it as root"]);
    }
    // To look is allowed, and what is missing is said.
    says(&as_nobody("list"), 0, &["run it as root"]);
    expect_same(&before, &picture(&world.director));
    Ok(())
}

fn vip_there() -> Result<(), Failed> {
    let world = World::with_servers("first-vip");
    let director = &world.director;
    director
        .line(&format!("ip address add {VIP}/32 dev lo"))
        .ok();
    let before = picture(director);
    let answer = director.lbctl(&format!("vip add {VIP}"));
    says(
        &answer,
        0,
        &[
            "192.168.100.100 is an address of this machine already",
            "lbctl vip del 192.168.100.100, or vip = \"none\" in the file",
        ],
    );
    // It works all the same, and also without.
    director.lbctl("forward on -4").ok();
    director
        .lbctl(&format!("add {SERVICE} -s rr -r 192.168.31.100 -m"))
        .ok();
    assert_eq!(world.get(), "w1");
    director.lbctl(&format!("vip del {VIP}")).ok();
    assert_eq!(world.get(), "w1");
    director.lbctl("check").ok();
    // An address that was there is not lbctl's to take away.
    director
        .lbctl(&format!("vip add {VIP} --mode address"))
        .ok();
    director.lbctl("teardown --yes").ok();
    director.lbctl("del -t 192.168.100.100:80 --if-exists").ok();
    expect_same(&before, &picture(director));
    Ok(())
}

fn gateway() -> Result<(), Failed> {
    let world = typed("first-gateway");
    let director = &world.director;
    for worker in &world.workers {
        worker.line("ip route del default").ok();
    }
    // They are well, and nobody is served.
    director
        .lbctl(&format!("probe {SERVICE} --once --http /health.html"))
        .ok();
    assert!(world.get().starts_with(NO_ANSWER), "{}", world.get());
    let answer = director.lbctl("check");
    says(
        &answer,
        2,
        &[
            "CRITICAL no-way-back: 192.168.31.100:80 of tcp 192.168.100.100:80",
            "CRITICAL no-way-back: 192.168.31.101:80 of tcp 192.168.100.100:80",
            "on the server: ip route replace default via 192.168.31.1;",
        ],
    );
    let answer = director.lbctl("check --path 192.168.10.10");
    says(
        &answer,
        2,
        &["XX reply      the answer of 192.168.31.100 does not come back through here"],
    );
    for worker in &world.workers {
        worker
            .line("ip route replace default via 192.168.31.1")
            .ok();
    }
    assert!(world.get().starts_with('w'), "{}", world.get());
    Ok(())
}

fn closed_port() -> Result<(), Failed> {
    let world = typed("first-port");
    let director = &world.director;
    // Without a port, the servers have the service's.
    let service = "-t 192.168.100.100:8000";
    director
        .lbctl(&format!("add {service} -s rr -r 192.168.31.100 -m"))
        .ok();
    let shown = director.lbctl("list").ok();
    assert!(shown.contains("192.168.31.100:8000"), "{shown}");
    let told = [
        "CRITICAL port-closed: 192.168.31.100:8000 of tcp 192.168.100.100:8000",
        "ss -ltn sport = :8000; one that is named without a port has the service's, 8000; until \
         then: lbctl edit -t 192.168.100.100:8000 -r 192.168.31.100:8000 -w 0",
    ];
    says(&director.lbctl("check"), 2, &told);
    let answer = director.lbctl(&format!("probe {service} --once --tcp"));
    says(
        &answer,
        2,
        &[
            "down   connection refused",
            "nothing listens on that port: start it on the server, or name the right port with \
             lbctl add ... -r ADDR:PORT",
        ],
    );
    // Who has no weight any more is not to lose it.
    let answer = director.lbctl("check");
    says(
        &answer,
        2,
        &[
            "CRITICAL no-usable-server: tcp 192.168.100.100:8000",
            "the probe or lbctl status why a check fails",
            "WARNING port-closed",
        ],
    );
    assert!(!answer.stdout.contains("-w 0"), "{answer}");
    // A script that reads JSON is told nothing beside it.
    let answer = director.lbctl(&format!("probe {service} --once --tcp --json -q"));
    assert_eq!((answer.code, answer.stderr.as_str()), (2, ""), "{answer}");
    Ok(())
}

fn no_page() -> Result<(), Failed> {
    let world = typed("first-page");
    let director = &world.director;
    let probe = |page: &str| director.lbctl(&format!("probe {SERVICE} --once --http {page}"));
    let answer = probe("/healthy");
    says(
        &answer,
        2,
        &[
            "192.168.31.100:80  down   status 404, wanted 200",
            "the server has no such page, or another host has it: see it with curl -i",
            "--virtualhost NAME",
        ],
    );
    // Once for both servers.
    assert_eq!(answer.stderr.matches("no such page").count(), 1, "{answer}");
    says(
        &director.lbctl("check"),
        2,
        &["no-usable-server", "failed their checks"],
    );
    let answer = probe("/health.html");
    says(&answer, 0, &["weight 0 -> 1"]);
    assert!(!answer.stderr.contains("no such page"), "{answer}");
    Ok(())
}

fn firewall() -> Result<(), Failed> {
    let world = typed("first-wall");
    let director = &world.director;
    wall(director);
    let answer = director.lbctl("check --json");
    let json: serde_json::Value = serde_json::from_str(&answer.stdout)?;
    let finding = &json["findings"][0];
    assert_eq!(finding["id"], "firewall-input", "{answer}");
    let mend = finding["commands"][0].as_str().ok_or("no command")?;
    assert!(world.get().starts_with(NO_ANSWER));
    director.line(mend).ok();
    assert!(world.get().starts_with('w'), "{}", world.get());
    director.line("nft delete table inet wall").ok();
    // The servers' own.
    for worker in &world.workers {
        wall(worker);
    }
    says(
        &director.lbctl("check"),
        2,
        &[
            "CRITICAL server-unreachable: 192.168.31.100:80 of tcp 192.168.100.100:80",
            "is it on, and does its firewall let this machine in to port 80?",
            "ip route get 192.168.31.100; until it answers: lbctl edit",
        ],
    );
    let answer = director.lbctl(&format!("probe {SERVICE} --once --fall 1 --http /"));
    says(
        &answer,
        2,
        &[
            "no connection within 3s",
            "see what is in the way with: lbctl check",
        ],
    );
    Ok(())
}

fn typo() -> Result<(), Failed> {
    let world = World::with_servers("first-typo");
    let place = Place::new("first-typo");
    let director = &world.director;
    let path = place.file();
    let text = file(80, "192.168.31.102").replace("sorry_server", "sory_server");
    fs::write(&path, text)?;
    let before = picture(director);
    for verb in ["apply", "diff", "check", "run"] {
        let answer = director.lbctl(&format!("{verb} {path}"));
        let told =
            format!("lbctl: {path}:4:1: unknown key 'sory_server'; did you mean sorry_server?");
        says(&answer, 2, &[&told, "  | sory_server = \"192.168.31.102\""]);
    }
    // A verb and an option, too.
    says(&director.lbctl("aply"), 2, &["'apply'"]);
    says(
        &director.lbctl("add -t 192.168.100.100:80 --shceduler rr"),
        2,
        &["'--scheduler'"],
    );
    says(
        &director.lbctl("add -t 192.168.100.100:80 -s wlcc"),
        2,
        &["wlc"],
    );
    expect_same(&before, &picture(director));
    Ok(())
}

fn twice() -> Result<(), Failed> {
    let world = typed("first-twice");
    let place = Place::new("first-twice");
    let director = &world.director;
    let before = picture(director);
    says(
        &director.lbctl(&format!("add {SERVICE} -s rr -r 192.168.31.100 -m")),
        1,
        &[
            "cannot add 192.168.31.100:80 to tcp 192.168.100.100:80: it is there already",
            "change it with: lbctl edit -t 192.168.100.100:80 -r 192.168.31.100:80",
            "lbctl replace -t 192.168.100.100:80 -r 192.168.31.100:80",
        ],
    );
    says(
        &director.lbctl(&format!("add {SERVICE} -s rr")),
        1,
        &[
            "cannot add tcp 192.168.100.100:80: it is there already",
            "lbctl edit -t 192.168.100.100:80,",
        ],
    );
    says(
        &director.lbctl(&format!(
            "add {SERVICE} -r 192.168.31.102 -r 192.168.31.102"
        )),
        2,
        &["192.168.31.102 is named twice; name it once"],
    );
    // The way in twice is once.
    director.lbctl(&format!("vip add {VIP}")).ok();
    let text = file(80, "192.168.31.102");
    fs::write(place.file(), format!("{text}\n{text}"))?;
    let path = place.file();
    says(
        &director.lbctl(&format!("apply {path}")),
        2,
        &[
            &format!("{path}:12:10: the service tcp {VIP}:80 is there twice, first at {path}:2:10"),
            "put all its servers into one [[virtual_server]]",
        ],
    );
    expect_same(&before, &picture(director));
    Ok(())
}

fn sorry_port() -> Result<(), Failed> {
    let world = World::with_servers("first-sorry");
    let place = Place::new("first-sorry");
    let director = &world.director;
    let path = place.file();
    // In the file: seen before it is needed.
    fs::write(&path, file(8000, "192.168.31.102"))?;
    director.lbctl(&format!("apply {path}")).ok();
    let answer = director.lbctl(&format!("check {path}"));
    says(
        &answer,
        1,
        &[
            "WARNING port-closed: 192.168.31.102:8000 of tcp 192.168.100.100:8000",
            "it is the sorry server: when no other is left, it will not answer either",
            "sorry_server = \"ADDR:PORT\"; one that is named without a port has the service's, 8000",
        ],
    );
    fs::write(&path, file(8000, "192.168.31.102:80"))?;
    director.lbctl(&format!("apply {path}")).ok();
    director.lbctl(&format!("check {path}")).ok();
    // By flag: seen when it is in.
    let probe = |sorry: &str| {
        director.lbctl(&format!(
            "probe -t 192.168.100.100:8000 --once --http /healthy --sorry {sorry}"
        ))
    };
    says(&probe("192.168.31.102"), 2, &["192.168.31.102:8000 is in"]);
    says(
        &director.lbctl("check"),
        2,
        &[
            "port-closed: 192.168.31.102:8000",
            "one that is named without a port has the service's, 8000",
        ],
    );
    says(&probe("192.168.31.102:80"), 2, &["192.168.31.102:80 is in"]);
    let url = format!("http://{VIP}:8000/");
    let seen = world.client.get(&url, Duration::from_secs(10));
    assert_eq!(seen, "sorry");
    Ok(())
}
