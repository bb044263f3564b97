//! Records are read as they were written, and damage is answered.

use super::*;
use crate::model::HandMadeKind;
use proptest::prelude::*;

fn record() -> Record {
    let vip = Vip {
        address: "192.168.100.100".parse().unwrap(),
        mode: VipMode::Fwmark,
        mark: 1,
        table: 100,
        priority: 100,
        ping: true,
        snat: false,
    };
    let bound = Vip {
        address: "2001:db8::1".parse().unwrap(),
        mode: VipMode::Address("eth0".parse().unwrap()),
        mark: 0,
        table: 0,
        priority: 0,
        ping: false,
        snat: true,
    };
    let before = Before {
        value: "0".to_owned(),
        swept: [("net/ipv4/conf/lo/forwarding".to_owned(), "0".to_owned())].into(),
    };
    Record {
        life: "b".to_owned(),
        vips: [(vip.address, vip), (bound.address, bound)].into(),
        addresses: [(InterfaceName::loopback(), bound.address)].into(),
        rules: [PolicyRule {
            family: Family::Ipv4,
            priority: 100,
            mark: 1,
            table: 100,
        }]
        .into(),
        routes: [LocalRoute {
            address: vip.address,
            table: 100,
        }]
        .into(),
        sysctls: [("net.ipv4.ip_forward".to_owned(), before)].into(),
        reals: RealRecord::default(),
        aside: vec![
            (
                vip.address,
                HandMade {
                    kind: HandMadeKind::Mark {
                        family: 2,
                        table: "mangle".to_owned(),
                        chain: "PREROUTING".to_owned(),
                        notes: vec![0, 1],
                    },
                    text: "ip mangle PREROUTING".to_owned(),
                    message: vec![1, 2, 255],
                },
            ),
            (
                vip.address,
                HandMade {
                    kind: HandMadeKind::Route,
                    text: "local 0.0.0.0/0 dev lo table 100".to_owned(),
                    message: vec![2],
                },
            ),
        ],
        applied: Owned {
            vips: [vip.address].into(),
            ..Owned::default()
        },
    }
}

#[test]
fn what_is_written_is_read() {
    let text = record().to_json().unwrap();
    assert!(text.starts_with("{\n  \"version\": 1,"));
    assert_eq!(Record::parse(text.as_bytes()).unwrap(), record());
}

#[test]
fn a_newer_or_damaged_record_is_not_believed() {
    let newer = Record::parse(br#"{"version": 2, "all": "new"}"#);
    assert_eq!(newer, Err(Distrust::Newer(2)));
    for text in ["", "{}", "[]", r#"{"version": 1}"#, "\0\0"] {
        assert!(matches!(
            Record::parse(text.as_bytes()),
            Err(Distrust::Damaged(_))
        ));
    }
    let text = record().to_json().unwrap();
    let half = &text.as_bytes()[..text.len() / 2];
    assert!(Record::parse(half).is_err());
}

#[test]
fn a_reboot_leaves_only_the_vips() {
    let mut after = record();
    after.enter("b");
    assert_eq!(after, record());
    after.enter("c");
    assert_eq!(after.vips, record().vips);
    assert!(after.rules.is_empty() && after.routes.is_empty() && after.sysctls.is_empty());
    assert!(after.addresses.is_empty());
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Record::parse(&bytes);
    }

    #[test]
    fn any_damage_is_answered(at in 0usize..600, byte: u8) {
        let mut bytes = record().to_json().unwrap().into_bytes();
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        let _ = Record::parse(&bytes);
    }
}

#[test]
fn a_record_of_before_there_were_addresses_is_read() {
    let text = r#"{"version": 1, "life": "b", "vips": [{"address": "192.0.2.1", "mode": "fwmark",
        "mark": 1, "table": 100, "priority": 100}], "created": {"rules": [], "routes": []},
        "sysctls": {}}"#;
    let record = Record::parse(text.as_bytes()).unwrap();
    let vip = record.vips[&"192.0.2.1".parse::<IpAddr>().unwrap()];
    assert_eq!(
        (vip.mode, vip.ping, vip.snat),
        (VipMode::Fwmark, false, false)
    );
    // A mode that needs an interface, and has none.
    let text = text.replace("fwmark", "address");
    assert!(matches!(
        Record::parse(text.as_bytes()),
        Err(Distrust::Damaged(_))
    ));
}
