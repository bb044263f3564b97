//! Command lines, right and wrong, as people and scripts might write them.

use super::random::Random;

/// An option: its letter, its long name, and values it takes (none: no value).
type Option = (&'static str, &'static str, &'static [&'static str]);

const SERVICES: &[(&str, &str, &[&str])] = &[
    (
        "t",
        "tcp-service",
        &[
            "10.0.0.100:80",
            "10.0.0.100:80",
            "10.0.0.100:443",
            "10.0.0.101",
            "10.0.0.101:0",
            "10.100:81",
            "0x0a000064:82",
            "localhost:http",
            "[2001:db8::100]:80",
            "[2001:db8::100]:80",
            "2001:db8::101",
            "[10.0.0.103]:80",
            "10.0.0.100:+80",
        ],
    ),
    (
        "u",
        "udp-service",
        &[
            "10.0.0.100:53",
            "10.0.0.100:domain",
            "[2001:db8::100]:domain",
        ],
    ),
    ("", "sctp-service", &["10.0.0.100:9", "[2001:db8::100]:9"]),
    ("f", "fwmark-service", &["7", "7", "2147483647"]),
];

const WRONG_SERVICES: &[&str] = &[
    "1234",
    "[2001:db8::1]",
    "[2001:db8::1",
    "10.0.0.300:80",
    "nosuch.invalid:80",
    "10.0.0.1:nosuch",
    "10.0.0.1:65536",
    "10.0.0.1:",
    ":80",
    "",
    "x",
    "0",
    "-1",
    "0x10",
    "4294967296",
    "0.0.0.0:0",
];

const SERVICE_OPTIONS: &[Option] = &[
    (
        "s",
        "scheduler",
        &[
            "rr",
            "wrr",
            "lc",
            "wlc",
            "lblc",
            "lblcr",
            "dh",
            "sh",
            "sed",
            "nq",
            "fo",
            "ovf",
            "mh",
            "none",
            "",
            "rrr",
            "a-name-that-is-too-long",
        ],
    ),
    (
        "p",
        "persistent",
        &["", "77", "360", "0", "2678400", "2678401", "x"],
    ),
    (
        "M",
        "netmask",
        &[
            "255.255.255.0",
            "255.255.255.255",
            "0.0.0.0",
            "64",
            "128",
            "129",
            "0",
            "64x",
            "x.invalid",
        ],
    ),
    ("o", "ops", &[]),
    ("", "pe", &["sip", "nosuch", "", "a-name-that-is-too-long"]),
    // No flag-3 with sh and mh: it has no name there, and ipvsadm saves it as an
    // option without its value. No commas alone: they crash ipvsadm.
    (
        "b",
        "sched-flags",
        &[
            "sh-port",
            "sh-fallback,sh-port",
            "mh-port",
            "mh-fallback",
            "flag-1",
            "flag-2,flag-1",
            "bogus",
            "",
        ],
    ),
];

const SERVERS: &[&str] = &[
    "10.0.0.11",
    "10.0.0.11:80",
    "10.0.0.11:8080",
    "10.0.0.12",
    "10.0.0.13:http",
    "100.1.1.1",
    // This machine's: the kernel makes it local.
    "10.0.0.254",
    "127.0.0.1:80",
    "[2001:db8::11]:80",
    "2001:db8::12",
    "[2001:db8::254]:80",
    "224.0.0.1",
    "0.0.0.0",
    "10.0.0.11:nosuch",
    "1234",
    "x",
    "",
];

const SERVER_OPTIONS: &[Option] = &[
    ("g", "gatewaying", &[]),
    ("i", "ipip", &[]),
    ("m", "masquerading", &[]),
    ("m", "masquerading", &[]),
    (
        "w",
        "weight",
        &[
            "0",
            "1",
            "5",
            "65536",
            "2147483647",
            "2147483648",
            "-1",
            "x",
            "",
        ],
    ),
    (
        "x",
        "u-threshold",
        &["0", "100", "2147483647", "2147483648", "x"],
    ),
    ("y", "l-threshold", &["0", "50", "200", "-3"]),
];

const TUNNEL_OPTIONS: &[Option] = &[
    ("", "tun-type", &["ipip", "gue", "gue", "gre", "x"]),
    ("", "tun-port", &["6080", "0", "65536", "x"]),
    ("", "tun-nocsum", &[]),
    ("", "tun-csum", &[]),
    ("", "tun-remcsum", &[]),
];

