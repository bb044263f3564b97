//! The TCP check: a connection that is accepted in time.

use std::io;
use std::net::SocketAddr;

use super::deadline::connect;
use super::{CheckSpec, Outcome, failure};

/// Connects and closes.
pub(super) fn attempt(target: SocketAddr, spec: &CheckSpec) -> Outcome {
    let within = spec.connect_timeout.min(spec.timeout);
    match connect(target, within) {
        Ok(_) => Outcome::passed("connected"),
        Err(error) if error.kind() == io::ErrorKind::TimedOut => failure::no_connection(within),
        Err(error) => failure::judge(&error),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::health::check::CheckKind;

    #[test]
    fn an_open_port_passes_and_a_closed_one_is_refused() {
        let spec = CheckSpec::new(CheckKind::Tcp);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = listener.local_addr().unwrap();
        assert_eq!(attempt(target, &spec), Outcome::passed("connected"));
        drop(listener);
        assert_eq!(
            attempt(target, &spec),
            Outcome::failed("connection refused")
        );
    }
}
