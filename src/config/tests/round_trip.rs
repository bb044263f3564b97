//! No text makes reading panic; what is written is read again.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;
use crate::config::{
    Check, CheckKind, DnsRecord, Host, HttpQuestion, Notes, OnExit, RealServer, SorryMode,
    SorryServer, Spot, Trust, VipWay, VirtualServer, keys,
};
use crate::health::{HttpCheck, OnFailure, Policy};
use crate::model::{
    Family, Forward, Netmask, Scheduler, SchedulerFlags, Server, Service, ServiceId, SyncDaemon,
    SyncRole, Timeouts, Tunnel, TunnelChecksum, TunnelKind,
};

fn written(config: &Config) -> String {
    config.to_toml(&Notes::new())
}

fn read_all(text: &[u8]) -> Result<Config, crate::config::ConfigErrors> {
    Config::parse(Path::new("lbctl.toml"), text, &Machine::new())
}

/// Texts that are nearly a file.
fn nearly() -> impl Strategy<Value = String> {
    let tables = [
        "[defaults]",
        "[defaults.check]",
        "[[virtual_server]]",
        "[virtual_server]",
        "[virtual_server.check]",
        "[virtual_server.sorry_server]",
        "[[virtual_server.real_server]]",
        "[virtual_server.real_server.check]",
        "[host]",
        "[host.sysctl]",
        "[timeouts]",
        "[sync.master]",
        "[probe]",
    ];
    let values = [
        "1",
        "-1",
        "0",
        "0x10",
        "1.5",
        "nan",
        "true",
        "false",
        "\"\"",
        "\"3s\"",
        "\"off\"",
        "\"192.0.2.1:80\"",
        "\"fd00::1\"",
        "\"tcp\"",
        "\"rr\"",
        "\"http\"",
        "\"exec\"",
        "\"/\"",
        "\"tun\"",
        "[]",
        "[1, \"x\"]",
        "{ type = \"gue\" }",
        "{}",
        "1979-05-27",
        "\"\\u0000\"",
        "[[]]",
        "\"{\"",
        "\"(\"",
        "",
    ];
    let all: Vec<&'static str> = [
        &keys::FILE,
        &keys::VIRTUAL_SERVER,
        &keys::REAL_SERVER,
        &keys::CHECK,
        &keys::HOST,
        &keys::TIMEOUTS,
        &keys::DAEMON,
        &keys::PROBE,
    ]
    .iter()
    .flat_map(|kind| kind.keys.iter().copied())
    .collect();
    let line = prop_oneof![
        3 => select(tables.to_vec()).prop_map(str::to_owned),
        6 => (select(all), select(values.to_vec())).prop_map(|(key, value)| format!("{key} = {value}")),
    ];
    vec(line, 0..20).prop_map(|lines| lines.join("\n"))
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9 ._/{}:-]{1,20}", "[^\\p{Cc}]{1,20}"]
}

fn forward() -> impl Strategy<Value = Forward> {
    let checksum = select(vec![TunnelChecksum::None, TunnelChecksum::Full]);
    let tunnel = prop_oneof![
        Just(Tunnel::default()),
        (1..=u16::MAX, checksum.clone()).prop_map(|(port, checksum)| Tunnel {
            kind: TunnelKind::Gue,
            port,
            checksum,
        }),
        checksum.prop_map(|checksum| Tunnel {
            kind: TunnelKind::Gre,
            port: 0,
            checksum,
        }),
    ];
    prop_oneof![
        2 => Just(Forward::Nat),
        1 => Just(Forward::Dr),
        2 => tunnel.prop_map(Forward::Tun),
    ]
}

fn time() -> impl Strategy<Value = Duration> {
    prop_oneof![
        (1_u64..=86_400).prop_map(Duration::from_secs),
        (1_u64..=86_400_000).prop_map(Duration::from_millis),
        (1_000_000_u64..=86_400_000_000_000).prop_map(Duration::from_nanos),
        Just(Check::new(CheckKind::Tcp).interval),
    ]
}