const VIEWS: &[Option] = &[
    ("n", "numeric", &[]),
    ("n", "numeric", &[]),
    ("n", "numeric", &[]),
    ("c", "connection", &[]),
    ("", "timeout", &[]),
    ("", "daemon", &[]),
    ("", "stats", &[]),
    ("", "rate", &[]),
    ("", "thresholds", &[]),
    ("", "persistent-conn", &[]),
    ("", "tun-info", &[]),
    ("", "nosort", &[]),
    ("", "sort", &[]),
    ("X", "exact", &[]),
    ("", "syncid", &["5"]),
];

const DAEMON_OPTIONS: &[Option] = &[
    (
        "",
        "mcast-interface",
        &["eth0", "nosuch", "", "a-name-that-is-too-long"],
    ),
    ("", "syncid", &["0", "5", "255", "256", "x"]),
    ("", "sync-maxlen", &["1", "1400", "65507", "65508"]),
    (
        "",
        "mcast-group",
        &["224.0.0.90", "10.0.0.1", "ff02::5", "2001:db8::1", "x", ""],
    ),
    ("", "mcast-port", &["9999", "0", "65536"]),
    ("", "mcast-ttl", &["1", "255", "256"]),
];

/// Words that stand where they should not.
const STRAY: &[&str] = &[
    "foo",
    "-",
    "--",
    "-q",
    "--bogus",
    "--sta",
    "-A",
    "-L",
    "-C",
    "-h",
    "-n",
    "--stats=3",
    "-n=1",
    "-w",
    "-t",
    "--tun-csum",
    "-6",
    "-p",
    "",
];

/// The words of one command line.
pub fn some_line(random: &mut Random) -> Vec<String> {
    let mut words = match random.below(100) {
        0..25 => service_line(random),
        25..60 => server_line(random),
        60..66 => delete_line(random),
        66..86 => list_line(random),
        86..90 => some_save(random),
        90..94 => daemon_line(random),
        94..96 => set_line(random),
        96 => spell(random, "C", "clear", None),
        97 => zero_line(random),
        98 => vec![random.pick(&["-h", "-v", "--help", "--version", "", "-R", "foo"])],
        _ => Vec::new(),
    };
    if random.chance(12) {
        spoil(random, &mut words);
    }
    words
}

/// Text for the standard input of -R.
pub fn some_text(random: &mut Random) -> String {
    let mut text = String::new();
    let lines = 1 + random.below(12);
    for number in 0..lines {
        let mut words = some_line(random);
        // A line cannot hold them.
        words.retain(|word| !word.is_empty());
        if is_known_difference(&words) {
            continue;
        }
        text += &random.pick(&["", "", "", "ipvsadm ", " ", "\t"]);
        text += &words.join(&random.pick(&[" ", " ", "  ", "\t"]));
        if number + 1 < lines || random.chance(80) {
            text += &random.pick(&["\n", "\n", "\r\n", " \n", "\n\n"]);
        }
    }
    text
}

/// Where lbctl follows the manual and ipvsadm does not; see lbctl-ipvsadm(1).
pub fn is_known_difference(words: &[String]) -> bool {
    let is_service = |word: &String| {
        let short = word.starts_with('-') && !word.starts_with("--");
        short && word.contains(['t', 'u', 'f', '6']) || word.contains("-service")
    };
    let is_early = |word: &String| {
        let short = word.starts_with('-') && !word.starts_with("--");
        short && word.contains(['r', 'M']) || word.contains("--real") || word.contains("--netm")
    };
    // -r before -t loses the service's port; -M before -t or -6 is lost itself.
    let first_early = words.iter().position(is_early);
    let last_service = words.iter().rposition(is_service);
    let order = matches!((first_early, last_service), (Some(early), Some(last)) if early < last);
    // A mark above 2^31-1 is shown as a negative number, and sorted so.
    let mark = words.iter().any(|word| word.ends_with("4294967295"));
    order || mark
}

fn spell(
    random: &mut Random,
    short: &str,
    long: &str,
    value: std::option::Option<&str>,
) -> Vec<String> {
    let letter = !short.is_empty() && random.chance(75);
    let Some(value) = value else {
        return vec![if letter {
            format!("-{short}")
        } else {
            format!("--{long}")
        }];
    };
    match (letter, random.below(5)) {
        (true, 0) if !value.is_empty() => vec![format!("-{short}{value}")],
        (true, 1) => vec![format!("-{short}={value}")],
        (true, _) => vec![format!("-{short}"), value.to_owned()],
        (false, 0 | 1) => vec![format!("--{long}={value}")],
        (false, _) => vec![format!("--{long}"), value.to_owned()],
    }
}

fn one_of(random: &mut Random, options: &[Option]) -> Vec<String> {
    let (short, long, values) = options[random.below(options.len())];
    if values.is_empty() || (short == "p" && random.chance(40)) {
        return spell(random, short, long, None);
    }
    let value = random.pick(values);
    spell(random, short, long, Some(&value))
}

