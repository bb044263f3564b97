//! What is saved is read; what is damaged is set aside.

use proptest::prelude::*;

use super::*;
use crate::health::record::{LastChange, LastResult};
use crate::health::verdict::Verdict;
use crate::model::{Forward, Protocol, Server, Tunnel, TunnelChecksum, TunnelKind};

fn id() -> ServiceId {
    ServiceId::Address {
        protocol: Protocol::Tcp,
        address: [192, 0, 2, 1].into(),
        port: 80,
    }
}

fn record(last: u8, forward: Forward) -> Record {
    let server = Server {
        address: [192, 0, 2, last].into(),
        port: 80,
        forward,
        weight: 3,
        upper_threshold: 100,
        lower_threshold: 50,
    };
    Record {
        written: Some(Entry::Absent),
        pending: Some(Entry::Weight(3)),
        foreign: Some(0),
        verdict: Verdict::Down,
        entry: Some(Entry::Weight(3)),
        last: Some(LastResult {
            at: 7,
            passed: Some(false),
            text: "status 403, wanted 200".to_owned(),
            took_us: 1200,
            attempts: 2,
        }),
        change: Some(LastChange {
            at: 7,
            text: "is down".to_owned(),
        }),
        ..Record::new(server, 5)
    }
}

fn state() -> State {
    let tunnel = Tunnel {
        kind: TunnelKind::Gue,
        port: 6080,
        checksum: TunnelChecksum::Remote,
    };
    let forwards = [
        Forward::Nat,
        Forward::Dr,
        Forward::Tun(tunnel),
        Forward::Local,
        Forward::Bypass,
    ];
    State {
        servers: (1..).zip(forwards).map(|(n, f)| record(n, f)).collect(),
        former_sorry: None,
        sorry: Some(record(9, Forward::Nat)),
        ..State::new(&id(), 7)
    }
}

/// An empty directory that goes away again.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("lbctl-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn what_is_saved_is_read() {
    let directory = Directory::new("state");
    let mut file = StateFile::new(&directory.0, &id());
    assert!(matches!(file.load(&id()).unwrap(), Loaded::Nothing));
    let state = state();
    file.save(&state).unwrap();
    match file.load(&id()).unwrap() {
        Loaded::State(read) => assert_eq!(*read, state),
        other => panic!("{other:?}"),
    }
    assert_eq!(read_states(&directory.0).unwrap(), [state]);
    assert!(file.path().ends_with("tcp-192.0.2.1:80.json"));
}

#[test]
fn a_damaged_file_is_set_aside() {
    let directory = Directory::new("damaged");
    let file = StateFile::new(&directory.0, &id());
    let whole = serde_json::to_string(&state()).unwrap();
    for (text, part) in [
        (whole[..whole.len() / 2].to_owned(), "EOF"),
        (whole.replace("\"version\":1", "\"version\":9"), "version 9"),
        (whole.replace("192.0.2.2\"", "192.0.2.1\""), "twice"),
        (
            whole.replace("\"weight\":3", "\"weight\":4000000000"),
            "impossible",
        ),
        (
            whole.replace("192.0.2.1:80", "192.0.2.1:81"),
            "192.0.2.1:81",
        ),
        (String::new(), "EOF"),
    ] {
        fs::write(file.path(), &text).unwrap();
        match file.load(&id()).unwrap() {
            Loaded::Damaged { reason, aside } => {
                assert!(reason.contains(part), "{part}: {reason}");
                assert_eq!(fs::read_to_string(aside).unwrap(), text);
            }
            other => panic!("{part}: {other:?}"),
        }
        assert!(matches!(file.load(&id()).unwrap(), Loaded::Nothing));
    }
}

#[test]
fn a_directory_that_is_not_there_holds_no_states() {
    let states = read_states(Path::new("/nonexistent/lbctl")).unwrap();
    assert!(states.is_empty());
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = State::parse(&bytes);
    }

    #[test]
    fn any_change_to_a_whole_file_is_answered(place in 0usize..3000, byte: u8) {
        let mut text = serde_json::to_vec(&state()).unwrap();
        if let Some(there) = text.get_mut(place) {
            *there = byte;
        }
        let _ = State::parse(&text);
    }
}