fn question() -> impl Strategy<Value = HttpQuestion> {
    let status = prop_oneof![Just("200"), Just("200-299"), Just("204,301-302")];
    let host = option::of(Just("www.example.com"));
    let body = option::of(prop_oneof![
        "[a-zA-Z \"']{1,9}",
        Just(r"^\d+\s*$".to_owned())
    ]);
    ("/[a-z]{0,8}", host, status, body).prop_map(|(path, host, status, body)| HttpQuestion {
        request: HttpCheck::new(&path, host, status.parse().unwrap()).unwrap(),
        body,
    })
}

fn kind() -> impl Strategy<Value = CheckKind> {
    let trust = (any::<bool>(), any::<bool>()).prop_map(|(verify, file)| Trust {
        verify,
        ca_file: file.then(|| PathBuf::from("/etc/ssl/internal.pem")),
    });
    let words = vec(
        prop_oneof!["[a-z=\"' {}-]{0,9}", Just("{address}".to_owned())],
        0..3,
    );
    let words = words.prop_filter("placeholders", |words| {
        words
            .iter()
            .all(|word| word == "{address}" || !word.contains('{'))
    });
    prop_oneof![
        question().prop_map(CheckKind::Http),
        (question(), trust).prop_map(|(question, trust)| CheckKind::Https(question, trust)),
        Just(CheckKind::Tcp),
        words.prop_map(|words| {
            let program = "/usr/lib/lbctl/my-check".to_owned();
            CheckKind::Exec(std::iter::once(program).chain(words).collect())
        }),
        (
            select(vec![".", "example.com"]),
            select(DnsRecord::ALL.to_vec())
        )
            .prop_map(|(query, record)| CheckKind::Dns {
                query: query.to_owned(),
                record,
            }),
        Just(CheckKind::Ping),
        (vec(any::<u8>(), 0..5), any::<bool>()).prop_map(|(payload, require_reply)| {
            CheckKind::Udp {
                payload,
                require_reply,
            }
        }),
    ]
}

fn check() -> impl Strategy<Value = Check> {
    let times = (time(), time(), time(), time());
    let counts = (1_u32..=1000, 1_u32..=3);
    let whom = (option::of(any::<Ipv4Addr>()), option::of(1..=u16::MAX));
    (kind(), whom, times, counts).prop_map(|(kind, (address, port), times, (fall, rise))| {
        let default = Check::new(kind);
        let has =
            |key| keys::check_kinds(key).is_none_or(|kinds| kinds.contains(&default.kind.as_str()));
        Check {
            address: address.map(Into::into),
            port: port.filter(|_| has("port")),
            interval: times.0,
            connect_timeout: if has("connect_timeout") {
                times.1
            } else {
                default.connect_timeout
            },
            timeout: times.2,
            retry_interval: times.3,
            fall,
            rise,
            kind: default.kind,
        }
    })
}

/// What differs from server to server: method, weight, thresholds, maintenance, check.
type Varied = (Option<Forward>, u32, (u32, u32), bool, u8, Check);

fn varied() -> impl Strategy<Value = Varied> {
    let weight = prop_oneof![Just(1), 0..=Server::MAX_WEIGHT];
    let thresholds = prop_oneof![Just((0, 0)), (5_u32..100, 0_u32..5)];
    (
        option::of(forward()),
        weight,
        thresholds,
        any::<bool>(),
        any::<u8>(),
        check(),
    )
}

fn pick(own: &Check, above: Option<&Check>, choice: u8) -> Option<Check> {
    match choice % 3 {
        0 => None,
        1 => above.cloned(),
        _ => Some(own.clone()),
    }
}

