//! What can be seen without changing anything: the table, the way in of every
//! service, forwarding, and whether each server answers.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use crate::ipvs::{self, Client};
use crate::model::{Family, Server, ServiceId, ServiceState, Step, Table};
use crate::plumbing::route::RouteKind;
use crate::plumbing::{self, Network, Vips, Wanted, forwarding};

use super::reach::{self, Reach};

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

/// How packets for a service reach IPVS, which schedules what is delivered
/// locally (`ip_vs_ops4`, net/netfilter/ipvs/ip_vs_core.c).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WayIn {
    /// They are delivered locally.
    Open,
    /// They are not.
    Closed {
        /// What is missing or in the way.
        why: String,
        /// The steps that open it; none if lbctl cannot.
        mend: Vec<Step>,
    },
}

/// All that the findings read.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The table.
    pub ipvs: Ipvs,
    /// The way in of each service.
    pub ways: BTreeMap<ServiceId, WayIn>,
    /// Whether a family is forwarded; one that the kernel lacks is missing.
    pub forwarding: BTreeMap<Family, bool>,
    /// Interfaces whose IPv6 default route would be lost by forwarding.
    pub advertised_defaults: Vec<String>,
    /// Whether each server answers.
    pub reach: BTreeMap<SocketAddr, Reach>,
}

impl Facts {
    /// Only what IPVS shows.
    #[must_use]
    pub fn of(ipvs: Ipvs) -> Self {
        Self {
            ipvs,
            ways: BTreeMap::new(),
            forwarding: BTreeMap::new(),
            advertised_defaults: Vec::new(),
            reach: BTreeMap::new(),
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
}

/// Where a server is asked whether it is there. One that keeps the client's port
/// is asked at port 80: a refusal, too, is an answer.
pub(super) fn target(server: &Server) -> SocketAddr {
    let port = if server.port == 0 { 80 } else { server.port };
    SocketAddr::new(server.address, port)
}

/// Looks. `directory` holds the record of what lbctl made.
///
/// # Errors
/// The kernel cannot be read for another reason than those that are findings.
pub fn gather(directory: &Path) -> Result<Facts, Box<dyn std::error::Error + Send + Sync>> {
    let table = match Client::open().and_then(|mut client| client.table()) {
        Ok(table) => table,
        Err(ipvs::Error::NoModule { .. }) => return Ok(Facts::of(Ipvs::NoModule)),
        Err(ipvs::Error::NoPrivilege) => return Ok(Facts::of(Ipvs::NoPrivilege)),
        Err(error) => return Err(error.into()),
    };
    let (vips, _) = plumbing::look(directory)?;
    let mut network = Network::open()?;
    let mut ways = BTreeMap::new();
    for state in &table {
        let way = match state.service.id {
            ServiceId::Address { address, .. } => way_of_address(&vips, &mut network, address)?,
            ServiceId::Fwmark { mark, family } => way_of_mark(&vips, &mut network, mark, family)?,
        };
        ways.insert(state.service.id, way);
    }
    let mut forwarded = BTreeMap::new();
    for family in [Family::Ipv4, Family::Ipv6] {
        if let Some(on) = forwarding::inspect(family)? {
            forwarded.insert(family, on);
        }
    }
    let targets: BTreeSet<SocketAddr> = table
        .iter()
        .flat_map(|state| &state.servers)
        .map(|state| target(&state.server))
        .collect();
    Ok(Facts {
        ipvs: Ipvs::Table(table),
        ways,
        forwarding: forwarded,
        advertised_defaults: forwarding::advertised_defaults()?,
        reach: reach::ask_all(targets),
    })
}

fn is_local(network: &mut Network, address: IpAddr, mark: Option<u32>) -> plumbing::Result<bool> {
    let way = network.way_to(address, mark)?;
    Ok(way.is_some_and(|way| way.kind == RouteKind::Local))
}

fn way_of_address(vips: &Vips, network: &mut Network, address: IpAddr) -> plumbing::Result<WayIn> {
    if is_local(network, address, None)? {
        return Ok(WayIn::Open);
    }
    let marked = vips
        .list()
        .into_iter()
        .find(|state| state.vip.address == address && state.mark.is_there());
    if let Some(state) = marked {
        let vip = state.vip;
        if is_local(network, address, Some(vip.mark))? {
            return Ok(WayIn::Open);
        }
        let why = if !state.rule.is_there() {
            format!(
                "packets for {address} get mark {}, but no rule leads it to table {}",
                vip.mark, vip.table
            )
        } else if !state.route.is_there() {
            format!(
                "mark {} leads to table {}, but no local route for {address} is there",
                vip.mark, vip.table
            )
        } else {
            format!(
                "mark, rule and route for {address} are there, but a rule before priority {} \
                 takes the packets elsewhere",
                vip.priority
            )
        };
        return Ok(closed(vips, address, why));
    }
    // Somebody else may mark them. What sets a mark cannot be seen from here;
    // where a marked packet would go can.
    for mark in led_marks(vips, Family::of(address)) {
        if is_local(network, address, Some(mark))? {
            return Ok(WayIn::Open);
        }
    }
    let why = format!("{address} is on no interface, and its packets get no mark");
    Ok(closed(vips, address, why))
}

fn way_of_mark(
    vips: &Vips,
    network: &mut Network,
    mark: u32,
    family: Family,
) -> plumbing::Result<WayIn> {
    let mut broken = None;
    for state in vips.list() {
        let vip = state.vip;
        if !state.mark.is_there() || vip.mark != mark || vip.family() != family {
            continue;
        }
        if is_local(network, vip.address, Some(mark))? {
            return Ok(WayIn::Open);
        }
        broken.get_or_insert(vip.address);
    }
    if let Some(address) = broken {
        let why = format!("packets for {address} get mark {mark}, but are not delivered locally");
        return Ok(closed(vips, address, why));
    }
    // The mark may be somebody else's; then so is its way.
    if led_marks(vips, family).contains(&mark) {
        return Ok(WayIn::Open);
    }
    Ok(WayIn::Closed {
        why: format!("no VIP has mark {mark}, and no other program leads it anywhere"),
        mend: Vec::new(),
    })
}

/// Marks that other programs' rules of this family lead to a table. What our own
/// rules lead is set by our own table of marks, which was looked at.
fn led_marks(vips: &Vips, family: Family) -> BTreeSet<u32> {
    vips.rules
        .iter()
        .filter(|rule| rule.family == family && rule.mark != 0 && !rule.is_tagged())
        .map(|rule| rule.mark)
        .collect()
}

fn closed(vips: &Vips, address: IpAddr, why: String) -> WayIn {
    // An address that can be no VIP has no mend; the finding says what to look at.
    let planned = vips.clone().plan_add(address, Wanted::default());
    let mend = planned.map_or_else(
        |_| Vec::new(),
        |planned| planned.steps.into_iter().map(Step::Host).collect(),
    );
    WayIn::Closed { why, mend }
}
