//! The likeliest first mistakes, and that the answer says what to do. No module:
//! `no_module`; the servers' gateway: `setup::what_does_not_work_is_taken_back`; a
//! mistake in the file, a service twice: `setup_again`.

use libtest_mimic::Failed;

use super::Test;
use super::lab::{self, Answer};
use super::setup::Place;
use super::walkthrough::{expect_same, picture};
use super::world::{VIP, World};

pub const TESTS: &[Test] = &[("setup::first_mistakes_are_explained", first_mistakes)];

/// It is on stdout or stderr.
#[track_caller]
fn says(answer: &Answer, parts: &[&str]) {
    for part in parts {
        let found = answer.stdout.contains(part) || answer.stderr.contains(part);
        assert!(found, "{part}: {answer}");
    }
}

fn first_mistakes() -> Result<(), Failed> {
    let world = World::with_servers("setup-mistakes");
    let place = Place::new("mistakes");
    let director = &world.director;
    director.line("sysctl -q -w net.ipv4.ip_forward=0").ok();
    let before = picture(director);
    let setup = |flags: &str| {
        let line = format!("setup --yes --file {} --vip {VIP}:80 {flags}", place.file());
        director.lbctl(&line)
    };
    // Not root.
    let lbctl = lab::lbctl();
    let words = "setpriv --reuid=65534 --regid=65534 --clear-groups".split(' ');
    let words = words.chain([lbctl.to_str().expect("a path in UTF-8"), "setup"]);
    let answer = director.run(words);
    assert_eq!(answer.code, 1, "{answer}");
    says(&answer, &["cannot set up", "CAP_NET_ADMIN", "root"]);
    // The port is closed.
    let answer = setup("--servers 192.168.31.100:81");
    assert_eq!(answer.code, 1, "{answer}");
    says(
        &answer,
        &[
            "192.168.31.100:81 refuses connections: nothing listens there; start it, or name the \
             right port",
            "port-closed",
            "taken back",
        ],
    );
    // The health page is missing.
    let answer = setup("--servers 192.168.31.100 --health /healthy");
    assert_eq!(answer.code, 1, "{answer}");
    says(
        &answer,
        &["192.168.31.100:80 does not pass this check: status 404, wanted 200"],
    );
    // The firewall drops.
    director.line("nft add table inet wall").ok();
    director
        .run_with(
            ["nft", "-f", "-"],
            "add chain inet wall input { type filter hook input priority 0; }\n\
             add rule inet wall input tcp dport 80 drop\n",
        )
        .ok();
    let answer = setup("--servers 192.168.31.100");
    assert_eq!(answer.code, 1, "{answer}");
    says(&answer, &["firewall-input", "no answer within 5 s"]);
    director.line("nft delete table inet wall").ok();
    // The sorry server's port.
    let line = format!(
        "setup --yes --file {} --vip {VIP}:8000 --servers 192.168.31.100:80 --sorry 192.168.31.102",
        place.file()
    );
    let answer = director.lbctl(&format!("{line} --dry-run"));
    says(
        &answer,
        &[
            "192.168.31.102:8000 refuses connections",
            "without a port it is the service's, 8000; say 192.168.31.102:80 if that is meant",
        ],
    );
    // Nobody is there at all.
    let answer = setup("--servers 192.168.31.77");
    assert_eq!(answer.code, 1, "{answer}");
    says(
        &answer,
        &["192.168.31.77:80: ", "is it on, and the address right?"],
    );
    // The file cannot be written.
    let answer = director.lbctl(&format!(
        "setup --yes --file /proc/lbctl/lbctl.toml --vip {VIP}:80 --servers 192.168.31.100"
    ));
    assert_eq!(answer.code, 1, "{answer}");
    says(&answer, &["cannot write /proc/lbctl/lbctl.toml: "]);
    expect_same(&before, &picture(director));
    assert!(place.names().is_empty(), "{:?}", place.names());
    // The VIP is on an interface already.
    director
        .line(&format!("ip address add {VIP}/32 dev lo"))
        .ok();
    let answer = setup("--servers 192.168.31.100 --way fwmark");
    assert_eq!(answer.code, 0, "{answer}");
    says(
        &answer,
        &[
            "is an address of this machine, on lo",
            "needs no way in; none would leave it alone",
        ],
    );
    Ok(())
}
