//! Whose fault an I/O error is, and the sentence for it.

use std::io;
use std::time::Duration;

use super::Outcome;
use crate::model::format_duration;

/// Judges an error of a socket.
///
/// ENETUNREACH is the director's own missing route; EHOSTUNREACH is what the
/// kernel says when a neighbour does not answer ARP, and so the server's fault.
pub(super) fn judge(error: &io::Error) -> Outcome {
    if let Some(number) = error.raw_os_error()
        && let Some(reason) = local(number)
    {
        return Outcome::local(reason);
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Outcome::failed("connection refused"),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
            Outcome::failed("connection reset")
        }
        io::ErrorKind::UnexpectedEof => Outcome::failed("closed the connection without an answer"),
        io::ErrorKind::HostUnreachable => Outcome::failed("host unreachable"),
        _ => Outcome::failed(error.to_string()),
    }
}

/// Judges an error of a datagram socket: there is no connection to refuse.
pub(super) fn judge_datagram(error: &io::Error) -> Outcome {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Outcome::failed("port unreachable"),
        _ => judge(error),
    }
}

/// The connection did not come about in time.
pub(super) fn no_connection(within: Duration) -> Outcome {
    Outcome::failed(format!("no connection within {}", format_duration(within)))
}

/// Nothing came in time.
pub(super) fn no_answer(within: Duration) -> Outcome {
    Outcome::failed(format!("no answer within {}", format_duration(within)))
}

/// What this machine lacks, if the error is its own.
fn local(number: i32) -> Option<&'static str> {
    match number {
        libc::EMFILE | libc::ENFILE => Some("no file descriptors are left on this machine"),
        libc::ENOBUFS | libc::ENOMEM => Some("no memory is left on this machine"),
        libc::EADDRNOTAVAIL => Some("no source port is left on this machine"),
        libc::ENETUNREACH => Some("this machine has no route to the server"),
        libc::ENETDOWN => Some("this machine's interface towards the server is down"),
        libc::EPERM | libc::EACCES => Some("this machine does not allow the connection"),
        libc::EAFNOSUPPORT | libc::EINVAL => Some("this machine cannot reach such an address"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_this_machine_is_told_from_one_of_the_server() {
        for number in [
            libc::EMFILE,
            libc::ENFILE,
            libc::ENOBUFS,
            libc::ENOMEM,
            libc::EADDRNOTAVAIL,
            libc::ENETUNREACH,
            libc::ENETDOWN,
            libc::EPERM,
            libc::EACCES,
            libc::EAFNOSUPPORT,
        ] {
            let outcome = judge(&io::Error::from_raw_os_error(number));
            assert!(matches!(outcome, Outcome::Local { .. }), "{number}");
        }
        for (number, reason) in [
            (libc::ECONNREFUSED, "connection refused"),
            (libc::EHOSTUNREACH, "host unreachable"),
            (libc::ECONNRESET, "connection reset"),
        ] {
            let outcome = judge(&io::Error::from_raw_os_error(number));
            assert_eq!(outcome, Outcome::failed(reason));
        }
    }
}
