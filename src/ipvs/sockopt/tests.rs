//! Entries as the kernel writes them (x86-64), and bytes of no kind.

use proptest::prelude::*;

use super::*;

#[test]
fn structures_are_as_long_as_the_kernels() {
    assert_eq!(size_of::<RawStats>(), 56);
    assert_eq!(size_of::<RawService>(), 104);
    assert_eq!(size_of::<RawServices>(), 8);
    assert_eq!(size_of::<RawDest>(), 96);
    assert_eq!(size_of::<RawDests>(), 24);
}

/// 192.168.31.100:80, nat, weight 3, thresholds 9 and 8, 5 active and 6 inactive
/// connections, 7 templates; 1 connection, 2 and 3 packets, 4 and 5 bytes a second.
const DEST: [u8; 96] = {
    let mut bytes = [0; 96];
    let mut index = 0;
    let set: [(usize, u8); 19] = [
        (0, 192),
        (1, 168),
        (2, 31),
        (3, 100),
        (5, 80),
        // IP_VS_CONN_F_NOOUTPUT and others stand beside the method.
        (9, 1),
        (12, 3),
        (16, 9),
        (20, 8),
        (24, 5),
        (28, 6),
        (32, 7),
        (40, 44),
        (56, 55),
        (72, 1),
        (76, 2),
        (80, 3),
        (84, 4),
        (88, 5),
    ];
    while index < set.len() {
        bytes[set[index].0] = set[index].1;
        index += 1;
    }
    bytes
};

#[test]
fn a_server_is_read() {
    let state = server(&DEST).unwrap();
    assert_eq!(state.server.endpoint(), "192.168.31.100:80");
    assert_eq!(state.server.forward, Forward::Nat);
    let settings = &state.server;
    let thresholds = (settings.upper_threshold, settings.lower_threshold);
    assert_eq!((settings.weight, thresholds), (3, (9, 8)));
    let connections = (state.active, state.inactive, state.persistent);
    assert_eq!(connections, (5, 6, 7));
    let rates = Counters {
        connections: 1,
        packets_in: 2,
        packets_out: 3,
        bytes_in: 4,
        bytes_out: 5,
    };
    assert_eq!(state.stats.rates, rates);
    // Those of 32 bits are no totals.
    assert_eq!(state.stats.totals, Counters::default());
}

#[test]
fn room_that_was_left_is_no_entry() {
    assert_eq!(server(&[0; 96]), None);
    assert_eq!(service(&[0; 104]), None);
}

#[test]
fn services_are_told_by_mark_or_address() {
    let mut entry = [0; 104];
    entry[12] = 7;
    entry[44] = 2;
    let mark = ServiceId::Fwmark {
        mark: 7,
        family: Family::Ipv4,
    };
    assert_eq!(service(&entry), Some((mark, 2)));
    let mut entry = [0; 104];
    entry[0] = 17;
    entry[4..8].copy_from_slice(&[192, 0, 2, 1]);
    entry[9] = 53;
    let (id, servers) = service(&entry).unwrap();
    assert_eq!(id.to_string(), "udp 192.0.2.1:53");
    assert_eq!(servers, 0);
    // What is asked for stands at the same places.
    let mut question = [0; 24];
    name(&id, &mut question);
    assert_eq!(question[..16], entry[..16]);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = server(&bytes);
        let _ = service(&bytes);
    }
}
