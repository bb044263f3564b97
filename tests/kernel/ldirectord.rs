//! ldirectord over lbctl under ipvsadm's name. Each story is also told with the
//! real ipvsadm: tables on the way and ldirectord's log must be the same.

mod daemon;

use std::cell::Cell;

use libtest_mimic::Failed;

use self::daemon::{Ipvsadm, Ldirectord, lines, table};
use super::Test;
use super::lab::{Namespace, REFUSED, TIMED_OUT};
use super::world::{VIP, World};

pub const TESTS: &[Test] = &[
    ("ldirectord::sets_failed_servers_to_weight_0", || {
        told_alike(|ipvsadm| failing_servers(ipvsadm, &QUIESCENT))
    }),
    ("ldirectord::removes_failed_servers", || {
        told_alike(|ipvsadm| failing_servers(ipvsadm, &REMOVING))
    }),
    ("ldirectord::reloads_services_of_every_kind", || {
        told_alike(services_of_every_kind)
    }),
];

/// Tells a story with both; it returns ldirectord's log.
fn told_alike(story: impl Fn(Ipvsadm) -> Vec<String>) -> Result<(), Failed> {
    let ours = story(Ipvsadm::Lbctl);
    let theirs = story(Ipvsadm::Real);
    if ours == theirs {
        return Ok(());
    }
    Err(format!("with lbctl: {ours:#?}\nwith ipvsadm: {theirs:#?}").into())
}

/// How the table of `failing_servers` looks, server by server.
struct Policy {
    quiescent: &'static str,
    first_failed: &'static [&'static str],
    both_failed: &'static [&'static str],
    second_back: &'static [&'static str],
}

/// A service that is not ldirectord's.
const FOREIGN: &str = "-A -t 192.168.100.100:8080 -s rr";
const SERVICE: &str = "-A -t 192.168.100.100:80 -s wrr";
const FIRST: &str = "-a -t 192.168.100.100:80 -r 192.168.31.100:80 -m -w 2";
const FIRST_AT_0: &str = "-a -t 192.168.100.100:80 -r 192.168.31.100:80 -m -w 0";
const SECOND: &str = "-a -t 192.168.100.100:80 -r 192.168.31.101:80 -m -w 1";
const SECOND_AT_0: &str = "-a -t 192.168.100.100:80 -r 192.168.31.101:80 -m -w 0";
const FALLBACK: &str = "-a -t 192.168.100.100:80 -r 192.168.31.102:80 -m -w 1";

const QUIESCENT: Policy = Policy {
    quiescent: "yes",
    first_failed: &[FOREIGN, SERVICE, FIRST_AT_0, SECOND],
    both_failed: &[FOREIGN, SERVICE, FIRST_AT_0, SECOND_AT_0, FALLBACK],
    second_back: &[FOREIGN, SERVICE, FIRST_AT_0, SECOND],
};

const REMOVING: Policy = Policy {
    quiescent: "no",
    first_failed: &[FOREIGN, SERVICE, SECOND],
    both_failed: &[FOREIGN, SERVICE, FALLBACK],
    second_back: &[FOREIGN, SERVICE, SECOND],
};

/// The client asks until the table is as wanted; nobody else may answer. Packets of
/// a connection whose server is deleted meanwhile are dropped (`ip_vs_in`): that may
/// end one request, as only one is on its way.
fn asks_until(world: &World, ldirectord: &Ldirectord, wanted: &[&str], answering: &[&str]) {
    let wanted = lines(wanted);
    let dropped = Cell::new(false);
    ldirectord.wait_for(&format!("table {wanted:#?}"), || {
        let answer = world.get();
        assert!(
            answering.iter().any(|name| answer.starts_with(name))
                || answer == TIMED_OUT && !dropped.replace(true),
            "{answer}, not one of {answering:?}"
        );
        (table(&world.director) == wanted).then_some(())
    });
}

/// Six requests, and who answered how many of them.
fn answers(world: &World, wanted: &[(&str, usize)]) {
    let answers: Vec<String> = (0..6).map(|_| world.get()).collect();
    for (name, count) in wanted {
        let found = answers.iter().filter(|answer| answer == name).count();
        assert_eq!(found, *count, "answers of {name} among {answers:?}");
    }
}

/// Servers fail one after the other, the fallback steps in, they come back.
fn failing_servers(ipvsadm: Ipvsadm, policy: &Policy) -> Vec<String> {
    let whose = match ipvsadm {
        Ipvsadm::Lbctl => "ours",
        Ipvsadm::Real => "theirs",
    };
    let world = World::with_servers(&format!("ld-{}-{whose}", policy.quiescent));
    let director = &world.director;
    director.lbctl("forward on -4").ok();
    director.lbctl(&format!("vip add {VIP}")).ok();
    director.lbctl("add -t 192.168.100.100:8080 -s rr").ok();
    let ldirectord = Ldirectord::new(director, ipvsadm);
    ldirectord.configure(&format!(
        "negotiatetimeout=10\n\
         quiescent={}\n\
         virtual=192.168.100.100:80\n\
         \treal=192.168.31.100:80 masq 2\n\
         \treal=192.168.31.101:80 masq\n\
         \tfallback=192.168.31.102:80 masq\n\
         \tservice=http\n\
         \tprotocol=tcp\n\
         \tscheduler=wrr\n\
         \tchecktype=negotiate\n\
         \trequest=\"health.html\"\n\
         \treceive=\"well\"\n",
        policy.quiescent
    ));

    ldirectord.start();
    let all = [FOREIGN, SERVICE, FIRST, SECOND];
    ldirectord.wait_for_table(&all);
    answers(&world, &[("w1", 4), ("w2", 2)]);

    world.set_health("w1", false);
    asks_until(&world, &ldirectord, policy.first_failed, &["w1", "w2"]);
    answers(&world, &[("w2", 6)]);

    // ldirectord takes the last server out before it puts the fallback in.
    world.set_health("w2", false);
    let answering = ["w2", "sorry", REFUSED];
    asks_until(&world, &ldirectord, policy.both_failed, &answering);
    answers(&world, &[("sorry", 6)]);

    world.set_health("w2", true);
    asks_until(&world, &ldirectord, policy.second_back, &["sorry", "w2"]);
    answers(&world, &[("w2", 6)]);

    world.set_health("w1", true);
    asks_until(&world, &ldirectord, &all, &["w1", "w2"]);
    answers(&world, &[("w1", 4), ("w2", 2)]);

    ldirectord.stop();
    assert_eq!(table(director), lines(&[FOREIGN]));
    let log = ldirectord.log();
    assert!(!log.iter().any(|line| line.contains("failed:")), "{log:#?}");
    log
}

