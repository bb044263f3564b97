//! Rules of others are understood, and any bytes answered.

use super::super::nftables::LIST_ELEMENT;
use super::*;
use proptest::prelude::*;

type Data<'a> = &'a [(u16, &'a [u8])];

fn list(parts: &[(&str, Data<'_>)]) -> Vec<u8> {
    let mut writer = AttributeWriter::default();
    for (name, data) in parts {
        writer.nest(LIST_ELEMENT, |element| {
            element.string(EXPRESSION_NAME, name);
            element.nest(EXPRESSION_DATA, |writer| {
                for (kind, bytes) in *data {
                    writer.bytes(*kind, bytes);
                }
            });
        });
    }
    writer.as_bytes().to_vec()
}

/// `-d 192.0.2.1 -j MARK --set-mark 5`, as iptables-nft writes it.
fn of_iptables(counted: u8, mask: u8) -> Vec<u8> {
    let value = [8, 0, 1, 0, 192, 0, 2, 1];
    let mut info = 5u32.to_ne_bytes().to_vec();
    info.extend([mask; 4]);
    list(&[
        (
            "payload",
            &[
                (1, &[0, 0, 0, 1]),
                (2, &[0, 0, 0, 1]),
                (3, &[0, 0, 0, 16]),
                (4, &[0, 0, 0, 4]),
            ],
        ),
        (
            "cmp",
            &[(1, &[0, 0, 0, 1]), (2, &[0, 0, 0, 0]), (3, &value)],
        ),
        ("counter", &[(1, &[0, 0, 0, 0, 0, 0, 0, counted])]),
        ("target", &[(1, b"MARK\0"), (2, &[0, 0, 0, 2]), (3, &info)]),
    ])
}

#[test]
fn a_rule_of_iptables_is_understood() {
    let bytes = of_iptables(0, 0xff);
    let read = read(Attributes::new(&bytes)).unwrap();
    assert_eq!(read, (Some("192.0.2.1".parse().unwrap()), Some(5)));
    // Some bits only: which mark packets have then is not known.
    let some_bits = of_iptables(0, 0x0f);
    assert_eq!(super::read(Attributes::new(&some_bits)).unwrap().1, None);
}

#[test]
fn what_was_counted_makes_no_difference() {
    assert!(do_the_same(&of_iptables(0, 0xff), &of_iptables(9, 0xff)));
    assert!(!do_the_same(&of_iptables(0, 0xff), &of_iptables(0, 0x0f)));
    assert!(!do_the_same(&[1], &[1]));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        let _ = marking(2, Attributes::new(&bytes));
        let _ = read(Attributes::new(&bytes));
        let _ = do_the_same(&bytes, &bytes);
    }
}
