//! What is set is read, by any number of writers at once; what is damaged is told.

use proptest::prelude::*;

use super::*;
use crate::model::Protocol;

struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let name = format!("lbctl-drains-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn id() -> ServiceId {
    ServiceId::Address {
        protocol: Protocol::Tcp,
        address: [192, 0, 2, 100].into(),
        port: 80,
    }
}

fn drain(last: u8) -> Drain {
    Drain {
        address: [192, 0, 2, last].into(),
        port: 80,
        by: "alice".to_owned(),
        at: 7,
        reason: "new kernel".to_owned(),
        weight_before: Some(3),
        calls_sorry: false,
    }
}

#[test]
fn what_is_set_is_read_until_it_is_cleared() {
    let directory = Directory::new("set");
    let read = || read(&directory.0, &id()).unwrap();
    assert_eq!(read(), []);
    assert_eq!(set(&directory.0, &id(), &drain(1)).unwrap(), None);
    assert_eq!(set(&directory.0, &id(), &drain(2)).unwrap(), None);
    assert_eq!(read(), [drain(1), drain(2)]);
    let again = Drain {
        by: "bob".to_owned(),
        at: 9,
        reason: "new disk".to_owned(),
        weight_before: Some(0),
        calls_sorry: true,
        ..drain(1)
    };
    // The second one must not forget the weight that the first one took away.
    assert_eq!(set(&directory.0, &id(), &again).unwrap(), Some(drain(1)));
    let merged = Drain {
        reason: "new disk".to_owned(),
        calls_sorry: true,
        ..drain(1)
    };
    assert_eq!(read(), [merged.clone(), drain(2)]);
    let clear = |last| clear(&directory.0, &id(), drain(last).name()).unwrap();
    assert_eq!(clear(1), Some(merged));
    assert_eq!(clear(1), None);
    assert_eq!(clear(2), Some(drain(2)));
    assert_eq!(read(), []);
    assert!(!path(&directory.0, &id()).exists());
}

#[test]
fn writers_at_the_same_time_lose_nothing() {
    let directory = Directory::new("writers");
    std::thread::scope(|scope| {
        for last in 1..=20 {
            let directory = &directory.0;
            scope.spawn(move || {
                set(directory, &id(), &drain(last)).unwrap();
                // Whole at any time.
                read(directory, &id()).unwrap();
                if last % 2 == 0 {
                    clear(directory, &id(), drain(last).name()).unwrap();
                }
            });
        }
    });
    let mut left = read(&directory.0, &id()).unwrap();
    left.sort_by_key(|drain| drain.address);
    let odd: Vec<Drain> = (1..=20).step_by(2).map(drain).collect();
    assert_eq!(left, odd);
}

#[test]
fn a_damaged_file_is_told_and_not_overwritten() {
    let directory = Directory::new("damaged");
    set(&directory.0, &id(), &drain(1)).unwrap();
    let file = path(&directory.0, &id());
    let whole = fs::read_to_string(&file).unwrap();
    for (text, part) in [
        (whole[..whole.len() / 2].to_owned(), "EOF"),
        (whole.replace("\"version\":1", "\"version\":9"), "version 9"),
        (whole.replace("100:80", "100:81"), "it is of tcp"),
        (whole.replace(":3,", ":4000000000,"), "impossible"),
    ] {
        fs::write(&file, &text).unwrap();
        let error = set(&directory.0, &id(), &drain(2)).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
        assert!(error.contains("remove it"), "{error}");
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
    }
}

#[test]
fn all_are_read_and_what_is_damaged_is_left_out() {
    let directory = Directory::new("all");
    assert!(read_all(&directory.0).is_empty());
    set(&directory.0, &id(), &drain(2)).unwrap();
    fs::write(directory.0.join("tcp-192.0.2.9:80.drains"), "{").unwrap();
    let all = read_all(&directory.0);
    assert_eq!(all, [(id().to_string(), vec![drain(2)])]);
}

#[test]
fn who_it_was() {
    let passwd = "root:x:0:0:root:/root:/bin/sh\nbad\nalice:x:1000:1000::/:/bin/sh\n";
    for (sudo, user, name) in [
        (Some("alice"), 0, "alice"),
        (Some(""), 0, "root"),
        (None, 0, "root"),
        (Some("root"), 1000, "alice"),
        (None, 1001, "uid 1001"),
    ] {
        assert_eq!(who(sudo, user, passwd), name, "{sudo:?} {user}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes, &id());
    }
}
