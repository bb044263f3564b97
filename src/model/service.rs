//! Virtual services: what names one, and how it is set.

use std::fmt;
use std::net::IpAddr;

use super::{Family, Netmask, Scheduler, SchedulerFlags, bracketed};

/// The transport protocol of a service that is named by its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// `IPPROTO_TCP`, 6.
    Tcp,
    /// `IPPROTO_UDP`, 17.
    Udp,
    /// `IPPROTO_SCTP`, 132.
    Sctp,
    /// Any other number: the kernel takes it (from another program), we never
    /// write it.
    Other(u16),
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp => f.write_str("tcp"),
            Self::Udp => f.write_str("udp"),
            Self::Sctp => f.write_str("sctp"),
            Self::Other(number) => write!(f, "ip-{number}"),
        }
    }
}

/// What names a virtual service. Ordered by mark (none first), family, protocol,
/// address and port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServiceId {
    /// By what clients connect to.
    Address {
        /// The protocol.
        protocol: Protocol,
        /// The virtual IP address.
        address: IpAddr,
        /// The port; 0 takes all ports of a persistent service.
        port: u16,
    },
    /// By the mark that packets carry (`skb->mark`, compared exactly).
    Fwmark {
        /// 1 to 4294967295.
        mark: u32,
        /// A mark names one service per family.
        family: Family,
    },
}

impl ServiceId {
    /// The family of its clients.
    #[must_use]
    pub fn family(&self) -> Family {
        match self {
            Self::Address { address, .. } => Family::of(*address),
            Self::Fwmark { family, .. } => *family,
        }
    }

    /// The words that name it on the command line: `-t 192.0.2.1:80`, `-f 1 -6`.
    #[must_use]
    pub fn options(&self) -> String {
        match self {
            Self::Address {
                protocol,
                address,
                port,
            } => {
                let option = match protocol {
                    Protocol::Tcp => "-t",
                    Protocol::Udp => "-u",
                    Protocol::Sctp => "--sctp-service",
                    Protocol::Other(_) => "--unknown-service",
                };
                format!("{option} {}:{port}", bracketed(*address))
            }
            Self::Fwmark {
                mark,
                family: Family::Ipv4,
            } => format!("-f {mark}"),
            Self::Fwmark {
                mark,
                family: Family::Ipv6,
            } => format!("-f {mark} -6"),
        }
    }

    /// The port that clients connect to; none for a mark.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Address { port, .. } => Some(*port),
            Self::Fwmark { .. } => None,
        }
    }

    /// The address that clients connect to; none for a mark.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Address { address, .. } => Some(*address),
            Self::Fwmark { .. } => None,
        }
    }

    /// The protocol of its clients; none for a mark, which any packet can carry.
    #[must_use]
    pub fn protocol(&self) -> Option<Protocol> {
        match self {
            Self::Address { protocol, .. } => Some(*protocol),
            Self::Fwmark { .. } => None,
        }
    }

    fn order(&self) -> (u32, Family, Option<Protocol>, Option<IpAddr>, u16) {
        match *self {
            Self::Address {
                protocol,
                address,
                port,
            } => (0, Family::of(address), Some(protocol), Some(address), port),
            Self::Fwmark { mark, family } => (mark, family, None, None, 0),
        }
    }
}

impl Ord for ServiceId {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order().cmp(&other.order())
    }
}

impl PartialOrd for ServiceId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address {
                protocol,
                address,
                port,
            } => write!(f, "{protocol} {}:{port}", bracketed(*address)),
            Self::Fwmark {
                mark,
                family: Family::Ipv4,
            } => write!(f, "fwmark {mark}"),
            Self::Fwmark {
                mark,
                family: Family::Ipv6,
            } => write!(f, "fwmark {mark} IPv6"),
        }
    }
}

/// A virtual service's settings, apart from its statistics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// What names it.
    pub id: ServiceId,
    /// How it picks a server.
    pub scheduler: Scheduler,
    /// The scheduler's flags.
    pub scheduler_flags: SchedulerFlags,
    /// Seconds that a client stays with its server, 1 to 2678400 (31 days);
    /// none: not persistent.
    pub persistence_timeout: Option<u32>,
    /// Which part of a client's address persistence looks at. The kernel keeps
    /// it also while the service is not persistent.
    pub netmask: Netmask,
    /// The persistence engine (`sip`), up to 15 characters.
    pub persistence_engine: Option<String>,
    /// One-packet scheduling: each UDP datagram is scheduled by itself.
    pub one_packet: bool,
}

impl Service {
    /// The longest persistence in seconds: 31 days, `IP_VS_SVC_MAX_TIMEOUT` of ipvsadm.
    pub const MAX_PERSISTENCE: u32 = 2_678_400;

    /// Reads the name of a persistence engine.
    ///
    /// # Errors
    /// Linux has none of this name.
    pub fn parse_persistence_engine(name: &str) -> Result<String, String> {
        match name {
            "sip" => Ok(name.to_owned()),
            _ => Err(format!(
                "unknown persistence engine '{}'; Linux has sip",
                name.escape_default()
            )),
        }
    }

    /// A service with ipvsadm's defaults: wlc, not persistent.
    #[must_use]
    pub fn new(id: ServiceId) -> Self {
        Self {
            id,
            scheduler: Scheduler::default(),
            scheduler_flags: SchedulerFlags::default(),
            persistence_timeout: None,
            netmask: Netmask::host(id.family()),
            persistence_engine: None,
            one_packet: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(address: &str, port: u16) -> ServiceId {
        ServiceId::Address {
            protocol: Protocol::Tcp,
            address: address.parse().unwrap(),
            port,
        }
    }

    #[test]
    fn services_sort_by_the_whole_number() {
        // ipvsadm subtracts unsigned numbers and puts 10.0.0.1 behind 200.1.1.1.
        let mut ids = [
            ServiceId::Fwmark {
                mark: 3_000_000_000,
                family: Family::Ipv4,
            },
            tcp("2001:db8::1", 80),
            tcp("200.1.1.1", 80),
            tcp("10.0.0.1", 443),
            ServiceId::Fwmark {
                mark: 1,
                family: Family::Ipv4,
            },
            tcp("10.0.0.1", 80),
        ];
        ids.sort();
        let names: Vec<String> = ids.iter().map(ToString::to_string).collect();
        assert_eq!(
            names,
            [
                "tcp 10.0.0.1:80",
                "tcp 10.0.0.1:443",
                "tcp 200.1.1.1:80",
                "tcp [2001:db8::1]:80",
                "fwmark 1",
                "fwmark 3000000000",
            ]
        );
    }
}
