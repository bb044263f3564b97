//! Messages as the kernel writes them, and broken ones.

use super::super::encode;
use super::*;
use crate::model::TableStep;
use crate::netlink::Messages;
use neli::consts::nl::NlmF;
use proptest::prelude::*;

/// What the kernel would send for a request: the same nested attributes.
fn as_message<T>(step: &TableStep, read: impl Fn(&Message<'_>) -> Result<T>) -> T {
    let bytes = encode::step(32, step).to_bytes(1, NlmF::empty());
    let message = Messages::new(&bytes).next().unwrap().unwrap();
    read(&message).unwrap()
}

fn any_service() -> impl Strategy<Value = Service> {
    let id = prop_oneof![
        (
            prop_oneof![
                Just(Protocol::Tcp),
                Just(Protocol::Udp),
                Just(Protocol::Sctp)
            ],
            any::<IpAddr>(),
            any::<u16>()
        )
            .prop_map(|(protocol, address, port)| ServiceId::Address {
                protocol,
                address,
                port
            }),
        (1u32.., prop_oneof![Just(Family::Ipv4), Just(Family::Ipv6)])
            .prop_map(|(mark, family)| ServiceId::Fwmark { mark, family }),
    ];
    (
        id,
        proptest::sample::select(Scheduler::known()),
        any::<(bool, bool, bool, bool)>(),
        proptest::option::of(1u32..2_678_400),
        any::<u32>(),
        1u8..=128,
        proptest::option::of(Just("sip".to_owned())),
    )
        .prop_map(
            |(id, scheduler, bits, timeout, mask, length, engine)| Service {
                id,
                scheduler: Scheduler::from_kernel(scheduler),
                scheduler_flags: SchedulerFlags {
                    first: bits.0,
                    second: bits.1,
                    third: bits.2,
                },
                persistence_timeout: timeout,
                netmask: match id.family() {
                    Family::Ipv4 => Netmask::V4(mask.into()),
                    Family::Ipv6 => Netmask::V6(length),
                },
                persistence_engine: engine,
                one_packet: bits.3,
            },
        )
}

fn any_server() -> impl Strategy<Value = Server> {
    let tunnel = (
        prop_oneof![
            Just(TunnelKind::Ipip),
            Just(TunnelKind::Gue),
            Just(TunnelKind::Gre)
        ],
        any::<u16>(),
        prop_oneof![
            Just(TunnelChecksum::None),
            Just(TunnelChecksum::Full),
            Just(TunnelChecksum::Remote)
        ],
    )
        .prop_map(|(kind, port, checksum)| Tunnel {
            kind,
            port,
            checksum,
        });
    let forward = prop_oneof![
        Just(Forward::Nat),
        Just(Forward::Dr),
        Just(Forward::Local),
        Just(Forward::Bypass),
        tunnel.prop_map(Forward::Tun),
    ];
    (
        any::<IpAddr>(),
        any::<u16>(),
        forward,
        any::<(u32, u32, u32)>(),
    )
        .prop_map(|(address, port, forward, (weight, upper, lower))| Server {
            address,
            port,
            forward,
            weight,
            upper_threshold: upper,
            lower_threshold: lower,
        })
}

proptest! {
    #[test]
    fn a_service_is_read_as_it_was_written(settings in any_service()) {
        let step = TableStep::AddService(settings.clone());
        prop_assert_eq!(as_message(&step, service).0, settings);
    }

    #[test]
    fn a_server_is_read_as_it_was_written(settings in any_server()) {
        let step = TableStep::AddServer {
            service: ServiceId::Fwmark { mark: 1, family: Family::Ipv4 },
            server: settings.clone(),
        };
        let state = as_message(&step, |message| server(message, Family::Ipv4));
        prop_assert_eq!(state.server, settings);
    }

    #[test]
    fn any_payload_is_answered(payload in proptest::collection::vec(any::<u8>(), 0..300)) {
        let message = Message { kind: 32, flags: NlmF::empty(), sequence: 1, payload: &payload };
        let _ = service(&message);
        let _ = server(&message, Family::Ipv6);
    }
}

/// The messages of a dump, one behind the other.
fn dump(services: &[Service], servers: &[Server]) -> Vec<u8> {
    let id = ServiceId::Fwmark {
        mark: 1,
        family: Family::Ipv4,
    };
    let services = services.iter().cloned().map(TableStep::AddService);
    let servers = servers.iter().cloned();
    let servers = servers.map(|server| TableStep::AddServer {
        service: id,
        server,
    });
    (1..)
        .zip(services.chain(servers))
        .flat_map(|(number, step)| encode::step(32, &step).to_bytes(number, NlmF::empty()))
        .collect()
}

/// Reads every message as everything that it can be; returns how many there are.
fn read_all(bytes: &[u8]) -> usize {
    // Each message takes 16 bytes or ends the walk.
    let messages: Vec<_> = Messages::new(bytes).take(bytes.len() + 1).collect();
    for message in messages.iter().flatten() {
        let _ = service(message);
        let _ = server(message, Family::Ipv4);
        let _ = server(message, Family::Ipv6);
        let _ = super::super::daemon::decode(message);
    }
    messages.len()
}

proptest! {
    #[test]
    fn a_broken_dump_is_answered(
        services in proptest::collection::vec(any_service(), 0..4),
        servers in proptest::collection::vec(any_server(), 1..4),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..8),
        end in any::<proptest::sample::Index>(),
    ) {
        let mut bytes = dump(&services, &servers);
        prop_assert_eq!(read_all(&bytes), services.len() + servers.len());
        for (at, byte) in changes {
            let length = bytes.len();
            bytes[at.index(length)] = byte;
        }
        prop_assert!(read_all(&bytes) <= bytes.len() / 16 + 1);
        bytes.truncate(end.index(bytes.len()));
        prop_assert!(read_all(&bytes) <= bytes.len() / 16 + 1);
    }
}

/// A destination as Linux 6.1 sends it, attribute by attribute.
#[test]
fn reads_a_server_with_both_kinds_of_statistics() {
    let mut request = encode::request(32, 5);
    request.attributes().nest(top::DEST, |attributes| {
        attributes.bytes(
            dest::ADDR,
            &[192, 168, 31, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        );
        attributes
            .be16(dest::PORT, 80)
            .u32(dest::FWD_METHOD, 0)
            .u32(dest::WEIGHT, 3);
        attributes
            .u32(dest::ACTIVE_CONNS, 2)
            .u32(dest::INACT_CONNS, 7);
        attributes.nest(dest::STATS, |stats| {
            stats
                .u32(stats::CONNS, 1)
                .bytes(stats::INBYTES, &9u64.to_ne_bytes());
        });
        attributes.nest(dest::STATS64, |stats| {
            stats.bytes(stats::CONNS, &5_000_000_000u64.to_ne_bytes());
            stats.bytes(stats::OUTBPS, &77u64.to_ne_bytes());
        });
    });
    let bytes = request.to_bytes(1, NlmF::empty());
    let message = Messages::new(&bytes).next().unwrap().unwrap();
    let state = server(&message, Family::Ipv4).unwrap();
    assert_eq!(state.server.endpoint(), "192.168.31.100:80");
    assert_eq!(
        (state.server.weight, state.active, state.inactive),
        (3, 2, 7)
    );
    assert_eq!(state.stats.totals.connections, 5_000_000_000);
    assert_eq!(state.stats.rates.bytes_out, 77);
}
