//! The UDP check: a datagram is sent, and no ICMP error comes back. Silence is
//! well unless a reply is required, and can be told from an error only by waiting
//! for the whole timeout.

use std::io;
use std::net::SocketAddr;

use super::deadline::Deadline;
use super::{CheckSpec, Outcome, datagram, failure};

/// Sends and waits.
pub(super) fn attempt(
    target: SocketAddr,
    payload: &[u8],
    require_reply: bool,
    spec: &CheckSpec,
) -> Outcome {
    match exchange(target, payload, Deadline::after(spec.timeout)) {
        Ok(length) => Outcome::passed(format!("a reply of {length} bytes")),
        Err(error) if error.kind() == io::ErrorKind::TimedOut => {
            if require_reply {
                failure::no_answer(spec.timeout)
            } else {
                Outcome::passed("no error came back")
            }
        }
        Err(error) => failure::judge_datagram(&error),
    }
}

fn exchange(target: SocketAddr, payload: &[u8], deadline: Deadline) -> io::Result<usize> {
    let socket = datagram::connect(target)?;
    socket.send(payload)?;
    let mut buffer = [0; 2048];
    Ok(datagram::receive(&socket, &mut buffer, deadline)?.len())
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::health::check::CheckKind;

    fn spec(timeout: Duration) -> CheckSpec {
        CheckSpec {
            timeout,
            ..CheckSpec::new(CheckKind::Ping)
        }
    }

    const SOON: Duration = Duration::from_millis(200);
    const LATE: Duration = Duration::from_mins(1);

    #[test]
    fn a_reply_passes_and_the_payload_arrives() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(server) = UdpSocket::bind(address) else {
                continue;
            };
            let target = server.local_addr().unwrap();
            let thread = thread::spawn(move || {
                let mut buffer = [0; 16];
                let (length, from) = server.recv_from(&mut buffer).unwrap();
                server.send_to(b"pong", from).unwrap();
                buffer[..length].to_vec()
            });
            assert_eq!(
                attempt(target, b"ping", true, &spec(LATE)),
                Outcome::passed("a reply of 4 bytes")
            );
            assert_eq!(thread.join().unwrap(), b"ping");
        }
    }

    #[test]
    fn silence_is_well_unless_a_reply_is_required() {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let target = server.local_addr().unwrap();
        assert_eq!(
            attempt(target, b"", false, &spec(SOON)),
            Outcome::passed("no error came back")
        );
        assert_eq!(
            attempt(target, b"", true, &spec(SOON)),
            Outcome::failed("no answer within 200ms")
        );
    }

    #[test]
    fn a_closed_port_is_told() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(server) = UdpSocket::bind(address) else {
                continue;
            };
            let target = server.local_addr().unwrap();
            drop(server);
            assert_eq!(
                attempt(target, b"x", false, &spec(LATE)),
                Outcome::failed("port unreachable")
            );
        }
    }
}
