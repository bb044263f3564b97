//! A picture of the machine: all that concerns VIPs, as it was looked at, and
//! as it will be after what was planned since. Nothing here talks to the kernel.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::address::OwnAddress;
use super::by_hand::ByHand;
use super::mark::Marks;
use super::numbers::{Numbers, Wanted};
use super::record::Record;
use super::route::{Route, RouteKind, TABLE_LOCAL};
use super::rule::Rule;
use super::vip::{Note, Part, VipState};
use crate::model::Gather as _;
use crate::model::{Family, InterfaceName, LocalRoute, PolicyRule, Vip, VipMode};

/// All that concerns VIPs on this machine, as it was looked at or planned.
#[derive(Debug, Clone)]
pub struct Vips {
    /// The table `inet lbctl`, if there is one.
    pub marks: Option<Marks>,
    /// The kernel has nf_tables.
    pub can_mark: bool,
    /// The rules of both families.
    pub rules: Vec<Rule>,
    /// The routes of both families, in all tables.
    pub routes: Vec<Route>,
    /// The names of the interfaces.
    pub interfaces: Vec<InterfaceName>,
    /// The addresses on them, of both families.
    pub own: Vec<OwnAddress>,
    /// The VIPs in the table `inet lbctl_snat`, if there is one.
    pub snats: Option<BTreeSet<IpAddr>>,
    /// The value of [`CONNTRACK`](super::snat::CONNTRACK), if IPVS is there and knows it.
    pub conntrack: Option<String>,
    /// What others made to the same end; empty unless it was looked for.
    pub by_hand: ByHand,
    /// What lbctl remembers.
    pub record: Record,
}

impl Vips {
    /// Every VIP that is recorded, marked, or has a route of ours.
    #[must_use]
    pub fn list(&self) -> Vec<VipState> {
        self.addresses()
            .into_iter()
            .map(|address| self.state(self.vip(address)))
            .collect()
    }

    pub(super) fn addresses(&self) -> BTreeSet<IpAddr> {
        let marked = self.marks.iter().flat_map(Marks::keys).copied();
        let routed = self
            .routes
            .iter()
            .filter(|route| route.is_tagged() && route.is_local_host())
            .filter(|route| route.table != TABLE_LOCAL)
            .map(|route| route.destination);
        let recorded = self.record.vips.keys().copied();
        let bound = self.own.iter().filter(|own| own.is_tagged());
        let bound = bound.map(|own| own.address);
        let hidden = self.snats.iter().flatten().copied();
        recorded
            .chain(marked)
            .chain(routed)
            .chain(bound)
            .chain(hidden)
            .collect()
    }

    /// The numbers that this VIP has, as far as record and kernel tell.
    pub(super) fn known(&self, address: IpAddr) -> Wanted {
        if let Some(vip) = self.record.vips.get(&address)
            && vip.mode == VipMode::Fwmark
        {
            return Wanted {
                mark: Some(vip.mark),
                table: Some(vip.table),
                priority: Some(vip.priority),
                ..Wanted::default()
            };
        }
        let family = Family::of(address);
        let mark = self.marks.as_ref().and_then(|marks| marks.get(&address));
        let mut routes = self.routes.iter().filter(|route| {
            route.is_local_host() && route.destination == address && route.is_tagged()
        });
        let table = routes.find(|route| route.table != TABLE_LOCAL);
        let table = table.map(|route| route.table);
        let mut rules = self.rules.iter().filter(|rule| {
            rule.leads(family, rule.mark, rule.table)
                && match (mark, table) {
                    // A rule alone says nothing about this address.
                    (None, None) => false,
                    // Without a route of ours, only a rule of ours tells the table.
                    (Some(mark), None) => *mark == rule.mark && self.is_ours(rule),
                    (mark, Some(table)) => {
                        table == rule.table && mark.is_none_or(|mark| *mark == rule.mark)
                    }
                }
        });
        let rule = rules.next();
        Wanted {
            mark: mark.copied().or(rule.map(|rule| rule.mark)),
            table: table.or(rule.map(|rule| rule.table)),
            priority: rule.map(|rule| rule.priority),
            ..Wanted::default()
        }
    }

    /// The VIP with the numbers that it has; 1, 100 and 100 for those that
    /// neither record nor kernel know.
    pub(super) fn vip(&self, address: IpAddr) -> Vip {
        if let Some(vip) = self.record.vips.get(&address) {
            return *vip;
        }
        let numbers = self.known(address);
        let bound = self.ours_bound(address).next();
        let vip = match bound {
            Some(interface) if numbers.mark.is_none() => bound_to(address, interface),
            _ => make(
                address,
                Numbers {
                    mark: numbers.mark.unwrap_or(1),
                    table: numbers.table.unwrap_or(100),
                    priority: numbers.priority.unwrap_or(100),
                },
            ),
        };
        Vip {
            ping: self.ping_routes(address).any(Route::is_tagged),
            snat: self.is_hidden(address),
            ..vip
        }
    }