const KINDS: &str = "\
virtual=192.168.100.100:443
\treal=192.168.31.100:443 masq 3 l:10 u:20
\treal=192.168.31.101:443 masq
\tprotocol=tcp
\tscheduler=sh
\tschedflags=sh-fallback,sh-port
\tpersistent=600
\tnetmask=255.255.255.0
\tchecktype=on
virtual=192.168.100.100:53
\treal=192.168.31.100->192.168.31.102:53 ipip 5
\tprotocol=udp
\tops=yes
\tscheduler=rr
\tchecktype=on
virtual=77
\treal=192.168.31.100 gate 7
\tprotocol=fwm
\tscheduler=wlc
\tpersistent=300
\tchecktype=on
virtual6=78
\treal6=[2001:db8::1] gate
\tprotocol=fwm
\tscheduler=rr
\tchecktype=on
virtual6=[2001:db8::100]:80
\treal6=[2001:db8::1]:8080 masq 4
\treal6=[2001:db8::2]:8080 masq
\tprotocol=tcp
\tscheduler=lc
\tpersistent=60
\tnetmask=64
\tchecktype=on
\tcleanstop=no
";

/// Every kind of service that its configuration knows; a changed configuration; a
/// stop that leaves a service; a start that finds it.
fn services_of_every_kind(ipvsadm: Ipvsadm) -> Vec<String> {
    let director = match ipvsadm {
        Ipvsadm::Lbctl => Namespace::new("ld-kinds-ours"),
        Ipvsadm::Real => Namespace::new("ld-kinds-theirs"),
    };
    let ldirectord = Ldirectord::new(&director, ipvsadm);
    let web6 = [
        "-A -t [2001:db8::100]:80 -s lc -p 60 -M 64",
        "-a -t [2001:db8::100]:80 -r [2001:db8::1]:8080 -m -w 4",
        "-a -t [2001:db8::100]:80 -r [2001:db8::2]:8080 -m -w 1",
    ];
    let same = [
        &web6[..],
        &[
            "-A -f 77 -s wlc -p 300",
            "-a -f 77 -r 192.168.31.100:0 -g -w 7",
            "-A -f 78 -6 -s rr",
            "-a -f 78 -6 -r [2001:db8::1]:0 -g -w 1",
        ],
    ]
    .concat();
    let before = [
        &same[..],
        &[
            "-A -t 192.168.100.100:443 -s sh -p 600 -M 255.255.255.0 -b sh-fallback,sh-port",
            "-a -t 192.168.100.100:443 -r 192.168.31.100:443 -m -w 3",
            "-a -t 192.168.100.100:443 -r 192.168.31.101:443 -m -w 1",
            "-A -u 192.168.100.100:53 -s rr -o",
            "-a -u 192.168.100.100:53 -r 192.168.31.100:53 -i -w 5 --tun-type ipip",
            "-a -u 192.168.100.100:53 -r 192.168.31.101:53 -i -w 5 --tun-type ipip",
            "-a -u 192.168.100.100:53 -r 192.168.31.102:53 -i -w 5 --tun-type ipip",
        ],
    ]
    .concat();
    let after = [
        &same[..],
        &[
            "-A -t 192.168.100.100:443 -s wrr -p 30",
            "-a -t 192.168.100.100:443 -r 192.168.31.100:443 -m -w 9",
        ],
    ]
    .concat();

    ldirectord.configure(KINDS);
    ldirectord.start();
    ldirectord.wait_for_table(&before);
    // Saved text has no thresholds.
    let thresholds = director.look("ipvsadm -Ln --thresholds").ok();
    let thresholds: Vec<Vec<&str>> = thresholds
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    let wanted = ["->", "192.168.31.100:443", "20", "10", "0", "0"];
    assert!(
        thresholds.iter().any(|words| words[..] == wanted),
        "{thresholds:#?}"
    );

    let (_, rest) = KINDS.split_once("virtual=77").expect("a service by mark");
    ldirectord.configure(&format!(
        "virtual=192.168.100.100:443\n\
         \treal=192.168.31.100:443 masq 9\n\
         \tprotocol=tcp\n\
         \tscheduler=wrr\n\
         \tpersistent=30\n\
         \tchecktype=on\n\
         virtual=77{rest}"
    ));
    ldirectord.command("reload");
    ldirectord.wait_for_table(&after);

    ldirectord.stop();
    assert_eq!(table(&director), lines(&web6));
    ldirectord.start();
    ldirectord.wait_for_table(&after);
    ldirectord.stop();
    assert_eq!(table(&director), lines(&web6));
    ldirectord.log()
}