fn some_of(random: &mut Random, options: &[Option], most: usize) -> Vec<String> {
    let count = random.below(most + 1);
    (0..count).flat_map(|_| one_of(random, options)).collect()
}

fn some_service(random: &mut Random) -> Vec<String> {
    // Most lines are about few services, so that they meet.
    let (short, long, values) = SERVICES[random.below(SERVICES.len())];
    let value = if random.chance(4) {
        random.pick(WRONG_SERVICES)
    } else {
        random.pick(values)
    };
    let mut words = spell(random, short, long, Some(&value));
    if short == "f" && random.chance(40) {
        words.extend(spell(random, "6", "ipv6", None));
    }
    words
}

/// A command with its service, now and then glued.
fn on_service(random: &mut Random, short: &str, long: &str) -> Vec<String> {
    let command = spell(random, short, long, None);
    let mut service = some_service(random);
    let glued = match (command.as_slice(), service.first()) {
        ([command], Some(first)) if !command.starts_with("--") && !first.starts_with("--") => {
            random
                .chance(20)
                .then(|| format!("{command}{}", &first[1..]))
        }
        _ => None,
    };
    if let Some(glued) = glued {
        service[0] = glued;
        return service;
    }
    [command, service].concat()
}

fn service_line(random: &mut Random) -> Vec<String> {
    let mut words = match random.below(3) {
        0 => on_service(random, "E", "edit-service"),
        _ => on_service(random, "A", "add-service"),
    };
    words.extend(some_of(random, SERVICE_OPTIONS, 3));
    words
}

fn server_line(random: &mut Random) -> Vec<String> {
    let mut words = match random.below(4) {
        0 => on_service(random, "e", "edit-server"),
        1 => on_service(random, "d", "delete-server"),
        _ => on_service(random, "a", "add-server"),
    };
    let deletes = words[0].starts_with("-d") || words[0].starts_with("--delete");
    if random.chance(97) {
        let server = random.pick(SERVERS);
        words.extend(spell(random, "r", "real-server", Some(&server)));
    }
    if !deletes || random.chance(5) {
        words.extend(some_of(random, SERVER_OPTIONS, 3));
        if random.chance(25) {
            words.extend(spell(random, "i", "ipip", None));
            words.extend(some_of(random, TUNNEL_OPTIONS, 3));
        }
    }
    words
}

fn delete_line(random: &mut Random) -> Vec<String> {
    on_service(random, "D", "delete-service")
}

fn list_line(random: &mut Random) -> Vec<String> {
    let letter = random.pick(&["L", "l"]);
    let mut words = if random.chance(30) {
        on_service(random, &letter, "list")
    } else {
        spell(random, &letter, "list", None)
    };
    words.extend(some_of(random, VIEWS, 4));
    words
}

fn some_save(random: &mut Random) -> Vec<String> {
    let mut words = spell(random, "S", "save", None);
    if random.chance(60) {
        words.extend(spell(random, "n", "numeric", None));
    }
    words
}

fn daemon_line(random: &mut Random) -> Vec<String> {
    let role = random.pick(&["master", "backup", "backup", "both"]);
    if random.chance(40) {
        let mut words = spell(random, "", "stop-daemon", Some(&role));
        words.extend(some_of(random, DAEMON_OPTIONS, 1));
        return words;
    }
    let mut words = spell(random, "", "start-daemon", Some(&role));
    words.extend(some_of(random, DAEMON_OPTIONS, 3));
    words
}

fn set_line(random: &mut Random) -> Vec<String> {
    let mut words = vec!["--set".to_owned()];
    for _ in 0..[3, 3, 3, 3, 2, 4][random.below(6)] {
        words.push(random.pick(&["0", "1", "900", "120", "2678400", "2678401", "x"]));
    }
    words
}

fn zero_line(random: &mut Random) -> Vec<String> {
    if random.chance(50) {
        on_service(random, "Z", "zero")
    } else {
        spell(random, "Z", "zero", None)
    }
}

/// A slip of the hand.
fn spoil(random: &mut Random, words: &mut Vec<String>) {
    if words.is_empty() {
        return;
    }
    let at = random.below(words.len());
    match random.below(6) {
        0 => {
            words.remove(at);
        }
        1 => words.insert(at, words[at].clone()),
        2 if at > 0 => words.swap(at - 1, at),
        3 => {
            words[at].pop();
        }
        4 => words[at].push('x'),
        _ => {
            let stray = random.pick(STRAY);
            words.insert(at + 1, stray);
        }
    }
}
