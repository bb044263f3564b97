//! Follows one client's first packet to a server, and the answer back, hop by hop:
//! what `ip route get` is for routes, for IPVS.

use std::net::{IpAddr, SocketAddr};

use super::facts::{Facts, Link, target};
use super::firewall::{Device, Doubt, Fate, Hook, follow};
use super::reach::Reach;
use super::walls::IPVS;

use super::ways::{ALL_CHAINS, request};
use crate::model::{Family, Forward, Protocol, Server, ServiceId, ServiceState};
use crate::plumbing::route::RouteKind;
use crate::plumbing::ruleset::Ruleset;
use crate::plumbing::{self, Network, Way};

mod back;

/// How a hop goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// The packet gets through.
    Passes,
    /// It ends here.
    Ends,
    /// It cannot be told.
    Unclear,
}

impl Sign {
    /// `passes`, `ends` or `unclear`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passes => "passes",
            Self::Ends => "ends",
            Self::Unclear => "unclear",
        }
    }
}

/// A place on the packet's way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// `arrives`, `mark`, `route`, `firewall`, `service`, `scheduler`, `server`, `reply`.
    pub place: &'static str,
    /// How it goes.
    pub sign: Sign,
    /// What is seen there.
    pub text: String,
}

/// Follows a packet from this client to this address and port. It goes as far as the
/// packet does.
///
/// # Errors
/// The kernel does not say which way packets take.
pub fn path(facts: &Facts, client: IpAddr, aim: SocketAddr) -> plumbing::Result<Vec<Hop>> {
    let empty = Ruleset::default();
    let mut walk = Walk {
        facts,
        ruleset: facts.ruleset.as_ref().unwrap_or(&empty),
        network: Network::open()?,
        client,
        hops: Vec::new(),
    };
    walk.run(aim)?;
    Ok(walk.hops)
}

struct Walk<'a> {
    facts: &'a Facts,
    ruleset: &'a Ruleset,
    network: Network,
    client: IpAddr,
    hops: Vec<Hop>,
}

impl<'a> Walk<'a> {
    fn hop(&mut self, place: &'static str, sign: Sign, text: impl Into<String>) {
        let text = text.into();
        self.hops.push(Hop { place, sign, text });
    }

    fn run(&mut self, aim: SocketAddr) -> plumbing::Result<()> {
        let Some(side) = self.arrives()? else {
            return Ok(());
        };
        let id = ServiceId::Address {
            protocol: self.protocol(aim),
            address: aim.ip(),
            port: aim.port(),
        };
        let mut packet = request(&id, None);
        packet.source = Some(self.client);
        packet.input = Some(side.clone());
        let early = follow(self.ruleset, &packet, Hook::Prerouting, ALL_CHAINS);
        if !self.firewall("prerouting", &early) {
            return Ok(());
        }
        packet.marks.clone_from(&early.marks);
        let Some(mark) = self.route(&early, aim.ip())? else {
            return Ok(());
        };
        let fate = follow(self.ruleset, &packet, Hook::Input, IPVS);
        if !self.firewall("input", &fate) {
            return Ok(());
        }
        let Some(state) = self.service(&id, mark) else {
            return Ok(());
        };
        let servers = self.candidates(state);
        for server in servers {
            self.server(server);
            self.back(&id, server, &side);
        }
        Ok(())
    }

    /// The protocol of the service there; TCP where there is none.
    fn protocol(&self, aim: SocketAddr) -> Protocol {
        let services = self.facts.table().iter().map(|state| state.service.id);
        let mut there =
            services.filter(|id| (id.address(), id.port()) == (Some(aim.ip()), Some(aim.port())));
        there
            .next()
            .and_then(|id| id.protocol())
            .unwrap_or(Protocol::Tcp)
    }

    fn link(&self, way: &Way) -> Option<&Link> {
        let mut links = self.facts.links.iter();
        links.find(|link| Some(link.device.index) == way.device)
    }

    fn arrives(&mut self) -> plumbing::Result<Option<Device>> {
        let client = self.client;
        let way = self.network.way_to(client, None)?;
        let found = way
            .as_ref()
            .and_then(|way| Some((way, self.link(way)?.device.clone())));
        let Some((way, device)) = found else {
            self.hop(
                "arrives",
                Sign::Ends,
                format!("there is no way back to {client} from here"),
            );
            return Ok(None);
        };
        if way.kind == RouteKind::Local {
            self.hop(
                "arrives",
                Sign::Unclear,
                format!("{client} is this machine itself"),
            );
            return Ok(None);
        }
        let via = way
            .gateway
            .map_or_else(String::new, |via| format!(" from {via}"));
        let text = format!(
            "{client} comes in by {}{via}, if it comes the way back to it",
            device.name
        );
        self.hop("arrives", Sign::Passes, text);
        Ok(Some(device))
    }

    /// Says what the firewall does; whether the packet goes on.
    fn firewall(&mut self, chain: &str, fate: &Fate) -> bool {
        if let Some(stop) = fate.certain() {
            self.hop("firewall", Sign::Ends, format!("{chain}: {}", stop.name()));
            return false;
        }
        for stop in &fate.may_stop {
            let why = match &stop.doubt {
                Some(Doubt::Unread(what)) => format!("if {what} holds"),
                _ => "now and then, or for some".to_owned(),
            };
            self.hop(
                "firewall",
                Sign::Unclear,
                format!("{chain}: {}, {why}", stop.name()),
            );
        }
        if fate.may_stop.is_empty() {
            self.hop(
                "firewall",
                Sign::Passes,
                format!("{chain}: nothing stops it"),
            );
        }
        let legacy = self.facts.legacy_tables.join(", ");
        if chain == "input" && !legacy.is_empty() {
            let text = format!("iptables-legacy has tables that are not read here: {legacy}");
            self.hop("firewall", Sign::Unclear, text);
        }
        true
    }

