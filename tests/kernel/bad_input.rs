//! Wrong input: the message says what and why, the exit code is DESIGN's, and the
//! table is as it was.

use libtest_mimic::Failed;

use super::Test;
use super::lab::{self, Namespace};
use super::table::saved;

pub const TESTS: &[Test] = &[
    ("bad_input::is_answered_and_changes_nothing", is_answered),
    ("bad_input::without_privilege", without_privilege),
    ("bad_input::in_a_user_namespace", in_a_user_namespace),
];

/// What is typed, the exit code, and parts of the message.
const CASES: &[(&str, i32, &[&str])] = &[
    ("", 2, &["Usage: lbctl"]),
    ("lst", 2, &["unrecognized subcommand 'lst'", "'list'"]),
    ("add", 2, &["which service?", "-t ADDR:PORT"]),
    ("add -t", 2, &["a value is required", "--tcp-service"]),
    (
        "add -t 10.0.0.100:80 -s rrr",
        2,
        &["unknown scheduler 'rrr'", "wlc"],
    ),
    (
        "add -t 10.0.0.100:90 -s twos",
        1,
        &["cannot add tcp 10.0.0.100:90", "ip_vs_twos is missing"],
    ),
    ("add -t 10.0.0.100:0 -s rr", 2, &["port 0", "persistence"]),
    ("add -t 10.0.0.100 -s rr", 2, &["port 0", "persistence"]),
    (
        "add -t 10.0.0.100:99999 -s rr",
        2,
        &["port '99999'", "0 to 65535"],
    ),
    (
        "add -t 10.0.0.100:no-such-port",
        2,
        &["unknown port 'no-such-port'"],
    ),
    (
        "add -t 10.0.0.300:80 -s rr",
        2,
        &["'10.0.0.300' is not an IPv4 address"],
    ),
    ("add -t 10.0.0.100: -s rr", 2, &["port is missing"]),
    ("add -t 2001:db8::1:80:x -s rr", 2, &["[ADDRESS]:PORT"]),
    ("add -t [2001:db8::1 -s rr", 2, &["not closed"]),
    (
        "add -t no.such.host.invalid:80 -s rr",
        2,
        &["cannot look up the host 'no.such.host.invalid'"],
    ),
    (
        "add -f 0 -s rr",
        2,
        &["firewall mark '0'", "1 to 4294967295"],
    ),
    ("add -f 0x10 -s rr", 2, &["firewall mark '0x10'"]),
    ("add -6 -t 10.0.0.100:90", 2, &["-6 belongs to -f MARK"]),
    (
        "add -t 10.0.0.100:90 -u 10.0.0.100:90",
        2,
        &["cannot be used with"],
    ),
    ("add -t 10.0.0.100:90 -o", 2, &["one-packet", "UDP"]),
    (
        "add -t 10.0.0.100:90 -p 0x3",
        2,
        &["persistence timeout '0x3'"],
    ),
    ("add -t 10.0.0.100:90 -p 2678401", 2, &["1 to 2678400"]),
    (
        "add -t 10.0.0.100:90 -p -M 24",
        2,
        &["netmask", "255.255.255.0"],
    ),
    (
        "add -t 10.0.0.100:90 -s rr -b sh-port",
        2,
        &["sh-port belongs to sh, not to rr"],
    ),
    (
        "add -t 10.0.0.100:90 --pe dns",
        2,
        &["unknown persistence engine 'dns'", "sip"],
    ),
    (
        "add -t 10.0.0.100:80 -s rr",
        1,
        &[
            "cannot add tcp 10.0.0.100:80: it is there already",
            "lbctl edit",
            "lbctl replace",
        ],
    ),
    (
        "add -t 10.0.0.100:80 -r 10.0.0.11 -m",
        1,
        &["cannot add 10.0.0.11:80 to tcp 10.0.0.100:80: it is there already"],
    ),
    (
        "add -t 10.0.0.100:80 -s wlc -r 10.0.0.12 -m",
        1,
        &["other settings", "lbctl edit"],
    ),
    (
        "add -t 10.0.0.100:80 -r 10.0.0.12 -r 10.0.0.11 -m",
        1,
        &["10.0.0.11:80", "there already"],
    ),
    (
        "add -t 10.0.0.100:80 -r 10.0.0.12 -r 10.0.0.12:80 -m",
        2,
        &["named twice"],
    ),
    (
        "add -t 10.0.0.100:81 -r 10.0.0.11 -m",
        1,
        &[
            "cannot add 10.0.0.11:81 to tcp 10.0.0.100:81: no such service; add it with: lbctl add -t 10.0.0.100:81 -s rr",
        ],
    ),
    (
        "add -t 10.0.0.100:80 -r 10.0.0.12:8080 -g",
        2,
        &["another port", "dr cannot change ports", "nat"],
    ),
    (
        "add -t 10.0.0.100:80 -r 10.0.0.12:8080 -i",
        2,
        &["tun cannot change ports"],
    ),
    (
        "add -t 10.0.0.100:80 -r 10.0.0.12:0 -m",
        2,
        &["port 0 is not a port"],
    ),
    (
        "add -t 10.0.0.100:80 -r [2001:db8::1] -m",
        2,
        &["another address family", "tun"],
    ),
    (
        "add -t 10.0.0.100:80 -r 10.0.0.12 -m -g",
        2,
        &["cannot be used with"],
    ),
    (
        "add -t 10.0.0.100:80 -r 10.0.0.12 --forward masq",
        2,
        &["invalid value 'masq'", "nat"],
    ),
    (
        "add -t 10.0.0.100:80 -r 10.0.0.12 -m -w -1",
        2,
        &["weight '-1'", "0 to 2147483647"],
    ),
    (
        "add -t 10.0.0.100:80 -r 10.0.0.12 -m -w 2147483648",
        2,
        &["weight '2147483648'"],
    ),
    (
        "add -t 10.0.0.100:80 -r 10.0.0.12 -m -y 5",
        2,
        &["lower threshold (5) is above the upper one (0)"],
    ),
    (
        "add -t 10.0.0.100:80 -r 10.0.0.12 -m --tun-type gue",
        2,
        &["tunnel options need --forward tun"],
    ),
    (
        "add -t 10.0.0.100:80 -r 10.0.0.12 -i --tun-type gue",
        2,
        &["--tun-port"],
    ),
    (
        "add -t 10.0.0.100:80 -r 10.0.0.12 -i --tun-type vxlan",
        2,
        &["unknown tunnel type 'vxlan'"],
    ),
    (
        "add -t 10.0.0.100:80 -r 10.0.0.12 -i --tun-type gre --tun-remcsum",
        2,
        &["gue"],
    ),
    (
        "add -t 10.0.0.100:80 -r 224.0.0.1 -m",
        1,
        &["cannot add 224.0.0.1:80", "unicast"],
    ),
    (
        "add -t 10.0.0.100:80 -r 255.255.255.255 -m",
        1,
        &["unicast"],
    ),
    ("add -t 10.0.0.100:80 -r 0.0.0.0 -m", 1, &["unicast"]),
    ("add -t 10.0.0.100:80 -w 3", 2, &["which server?", "-r"]),
    ("edit -t 10.0.0.100:80", 2, &["nothing to change was named"]),
    (
        "edit -t 10.0.0.100:81 -s rr",
        1,
        &["cannot edit tcp 10.0.0.100:81: no such service"],
    ),
    (
        "edit -t 10.0.0.100:80 -r 10.0.0.99 -w 1",
        1,
        &["cannot edit 10.0.0.99:80 of tcp 10.0.0.100:80: no such server"],
    ),
    (
        "edit -t 10.0.0.100:80 -r 10.0.0.11 -r 10.0.0.99 -w 5",
        1,
        &["10.0.0.99:80"],
    ),
    ("edit -t 10.0.0.100:80 -o", 2, &["one-packet"]),
    (
        "replace -t 10.0.0.100:81 -r 10.0.0.11 -m",
        1,
        &["no such service"],
    ),
    (
        "del -t 10.0.0.100:81",
        1,
        &["cannot delete tcp 10.0.0.100:81: no such service"],
    ),
    (
        "del -t 10.0.0.100:80 -r 10.0.0.99",
        1,
        &["cannot delete 10.0.0.99:80 from tcp 10.0.0.100:80: no such server"],
    ),
    (
        "del -t 10.0.0.100:80 -r 10.0.0.11 -r 10.0.0.99",
        1,
        &["10.0.0.99:80"],
    ),
    (
        "list -t 10.0.0.100:81",
        1,
        &["cannot list tcp 10.0.0.100:81: no such service"],
    ),
    ("list --rate --stats", 2, &["cannot be used with"]),
    ("zero -t 10.0.0.100:81", 1, &["no such service"]),
    ("clear", 2, &["--yes"]),
    ("timeouts --tcp 0", 2, &["tcp timeout '0'", "1 to 2678400"]),
    ("sync start master", 2, &["--mcast-interface"]),
    (
        "sync start master --mcast-interface no-such-device",
        1,
        &["cannot start the master daemon: there is no interface"],
    ),
    (
        "sync start chief --mcast-interface lo",
        2,
        &["invalid value 'chief'"],
    ),
    (
        "sync start backup --mcast-interface lo --mcast-group 10.0.0.1",
        2,
        &["10.0.0.1 is not a multicast group"],
    ),
    (
        "sync stop backup",
        1,
        &["cannot stop the backup daemon: it does not run"],
    ),
    ("list --netns nowhere", 1, &["nowhere"]),
    ("list --color sometimes", 2, &["invalid value 'sometimes'"]),
];

