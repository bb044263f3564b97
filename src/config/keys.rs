//! The names of all keys, and what is said to a name that is none.

use super::nearest::nearest;

/// A kind of table: how it is called, and what may stand in it.
#[derive(Debug)]
pub(super) struct TableKind {
    pub(super) title: &'static str,
    pub(super) keys: &'static [&'static str],
}

pub(super) const FILE: TableKind = TableKind {
    title: "the file",
    keys: &[
        "include",
        "defaults",
        "virtual_server",
        "host",
        "timeouts",
        "sync",
        "probe",
    ],
};

pub(super) const VIRTUAL_SERVER: TableKind = TableKind {
    title: "[[virtual_server]]",
    keys: &[
        "name",
        "listen",
        "fwmark",
        "family",
        "protocol",
        "scheduler",
        "scheduler_flags",
        "method",
        "tunnel",
        "persistence_timeout",
        "persistence_netmask",
        "persistence_engine",
        "one_packet",
        "vip",
        "snat",
        "sorry_server",
        "sorry_mode",
        "quorum",
        "hysteresis",
        "depool_threshold",
        "inhibit_on_failure",
        "slow_start",
        "check",
        "check_required",
        "real_server",
    ],
};

pub(super) const REAL_SERVER: TableKind = TableKind {
    title: "[[virtual_server.real_server]]",
    keys: &[
        "address",
        "weight",
        "upper_threshold",
        "lower_threshold",
        "maintenance",
        "method",
        "tunnel",
        "check",
    ],
};

pub(super) const SORRY_SERVER: TableKind = TableKind {
    title: "[virtual_server.sorry_server]",
    keys: &["address", "method", "tunnel", "check"],
};

pub(super) const TUNNEL: TableKind = TableKind {
    title: "tunnel",
    keys: &["type", "port", "checksum"],
};

pub(super) const CHECK: TableKind = TableKind {
    title: "[virtual_server.check]",
    keys: &[
        "type",
        "address",
        "port",
        "interval",
        "connect_timeout",
        "timeout",
        "fall",
        "rise",
        "retry_interval",
        "path",
        "virtualhost",
        "status",
        "body",
        "tls_verify",
        "ca_file",
        "command",
        "query",
        "record",
        "payload",
        "require_reply",
    ],
};

/// What a virtual server has, without what makes it this one, and what a check has.
pub(super) const DEFAULTS: TableKind = TableKind {
    title: "[defaults]",
    keys: &[
        "protocol",
        "scheduler",
        "scheduler_flags",
        "method",
        "tunnel",
        "persistence_timeout",
        "persistence_netmask",
        "persistence_engine",
        "one_packet",
        "vip",
        "snat",
        "sorry_server",
        "sorry_mode",
        "quorum",
        "hysteresis",
        "depool_threshold",
        "inhibit_on_failure",
        "slow_start",
        "check",
        "check_required",
        "type",
        "port",
        "interval",
        "connect_timeout",
        "timeout",
        "fall",
        "rise",
        "retry_interval",
        "path",
        "virtualhost",
        "status",
        "body",
        "tls_verify",
        "ca_file",
        "command",
        "query",
        "record",
        "payload",
        "require_reply",
    ],
};

pub(super) const HOST: TableKind = TableKind {
    title: "[host]",
    keys: &["ip_forward", "sysctl"],
};

pub(super) const TIMEOUTS: TableKind = TableKind {
    title: "[timeouts]",
    keys: &["tcp", "tcpfin", "udp"],
};

pub(super) const SYNC: TableKind = TableKind {
    title: "[sync]",
    keys: &["master", "backup"],
};

pub(super) const DAEMON: TableKind = TableKind {
    title: "[sync.master] and [sync.backup]",
    keys: &["interface", "syncid", "maxlen", "group", "port", "ttl"],
};

pub(super) const PROBE: TableKind = TableKind {
    title: "[probe]",
    keys: &["on_exit"],
};

/// Where a key that stands in the wrong table is looked for.
const ELSEWHERE: &[&TableKind] = &[
    &VIRTUAL_SERVER,
    &CHECK,
    &REAL_SERVER,
    &FILE,
    &HOST,
    &TIMEOUTS,
    &DAEMON,
    &PROBE,
];

/// What other tools call it, and what it is here.
const FOREIGN: &[(&str, &str)] = &[
    ("address", "listen"),
    ("ca", "ca_file"),
    ("connect_port", "port"),
    ("connect_ip", "address"),
    ("delay_before_retry", "retry_interval"),
    ("delay_loop", "interval"),
    ("fallback", "sorry_server"),
    ("forward", "method"),
    ("host", "virtualhost"),
    ("ip", "address"),
    ("lb_algo", "scheduler"),
    ("lb_kind", "method"),
    ("lthreshold", "lower_threshold"),
    ("lvs_method", "method"),
    ("lvs_sched", "scheduler"),
    ("misc_path", "command"),
    ("netmask", "persistence_netmask"),
    ("ops", "one_packet"),
    ("persistence_granularity", "persistence_netmask"),
    ("persistent", "persistence_timeout"),
    ("port", "address"),
    ("port", "listen"),
    ("quiescent", "inhibit_on_failure"),
    ("regex", "body"),
    ("server", "real_server"),
    ("sni", "virtualhost"),
    ("status_code", "status"),
    ("url", "path"),
    ("uthreshold", "upper_threshold"),
];

/// The kinds of check that a key of a check belongs to; none: all of them.
pub(super) fn check_kinds(key: &str) -> Option<&'static [&'static str]> {
    match key {
        "port" => Some(&["http", "https", "tcp", "exec", "dns", "udp"]),
        "connect_timeout" => Some(&["http", "https", "tcp"]),
        "path" | "virtualhost" | "status" | "body" => Some(&["http", "https"]),
        "tls_verify" | "ca_file" => Some(&["https"]),
        "command" => Some(&["exec"]),
        "query" | "record" => Some(&["dns"]),
        "payload" | "require_reply" => Some(&["udp"]),
        _ => None,
    }
}

/// What is said to a key that has no business in this table.
pub(super) fn unknown(key: &str, kind: &TableKind) -> String {
    let shown = key.escape_debug();
    let title = kind.title;
    let foreign = FOREIGN
        .iter()
        .find(|(word, own)| *word == key && kind.keys.contains(own));
    if let Some((_, own)) = foreign {
        return format!("unknown key '{shown}'; use {own} instead");
    }
    let elsewhere = ELSEWHERE.iter().find(|other| other.keys.contains(&key));
    if let Some(other) = elsewhere {
        let place = match other.title {
            "the file" => "on a line of its own that begins with [".to_owned(),
            // Below the header of another table it would be that table's.
            "[[virtual_server]]" => {
                "right below [[virtual_server]], above its other tables".to_owned()
            }
            title => format!("in {title}"),
        };
        return format!("{shown} does not belong to {title}; write it {place}");
    }
    if let Some(own) = nearest(key, kind.keys.iter().copied()) {
        return format!("unknown key '{shown}'; did you mean {own}?");
    }
    format!(
        "unknown key '{shown}'; {title} knows {}",
        kind.keys.join(", ")
    )
}
