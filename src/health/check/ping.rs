//! The ping check: one ICMP echo. Where net.ipv4.ping_group_range lets us, by a
//! datagram socket that needs no privilege, else by a raw one, which needs
//! CAP_NET_RAW.

mod echo;

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{SocketAddr, UdpSocket};

use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, socket};

use self::echo::Echo;
use super::deadline::Deadline;
use super::{CheckSpec, Outcome, datagram, failure};

/// Asks once.
pub(super) fn attempt(target: SocketAddr, spec: &CheckSpec) -> Outcome {
    let deadline = Deadline::after(spec.timeout);
    let socket = match open(target) {
        Ok(socket) => socket,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return Outcome::local(
                "this machine does not allow ping; it takes CAP_NET_RAW, or a group in \
                 net.ipv4.ping_group_range",
            );
        }
        Err(error) => return failure::judge(&error),
    };
    match exchange(&socket, target, deadline) {
        Ok(()) => Outcome::passed("echo reply"),
        Err(error) if error.kind() == io::ErrorKind::TimedOut => failure::no_answer(spec.timeout),
        Err(error) => failure::judge_datagram(&error),
    }
}

/// The file descriptor of an ICMP socket; what std does with those of UDP goes
/// for it as well.
fn open(target: SocketAddr) -> io::Result<UdpSocket> {
    let (family, protocol) = match target {
        SocketAddr::V4(_) => (AddressFamily::Inet, SockProtocol::Icmp),
        SocketAddr::V6(_) => (AddressFamily::Inet6, SockProtocol::IcmpV6),
    };
    let with = |kind| socket(family, kind, SockFlag::SOCK_CLOEXEC, protocol);
    let socket = UdpSocket::from(with(SockType::Datagram).or_else(|_| with(SockType::Raw))?);
    datagram::report_errors(&socket, target)?;
    socket.connect(target)?;
    Ok(socket)
}

fn exchange(socket: &UdpSocket, target: SocketAddr, deadline: Deadline) -> io::Result<()> {
    let echo = Echo::new(target.is_ipv6(), RandomState::new().hash_one(0));
    socket.send(&echo.request())?;
    let mut buffer = [0; 256];
    // A raw socket gets everything that comes from the server.
    while !echo.is_answered_by(datagram::receive(socket, &mut buffer, deadline)?) {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::health::check::CheckKind;

    #[test]
    fn loopback_answers_or_this_machine_does_not_allow_it() {
        let spec = CheckSpec {
            timeout: Duration::from_mins(1),
            ..CheckSpec::new(CheckKind::Ping)
        };
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let target: SocketAddr = address.parse().unwrap();
            if target.is_ipv6() && UdpSocket::bind(target).is_err() {
                continue;
            }
            let expected = match open(target) {
                Ok(_) => Outcome::passed("echo reply"),
                Err(_) => Outcome::local(
                    "this machine does not allow ping; it takes CAP_NET_RAW, or a group in \
                     net.ipv4.ping_group_range",
                ),
            };
            assert_eq!(attempt(target, &spec), expected);
        }
    }
}
