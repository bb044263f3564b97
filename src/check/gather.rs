//! Looks, and changes nothing but the neighbour table of the kernel, which asks who
//! answers for an address. Everything is bounded: servers are asked side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use super::facts::{Facts, FileFacts, Ipvs, Link, ServerWay, target};
use super::firewall::Device;
use super::reach::{self, Question, Reach};
use super::{connections, machine, ways};
use crate::ipvs::{self, Client};
use crate::model::Gather as _;
use crate::model::{Family, Forward, Protocol, ServiceState};
use crate::plumbing::{self, Network, forwarding, ruleset, sysctl};

/// How long servers may take to answer for a VIP that they should not.
const NEIGHBOURS: Duration = Duration::from_millis(500);
/// VIPs that are asked for on one link.
const ENOUGH_VIPS: usize = 64;
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What is said while it looks: how many servers of how many have answered.
pub type Progress<'a> = &'a mut dyn FnMut(usize, usize);

/// Looks. `directory` holds the record of what lbctl made.
///
/// # Errors
/// The kernel cannot be read for another reason than those that are findings.
pub fn gather(
    directory: &Path,
    file: Option<FileFacts>,
    progress: Progress<'_>,
) -> Result<Facts, Failure> {
    let read = Client::open().and_then(|mut client| Ok((client.table()?, client.timeouts()?)));
    let (table, timeouts) = match read {
        Ok(read) => read,
        Err(ipvs::Error::NoModule { .. }) => return Ok(Facts::of(Ipvs::NoModule)),
        Err(ipvs::Error::NoPrivilege) => return Ok(Facts::of(Ipvs::NoPrivilege)),
        Err(error) => return Err(error.into()),
    };
    let (vips, _) = plumbing::look(directory)?;
    let mut network = Network::open()?;
    let ruleset = ruleset::read()?;
    let mut facts = Facts::of(Ipvs::Table(table.clone()));
    facts.links = links(&mut network)?;
    facts.legacy_tables = machine::legacy_tables();
    let unread = !facts.legacy_tables.is_empty();
    facts.ways = ways::of_all(&table, &vips, &ruleset, unread, &mut network)?;
    facts.vips = Some(vips);
    facts.ruleset = Some(ruleset);
    for family in [Family::Ipv4, Family::Ipv6] {
        if let Some(on) = forwarding::inspect(family)? {
            facts.forwarding.insert(family, on);
        }
    }
    facts.advertised_defaults = forwarding::advertised_defaults()?;
    facts.server_ways = server_ways(&table, &facts.links, &mut network)?;
    facts.vip_devices = vip_devices(&table, &facts, &mut network)?;
    facts.sysctls = sysctls(&facts.links)?;
    facts.reverse_path_drops = machine::reverse_path_drops();
    facts.managers = machine::managers(facts.ruleset.as_ref());
    facts.missing_modules = file
        .as_ref()
        .map_or_else(Vec::new, machine::missing_modules);
    facts.file = file;
    facts.at_boot = machine::at_boot();
    let begin = Instant::now();
    let first = connections::waiting(&table);
    ask(&mut facts, &table, progress);
    facts.arp = arp(&table, &facts, &mut network)?;
    facts.connections = connections::stuck(first, begin, &timeouts);
    Ok(facts)
}