    /// The interfaces that lbctl put this address on.
    pub(super) fn ours_bound(&self, address: IpAddr) -> impl Iterator<Item = InterfaceName> {
        let recorded = self.record.addresses.iter();
        let recorded = recorded.filter(move |(_, other)| *other == address);
        let tagged = self.own.iter();
        let tagged = tagged.filter(move |own| own.address == address && own.is_tagged());
        recorded
            .map(|(interface, _)| *interface)
            .chain(tagged.map(|own| own.interface))
            .gather::<BTreeSet<_>>()
            .into_iter()
    }

    /// The routes of table local that make this an address of the machine.
    pub(super) fn ping_routes(&self, address: IpAddr) -> impl Iterator<Item = &Route> {
        self.routes.iter().filter(move |route| {
            route.table == TABLE_LOCAL && route.kind == RouteKind::Local && route.covers(address)
        })
    }

    pub(super) fn is_hidden(&self, address: IpAddr) -> bool {
        self.snats
            .as_ref()
            .is_some_and(|all| all.contains(&address))
    }

    pub(super) fn state(&self, vip: Vip) -> VipState {
        let marked = self
            .marks
            .as_ref()
            .and_then(|marks| marks.get(&vip.address));
        let route = self.routes.iter().filter(|route| route.is(&route_of(&vip)));
        VipState {
            vip,
            mark: part(marked.filter(|mark| **mark == vip.mark).into_iter(), |_| {
                true
            }),
            rule: part(self.leading(&vip), |rule| self.is_ours(rule)),
            route: part(route, |route| route.is_tagged()),
            address: part(
                self.own.iter().filter(|own| own.address == vip.address),
                |own| {
                    let mut ours = self.ours_bound(own.address);
                    ours.any(|interface| interface == own.interface)
                },
            ),
            ping: part(self.ping_routes(vip.address), |route| route.is_tagged()),
            snat: if self.is_hidden(vip.address) {
                Part::Ours
            } else {
                Part::Missing
            },
        }
    }

    pub(super) fn leading(&self, vip: &Vip) -> impl Iterator<Item = &Rule> {
        let Vip { mark, table, .. } = *vip;
        let family = vip.family();
        let rules = self.rules.iter();
        rules.filter(move |rule| rule.leads(family, mark, table))
    }

    /// Whether lbctl made this rule.
    pub(super) fn is_ours(&self, rule: &Rule) -> bool {
        is_ours(rule, &self.record)
    }

    pub(super) fn notes(&self, vip: &Vip) -> Vec<Note> {
        let address = vip.address;
        let is_ours = |route: &Route| route.is_tagged();
        let local = self.ping_routes(address).find(|route| !is_ours(route));
        let network = self.own.iter().find(|own| own.connects(address));
        match (local, network) {
            (Some(_), _) => vec![Note::AlreadyLocal(address)],
            (None, Some(own)) => vec![Note::NobodyAnswers {
                address,
                interface: own.interface,
            }],
            (None, None) => Vec::new(),
        }
    }
}

/// The route that delivers the VIP.
pub(super) fn route_of(vip: &Vip) -> LocalRoute {
    LocalRoute {
        address: vip.address,
        table: vip.table,
    }
}

/// The rule that leads the VIP's mark to its table.
pub(super) fn rule_of(vip: &Vip) -> PolicyRule {
    PolicyRule {
        family: vip.family(),
        priority: vip.priority,
        mark: vip.mark,
        table: vip.table,
    }
}

/// A VIP in fwmark mode.
pub(super) fn make(address: IpAddr, numbers: Numbers) -> Vip {
    Vip {
        address,
        mode: VipMode::Fwmark,
        mark: numbers.mark,
        table: numbers.table,
        priority: numbers.priority,
        ping: false,
        snat: false,
    }
}

/// A VIP in address mode.
pub(super) fn bound_to(address: IpAddr, interface: InterfaceName) -> Vip {
    Vip {
        address,
        mode: VipMode::Address(interface),
        mark: 0,
        table: 0,
        priority: 0,
        ping: false,
        snat: false,
    }
}

/// Kernels before 4.17 keep no protocol number of rules; there the record tells.
pub(super) fn is_ours(rule: &Rule, record: &Record) -> bool {
    rule.is_tagged() || (rule.protocol == 0 && record.rules.contains(&rule.named()))
}

fn part<T>(mut found: impl Iterator<Item = T>, is_ours: impl Fn(&T) -> bool) -> Part {
    match found.next() {
        None => Part::Missing,
        Some(first) if is_ours(&first) || found.any(|other| is_ours(&other)) => Part::Ours,
        Some(_) => Part::Foreign,
    }
}
