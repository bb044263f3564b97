//! What the file says, understood: every default filled in, every name resolved.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Check;
use crate::health::{Policy, SorryMode};
use crate::model::{Forward, Server, Service, SyncDaemon, Timeouts};

/// A whole file, with those that it includes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    /// The virtual servers, in the order of the file; no two are of one
    /// [`crate::model::ServiceId`] or name. An empty file has none.
    pub virtual_servers: Vec<VirtualServer>,
    /// The machine.
    pub host: Host,
    /// Timeouts of the connection table in seconds; 0 leaves one as it is.
    pub timeouts: Timeouts,
    /// The synchronisation daemons that run here, at most one of each role.
    pub sync: Vec<SyncDaemon>,
    /// What becomes of the table when the service ends.
    pub on_exit: OnExit,
}

/// A virtual server and everything below it.
#[derive(Debug, Clone, PartialEq)]
pub struct VirtualServer {
    /// What people call it; 1 to 100 characters, none of them a control character.
    pub name: Option<String>,
    /// What the kernel is told of it.
    pub service: Service,
    /// How packets get to servers that do not say it themselves.
    pub forward: Forward,
    /// How packets for its address reach IPVS; [`VipWay::None`] for a mark.
    pub vip: VipWay,
    /// Whether servers see this machine as the client; for all services of the address.
    pub snat: bool,
    /// The server that answers while the others cannot.
    pub sorry: Option<SorryServer>,
    /// Whether it answers instead of the servers that are left, or beside them.
    pub sorry_mode: SorryMode,
    /// What is done to servers that fail, and the quorum; 1 to 2147483647, the
    /// hysteresis below it.
    pub policy: Policy,
    /// The share of servers, 0.0 to 1.0, that failing checks may not go below; 0
    /// sets no limit.
    pub depool_threshold: f64,
    /// How long the weight of a server that comes back grows; none: not at all.
    pub slow_start: Option<Duration>,
    /// The check of servers that have none of their own; none: they count as up.
    pub check: Option<Check>,
    /// Whether a server without a check is a mistake.
    pub check_required: bool,
    /// The servers, in the order of the file; at least one, none twice.
    pub real_servers: Vec<RealServer>,
}

/// A real server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RealServer {
    /// What the kernel is told of it while it is well.
    pub server: Server,
    /// Taken out by hand; no check brings it back.
    pub maintenance: bool,
    /// Its check; none: it counts as up.
    pub check: Option<Check>,
}

/// A sorry server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SorryServer {
    /// What the kernel is told of it while it is in; its weight is 1.
    pub server: Server,
    /// Its check; none: it counts as up.
    pub check: Option<Check>,
}

/// How packets for a virtual IP address are made to reach IPVS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VipWay {
    /// By a mark, a rule and a local route; the address is on no interface.
    #[default]
    Fwmark,
    /// By the address on an interface of this machine.
    Address,
    /// Somebody else sees to it.
    None,
}

/// What the machine's networking shall be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Host {
    /// Whether packets are forwarded; none: whatever the methods need.
    pub ip_forward: Option<bool>,
    /// Kernel parameters below `net`, as sysctl(8) names them, and their values.
    pub sysctl: BTreeMap<String, String>,
}

/// What becomes of the table when the service ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnExit {
    /// It stays, and goes on balancing.
    #[default]
    Keep,
    /// What lbctl owns in it goes.
    Remove,
}
