//! What can be seen without changing anything: the table, the way in of every
//! service, the firewall, whether each server answers, and what the file says.
//! How it is looked at stands in `gather`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use super::firewall::Device;
use super::reach::{Question, Reach};
use crate::model::Gather as _;
use crate::model::{Family, Server, Service, ServiceId, ServiceState, Step, Table};
use crate::plumbing::Vips;
use crate::plumbing::route::RouteKind;
use crate::plumbing::ruleset::Ruleset;

/// What IPVS shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ipvs {
    /// The kernel has none.
    NoModule,
    /// It shows nothing to us.
    NoPrivilege,
    /// The table.
    Table(Table),
}

/// What keeps packets from being delivered locally.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// Mark, rule or route is missing.
    Missing,
    /// A rule before ours takes them elsewhere.
    RuleBefore,
    /// They get another mark than the one that is asked for.
    OtherMark,
    /// Nobody sets the service's mark.
    NoMark,
}

/// How packets for a service reach IPVS, which schedules what is delivered
/// locally (`ip_vs_ops4`, net/netfilter/ipvs/ip_vs_core.c).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WayIn {
    /// They are delivered locally.
    Open,
    /// They are not.
    Closed {
        /// What is in the way.
        obstacle: Obstacle,
        /// In words.
        why: String,
        /// The steps that open it; none if lbctl cannot.
        mend: Vec<Step>,
        /// Commands that open it, where somebody else's things are in the way.
        commands: Vec<String>,
    },
}

/// An interface of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Number and name.
    pub device: Device,
    /// It is switched on.
    pub up: bool,
    /// It leads nowhere but here.
    pub loopback: bool,
    /// Bytes of the longest packet.
    pub mtu: u32,
    /// Its addresses and their prefix lengths.
    pub addresses: Vec<(IpAddr, u8)>,
}

/// The way from here to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerWay {
    /// The interface.
    pub device: Device,
    /// The router, if it is no neighbour.
    pub gateway: Option<IpAddr>,
    /// Our address on that way.
    pub source: Option<IpAddr>,
}

/// What became of the connections that were given to a server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Connections {
    /// Nothing came after the SYN for about a second, and no other connection got
    /// further since.
    pub stuck: usize,
}

/// A service of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileService {
    /// What it is.
    pub service: Service,
    /// It has servers that are checked.
    pub checked: bool,
    /// A server that fails gets weight 0; else it is removed.
    pub inhibit: bool,
    /// The server that answers when no other is left.
    pub sorry: Option<Server>,
}

/// What the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileFacts {
    /// Where it is.
    pub path: String,
    /// What `apply` would do, in words.
    pub differs: Vec<String>,
    /// Its services.
    pub services: Vec<FileService>,
}

/// All that the findings read.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The table.
    pub ipvs: Ipvs,
    /// The way in of each service.
    pub ways: BTreeMap<ServiceId, WayIn>,
    /// VIPs, rules and routes.
    pub vips: Option<Vips>,
    /// Whether a family is forwarded; one that the kernel lacks is missing.
    pub forwarding: BTreeMap<Family, bool>,
    /// Interfaces whose IPv6 default route would be lost by forwarding.
    pub advertised_defaults: Vec<String>,
    /// Whether each server answers.
    pub reach: BTreeMap<Question, Reach>,
    /// The firewall, if it can be read.
    pub ruleset: Option<Ruleset>,
    /// Tables of iptables-legacy, which are not read.
    pub legacy_tables: Vec<String>,
    /// Kernel parameters that matter.
    pub sysctls: BTreeMap<String, String>,
    /// The interfaces.
    pub links: Vec<Link>,
    /// The way to each server.
    pub server_ways: BTreeMap<IpAddr, ServerWay>,
    /// Where packets to each virtual address would leave, without a mark.
    pub vip_devices: BTreeMap<IpAddr, u32>,
    /// The connections of each virtual address and server.
    pub connections: BTreeMap<(SocketAddr, SocketAddr), Connections>,
    /// Servers that answer for a virtual address on a link.
    pub arp: BTreeSet<(IpAddr, IpAddr, String)>,
    /// Packets that the reverse path filter dropped.
    pub reverse_path_drops: u64,
    /// Other programs that write the table.
    pub managers: Vec<String>,
    /// Modules of schedulers that the file names and the kernel lacks.
    pub missing_modules: Vec<String>,
    /// The file.
    pub file: Option<FileFacts>,
    /// Whether the service is enabled at boot; none where there is no systemd.
    pub at_boot: Option<bool>,
}

