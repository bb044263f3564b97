//! A picture of the machine: all that concerns VIPs, as it was looked at, and
//! as it will be after what was planned since. Nothing here talks to the kernel.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::mark::Marks;
use super::numbers::{Numbers, Wanted};
use super::record::Record;
use super::route::{Route, RouteKind, TABLE_LOCAL};
use super::rule::Rule;
use super::vip::{Note, Part, VipState};
use crate::model::{Family, HostStep, LocalRoute, PolicyRule, Vip, VipMode};

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
        recorded.chain(marked).chain(routed).collect()
    }

    /// The numbers that this VIP has, as far as record and kernel tell.
    pub(super) fn known(&self, address: IpAddr) -> Wanted {
        if let Some(vip) = self.record.vips.get(&address) {
            return Wanted {
                mark: Some(vip.mark),
                table: Some(vip.table),
                priority: Some(vip.priority),
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
        }
    }

    /// The VIP with the numbers that it has; 1, 100 and 100 for those that
    /// neither record nor kernel know.
    pub(super) fn vip(&self, address: IpAddr) -> Vip {
        let numbers = self.known(address);
        make(
            address,
            Numbers {
                mark: numbers.mark.unwrap_or(1),
                table: numbers.table.unwrap_or(100),
                priority: numbers.priority.unwrap_or(100),
            },
        )
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

    pub(super) fn notes(&self, address: IpAddr) -> Vec<Note> {
        let is_local = self.routes.iter().any(|route| {
            route.table == TABLE_LOCAL && route.kind == RouteKind::Local && route.covers(address)
        });
        is_local
            .then_some(Note::AlreadyLocal(address))
            .into_iter()
            .collect()
    }

    /// Makes the picture what it will be after these steps.
    pub(super) fn draw(&mut self, steps: &[HostStep]) {
        for step in steps {
            match step {
                HostStep::SetSysctl { .. } | HostStep::Real(_) => {}
                HostStep::AddMark { vip, .. } => {
                    let marks = self.marks.get_or_insert_default();
                    marks.insert(vip.address, vip.mark);
                    self.record.vips.insert(vip.address, *vip);
                }
                HostStep::RemoveMark { vip, .. } => {
                    if let Some(marks) = &mut self.marks {
                        marks.remove(&vip.address);
                    }
                    if self.marks.as_ref().is_some_and(Marks::is_empty) {
                        self.marks = None;
                    }
                    self.record.vips.remove(&vip.address);
                }
                HostStep::AddRule(rule) => {
                    self.rules.push(Rule::ours(rule));
                    self.record.rules.insert(*rule);
                }
                HostStep::RemoveRule(gone) => {
                    let record = &self.record;
                    self.rules
                        .retain(|rule| !(is_ours(rule, record) && rule.is(gone)));
                    self.record.rules.remove(gone);
                }
                HostStep::AddRoute(route) => {
                    self.routes.push(Route::ours(route));
                    self.record.routes.insert(*route);
                }
                HostStep::RemoveRoute(gone) => {
                    self.routes
                        .retain(|route| !(route.is_tagged() && route.is(gone)));
                    self.record.routes.remove(gone);
                }
            }
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
    }
}

/// Kernels before 4.17 keep no protocol number of rules; there the record tells.
fn is_ours(rule: &Rule, record: &Record) -> bool {
    rule.is_tagged() || (rule.protocol == 0 && record.rules.contains(&rule.named()))
}

fn part<T>(mut found: impl Iterator<Item = T>, is_ours: impl Fn(&T) -> bool) -> Part {
    match found.next() {
        None => Part::Missing,
        Some(first) if is_ours(&first) || found.any(|other| is_ours(&other)) => Part::Ours,
        Some(_) => Part::Foreign,
    }
}
