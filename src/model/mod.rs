//! Pure values: what a load balancer consists of, how each is written and read.
//! No I/O, nothing of ours imported.

mod address;
mod change;
mod duration;
mod gather;
mod hand_made;
mod impossible;
mod interface;
mod real;
mod real_step;
mod scheduler;
mod server;
mod service;
mod stats;
mod step;
mod sync;
mod vip;

pub use address::{Family, Netmask, ParseAddressError, SocketName, bracketed, push_endpoint};
pub use change::{Method, ServerChange, ServiceChange, TunnelChange, check_server, check_service};
pub use duration::{ParseDurationError, format_duration, parse_duration};
pub use gather::Gather;
pub use hand_made::{HandMade, HandMadeKind};
pub use impossible::Impossible;
pub use interface::InterfaceName;
pub use real::{Encapsulation, GuePort, RealVip, Segments, TunnelDevice, TunnelEnd};
pub use real_step::RealStep;
pub use scheduler::{ParseSchedulerError, Scheduler, SchedulerFlags};
pub use server::{Forward, Server, Tunnel, TunnelChecksum, TunnelKind};
pub use service::{Protocol, Service, ServiceId};
pub use stats::{Counters, Rates, Stats};
pub use step::{HostStep, LocalRoute, PolicyRule, SettingStep, Step, TableStep};
pub use sync::{SyncDaemon, SyncRole, Timeouts};
pub use vip::{Vip, VipMode};

/// A real server as the kernel has it: settings, live connections, counters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerState {
    /// Its settings.
    pub server: Server,
    /// Connections in an active TCP state (established and the handshake).
    pub active: u32,
    /// All other connections: closing ones, UDP.
    pub inactive: u32,
    /// Persistence templates that point to it.
    pub persistent: u32,
    /// Counters and rates.
    pub stats: Stats,
}

/// A virtual service as the kernel has it, with its servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceState {
    /// Its settings.
    pub service: Service,
    /// Counters and rates.
    pub stats: Stats,
    /// Its servers.
    pub servers: Vec<ServerState>,
}

/// The IPVS table of one network namespace.
pub type Table = Vec<ServiceState>;
