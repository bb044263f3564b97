//! The way in of each service: which mark its packets get, and where rules and
//! routes lead them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::facts::{Obstacle, WayIn};
use super::firewall::{Fate, Hook, Packet, State, follow};
use crate::model::Gather as _;
use crate::model::{Family, Protocol, ServiceId, ServiceState, Step};
use crate::plumbing::route::RouteKind;
use crate::plumbing::rule::Rule;
use crate::plumbing::ruleset::Ruleset;
use crate::plumbing::{self, Network, VipState, Vips, Wanted};

/// A number that no priority of a chain reaches.
pub(super) const ALL_CHAINS: i32 = i32::MAX;

/// A port as clients take one (RFC 6335's first dynamic port).
pub(super) const CLIENT_PORT: u16 = 49_152;

/// The first packet of a client, as far as a service tells.
pub(super) fn request(id: &ServiceId, address: Option<IpAddr>) -> Packet {
    let protocol = match id.protocol() {
        Some(Protocol::Udp) => 17,
        Some(Protocol::Sctp) => 132,
        Some(Protocol::Other(number)) => u8::try_from(number).unwrap_or(0),
        Some(Protocol::Tcp) | None => 6,
    };
    Packet {
        input: None,
        output: None,
        source: None,
        target: address.or(id.address()),
        family: id.family(),
        protocol,
        source_port: Some(CLIENT_PORT),
        target_port: id.port().filter(|port| *port != 0),
        flags: 0x02,
        state: State::New,
        marks: BTreeSet::from([0]),
    }
}

/// Looks for the ways in. `unread`: there are rules that nobody can read here.
pub(super) fn of_all(
    table: &[ServiceState],
    vips: &Vips,
    ruleset: &Ruleset,
    unread: bool,
    network: &mut Network,
) -> plumbing::Result<BTreeMap<ServiceId, WayIn>> {
    let mut look = Look {
        vips,
        ruleset,
        unread,
        network,
        local: BTreeMap::new(),
    };
    let mut ways = BTreeMap::new();
    for state in table {
        let id = state.service.id;
        let way = match id {
            ServiceId::Address { address, .. } => look.of_address(&id, address)?,
            ServiceId::Fwmark { mark, family } => look.of_mark(&id, mark, family)?,
        };
        ways.insert(id, way);
    }
    Ok(ways)
}

struct Look<'a> {
    vips: &'a Vips,
    ruleset: &'a Ruleset,
    unread: bool,
    network: &'a mut Network,
    local: BTreeMap<(IpAddr, Option<u32>), bool>,
}

