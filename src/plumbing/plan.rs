//! The steps that make a VIP complete or take it away. Each plan is drawn into
//! the picture, so that several in a row fit together.
//!
//! A VIP is put together mark, route, rule, and taken apart the other way
//! round: the record of it, kept along with the mark or the address, is there from
//! the first step to the last. Where a VIP changes its mode, the new way in is there
//! before the old one goes.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::numbers::{Field, Wanted, WantedMode};
use super::route::{Route, TABLE_LOCAL};
use super::rule::Rule;
use super::snat::CONNTRACK;
use super::vip::{self, Planned};
use super::vips::{Vips, bound_to, make, route_of, rule_of};
use super::{Error, Reason, Result, sysctl};
use crate::model::{
    Family, HandMade, HandMadeKind, HostStep, InterfaceName, LocalRoute, PolicyRule, Vip, VipMode,
};

type Steps = Vec<HostStep>;

impl Vips {
    /// What makes this address a complete VIP. What is not asked for stays as it is,
    /// or is picked.
    ///
    /// # Errors
    /// The address cannot be a VIP, a number is wrong or taken, the VIP is there
    /// with other numbers, there is no such interface, or the kernel lacks what
    /// this needs.
    pub fn plan_add(&mut self, address: IpAddr, wanted: Wanted) -> Result<Planned> {
        self.try_add(address, wanted)
            .map_err(|reason| Error::new(format!("add the VIP {address}"), reason))
    }

    fn try_add(&mut self, address: IpAddr, wanted: Wanted) -> std::result::Result<Planned, Reason> {
        vip::check(address, &self.routes)?;
        let known = self.addresses().contains(&address);
        let there = known.then(|| self.vip(address));
        let mode = wanted.mode.unwrap_or(match there.map(|vip| vip.mode) {
            Some(VipMode::Address(_)) => WantedMode::Address(None),
            _ => WantedMode::Fwmark,
        });
        let vip = match mode {
            WantedMode::Fwmark => self.marked(address, wanted)?,
            WantedMode::Address(interface) => self.bound(address, interface, wanted)?,
        };
        let flag =
            |wanted: Option<bool>, is: fn(Vip) -> bool| wanted.unwrap_or(there.is_some_and(is));
        let vip = Vip {
            // An address on an interface answers ping anyway.
            ping: vip.mode == VipMode::Fwmark && flag(wanted.ping, |vip| vip.ping),
            snat: flag(wanted.snat, |vip| vip.snat),
            ..vip
        };
        let mut steps = match vip.mode {
            VipMode::Fwmark => self.mark_steps(&vip),
            VipMode::Address(_) => self.address_steps(&vip),
        };
        self.snat_steps(&vip, &mut steps)?;
        if vip.mode == VipMode::Fwmark {
            steps.extend(self.way_steps(&vip));
        }
        self.draw(&steps);
        // The old way in, now that the new one is there.
        let old = match there {
            Some(old) if old.mode != vip.mode => self.way_out(&old),
            _ => Steps::new(),
        };
        self.draw(&old);
        steps.extend(old);
        // Where the address stood on lo, the route for ping has a place only now.
        if vip.mode == VipMode::Fwmark {
            let ping = self.ping_steps(&vip);
            self.draw(&ping);
            steps.extend(ping);
        }
        if wanted.adopt {
            let theirs = match self.by_hand.way_of(address) {
                Some(way) => self.by_hand.not_needed_without(address, &way),
                None => Vec::new(),
            };
            let aside = |thing| HostStep::SetAside {
                vip: address,
                thing,
            };
            let theirs: Steps = theirs.into_iter().map(aside).collect();
            self.draw(&theirs);
            steps.extend(theirs);
        }
        let notes = match vip.mode {
            VipMode::Fwmark if !vip.ping => self.notes(&vip),
            _ => Vec::new(),
        };
        Ok(Planned { vip, steps, notes })
    }

