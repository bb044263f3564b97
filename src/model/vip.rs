//! How packets for a virtual IP address are made to reach IPVS, which schedules
//! only what is delivered locally.

use std::net::IpAddr;

use super::Family;

/// The way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VipMode {
    /// Packets are marked; a rule sends the mark to a table with a local route.
    /// The address is on no interface.
    Fwmark,
}

impl VipMode {
    /// `fwmark`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fwmark => "fwmark",
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
    /// The packet mark, 1 to 4294967295.
    pub mark: u32,
    /// The routing table, 1 to 4294967295.
    pub table: u32,
    /// The priority of the rule that leads the mark to the table.
    pub priority: u32,
}

impl Vip {
    /// The address family.
    #[must_use]
    pub fn family(&self) -> Family {
        Family::of(self.address)
    }
}