impl Look<'_> {
    fn is_local(&mut self, address: IpAddr, mark: Option<u32>) -> plumbing::Result<bool> {
        if let Some(local) = self.local.get(&(address, mark)) {
            return Ok(*local);
        }
        let way = self.network.way_to(address, mark)?;
        let local = way.is_some_and(|way| way.kind == RouteKind::Local);
        self.local.insert((address, mark), local);
        Ok(local)
    }

    fn marked(&self, id: &ServiceId, address: Option<IpAddr>) -> Fate {
        let packet = request(id, address);
        follow(self.ruleset, &packet, Hook::Prerouting, ALL_CHAINS)
    }

    fn of_address(&mut self, id: &ServiceId, address: IpAddr) -> plumbing::Result<WayIn> {
        if self.is_local(address, None)? {
            return Ok(WayIn::Open);
        }
        let fate = self.marked(id, None);
        let marks: Vec<u32> = fate
            .marks
            .iter()
            .copied()
            .filter(|mark| *mark != 0)
            .collect();
        for mark in &marks {
            if self.is_local(address, Some(*mark))? {
                return Ok(WayIn::Open);
            }
        }
        // Rules that are not read may mark them: those that lead somewhere.
        if self.unread || fate.unread_mark {
            for mark in self.led_marks(id.family()) {
                if self.is_local(address, Some(mark))? {
                    return Ok(WayIn::Open);
                }
            }
        }
        let ours = self
            .vips
            .list()
            .into_iter()
            .find(|state| state.vip.address == address && state.mark.is_there());
        Ok(match (ours, marks.first()) {
            (Some(state), Some(mark)) if *mark == state.vip.mark => self.broken(&state),
            (_, Some(mark)) => {
                let led = self.all_led_marks(id.family());
                // The one that has a rule's bits and more.
                let bits = led
                    .iter()
                    .find(|other| *mark != **other && mark & **other == **other);
                let why = match led.first() {
                    _ if led.contains(mark) => format!(
                        "packets for {address} get mark {mark:#x}, but its table has no local \
                         route for them"
                    ),
                    Some(other) => format!(
                        "packets for {address} get mark {mark:#x}, and a rule leads mark {:#x}: \
                         they are not the same",
                        bits.unwrap_or(other)
                    ),
                    None => format!(
                        "packets for {address} get mark {mark:#x}, but no rule leads it anywhere"
                    ),
                };
                match bits {
                    Some(_) if !led.contains(mark) => WayIn::Closed {
                        obstacle: Obstacle::OtherMark,
                        why,
                        mend: Vec::new(),
                        commands: Vec::new(),
                    },
                    _ => self.closed(Obstacle::Missing, address, why),
                }
            }
            (_, None) => {
                let why = format!("{address} is on no interface, and its packets get no mark");
                self.closed(Obstacle::Missing, address, why)
            }
        })
    }

    /// What is wrong with a VIP of ours that is marked and not delivered.
    fn broken(&self, state: &VipState) -> WayIn {
        let vip = state.vip;
        let address = vip.address;
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
            let before = self.before(vip.family(), vip.mark, vip.priority);
            let why = format!(
                "mark, rule and route for {address} are there, but a rule before priority {} \
                 takes the packets elsewhere: {}",
                vip.priority,
                before.map_or_else(|| "see ip rule".to_owned(), in_words)
            );
            let family = match vip.family() {
                Family::Ipv4 => "ip",
                Family::Ipv6 => "ip -6",
            };
            let commands = before.map(|rule| {
                // Without what else it asks for, ip would take another.
                format!("{family} rule del priority {}", rule.priority)
            });
            return WayIn::Closed {
                obstacle: Obstacle::RuleBefore,
                why,
                mend: Vec::new(),
                commands: commands.into_iter().collect(),
            };
        };
        self.closed(Obstacle::Missing, address, why)
    }

    /// The rule that takes a mark before ours does.
    fn before(&self, family: Family, mark: u32, priority: u32) -> Option<&Rule> {
        let rules = self.vips.rules.iter();
        rules
            .filter(|rule| rule.family == family && (1..priority).contains(&rule.priority))
            .find(|rule| mark & rule.mask == rule.mark)
    }

    fn of_mark(&mut self, id: &ServiceId, mark: u32, family: Family) -> plumbing::Result<WayIn> {
        let mut broken = None;
        for state in self.vips.list() {
            let vip = state.vip;
            if !state.mark.is_there() || vip.mark != mark || vip.family() != family {
                continue;
            }
            if self.is_local(vip.address, Some(mark))? {
                let fate = self.marked(id, Some(vip.address));
                return Ok(match fate.marks.first() {
                    Some(other)
                        if !self.unread && !fate.unread_mark && !fate.marks.contains(&mark) =>
                    {
                        other_mark(*other, mark)
                    }
                    _ => WayIn::Open,
                });
            }
            broken.get_or_insert(state);
        }
        if let Some(state) = broken {
            return Ok(self.broken(&state));
        }
        // Where somebody else's rules lead the mark, there are the addresses.
        let mut fates: Vec<Fate> = self
            .led_addresses(mark, family)
            .into_iter()
            .map(|address| self.marked(id, Some(address)))
            .collect();
        if fates.is_empty() {
            fates.push(self.marked(id, None));
        }
        if fates.iter().any(|fate| fate.marks.contains(&mark)) {
            return Ok(self.way_of_foreign(mark, family));
        }
        if self.unread || fates.iter().any(|fate| fate.unread_mark) {
            return Ok(WayIn::Open);
        }
        let mut marks = fates.iter().flat_map(|fate| &fate.marks);
        // The one that has the service's bits and more.
        Ok(match marks.find(|other| **other & mark == mark) {
            Some(other) => other_mark(*other, mark),
            None => WayIn::Closed {
                obstacle: Obstacle::NoMark,
                why: format!("no rule of nf_tables gives packets mark {mark}"),
                mend: Vec::new(),
                commands: Vec::new(),
            },
        })
    }

    /// The single addresses that rules for this mark deliver locally.
    fn led_addresses(&self, mark: u32, family: Family) -> BTreeSet<IpAddr> {
        let rules = self.vips.rules.iter();
        let tables: BTreeSet<u32> = rules
            .filter(|rule| rule.family == family && rule.speaks_of(mark))
            .map(|rule| rule.table)
            .gather();
        let routes = self.vips.routes.iter();
        routes
            .filter(|route| route.family() == family && route.is_local_host())
            .filter(|route| tables.contains(&route.table))
            .map(|route| route.destination)
            .gather()
    }

    /// Somebody else's rules mark: then a rule and a route must lead the mark here.
    fn way_of_foreign(&self, mark: u32, family: Family) -> WayIn {
        let mut rules = self.vips.rules.iter();
        let Some(rule) = rules.find(|rule| rule.family == family && rule.speaks_of(mark)) else {
            return WayIn::Closed {
                obstacle: Obstacle::Missing,
                why: format!("packets get mark {mark}, but no rule leads it anywhere"),
                mend: Vec::new(),
                commands: Vec::new(),
            };
        };
        let mut routes = self.vips.routes.iter();
        if routes.any(|route| route.table == rule.table && route.kind == RouteKind::Local) {
            return WayIn::Open;
        }
        WayIn::Closed {
            obstacle: Obstacle::Missing,
            why: format!(
                "mark {mark} leads to table {}, which has no local route",
                rule.table
            ),
            mend: Vec::new(),
            commands: Vec::new(),
        }
    }

    /// Marks that any rule of this family leads to a table.
    fn all_led_marks(&self, family: Family) -> BTreeSet<u32> {
        let rules = self.vips.rules.iter();
        let marking = rules.filter(|rule| rule.family == family && rule.mark != 0);
        marking.map(|rule| rule.mark).gather()
    }

    /// Marks that other programs' rules of this family lead to a table.
    fn led_marks(&self, family: Family) -> BTreeSet<u32> {
        self.vips
            .rules
            .iter()
            .filter(|rule| rule.family == family && rule.mark != 0 && !rule.is_tagged())
            .map(|rule| rule.mark)
            .gather()
    }

    fn closed(&self, obstacle: Obstacle, address: IpAddr, why: String) -> WayIn {
        // An address that can be no VIP has no mend; the finding says what to look at.
        let planned = self.vips.clone().plan_add(address, Wanted::default());
        let mend = planned.map_or_else(
            |_| Vec::new(),
            |planned| planned.steps.into_iter().map(Step::from).collect(),
        );
        WayIn::Closed {
            obstacle,
            why,
            mend,
            commands: Vec::new(),
        }
    }
}

fn other_mark(found: u32, wanted: u32) -> WayIn {
    WayIn::Closed {
        obstacle: Obstacle::OtherMark,
        why: format!(
            "packets get mark {found:#x}, and IPVS compares all bits: the service's is {wanted:#x}"
        ),
        mend: Vec::new(),
        commands: Vec::new(),
    }
}

/// `priority 50, fwmark 0x1, table 99`.
fn in_words(rule: &Rule) -> String {
    let mark = match (rule.mark, rule.mask) {
        (0, 0) => "any mark".to_owned(),
        (mark, u32::MAX) => format!("fwmark {mark:#x}"),
        (mark, bits) => format!("fwmark {mark:#x}/{bits:#x}"),
    };
    format!("priority {}, {mark}, table {}", rule.priority, rule.table)
}