fn links(network: &mut Network) -> plumbing::Result<Vec<Link>> {
    let frames = network.frames()?;
    let links = network.interfaces()?.into_iter().map(|interface| {
        let frame = frames.iter().find(|frame| frame.index == interface.index);
        Link {
            up: interface.up,
            loopback: frame.is_some_and(|frame| frame.loopback),
            mtu: frame.map_or(0, |frame| frame.mtu),
            addresses: interface
                .addresses
                .into_iter()
                .filter(|(address, _)| !is_link_local(*address))
                .collect(),
            device: Device {
                index: interface.index,
                name: interface.name,
            },
        }
    });
    Ok(links.collect())
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

fn server_ways(
    table: &[ServiceState],
    links: &[Link],
    network: &mut Network,
) -> plumbing::Result<BTreeMap<IpAddr, ServerWay>> {
    let servers = table.iter().flat_map(|state| &state.servers);
    let addresses: BTreeSet<IpAddr> = servers.map(|state| state.server.address).gather();
    let mut ways = BTreeMap::new();
    for address in addresses {
        let Some(way) = network.way_to(address, None)? else {
            continue;
        };
        let link = links
            .iter()
            .find(|link| Some(link.device.index) == way.device && !link.loopback);
        if let Some(link) = link {
            let way = ServerWay {
                device: link.device.clone(),
                gateway: way.gateway,
                source: way.source,
            };
            ways.insert(address, way);
        }
    }
    Ok(ways)
}

fn vip_devices(
    table: &[ServiceState],
    facts: &Facts,
    network: &mut Network,
) -> plumbing::Result<BTreeMap<IpAddr, u32>> {
    let addresses: BTreeSet<IpAddr> = table
        .iter()
        .filter(|state| direct_servers(state).next().is_some())
        .flat_map(|state| facts.addresses(&state.service.id))
        .gather();
    let mut devices = BTreeMap::new();
    for address in addresses {
        if let Some(device) = network.way_to(address, None)?.and_then(|way| way.device) {
            devices.insert(address, device);
        }
    }
    Ok(devices)
}

/// Servers that answer clients themselves.
fn direct_servers(state: &ServiceState) -> impl Iterator<Item = IpAddr> {
    let servers = state.servers.iter().map(|state| &state.server);
    servers
        .filter(|server| matches!(server.forward, Forward::Dr | Forward::Tun(_)))
        .map(|server| server.address)
}

fn sysctls(links: &[Link]) -> plumbing::Result<BTreeMap<String, String>> {
    let mut names: Vec<String> = [
        "conntrack",
        "expire_quiescent_template",
        "expire_nodest_conn",
        "run_estimation",
        "pmtu_disc",
    ]
    .iter()
    .map(|leaf| format!("net.ipv4.vs.{leaf}"))
    .collect();
    let interfaces = links.iter().map(|link| link.device.name.as_str());
    for interface in interfaces.chain(["all"]) {
        for leaf in ["rp_filter", "src_valid_mark", "send_redirects"] {
            names.push(format!("net/ipv4/conf/{interface}/{leaf}"));
        }
    }
    let mut values = BTreeMap::new();
    for name in names {
        if let Some(value) = sysctl::read(&name)? {
            values.insert(name, value);
        }
    }
    Ok(values)
}

/// Asks every server once; those that get the clients' packets translated, again
/// from an address that only this machine leads back to.
fn ask(facts: &mut Facts, table: &[ServiceState], progress: Progress<'_>) {
    let servers = || {
        let states = table.iter().flat_map(|state| {
            let servers = state.servers.iter();
            servers.map(|server| (&state.service.id, &server.server))
        });
        states.filter(|(_, server)| server.forward != Forward::Local)
    };
    let sorry = facts.file.iter().flat_map(|file| &file.services);
    let sorry = sorry.filter_map(|service| service.sorry.as_ref());
    let sorry = sorry.filter(|server| server.forward != Forward::Local);
    let first = servers().map(|(_, server)| server).chain(sorry);
    let first: BTreeSet<Question> = first.map(|server| (target(server), None)).gather();
    let total = first.len();
    let mut count = 0;
    facts.reach = reach::ask_all(first, &mut || {
        count += 1;
        progress(count, total);
    });
    let again: BTreeSet<Question> = servers()
        .filter(|(id, server)| {
            server.forward == Forward::Nat && id.protocol().is_none_or(|it| it == Protocol::Tcp)
        })
        .map(|(_, server)| target(server))
        .filter(|target| {
            let answer = facts.reach.get(&(*target, None));
            matches!(answer, Some(Reach::There | Reach::Refused))
        })
        .filter_map(|target| Some((target, Some(other_side(facts, target.ip())?))))
        .gather();
    facts.reach.extend(reach::ask_all(again, &mut || {}));
}

/// An address of ours that the server does not have on a link of its own.
fn other_side(facts: &Facts, server: IpAddr) -> Option<IpAddr> {
    let way = facts.server_ways.get(&server)?;
    let sides = facts.client_sides();
    let sides = sides.iter().filter(|link| link.device != way.device);
    sides
        .flat_map(|link| &link.addresses)
        .map(|(address, _)| *address)
        .find(|address| address.is_ipv4() == server.is_ipv4())
}

/// Which servers answer for a VIP on the link that leads to them.
fn arp(
    table: &[ServiceState],
    facts: &Facts,
    network: &mut Network,
) -> plumbing::Result<BTreeSet<(IpAddr, IpAddr, String)>> {
    let mut links: BTreeMap<Device, (BTreeSet<IpAddr>, BTreeSet<IpAddr>)> = BTreeMap::new();
    for state in table {
        for server in state.servers.iter().map(|state| &state.server) {
            let way = facts.server_ways.get(&server.address);
            let (Forward::Dr, Some(way)) = (server.forward, way) else {
                continue;
            };
            let (vips, servers) = links.entry(way.device.clone()).or_default();
            let addresses = facts.addresses(&state.service.id).into_iter();
            vips.extend(addresses.filter(|vip| vip.is_ipv4() == server.address.is_ipv4()));
            servers.insert(server.address);
        }
    }
    let mut found = BTreeSet::new();
    for (device, (vips, servers)) in links {
        let vips: Vec<IpAddr> = vips.into_iter().take(ENOUGH_VIPS).collect();
        let asked: Vec<IpAddr> = vips.iter().chain(&servers).copied().collect();
        let answers = network.who_has(device.index, &asked, NEIGHBOURS)?;
        let of = |address: IpAddr| {
            let mut answers = answers.iter();
            answers.find(move |(other, _)| *other == address)
        };
        for vip in vips {
            let Some((_, link)) = of(vip) else { continue };
            let mut servers = servers.iter();
            let server = servers.find(|server| of(**server).is_some_and(|(_, own)| own == link));
            if let Some(server) = server {
                found.insert((vip, *server, device.name.clone()));
            }
        }
    }
    Ok(found)
}

/// The namespace of this process, to compare others with.
pub(super) fn own_namespace() -> Option<std::path::PathBuf> {
    fs::read_link("/proc/thread-self/ns/net").ok()
}
