//! Combinations of settings that cannot work, though the kernel may take them.

use std::fmt;

use super::{Forward, Protocol, ServiceId};

/// A combination of settings that cannot work. Its sentence speaks of the options
/// of the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Impossible {
    /// A scheduler flag is unknown, or another scheduler's; the sentence.
    SchedulerFlags(String),
    /// A service for all ports that is not persistent.
    AllPorts,
    /// One-packet scheduling of this protocol.
    OnePacket(Protocol),
    /// Tunnel options for a server with this method.
    TunnelOptions(Forward),
    /// The lower threshold is above the upper one.
    Thresholds {
        /// The lower one.
        lower: u32,
        /// The upper one.
        upper: u32,
    },
    /// A server of another address family than its service, without a tunnel.
    Families {
        /// The server's address and port.
        server: String,
        /// Its service.
        service: ServiceId,
    },
    /// A server with another port than its service, by a method that keeps ports.
    Ports {
        /// The server's address and port.
        server: String,
        /// Its service.
        service: ServiceId,
        /// The method.
        forward: Forward,
    },
    /// A server with port 0 for a service with a port; its address and port.
    PortZero(String),
    /// An ipip tunnel with a port or a checksum.
    IpipOptions,
    /// A gue tunnel without a port.
    GuePort,
    /// A gre tunnel with a port.
    GrePort,
    /// A gre tunnel with remote checksum offload.
    GreRemote,
}

impl fmt::Display for Impossible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SchedulerFlags(why) => f.write_str(why),
            Self::AllPorts => f.write_str(
                "port 0 means all ports, and needs persistence (-p); name a port otherwise",
            ),
            Self::OnePacket(protocol) => write!(
                f,
                "one-packet scheduling is only for UDP and fwmark services, not for {protocol}"
            ),
            Self::TunnelOptions(forward) => write!(
                f,
                "tunnel options need --forward tun (-i); the server's method is {forward}"
            ),
            Self::Thresholds { lower, upper } => write!(
                f,
                "the lower threshold ({lower}) is above the upper one ({upper}); give both, as in \
                 -x 100 -y 80"
            ),
            Self::Families { server, service } => write!(
                f,
                "{server} is of another address family than {service}; only --forward tun can \
                 cross families"
            ),
            Self::Ports {
                server,
                service,
                forward,
            } => write!(
                f,
                "{server} has another port than {service}, and {forward} cannot change ports: \
                 leave the server's port out, or use --forward nat"
            ),
            Self::PortZero(server) => write!(f, "{server}: port 0 is not a port"),
            Self::IpipOptions => f.write_str("an ipip tunnel has neither port nor checksum"),
            Self::GuePort => f.write_str("a gue tunnel needs the server's UDP port (--tun-port)"),
            Self::GrePort => f.write_str("a gre tunnel has no port"),
            Self::GreRemote => {
                f.write_str("remote checksum offload is for gue tunnels, not for gre")
            }
        }
    }
}

impl std::error::Error for Impossible {}
