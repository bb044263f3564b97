//! Any value that a file can mean.

mod check;

use std::net::Ipv4Addr;

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use self::check::{check, time};
use crate::config::{
    Check, Config, Host, OnExit, RealServer, SorryMode, SorryServer, VipWay, VirtualServer,
};
use crate::health::{OnFailure, Policy};
use crate::model::{
    Family, Forward, Netmask, Protocol, Scheduler, SchedulerFlags, Server, Service, ServiceId,
    SyncDaemon, SyncRole, Timeouts, Tunnel, TunnelChecksum, TunnelKind,
};

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9 ._/{}:-]{1,20}", "[^\\p{Cc}]{1,20}"]
}

fn forward() -> BoxedStrategy<Forward> {
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
    .boxed()
}

/// What differs from server to server: method, weight, thresholds, maintenance, check.
type Varied = (Option<Forward>, u32, (u32, u32), bool, u8, Check);

fn varied() -> BoxedStrategy<Varied> {
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
        .boxed()
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

fn virtual_server() -> BoxedStrategy<VirtualServer> {
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
                    snat: remove && !by_mark && vip < 2,
                    check_required: real_servers.iter().all(|real| real.check.is_some()),
                    check,
                    real_servers,
                    service,
                }
            },
        )
        .boxed()
}

pub(crate) fn config() -> impl Strategy<Value = Config> {
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