    /// The VIP in mode fwmark, with its numbers.
    fn marked(&self, address: IpAddr, wanted: Wanted) -> std::result::Result<Vip, Reason> {
        if !self.can_mark {
            return Err(Reason::NoNfTables);
        }
        let known = self.known(address);
        let by_hand = self.by_hand.way_of(address);
        if let Some(way) = &by_hand
            && !wanted.adopt
            && !self.record.vips.contains_key(&address)
        {
            return Err(Reason::ByHand {
                address,
                mark: way.mark,
                rule: way.markings.iter().map(|it| it.rule.text.clone()).collect(),
            });
        }
        if !known.agrees(wanted) {
            let vip = self.vip(address);
            return Err(Reason::Differs { vip });
        }
        match self.record.vips.get(&address) {
            Some(vip) if vip.mode == VipMode::Fwmark => Ok(*vip),
            _ => {
                let mut field = self.field(address);
                let mut wanted = known.or(wanted);
                // A service may go by this mark.
                if let Some(way) = by_hand {
                    wanted.mark = wanted.mark.or(Some(way.mark));
                    field.adopted = Some(way.mark);
                }
                Ok(make(address, field.pick(wanted)?))
            }
        }
    }

    /// The VIP in mode address, with its interface.
    fn bound(
        &self,
        address: IpAddr,
        interface: Option<InterfaceName>,
        wanted: Wanted,
    ) -> std::result::Result<Vip, Reason> {
        if wanted.has_numbers() {
            let sentence = "mark, table and priority belong to mode fwmark; leave them out, or \
                            take --mode fwmark";
            return Err(Reason::Wrong(sentence.to_owned()));
        }
        let recorded = self.record.vips.get(&address);
        let recorded = recorded.and_then(Vip::interface);
        let mut own = self.own.iter();
        let interface = interface
            .or(recorded)
            .or_else(|| {
                own.find(|own| own.address == address)
                    .map(|own| own.interface)
            })
            .or_else(|| self.network_of(address))
            .unwrap_or_else(InterfaceName::loopback);
        if !self.interfaces.contains(&interface) {
            return Err(Reason::NoInterface(interface));
        }
        Ok(bound_to(address, interface))
    }

    /// The interface whose network the address lies in.
    fn network_of(&self, address: IpAddr) -> Option<InterfaceName> {
        let networks = self.own.iter().filter(|own| own.connects(address));
        let nearest = networks.max_by_key(|own| own.length)?;
        Some(nearest.interface).filter(|interface| !interface.is_loopback())
    }

    fn mark_steps(&self, vip: &Vip) -> Steps {
        let recorded = self.record.vips.get(&vip.address);
        let same_mode = recorded.filter(|it| it.mode == vip.mode);
        match same_mode {
            Some(before) if self.state(*vip).mark.is_there() => note(before, vip),
            // Recording is part of marking: a VIP that only the kernel knows would
            // not come back after a reboot.
            _ => vec![HostStep::AddMark {
                vip: *vip,
                first: self.marks.is_none(),
            }],
        }
    }

    /// Route and rule.
    fn way_steps(&self, vip: &Vip) -> Steps {
        let state = self.state(*vip);
        let mut steps = Steps::new();
        if !state.route.is_there() {
            steps.push(HostStep::AddRoute(route_of(vip)));
        }
        if !state.rule.is_there() {
            steps.push(HostStep::AddRule(rule_of(vip)));
        }
        steps
    }

    /// The route that answers ping.
    fn ping_steps(&self, vip: &Vip) -> Steps {
        let state = self.state(*vip);
        let ours = self.ping_routes(vip.address).any(Route::is_tagged);
        let mut steps = Steps::new();
        if vip.ping && !state.ping.is_there() {
            steps.push(HostStep::AddRoute(ping_route(vip.address)));
        } else if !vip.ping && ours {
            steps.push(HostStep::RemoveRoute(ping_route(vip.address)));
        }
        steps
    }

