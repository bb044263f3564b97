//! What stands on command lines. Values are few, so that lines meet; the order of
//! services and servers is that of numbers less than 2^31 apart, which ipvsadm
//! sorts rightly.

/// An option: its letter, its long name, values that can be right (none: it takes
/// no value), and values that cannot.
pub type Spelling = (
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

pub const SERVICES: &[(&str, &str, &[&str])] = &[
    (
        "t",
        "tcp-service",
        &[
            "10.0.0.100:80",
            "10.0.0.100:80",
            "10.0.0.100:443",
            "10.100:81",
        ],
    ),
    (
        "t",
        "tcp-service",
        &[
            "10.0.0.101",
            "10.0.0.101:0",
            "0x0a000064:82",
            "localhost:http",
            "[2001:db8::100]:80",
            "2001:db8::101",
            "[10.0.0.103]:80",
            "10.0.0.100:+80",
            "[::1:2]:80",
        ],
    ),
    ("t", "tcp-service", &["[2001:db8::100]:80"]),
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

// No mark above 2147483647: ipvsadm shows those as negative numbers.
pub const WRONG_SERVICES: &[&str] = &[
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

pub const SERVICE_OPTIONS: &[Spelling] = &[
    (
        "s",
        "scheduler",
        &[
            "rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh",
            "none",
        ],
        &["", "rrr", "a-name-that-is-too-long"],
    ),
    (
        "p",
        "persistent",
        &["77", "360", "2678400"],
        &["", "0", "2678401", "x"],
    ),
    (
        "M",
        "netmask",
        &["255.255.255.0", "255.255.255.255", "64", "128"],
        &["0.0.0.0", "129", "0", "64x", "x.invalid"],
    ),
    ("o", "ops", &[], &[]),
    (
        "",
        "pe",
        &["sip"],
        &["nosuch", "", "a-name-that-is-too-long"],
    ),
    // No flag-3 with sh and mh: it has no name there, and ipvsadm saves it as an
    // option without its value. No commas alone: they crash ipvsadm.
    (
        "b",
        "sched-flags",
        &[
            "flag-1",
            "flag-2,flag-1",
            "sh-port",
            "sh-fallback,sh-port",
            "mh-port",
            "mh-fallback",
        ],
        &["bogus", ""],
    ),
];

// 10.0.0.254 and 2001:db8::254 are this machine: the kernel makes them local.
pub const SERVERS_V4: &[&str] = &[
    "10.0.0.11",
    "10.0.0.11:80",
    "10.0.0.11:8080",
    "10.0.0.12",
    "10.0.0.13:http",
    "100.1.1.1",
    "10.0.0.254",
    "127.0.0.1:80",
];

pub const SERVERS_V6: &[&str] = &[
    "[2001:db8::11]:80",
    "2001:db8::12",
    "[2001:db8::13]:8080",
    "[2001:db8::254]:80",
];

pub const WRONG_SERVERS: &[&str] = &[
    "224.0.0.1",
    "0.0.0.0",
    "10.0.0.11:nosuch",
    "[2001:db8::11]",
    "ff02::1",
    "fe80::1",
    "1234",
    "x",
    "",
];

pub const SERVER_OPTIONS: &[Spelling] = &[
    (
        "w",
        "weight",
        &["0", "1", "5", "65536", "2147483647"],
        &["2147483648", "-1", "x", ""],
    ),
    (
        "x",
        "u-threshold",
        &["0", "100", "2147483647"],
        &["2147483648", "x"],
    ),
    ("y", "l-threshold", &["0", "50"], &["200", "-3"]),
];

pub const TUNNEL_OPTIONS: &[Spelling] = &[
    ("", "tun-type", &["ipip", "gue", "gue", "gre"], &["x", ""]),
    ("", "tun-port", &["6080", "65535"], &["0", "65536", "x"]),
    ("", "tun-nocsum", &[], &[]),
    ("", "tun-csum", &[], &[]),
    ("", "tun-remcsum", &[], &[]),
];

/// Tunnels that can be right.
pub const TUNNELS: &[&str] = &[
    "--tun-type ipip",
    "--tun-type gue --tun-port 6080",
    "--tun-port 6080 --tun-type gue --tun-csum",
    "--tun-type=gue --tun-port=65535 --tun-remcsum",
    "--tun-type gre",
    "--tun-type gre --tun-csum",
    "--tun-nocsum --tun-type gre",
];

pub const VIEWS: &[Spelling] = &[
    ("n", "numeric", &[], &[]),
    ("n", "numeric", &[], &[]),
    ("n", "numeric", &[], &[]),
    ("c", "connection", &[], &[]),
    ("", "timeout", &[], &[]),
    ("", "daemon", &[], &[]),
    ("", "stats", &[], &[]),
    ("", "rate", &[], &[]),
    ("", "thresholds", &[], &[]),
    ("", "persistent-conn", &[], &[]),
    ("", "tun-info", &[], &[]),
    ("", "nosort", &[], &[]),
    ("", "sort", &[], &[]),
    ("X", "exact", &[], &[]),
    ("", "syncid", &["5"], &["256"]),
];

pub const DAEMON_OPTIONS: &[Spelling] = &[
    (
        "",
        "mcast-interface",
        &["eth0", "nosuch", ""],
        &["a-name-that-is-too-long"],
    ),
    ("", "syncid", &["0", "5", "255"], &["256", "x"]),
    ("", "sync-maxlen", &["1", "1400", "65507"], &["0", "65508"]),
    (
        "",
        "mcast-group",
        &["224.0.0.90", "ff02::5"],
        &["10.0.0.1", "2001:db8::1", "x", ""],
    ),
    ("", "mcast-port", &["9999"], &["0", "65536"]),
    ("", "mcast-ttl", &["1", "255"], &["256"]),
];

/// Words that stand where they should not.
pub const STRAY: &[&str] = &[
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
