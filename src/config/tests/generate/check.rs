//! Any check.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::config::{Check, CheckKind, DnsRecord, HttpQuestion, Trust, keys};
use crate::health::HttpCheck;

pub(super) fn time() -> impl Strategy<Value = Duration> {
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

fn kind() -> BoxedStrategy<CheckKind> {
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
    .boxed()
}

pub(super) fn check() -> BoxedStrategy<Check> {
    let times = (time(), time(), time(), time());
    let counts = (1_u32..=1000, 1_u32..=3);
    let whom = (option::of(any::<Ipv4Addr>()), option::of(1..=u16::MAX));
    (kind(), whom, times, counts)
        .prop_map(|(kind, (address, port), times, (fall, rise))| {
            let default = Check::new(kind);
            let has = |key| {
                keys::check_kinds(key).is_none_or(|kinds| kinds.contains(&default.kind.as_str()))
            };
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
        .boxed()
}
