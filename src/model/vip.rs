//! How packets for a virtual IP address are made to reach IPVS, which schedules
//! only what is delivered locally.

use std::net::IpAddr;

use super::{Family, InterfaceName};

/// The way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VipMode {
    /// Packets are marked; a rule sends the mark to a table with a local route.
    /// The address is on no interface.
    Fwmark,
    /// The address, with a prefix of its whole length, is on this interface.
    Address(InterfaceName),
}

impl VipMode {
    /// `fwmark` or `address`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fwmark => "fwmark",
            Self::Address(_) => "address",
        }
    }
}

/// A virtual IP address and what leads its packets into IPVS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vip {
    /// The address that clients connect to.
    pub address: IpAddr,
    /// The way in.
    pub mode: VipMode,
    /// The packet mark, 1 to 4294967295; 0 in mode address, as below.
    pub mark: u32,
    /// The routing table, 1 to 4294967295.
    pub table: u32,
    /// The priority of the rule that leads the mark to the table.
    pub priority: u32,
    /// In mode fwmark: a route in table local makes it an address of this machine,
    /// which answers ping and refuses what no service takes.
    pub ping: bool,
    /// Servers see this machine as the client: their replies come back here,
    /// whatever their routes say.
    pub snat: bool,
}

impl Vip {
    /// The address family.
    #[must_use]
    pub fn family(&self) -> Family {
        Family::of(self.address)
    }

    /// The interface that has it, in mode address.
    #[must_use]
    pub fn interface(&self) -> Option<InterfaceName> {
        match self.mode {
            VipMode::Fwmark => None,
            VipMode::Address(interface) => Some(interface),
        }
    }
}