impl Facts {
    /// Only what IPVS shows.
    #[must_use]
    pub fn of(ipvs: Ipvs) -> Self {
        Self {
            ipvs,
            ways: BTreeMap::new(),
            vips: None,
            forwarding: BTreeMap::new(),
            advertised_defaults: Vec::new(),
            reach: BTreeMap::new(),
            ruleset: None,
            legacy_tables: Vec::new(),
            sysctls: BTreeMap::new(),
            links: Vec::new(),
            server_ways: BTreeMap::new(),
            vip_devices: BTreeMap::new(),
            connections: BTreeMap::new(),
            arp: BTreeSet::new(),
            reverse_path_drops: 0,
            managers: Vec::new(),
            missing_modules: Vec::new(),
            file: None,
            at_boot: None,
        }
    }

    /// The table, empty when it cannot be seen.
    #[must_use]
    pub fn table(&self) -> &[ServiceState] {
        match &self.ipvs {
            Ipvs::Table(table) => table,
            Ipvs::NoModule | Ipvs::NoPrivilege => &[],
        }
    }

    /// Whether a kernel parameter has this value.
    pub(super) fn is_set(&self, name: &str, value: &str) -> bool {
        self.sysctls.get(name).is_some_and(|found| found == value)
    }

    /// The larger of a parameter for all interfaces and for one, as the kernel
    /// takes it (`IN_DEV_MAXCONF`, `IN_DEV_ORCONF`).
    pub(super) fn of_interface(&self, device: &str, leaf: &str) -> u32 {
        let value = |interface: &str| {
            let value = self
                .sysctls
                .get(&format!("net/ipv4/conf/{interface}/{leaf}"));
            value.and_then(|value| value.parse().ok()).unwrap_or(0)
        };
        value("all").max(value(device))
    }

    /// The interfaces that clients are likely to come by: of those that lead to no
    /// server the one with the default route, or, if there are none, all.
    pub(super) fn client_sides(&self) -> Vec<&Link> {
        let all: Vec<&Link> = self
            .links
            .iter()
            .filter(|link| link.up && !link.loopback && !link.addresses.is_empty())
            .collect();
        let ways = self.server_ways.values();
        let servers: BTreeSet<u32> = ways.map(|way| way.device.index).gather();
        let routes = self.vips.iter().flat_map(|vips| &vips.routes);
        let defaults: BTreeSet<u32> = routes
            .filter(|route| route.length == 0 && route.kind == RouteKind::Unicast)
            .filter_map(|route| route.device)
            .gather();
        let only = |fits: &dyn Fn(u32) -> bool| -> Vec<&Link> {
            let fitting = all.iter().filter(|link| fits(link.device.index));
            fitting.copied().collect()
        };
        let choices = [
            only(&|index| defaults.contains(&index) && !servers.contains(&index)),
            only(&|index| !servers.contains(&index)),
            only(&|index| defaults.contains(&index)),
        ];
        let mut choices = choices.into_iter().filter(|choice| !choice.is_empty());
        choices.next().unwrap_or(all)
    }

    /// The virtual addresses whose packets a service takes: its own, or those that
    /// lbctl gives its mark.
    pub(super) fn addresses(&self, id: &ServiceId) -> Vec<IpAddr> {
        match id {
            ServiceId::Address { address, .. } => vec![*address],
            ServiceId::Fwmark { mark, family } => {
                let states = self.vips.iter().flat_map(Vips::list);
                states
                    .filter(|state| state.mark.is_there())
                    .map(|state| state.vip)
                    .filter(|vip| vip.mark == *mark && vip.family() == *family)
                    .map(|vip| vip.address)
                    .collect()
            }
        }
    }
}

/// Where a server is asked whether it is there. One that keeps the client's port
/// is asked at port 80: a refusal, too, is an answer.
pub(super) fn target(server: &Server) -> SocketAddr {
    let port = if server.port == 0 { 80 } else { server.port };
    SocketAddr::new(server.address, port)
}
