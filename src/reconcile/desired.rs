//! What a machine shall be, what it is, and whose things are: the values that the
//! planner of a whole machine works on.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::Wanted;
use crate::model::{
    Family, HostStep, ServerState, ServiceId, ServiceState, SyncDaemon, SyncRole, Timeouts,
};

/// What a machine shall be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Desired {
    /// The services, each once.
    pub services: Vec<Wanted>,
    /// The timeouts; 0 leaves one as it is.
    pub timeouts: Timeouts,
    /// The synchronisation daemons, at most one of each role.
    pub daemons: Vec<SyncDaemon>,
    /// The rest of the machine.
    pub host: HostWish,
}

/// What the rest of a machine shall be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostWish {
    /// Addresses whose packets shall reach IPVS.
    pub vips: BTreeMap<IpAddr, VipWish>,
    /// Whether packets of a family shall be forwarded; a missing one is left alone.
    pub forwarding: BTreeMap<Family, bool>,
    /// Kernel parameters, as sysctl(8) names them, and their values.
    pub sysctls: BTreeMap<String, String>,
}

/// How packets for an address shall reach IPVS, and leave it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VipWish {
    /// The address is on an interface; otherwise mark, rule and route lead them.
    pub bound: bool,
    /// Servers see this machine as the client.
    pub snat: bool,
}

/// What IPVS is.
#[derive(Debug, Clone, Default)]
pub struct Actual {
    /// The table.
    pub table: Vec<ServiceState>,
    /// The timeouts.
    pub timeouts: Timeouts,
    /// The synchronisation daemons that run.
    pub daemons: Vec<SyncDaemon>,
}

/// What lbctl made for a file, and may therefore take away for the next one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owned {
    /// Services.
    pub services: BTreeSet<ServiceId>,
    /// Synchronisation daemons.
    pub daemons: BTreeSet<SyncRole>,
    /// Virtual IP addresses.
    pub vips: BTreeSet<IpAddr>,
    /// Kernel parameters.
    pub sysctls: BTreeSet<String>,
}

impl Owned {
    /// What a machine that is so owns.
    #[must_use]
    pub fn of(desired: &Desired) -> Self {
        Self {
            services: desired.services.iter().map(|it| it.service.id).collect(),
            daemons: desired.daemons.iter().map(|daemon| daemon.role).collect(),
            vips: desired.host.vips.keys().copied().collect(),
            sysctls: desired.host.sysctls.keys().cloned().collect(),
        }
    }

    /// What both own together.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.services.extend(other.services);
        self.daemons.extend(other.daemons);
        self.vips.extend(other.vips);
        self.sysctls.extend(other.sysctls);
        self
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Servers that a probe or a drain holds, by service, address and port.
pub type Holds = BTreeMap<ServiceId, BTreeMap<(IpAddr, u16), Hold>>;

/// How a server is held, whatever is wanted of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// Its weight stays what it is in the table.
    Weight,
    /// It stays in the table or out of it, as it is.
    Presence,
}

/// How a machine is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Manner {
    /// Services of others go, too.
    pub prune: bool,
    /// Servers that are there keep their weight.
    pub keep_weights: bool,
}

/// The steps to what the rest of a machine shall be.
#[derive(Debug, Clone, Default)]
pub struct HostPlan {
    /// Before everything else: forwarding and parameters.
    pub first: Vec<HostStep>,
    /// When the services are there: ways in.
    pub make: Vec<HostStep>,
    /// Before services go: ways in that end.
    pub lose: Vec<HostStep>,
}

/// The state of a server in a service, if it is there.
pub(super) fn server_state(
    state: Option<&ServiceState>,
    name: (IpAddr, u16),
) -> Option<&ServerState> {
    let mut servers = state?.servers.iter();
    servers.find(|state| state.server.name() == name)
}
