//! A datagram socket to one server, for dns, udp and ping: what is received is
//! waited for until the deadline, and every ICMP error comes as an error of the
//! socket.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::AsFd;

use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::{Ipv4RecvErr, Ipv6RecvErr};

use super::deadline::{Deadline, late};

/// A UDP socket that talks to nobody else.
pub(super) fn connect(target: SocketAddr) -> io::Result<UdpSocket> {
    let any = match target {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let socket = UdpSocket::bind(any)?;
    report_errors(&socket, target)?;
    socket.connect(target)?;
    Ok(socket)
}

/// Without this only "port unreachable" is told; a host or a net that is
/// unreachable passes for silence (udp_err and ping_err in net/ipv4).
pub(super) fn report_errors(socket: &impl AsFd, target: SocketAddr) -> io::Result<()> {
    match target {
        SocketAddr::V4(_) => setsockopt(socket, Ipv4RecvErr, &true)?,
        SocketAddr::V6(_) => setsockopt(socket, Ipv6RecvErr, &true)?,
    }
    Ok(())
}

/// The next datagram.
///
/// # Errors
/// [`io::ErrorKind::TimedOut`]: none came; others: what was told of the server.
pub(super) fn receive<'a>(
    socket: &UdpSocket,
    buffer: &'a mut [u8],
    deadline: Deadline,
) -> io::Result<&'a [u8]> {
    loop {
        socket.set_read_timeout(Some(deadline.left()?))?;
        match socket.recv(buffer) {
            Ok(length) => return Ok(buffer.get(..length).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(late(error)),
        }
    }
}
