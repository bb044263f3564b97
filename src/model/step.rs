//! One change to the machine, as a value: it can be printed, carried out and
//! undone. Every verb that changes something becomes a list of these.

use std::fmt;
use std::net::IpAddr;

use super::{
    Family, HandMade, InterfaceName, RealStep, Server, Service, ServiceId, SyncDaemon, Timeouts,
    Vip,
};

/// A change to the IPVS table. Plans have thousands, most of them servers: what is
/// rare and large is boxed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableStep {
    /// A service that is not there yet.
    AddService(Service),
    /// Other settings for a service that is there.
    EditService {
        /// As it is.
        before: Box<Service>,
        /// As it shall be; the same name.
        after: Box<Service>,
    },
    /// A service goes; its servers must have gone before.
    DeleteService(Service),
    /// A server that is not there yet.
    AddServer {
        /// Its service.
        service: ServiceId,
        /// The server.
        server: Server,
    },
    /// Other settings for a server that is there.
    EditServer {
        /// Its service.
        service: ServiceId,
        /// As it is.
        before: Server,
        /// As it shall be; the same address and port.
        after: Server,
    },
    /// A server goes.
    DeleteServer {
        /// Its service.
        service: ServiceId,
        /// The server.
        server: Server,
    },
}

impl TableStep {
    /// The service that it changes, or whose server it changes.
    #[must_use]
    pub fn service_id(&self) -> ServiceId {
        match self {
            Self::AddService(service) | Self::DeleteService(service) => service.id,
            Self::EditService { after, .. } => after.id,
            Self::AddServer { service, .. }
            | Self::EditServer { service, .. }
            | Self::DeleteServer { service, .. } => *service,
        }
    }

    /// The step that takes this one back.
    #[must_use]
    pub fn inverse(&self) -> Self {
        match self.clone() {
            Self::AddService(service) => Self::DeleteService(service),
            Self::EditService { before, after } => Self::EditService {
                before: after,
                after: before,
            },
            Self::DeleteService(service) => Self::AddService(service),
            Self::AddServer { service, server } => Self::DeleteServer { service, server },
            Self::EditServer {
                service,
                before,
                after,
            } => Self::EditServer {
                service,
                before: after,
                after: before,
            },
            Self::DeleteServer { service, server } => Self::AddServer { service, server },
        }
    }
}

impl fmt::Display for TableStep {
    /// What is being done, as it stands behind "cannot ".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddService(service) => write!(f, "add {}", service.id),
            Self::EditService { after, .. } => write!(f, "edit {}", after.id),
            Self::DeleteService(service) => write!(f, "delete {}", service.id),
            Self::AddServer { service, server } => {
                write!(f, "add {} to {service}", server.endpoint())
            }
            Self::EditServer { service, after, .. } => {
                write!(f, "edit {} of {service}", after.endpoint())
            }
            Self::DeleteServer { service, server } => {
                write!(f, "delete {} from {service}", server.endpoint())
            }
        }
    }
}

/// A change to the rest of the machine's networking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostStep {
    /// A kernel parameter takes another value.
    SetSysctl {
        /// As sysctl(8) names it, with '/' between the parts where a part may
        /// hold a dot: `net.ipv4.ip_forward`, `net/ipv4/conf/eth0.5/forwarding`.
        name: String,
        /// The value it has.
        before: String,
        /// The value it shall have.
        after: String,
    },
    /// Packets for the VIP get its mark (nf_tables, table `inet lbctl`).
    AddMark {
        /// The VIP.
        vip: Vip,
        /// The table `inet lbctl` is not there yet and is made with it.
        first: bool,
    },
    /// Packets for the VIP are no longer marked.
    RemoveMark {
        /// The VIP.
        vip: Vip,
        /// It is the only one, and the table `inet lbctl` goes with it.
        last: bool,
    },
    /// The VIP comes to be on its interface, with a prefix of its whole length.
    AddAddress(Vip),
    /// The VIP leaves its interface.
    RemoveAddress(Vip),
    /// What lbctl remembers of a VIP changes, and nothing else.
    NoteVip {
        /// The VIP.
        address: IpAddr,
        /// As it is remembered, if it is.
        before: Option<Vip>,
        /// As it shall be remembered, if at all.
        after: Option<Vip>,
    },
    /// Servers see this machine as the client of the VIP's connections (nf_tables,
    /// table `inet lbctl_snat`).
    AddSnat {
        /// The VIP.
        address: IpAddr,
        /// The table `inet lbctl_snat` is not there yet and is made with it.
        first: bool,
    },
    /// Servers see the clients again.
    RemoveSnat {
        /// The VIP.
        address: IpAddr,
        /// It is the only one, and the table `inet lbctl_snat` goes with it.
        last: bool,
    },
    /// What somebody made by hand goes, and is remembered.
    SetAside {
        /// The VIP in whose way it is.
        vip: IpAddr,
        /// What goes.
        thing: HandMade,
    },
    /// It comes back.
    PutBack {
        /// The VIP in whose way it was.
        vip: IpAddr,
        /// What comes back.
        thing: HandMade,
    },
    /// `ip rule`: marked packets look into the table.
    AddRule(PolicyRule),
    /// The rule goes.
    RemoveRule(PolicyRule),
    /// `ip route`: the VIP is delivered locally, in that table.
    AddRoute(LocalRoute),
    /// The route goes.
    RemoveRoute(LocalRoute),
    /// What makes this machine a real server.
    Real(RealStep),
}

/// A policy routing rule: packets with this mark use this table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyRule {
    /// The family whose packets it sees.
    pub family: Family,
    /// Its place among the rules; smaller is earlier.
    pub priority: u32,
    /// The whole mark (mask 0xffffffff).
    pub mark: u32,
    /// The routing table.
    pub table: u32,
}