fn service(mark: Option<Family>) -> impl Strategy<Value = Service> {
    let scheduler = select(vec!["wlc", "rr", "sh", "mh"]);
    let persistence = option::of((1..=Service::MAX_PERSISTENCE, option::of(1_u8..32)));
    (
        scheduler,
        any::<(bool, bool, bool)>(),
        persistence,
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(
            move |(scheduler, (first, second, third), persistence, sip, one_packet)| {
                let id = match mark {
                    Some(family) => ServiceId::Fwmark { mark: 1, family },
                    None => ServiceId::Address {
                        protocol: if one_packet {
                            Protocol::Udp
                        } else {
                            Protocol::Tcp
                        },
                        address: [192, 0, 2, 1].into(),
                        port: 80,
                    },
                };
                let mut service = Service::new(id);
                service.scheduler = scheduler.parse::<Scheduler>().unwrap();
                service.scheduler_flags = SchedulerFlags {
                    first,
                    second,
                    third,
                };
                service.persistence_timeout = persistence.map(|(seconds, _)| seconds);
                if let Some((_, Some(bits))) = persistence {
                    service.netmask = match id.family() {
                        Family::Ipv4 => Netmask::V4(Ipv4Addr::from(u32::MAX << (32 - bits))),
                        Family::Ipv6 => Netmask::V6(bits),
                    };
                }
                service.persistence_engine = sip.then(|| "sip".to_owned());
                service.one_packet = one_packet;
                service
            },
        )
}

fn virtual_server() -> impl Strategy<Value = VirtualServer> {
    let mark = select(vec![None, Some(Family::Ipv4), Some(Family::Ipv6)]);
    let policy = (1_u32..5, any::<bool>(), any::<bool>());
    let rest = (
        option::of(text()),
        select(vec![0.0, 0.25, 1.0]),
        option::of(time()),
        0_u8..3,
    );
    let servers = (vec(varied(), 1..4), option::of((varied(), any::<bool>())));
    (
        mark.prop_flat_map(service),
        forward(),
        option::of(check()),
        policy,
        rest,
        servers,
    )
        .prop_map(
            |(service, forward, check, (quorum, hysteresis, remove), rest, (servers, sorry))| {
                let id = service.id;
                let by_mark = matches!(id, ServiceId::Fwmark { .. });
                let server = |number: u8, (own, weight, (upper, lower), ..): &Varied| {
                    let forward = own.unwrap_or(forward);
                    Server {
                        address: match id.family() {
                            Family::Ipv4 => [10, 0, 0, number].into(),
                            Family::Ipv6 => [0xfd00, 0, 0, 0, 0, 0, 0, number.into()].into(),
                        },
                        // Of a service by mark every check would need a port.
                        port: match (by_mark, forward) {
                            (true, _) => 8000,
                            (false, Forward::Nat) => 8080,
                            (false, _) => 80,
                        },
                        forward,
                        weight: *weight,
                        upper_threshold: *upper,
                        lower_threshold: *lower,
                    }
                };
                let real_servers: Vec<RealServer> = (1_u8..)
                    .zip(&servers)
                    .map(|(number, it)| RealServer {
                        server: server(number, it),
                        maintenance: it.3,
                        check: pick(&it.5, check.as_ref(), it.4),
                    })
                    .collect();
                let (name, depool_threshold, slow_start, vip) = rest;
                VirtualServer {
                    name,
                    forward,
                    vip: match vip {
                        _ if by_mark => VipWay::None,
                        0 => VipWay::Fwmark,
                        1 => VipWay::Address,
                        _ => VipWay::None,
                    },
                    sorry_mode: match &sorry {
                        Some((_, true)) => SorryMode::Join,
                        _ => SorryMode::Replace,
                    },
                    sorry: sorry.map(|(it, _)| SorryServer {
                        server: Server {
                            weight: 1,
                            upper_threshold: 0,
                            lower_threshold: 0,
                            ..server(99, &it)
                        },
                        check: pick(&it.5, check.as_ref(), it.4),
                    }),
                    policy: Policy {
                        on_failure: if remove {
                            OnFailure::Remove
                        } else {
                            OnFailure::Inhibit
                        },
                        quorum,
                        hysteresis: if hysteresis { quorum - 1 } else { 0 },
                    },
                    depool_threshold,
                    slow_start,
                    check_required: real_servers.iter().all(|real| real.check.is_some()),
                    check,
                    real_servers,
                    service,
                }
            },
        )
}

fn config() -> impl Strategy<Value = Config> {
    let parameter = prop_oneof!["-?[0-9]{1,4}", "[a-z0-9 ]{0,8}"];
    let host = (
        option::of(any::<bool>()),
        btree_map("net\\.ipv4\\.[a-z_]{1,8}\\.[a-z_]{1,9}", parameter, 0..3),
    );
    let seconds = || prop_oneof![Just(0), 1..=Timeouts::MAX];
    let daemon = (
        "[a-z0-9.]{1,15}",
        0_u32..256,
        0..=SyncDaemon::MAX_LENGTH,
        any::<(u16, u8, bool)>(),
    );
    let roles = subsequence(vec![SyncRole::Master, SyncRole::Backup], 0..=2);
    (
        vec(virtual_server(), 0..3),
        btree_set(text(), 3),
        host,
        (seconds(), seconds(), seconds()),
        (roles, daemon),
        any::<bool>(),
    )
        .prop_map(
            |(mut servers, names, (ip_forward, sysctl), seconds, (roles, daemon), remove)| {
                // No two of one service or name; an address has one way to IPVS.
                for ((number, server), name) in (1_u8..).zip(&mut servers).zip(names) {
                    server.name = server.name.take().map(|_| name);
                    match &mut server.service.id {
                        ServiceId::Address { address, .. } => *address = [192, 0, 2, number].into(),
                        ServiceId::Fwmark { mark, .. } => *mark = number.into(),
                    }
                }
                let (interface, id, max_length, (port, ttl, group)) = daemon;
                let sync = roles.into_iter().map(|role| SyncDaemon {
                    role,
                    interface: interface.clone(),
                    id,
                    max_length,
                    group: group.then(|| [224, 0, 0, 82].into()),
                    port,
                    ttl,
                });
                Config {
                    virtual_servers: servers,
                    host: Host { ip_forward, sysctl },
                    timeouts: Timeouts {
                        tcp: seconds.0,
                        tcp_fin: seconds.1,
                        udp: seconds.2,
                    },
                    sync: sync.collect(),
                    on_exit: if remove { OnExit::Remove } else { OnExit::Keep },
                }
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_are_answered(text: Vec<u8>) {
        if let Err(errors) = read_all(&text) {
            prop_assert!(!errors.to_string().is_empty());
        }
    }

    #[test]
    fn any_text_that_is_nearly_a_file_is_answered(text in nearly()) {
        match read_all(text.as_bytes()) {
            Ok(config) => prop_assert_eq!(read(&written(&config)), config),
            Err(errors) => prop_assert!(!errors.errors().is_empty() && !errors.to_string().is_empty()),
        }
    }

    #[test]
    fn any_cut_of_a_file_is_answered(cut in 0..WEB.len(), letter: char) {
        let text: String = WEB.chars().take(cut).chain([letter]).chain(WEB.chars().skip(cut + 1)).collect();
        if let Err(errors) = read_all(text.as_bytes()) {
            prop_assert!(!errors.to_string().is_empty());
        }
    }

    #[test]
    fn what_is_written_is_read(config in config()) {
        let text = written(&config);
        match read_all(text.as_bytes()) {
            Ok(again) => prop_assert_eq!(again, config, "{}", text),
            Err(errors) => prop_assert!(false, "{errors}\n{text}"),
        }
    }
}

#[test]
fn a_file_is_written_as_a_person_would() {
    let config = read(WEB);
    let expected = WEB
        .trim_start()
        .replace("192.168.31.101\"", "192.168.31.101:80\"");
    assert_eq!(written(&config), expected);
    assert_eq!(written(&Config::default()), "");
}

#[test]
fn notes_stand_above_what_they_are_about() {
    let mut notes = Notes::new();
    notes.above(Spot::File, "from keepalived.conf");
    notes.above(Spot::VirtualServer(0), "line 3\nwith\tnotes\u{1b}");
    notes.above_key(Spot::VirtualServer(0), "scheduler", "lb_algo was left out");
    notes.above_key(Spot::VirtualServer(0), "method", "lb_kind was left out");
    notes.above_key(Spot::RealServer(0, 1), "address", "no port: the service's");
    let text = read(WEB).to_toml(&notes);
    for part in [
        "# from keepalived.conf\n\n# line 3\n# with\tnotes\u{fffd}\n# lb_kind was left out\n[[virtual_server]]\n",
        "\n# lb_algo was left out\nscheduler = \"rr\"\n",
        "\n  # no port: the service's\n  address = \"192.168.31.101:80\"\n",
    ] {
        assert!(text.contains(part), "{text}\n{part}");
    }
    assert_eq!(read(&text), read(WEB));
}
