//! Does a server answer at all, and on its port? Asked by TCP, many at a time, each
//! for a second at most, all together for a few.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrStorage, bind, connect, getsockopt, socket, sockopt,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Servers that are asked at the same time, below the usual limit of 1024 files.
const AT_ONCE: usize = 512;
/// How long a server may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long all of them may take.
const ALL: Duration = Duration::from_secs(4);

/// What a server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// It took the connection.
    There,
    /// It refused it.
    Refused,
    /// Nothing came back.
    Silent,
    /// There is no way to it.
    Unreachable(String),
    /// There was no time left.
    NotAsked,
}

/// A server's address and port, and ours that it is asked from; the kernel's choice
/// if there is none.
pub type Question = (SocketAddr, Option<IpAddr>);

/// Asks all of them, and says when one more was answered.
pub(super) fn ask_all(
    questions: BTreeSet<Question>,
    answered: &mut dyn FnMut(),
) -> BTreeMap<Question, Reach> {
    let mut answers = BTreeMap::new();
    let mut flying: Vec<(Question, OwnedFd, Instant)> = Vec::new();
    let mut waiting = questions.into_iter();
    let begin = Instant::now();
    let mut limit = AT_ONCE;
    let mut held: Option<Question> = None;
    loop {
        while flying.len() < limit && begin.elapsed() < ALL {
            let Some(question) = held.take().or_else(|| waiting.next()) else {
                break;
            };
            match start(question) {
                Ok(Started::Answered(reach)) => {
                    answers.insert(question, reach);
                    answered();
                }
                Ok(Started::Flying(socket)) => flying.push((question, socket, Instant::now())),
                // No more sockets: those that there are must do.
                Err(Errno::EMFILE | Errno::ENFILE | Errno::ENOBUFS | Errno::ENOMEM)
                    if !flying.is_empty() =>
                {
                    limit = flying.len();
                    held = Some(question);
                }
                Err(error) => {
                    answers.insert(question, unreachable(error));
                    answered();
                }
            }
        }
        let Some(oldest) = flying.iter().map(|(_, _, since)| *since).min() else {
            break;
        };
        wait(&flying, PATIENCE.saturating_sub(oldest.elapsed()));
        flying.retain(|(question, socket, since)| {
            let Some(reach) = ended(socket, since.elapsed()) else {
                return true;
            };
            answers.insert(*question, reach);
            answered();
            false
        });
    }
    for question in held.into_iter().chain(waiting) {
        answers.insert(question, Reach::NotAsked);
    }
    answers
}

enum Started {
    Answered(Reach),
    Flying(OwnedFd),
}

fn start((target, source): Question) -> nix::Result<Started> {
    let family = match target {
        SocketAddr::V4(_) => AddressFamily::Inet,
        SocketAddr::V6(_) => AddressFamily::Inet6,
    };
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let socket = socket(family, SockType::Stream, flags, None)?;
    if let Some(source) = source {
        let ours = SockaddrStorage::from(SocketAddr::new(source, 0));
        bind(socket.as_raw_fd(), &ours)?;
    }
    Ok(
        match connect(socket.as_raw_fd(), &SockaddrStorage::from(target)) {
            Ok(()) => Started::Answered(Reach::There),
            Err(Errno::EINPROGRESS) => Started::Flying(socket),
            Err(error) => Started::Answered(of(error)),
        },
    )
}

/// Waits until one of them has an answer, or the time is over.
fn wait(flying: &[(Question, OwnedFd, Instant)], left: Duration) {
    let mut sockets: Vec<PollFd<'_>> = flying
        .iter()
        .map(|(_, socket, _)| PollFd::new(socket, PollFlags::OUT))
        .collect();
    let left = Timespec {
        tv_sec: i64::try_from(left.as_secs()).unwrap_or(1),
        tv_nsec: i64::from(left.subsec_nanos()),
    };
    // What ended is seen by looking, whatever poll says.
    let _ = poll(&mut sockets, Some(&left));
}

/// The answer, if it came or need not be waited for.
fn ended(socket: &OwnedFd, waited: Duration) -> Option<Reach> {
    let mut one = [PollFd::new(socket, PollFlags::OUT)];
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let ready = poll(&mut one, Some(&now)).is_ok_and(|ready| ready > 0);
    if !ready {
        return (waited >= PATIENCE).then_some(Reach::Silent);
    }
    Some(match getsockopt(socket, sockopt::SocketError) {
        Ok(0) => Reach::There,
        Ok(number) => of(Errno::from_raw(number)),
        Err(error) => unreachable(error),
    })
}

fn of(error: Errno) -> Reach {
    match error {
        Errno::ECONNREFUSED | Errno::ECONNRESET => Reach::Refused,
        Errno::ETIMEDOUT => Reach::Silent,
        error => unreachable(error),
    }
}

fn unreachable(error: Errno) -> Reach {
    Reach::Unreachable(match error {
        Errno::EHOSTUNREACH => "no answer to ARP, or a router says so".to_owned(),
        Errno::ENETUNREACH => "no route".to_owned(),
        Errno::EPERM | Errno::EACCES => "the firewall or a route here forbids it".to_owned(),
        error => error.desc().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_listener_and_a_refusal_are_told_apart() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let open = listener.local_addr().unwrap();
        let closed = {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap()
        };
        let source = Some([127, 0, 0, 2].into());
        let questions = [(open, None), (closed, None), (open, source)];
        let mut count = 0;
        let answers = ask_all(questions.into_iter().collect(), &mut || count += 1);
        assert_eq!(answers[&(open, None)], Reach::There);
        assert_eq!(answers[&(open, source)], Reach::There);
        assert_eq!(answers[&(closed, None)], Reach::Refused);
        assert_eq!(count, 3);
    }
}