fn is_answered() -> Result<(), Failed> {
    let ns = Namespace::new("bad-input");
    ns.lbctl("add -t 10.0.0.100:80 -s rr -r 10.0.0.11 -m -w 3")
        .ok();
    let before = saved(&ns);
    assert!(CASES.len() >= 30);
    let mut wrong = Vec::new();
    for (line, code, parts) in CASES {
        let answer = ns.lbctl(line);
        let fits = answer.code == *code
            && answer.stdout.is_empty()
            && (line.is_empty() || answer.stderr.starts_with("lbctl: "))
            && !answer.stderr.contains("panicked")
            && parts.iter().all(|part| answer.stderr.contains(part));
        if !fits {
            wrong.push(format!("wanted exit code {code} and {parts:?}:\n{answer}"));
        }
        let after = saved(&ns);
        if after != before {
            wrong.push(format!("the table changed:\n{answer}\n{after}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    Ok(())
}

fn without_privilege() -> Result<(), Failed> {
    let ns = Namespace::new("no-privilege");
    ns.lbctl("add -t 10.0.0.100:80 -s rr").ok();
    let before = saved(&ns);
    for line in [
        "add -t 10.0.0.100:81 -s rr",
        "del -t 10.0.0.100:80",
        "clear --yes",
        "zero",
    ] {
        let program = lab::lbctl();
        let unprivileged = [
            "setpriv",
            "--reuid",
            "65534",
            "--regid",
            "65534",
            "--clear-groups",
        ];
        let words = unprivileged
            .into_iter()
            .chain([program.to_str().expect("a path in UTF-8")])
            .chain(line.split(' '));
        let message = ns.run(words).fails(1);
        assert!(message.contains("CAP_NET_ADMIN"), "{line}: {message}");
    }
    assert_eq!(saved(&ns), before);
    Ok(())
}

fn in_a_user_namespace() -> Result<(), Failed> {
    let ns = Namespace::new("user-namespace");
    let program = lab::lbctl();
    let message = ns
        .run([
            "unshare",
            "-Urn",
            program.to_str().expect("a path in UTF-8"),
            "add",
            "-f",
            "1",
        ])
        .fails(1);
    assert!(message.contains("initial user namespace"), "{message}");
    Ok(())
}