    /// Says where mark and route lead; the mark, if that is here.
    fn route(&mut self, early: &Fate, vip: IpAddr) -> plumbing::Result<Option<u32>> {
        let marks: Vec<u32> = early.marks.iter().copied().collect();
        let words = match marks.as_slice() {
            [0] => "the packet gets no mark".to_owned(),
            [mark] => format!("the packet gets mark {mark:#x}"),
            many => format!("the packet gets one of the marks {many:?}"),
        };
        let sign = if early.unread_mark || marks.len() > 1 {
            Sign::Unclear
        } else {
            Sign::Passes
        };
        self.hop("mark", sign, words);
        let mut last = None;
        for mark in marks.into_iter().rev() {
            let asked = (mark != 0).then_some(mark);
            let way = self.network.way_to(vip, asked)?;
            match way {
                Some(way) if way.kind == RouteKind::Local => {
                    let table = way
                        .table
                        .map_or_else(String::new, |table| format!(" by table {table}"));
                    let text = format!("{vip} is delivered here{table}, where IPVS takes it");
                    self.hop("route", Sign::Passes, text);
                    return Ok(Some(mark));
                }
                way => last = way,
            }
        }
        let text = match last {
            None => format!("there is no route to {vip}: the packet is dropped"),
            Some(way) => {
                let name = self
                    .link(&way)
                    .map_or("?", |link| link.device.name.as_str());
                format!("{vip} is not delivered here but sent on by {name}; IPVS never sees it")
            }
        };
        self.hop("route", Sign::Ends, text);
        Ok(None)
    }

    /// The service that takes it: by mark first, then by address, then one for all
    /// ports (`ip_vs_service_find`).
    fn service(&mut self, id: &ServiceId, mark: u32) -> Option<&'a ServiceState> {
        let ServiceId::Address {
            protocol,
            address,
            port: _,
        } = *id
        else {
            return None;
        };
        let family = Family::of(address);
        let all_ports = ServiceId::Address {
            protocol,
            address,
            port: 0,
        };
        let by_mark = (mark != 0).then_some(ServiceId::Fwmark { mark, family });
        let names = by_mark.into_iter().chain([*id, all_ports]);
        let facts = self.facts;
        let mut found = names.filter_map(|name| {
            let mut table = facts.table().iter();
            table.find(|state| state.service.id == name)
        });
        let Some(state) = found.next() else {
            let text = format!("no service takes {id}, nor mark {mark}");
            self.hop("service", Sign::Ends, text);
            return None;
        };
        let text = format!("{} takes it", state.service.id);
        self.hop("service", Sign::Passes, text);
        Some(state)
    }

    /// The servers that the scheduler may take.
    fn candidates(&mut self, state: &'a ServiceState) -> Vec<&'a Server> {
        let takes = |server: &&crate::model::ServerState| {
            let connections = server.active.saturating_add(server.inactive);
            let limit = server.server.upper_threshold;
            server.server.weight > 0 && (limit == 0 || connections < limit)
        };
        let servers: Vec<&Server> = state
            .servers
            .iter()
            .filter(takes)
            .map(|server| &server.server)
            .collect();
        let names: Vec<String> = servers
            .iter()
            .map(|server| format!("{} (weight {})", server.endpoint(), server.weight))
            .collect();
        let scheduler = state.service.scheduler.as_str();
        if names.is_empty() {
            let text = format!("{scheduler} has no server with weight and room");
            self.hop("scheduler", Sign::Ends, text);
        } else {
            let persistent = match state.service.persistence_timeout {
                Some(_) => "; a client that is remembered goes where it went",
                None => "",
            };
            let text = format!("{scheduler} takes one of {}{persistent}", names.join(", "));
            self.hop("scheduler", Sign::Passes, text);
        }
        servers
    }

    fn server(&mut self, server: &Server) {
        let name = server.endpoint();
        let way = self.facts.server_ways.get(&server.address);
        let leaves = match way {
            Some(way) => {
                let via = way
                    .gateway
                    .map_or_else(String::new, |via| format!(" via {via}"));
                format!(
                    "{name} by {} on {}{via}",
                    server.forward.as_str(),
                    way.device.name
                )
            }
            None => format!("{name} by {}", server.forward.as_str()),
        };
        let (sign, answer) = match self.facts.reach.get(&(target(server), None)) {
            Some(Reach::There) => (Sign::Passes, "it answers on its port".to_owned()),
            Some(Reach::Refused) if server.forward == Forward::Nat => {
                (Sign::Ends, "it refuses connections to its port".to_owned())
            }
            Some(Reach::Refused) => (
                Sign::Unclear,
                "it refuses connections to its own address".to_owned(),
            ),
            Some(Reach::Silent) => (Sign::Unclear, "it does not answer when asked".to_owned()),
            Some(Reach::Unreachable(why)) => (Sign::Ends, why.clone()),
            Some(Reach::NotAsked) | None => (Sign::Unclear, "it was not asked".to_owned()),
        };
        self.hop("server", sign, format!("{leaves}; {answer}"));
    }
}
