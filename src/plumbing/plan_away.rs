//! The steps that take a VIP away, or everything of ours; and back comes what was
//! there before.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::route::Route;
use super::rule::Rule;
use super::snat::CONNTRACK;
use super::vips::{Vips, bound_to, rule_of};
use super::{Error, Reason, Result, sysctl};
use crate::model::Gather as _;
use crate::model::{
    Family, HandMade, HandMadeKind, HostStep, LocalRoute, PolicyRule, Vip, VipMode,
};

type Steps = Vec<HostStep>;

impl Vips {
    /// Takes the VIP out of those whose clients are hidden; with the last one,
    /// conntrack becomes what it was, unless a file wants it.
    pub(super) fn snat_out(&self, address: IpAddr) -> Steps {
        let mut others = self.snats.iter().flatten();
        let last = others.all(|other| *other == address);
        let mut steps = vec![HostStep::RemoveSnat { address, last }];
        let original = self.record.sysctls.get(CONNTRACK);
        if let Some(original) = original
            && last
            && !self.record.applied.sysctls.contains(CONNTRACK)
        {
            let before = self.conntrack.clone();
            steps.push(HostStep::SetSysctl {
                name: CONNTRACK.to_owned(),
                before: before.unwrap_or_else(|| original.value.clone()),
                after: original.value.clone(),
            });
        }
        steps
    }

    /// What takes this VIP away: what lbctl made for it and no other VIP needs,
    /// also what is recorded but, because lbctl was killed, was never made.
    ///
    /// # Errors
    /// [`Reason::UnknownVip`].
    pub fn plan_remove(&mut self, address: IpAddr) -> Result<Vec<HostStep>> {
        let known = self.addresses();
        if !known.contains(&address) {
            return Err(Error::new(
                format!("remove the VIP {address}"),
                Reason::UnknownVip {
                    known: known.into_iter().collect(),
                },
            ));
        }
        // What was there before lbctl, before ours goes.
        let mut steps = self.put_back(address);
        self.draw(&steps);
        if self.is_hidden(address) {
            let shown = self.snat_out(address);
            self.draw(&shown);
            steps.extend(shown);
        }
        // Killed while its mode or its interface changed, it has traces of both: one
        // way out each.
        for _ in 0..=self.interfaces.len() {
            if !self.addresses().contains(&address) {
                break;
            }
            let out = self.way_out(&self.vip(address));
            self.draw(&out);
            steps.extend(out);
        }
        Ok(steps)
    }

    /// What was set aside for this VIP, with what leads marks: that was set aside with
    /// the last that needed it.
    fn put_back(&self, address: IpAddr) -> Steps {
        let aside = &self.record.aside;
        if !aside.iter().any(|(vip, _)| *vip == address) {
            return Steps::new();
        }
        let marks = |thing: &HandMade| matches!(thing.kind, HandMadeKind::Mark { .. });
        aside
            .iter()
            .filter(|(vip, thing)| *vip == address || !marks(thing))
            .map(|(vip, thing)| HostStep::PutBack {
                vip: *vip,
                thing: thing.clone(),
            })
            .collect()
    }

    /// What takes away the way in that this VIP has.
    pub(super) fn way_out(&self, vip: &Vip) -> Steps {
        let address = vip.address;
        if vip.mode != VipMode::Fwmark {
            let bound = vip.interface();
            return if self.ours_bound(address).any(|it| Some(it) == bound) {
                vec![HostStep::RemoveAddress(*vip)]
            } else {
                vec![HostStep::NoteVip {
                    address,
                    before: Some(*vip),
                    after: None,
                }]
            };
        }
        let mut steps = Steps::new();
        let shared = self
            .addresses()
            .into_iter()
            .filter(|other| *other != address && Family::of(*other) == vip.family())
            .map(|other| self.vip(other))
            .any(|other| (other.mark, other.table) == (vip.mark, vip.table));
        if !shared {
            let recorded = self.record.rules.iter().copied();
            let recorded = recorded.filter(|rule| *rule == rule_of(vip));
            let there = self.leading(vip).filter(|rule| self.is_ours(rule));
            let rules: BTreeSet<PolicyRule> = there.map(Rule::named).chain(recorded).gather();
            steps.extend(rules.into_iter().map(HostStep::RemoveRule));
        }
        let recorded = self.record.routes.iter().copied();
        let tagged = self.routes.iter().filter(|route| route.is_tagged());
        let routes: BTreeSet<LocalRoute> = tagged
            .filter(|route| route.is_local_host())
            .map(Route::named)
            .chain(recorded)
            .filter(|route| route.address == address)
            .gather();
        steps.extend(routes.into_iter().map(HostStep::RemoveRoute));
        let mut marks = self.marks.iter().flatten();
        steps.push(HostStep::RemoveMark {
            vip: *vip,
            last: marks.all(|(other, _)| *other == address),
        });
        steps
    }

    /// What takes everything of ours away, also what no VIP is left for.
    ///
    /// # Errors
    /// None that a VIP of the list can cause.
    pub fn plan_remove_all(&mut self) -> Result<Vec<HostStep>> {
        let mut steps = Vec::new();
        for address in self.addresses() {
            steps.extend(self.plan_remove(address)?);
        }
        let aside: BTreeSet<IpAddr> = self.record.aside.iter().map(|(vip, _)| *vip).gather();
        for address in aside {
            let back = self.put_back(address);
            self.draw(&back);
            steps.extend(back);
        }
        let recorded = self.record.rules.iter().copied();
        let there = self.rules.iter().filter(|rule| self.is_ours(rule));
        let rules: BTreeSet<PolicyRule> = there.map(Rule::named).chain(recorded).gather();
        let recorded = self.record.routes.iter().copied();
        let there = self.routes.iter();
        let there = there.filter(|route| route.is_tagged() && route.is_local_host());
        let routes: BTreeSet<LocalRoute> = there.map(Route::named).chain(recorded).gather();
        let bound = self.record.addresses.iter();
        let bound = bound.map(|(interface, address)| bound_to(*address, *interface));
        let left: Vec<HostStep> = rules
            .into_iter()
            .map(HostStep::RemoveRule)
            .chain(routes.into_iter().map(HostStep::RemoveRoute))
            .chain(bound.map(HostStep::RemoveAddress))
            .collect();
        self.draw(&left);
        steps.extend(left);
        Ok(steps)
    }

    /// What puts every kernel parameter back that lbctl changed. Also steps
    /// that change no value stand here: with them the record forgets.
    ///
    /// # Errors
    /// A parameter cannot be read.
    pub fn plan_parameters_back(&self) -> Result<Vec<HostStep>> {
        let mut steps = Vec::new();
        for (name, original) in &self.record.sysctls {
            let before = sysctl::read(name)?;
            steps.push(HostStep::SetSysctl {
                name: name.clone(),
                before: before.unwrap_or_else(|| original.value.clone()),
                after: original.value.clone(),
            });
        }
        Ok(steps)
    }
}