    fn address_steps(&self, vip: &Vip) -> Steps {
        let mut own = self.own.iter();
        let is_there =
            own.any(|own| own.address == vip.address && vip.interface() == Some(own.interface));
        let recorded = self.record.vips.get(&vip.address);
        match recorded.filter(|it| it.mode == vip.mode) {
            Some(before) if is_there => note(before, vip),
            None if is_there => vec![HostStep::NoteVip {
                address: vip.address,
                before: recorded.copied(),
                after: Some(*vip),
            }],
            _ => vec![HostStep::AddAddress(*vip)],
        }
    }

    fn snat_steps(&self, vip: &Vip, steps: &mut Steps) -> std::result::Result<(), Reason> {
        let address = vip.address;
        if !vip.snat {
            if self.is_hidden(address) {
                steps.extend(self.snat_out(address));
            }
            return Ok(());
        }
        if !self.can_mark {
            return Err(Reason::NoNfTables);
        }
        match self.conntrack.as_deref() {
            None => return Err(Reason::NoConntrack),
            Some("0") => steps.push(HostStep::SetSysctl {
                name: CONNTRACK.to_owned(),
                before: "0".to_owned(),
                after: "1".to_owned(),
            }),
            Some(_) => {}
        }
        if !self.is_hidden(address) {
            let first = self.snats.is_none();
            steps.push(HostStep::AddSnat { address, first });
        }
        Ok(())
    }

    /// Takes the VIP out of those whose clients are hidden; with the last one,
    /// conntrack becomes what it was, unless a file wants it.
    fn snat_out(&self, address: IpAddr) -> Steps {
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
    fn way_out(&self, vip: &Vip) -> Steps {
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
            let rules: BTreeSet<PolicyRule> = there.map(Rule::named).chain(recorded).collect();
            steps.extend(rules.into_iter().map(HostStep::RemoveRule));
        }
        let recorded = self.record.routes.iter().copied();
        let tagged = self.routes.iter().filter(|route| route.is_tagged());
        let routes: BTreeSet<LocalRoute> = tagged
            .filter(|route| route.is_local_host())
            .map(Route::named)
            .chain(recorded)
            .filter(|route| route.address == address)
            .collect();
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
        let aside: BTreeSet<IpAddr> = self.record.aside.iter().map(|(vip, _)| *vip).collect();
        for address in aside {
            let back = self.put_back(address);
            self.draw(&back);
            steps.extend(back);
        }
        let recorded = self.record.rules.iter().copied();
        let there = self.rules.iter().filter(|rule| self.is_ours(rule));
        let rules: BTreeSet<PolicyRule> = there.map(Rule::named).chain(recorded).collect();
        let recorded = self.record.routes.iter().copied();
        let there = self.routes.iter();
        let there = there.filter(|route| route.is_tagged() && route.is_local_host());
        let routes: BTreeSet<LocalRoute> = there.map(Route::named).chain(recorded).collect();
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

    /// What brings back the missing parts of all VIPs, as after a reboot.
    ///
    /// # Errors
    /// As [`Vips::plan_add`].
    pub fn plan_repair(&mut self) -> Result<Vec<HostStep>> {
        let mut steps = Vec::new();
        for address in self.addresses() {
            steps.extend(self.plan_add(address, Wanted::default())?.steps);
        }
        Ok(steps)
    }

    fn field(&self, address: IpAddr) -> Field<'_> {
        let others = self.addresses().into_iter();
        Field {
            address,
            ours: others
                .filter(|other| *other != address)
                .map(|other| self.vip(other))
                .collect(),
            rules: &self.rules,
            routes: &self.routes,
            adopted: None,
            set: self.by_hand.markings.iter().map(|it| it.mark).collect(),
        }
    }
}

/// The route that makes the VIP an address of the machine.
fn ping_route(address: IpAddr) -> LocalRoute {
    LocalRoute {
        address,
        table: TABLE_LOCAL,
    }
}

/// Only what is remembered changes, if it does.
fn note(before: &Vip, after: &Vip) -> Steps {
    if before == after {
        return Steps::new();
    }
    vec![HostStep::NoteVip {
        address: after.address,
        before: Some(*before),
        after: Some(*after),
    }]
}

#[cfg(test)]
mod tests;