/// A `local ADDRESS/32 dev lo` (IPv6: /128) route in a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalRoute {
    /// The VIP.
    pub address: IpAddr,
    /// The routing table.
    pub table: u32,
}

impl HostStep {
    /// The step that takes this one back.
    #[must_use]
    pub fn inverse(&self) -> Self {
        match self.clone() {
            Self::SetSysctl {
                name,
                before,
                after,
            } => Self::SetSysctl {
                name,
                before: after,
                after: before,
            },
            Self::AddMark { vip, first } => Self::RemoveMark { vip, last: first },
            Self::RemoveMark { vip, last } => Self::AddMark { vip, first: last },
            Self::AddAddress(vip) => Self::RemoveAddress(vip),
            Self::RemoveAddress(vip) => Self::AddAddress(vip),
            Self::NoteVip {
                address,
                before,
                after,
            } => Self::NoteVip {
                address,
                before: after,
                after: before,
            },
            Self::AddSnat { address, first } => Self::RemoveSnat {
                address,
                last: first,
            },
            Self::RemoveSnat { address, last } => Self::AddSnat {
                address,
                first: last,
            },
            Self::SetAside { vip, thing } => Self::PutBack { vip, thing },
            Self::PutBack { vip, thing } => Self::SetAside { vip, thing },
            Self::AddRule(rule) => Self::RemoveRule(rule),
            Self::RemoveRule(rule) => Self::AddRule(rule),
            Self::AddRoute(route) => Self::RemoveRoute(route),
            Self::RemoveRoute(route) => Self::AddRoute(route),
            Self::Real(step) => Self::Real(step.inverse()),
        }
    }
}

impl fmt::Display for HostStep {
    /// What is being done, as it stands behind "cannot ".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SetSysctl { name, after, .. } => write!(f, "set {name} to {after}"),
            Self::AddMark { vip, .. } => {
                write!(f, "mark packets for {} with {}", vip.address, vip.mark)
            }
            Self::RemoveMark { vip, .. } => {
                write!(f, "stop marking packets for {}", vip.address)
            }
            Self::AddAddress(vip) => write!(f, "add {} to {}", vip.address, on(vip)),
            Self::RemoveAddress(vip) => write!(f, "remove {} from {}", vip.address, on(vip)),
            Self::NoteVip {
                address,
                after: Some(_),
                ..
            } => write!(f, "remember the VIP {address}"),
            Self::NoteVip { address, .. } => write!(f, "forget the VIP {address}"),
            Self::AddSnat { address, .. } => {
                write!(
                    f,
                    "put this machine's address in front of clients of {address}"
                )
            }
            Self::RemoveSnat { address, .. } => {
                write!(f, "show clients of {address} to the servers again")
            }
            Self::SetAside { thing, .. } => write!(f, "set aside {thing}"),
            Self::PutBack { thing, .. } => write!(f, "put back {thing}"),
            Self::AddRule(rule) => write!(
                f,
                "add the rule that sends mark {} to table {}",
                rule.mark, rule.table
            ),
            Self::RemoveRule(rule) => write!(
                f,
                "remove the rule that sends mark {} to table {}",
                rule.mark, rule.table
            ),
            Self::AddRoute(route) => write!(
                f,
                "add the local route for {} to table {}",
                route.address, route.table
            ),
            Self::RemoveRoute(route) => write!(
                f,
                "remove the local route for {} from table {}",
                route.address, route.table
            ),
            Self::Real(step) => step.fmt(f),
        }
    }
}

/// The interface of a VIP in mode address.
fn on(vip: &Vip) -> InterfaceName {
    vip.interface().unwrap_or_else(InterfaceName::loopback)
}

/// A change to what IPVS has apart from its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingStep {
    /// Other timeouts.
    SetTimeouts {
        /// Those that are.
        before: Timeouts,
        /// Those that shall be; 0 keeps one.
        after: Timeouts,
    },
    /// A synchronisation daemon starts.
    StartDaemon(SyncDaemon),
    /// A synchronisation daemon stops.
    StopDaemon(SyncDaemon),
}

impl SettingStep {
    /// The step that takes this one back.
    #[must_use]
    pub fn inverse(&self) -> Self {
        match self.clone() {
            Self::SetTimeouts { before, after } => Self::SetTimeouts {
                before: after,
                after: before,
            },
            Self::StartDaemon(daemon) => Self::StopDaemon(daemon),
            Self::StopDaemon(daemon) => Self::StartDaemon(daemon),
        }
    }
}

impl fmt::Display for SettingStep {
    /// What is being done, as it stands behind "cannot ".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SetTimeouts { .. } => f.write_str("set the timeouts"),
            Self::StartDaemon(daemon) => write!(f, "start the {} daemon", daemon.role.as_str()),
            Self::StopDaemon(daemon) => write!(f, "stop the {} daemon", daemon.role.as_str()),
        }
    }
}

/// Any change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// To the IPVS table.
    Table(TableStep),
    /// To what IPVS has apart from it.
    Setting(SettingStep),
    /// To the rest of the machine. Boxed, since thousands of steps are of the table.
    Host(Box<HostStep>),
}

impl From<HostStep> for Step {
    fn from(step: HostStep) -> Self {
        Self::Host(Box::new(step))
    }
}

impl Step {
    /// The step that takes this one back.
    #[must_use]
    pub fn inverse(&self) -> Self {
        match self {
            Self::Table(step) => Self::Table(step.inverse()),
            Self::Setting(step) => Self::Setting(step.inverse()),
            Self::Host(step) => step.inverse().into(),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(step) => step.fmt(f),
            Self::Setting(step) => step.fmt(f),
            Self::Host(step) => step.fmt(f),
        }
    }
}
