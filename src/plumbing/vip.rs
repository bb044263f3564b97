//! What is said about a VIP: which parts of it are there, what has to be done
//! for it, and which addresses can be none. Planning is `plan`'s.

use std::fmt;
use std::net::IpAddr;

use super::Reason;
use super::route::{Route, RouteKind};
use crate::model::{HostStep, InterfaceName, Vip, VipMode};

/// What is there of one part of a VIP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Nothing.
    Missing,
    /// What lbctl made.
    Ours,
    /// Something that somebody else made and that does the job; it stays.
    Foreign,
}

impl Part {
    /// Whether the job is done.
    #[must_use]
    pub fn is_there(self) -> bool {
        self != Self::Missing
    }
}

/// A VIP and what is there of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VipState {
    /// The VIP, with the numbers it has or would get.
    pub vip: Vip,
    /// Its packets are marked.
    pub mark: Part,
    /// The mark leads to the table.
    pub rule: Part,
    /// The table delivers it locally.
    pub route: Part,
    /// It is on an interface.
    pub address: Part,
    /// Table local has it, so that ping is answered.
    pub ping: Part,
    /// Servers see this machine as the client.
    pub snat: Part,
}

impl VipState {
    /// Whether packets for it reach IPVS.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.missing().is_empty()
    }

    /// What it needs and has not: `mark`, `rule`, `route`, `address`, `ping`, `snat`.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        let marked = self.vip.mode == VipMode::Fwmark;
        [
            (marked, self.mark, "mark"),
            (marked, self.rule, "rule"),
            (marked, self.route, "route"),
            (!marked, self.address, "address"),
            (self.vip.ping, self.ping, "ping"),
            (self.vip.snat, self.snat, "snat"),
        ]
        .into_iter()
        .filter_map(|(needed, part, name)| (needed && !part.is_there()).then_some(name))
        .collect()
    }
}

/// Something to know about a VIP that hinders nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// The machine takes the address for its own anyway.
    AlreadyLocal(IpAddr),
    /// The address lies in a connected network, where hosts ask who has it.
    NobodyAnswers {
        /// The address.
        address: IpAddr,
        /// The interface of the network.
        interface: InterfaceName,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyLocal(address) => write!(
                f,
                "{address} is an address of this machine already, so its packets reach IPVS \
                 without mark, rule and route; they are not needed and harm nothing; without them: \
                 lbctl vip del {address}, or vip = \"none\" in the file"
            ),
            Self::NobodyAnswers { address, interface } => write!(
                f,
                "{address} lies in the network of {interface}, and a VIP on no interface is \
                 not answered for there: hosts of that network reach it only by a route through \
                 this machine; to have it answered for: lbctl vip add {address} --mode address"
            ),
        }
    }
}

/// A VIP to be, and what has to be done for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The VIP with all its numbers.
    pub vip: Vip,
    /// Nothing, when it is complete.
    pub steps: Vec<HostStep>,
    /// What its owner should know.
    pub notes: Vec<Note>,
}

/// Refuses addresses that no client can connect to as a VIP.
pub(super) fn check(address: IpAddr, routes: &[Route]) -> Result<(), Reason> {
    let is_broadcast_here = || {
        let mut routes = routes.iter();
        routes.any(|route| route.kind == RouteKind::Broadcast && route.destination == address)
    };
    let is = match address {
        _ if address.is_unspecified() => "the unspecified address",
        _ if address.is_loopback() => "a loopback address",
        _ if address.is_multicast() => "a multicast address",
        IpAddr::V4(v4) if v4.is_broadcast() => "the broadcast address",
        IpAddr::V6(v6) if v6.is_unicast_link_local() => {
            "a link-local address, which means another host on every link"
        }
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => {
            "an IPv4 address in IPv6 clothes, which no packet carries; write it as IPv4"
        }
        _ if is_broadcast_here() => "the broadcast address of a network of this machine",
        _ => return Ok(()),
    };
    Err(Reason::Unusable { address, is })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_no_client_connects_to_are_refused() {
        for (text, part) in [
            ("0.0.0.0", "unspecified"),
            ("127.0.0.1", "loopback"),
            ("224.0.0.1", "multicast"),
            ("255.255.255.255", "broadcast"),
            ("::", "unspecified"),
            ("::1", "loopback"),
            ("ff02::1", "multicast"),
            ("fe80::1", "link-local"),
            ("::ffff:192.0.2.1", "write it as IPv4"),
        ] {
            let reason = check(text.parse().unwrap(), &[]).unwrap_err().to_string();
            assert!(reason.contains(part), "{text}: {reason}");
        }
        assert!(check("192.0.2.1".parse().unwrap(), &[]).is_ok());
        assert!(check("2001:db8::1".parse().unwrap(), &[]).is_ok());
    }
}
