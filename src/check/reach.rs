//! Does a server answer at all? Asked by TCP, many at a time, a second at most.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::time::Duration;

/// Servers that are asked at the same time.
const AT_ONCE: usize = 64;
/// How long a server may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// It answered; a refusal is an answer.
    There,
    /// Nothing came back.
    Silent,
    /// There is no way to it.
    Unreachable(String),
}

/// Asks all of them, from threads of the caller's network namespace.
pub(super) fn ask_all(targets: BTreeSet<SocketAddr>) -> BTreeMap<SocketAddr, Reach> {
    let threads = targets.len().min(AT_ONCE);
    let queue = Mutex::new(targets.into_iter());
    let answers = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                // A lock is poisoned only by a panic, and nothing here panics.
                while let Some(target) = queue.lock().ok().and_then(|mut queue| queue.next()) {
                    let answer = ask(target);
                    if let Ok(mut answers) = answers.lock() {
                        answers.insert(target, answer);
                    }
                }
            });
        }
    });
    answers.into_inner().unwrap_or_default()
}

fn ask(target: SocketAddr) -> Reach {
    let Err(error) = TcpStream::connect_timeout(&target, PATIENCE) else {
        return Reach::There;
    };
    match error.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => Reach::There,
        ErrorKind::TimedOut => Reach::Silent,
        ErrorKind::HostUnreachable => {
            Reach::Unreachable("no answer to ARP, or a router says so".to_owned())
        }
        ErrorKind::NetworkUnreachable => Reach::Unreachable("no route".to_owned()),
        _ => Reach::Unreachable(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_listener_and_a_refusal_are_both_there() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let open = listener.local_addr().unwrap();
        let closed = {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap()
        };
        let answers = ask_all([open, closed].into_iter().collect());
        assert_eq!(answers[&open], Reach::There);
        assert_eq!(answers[&closed], Reach::There);
    }
}
