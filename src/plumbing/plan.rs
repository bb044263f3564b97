//! The steps that make a VIP complete or take it away. Each plan is drawn into
//! the picture, so that several in a row fit together.
//!
//! A VIP is put together mark, route, rule, and taken apart the other way
//! round: the record of it, kept along with the mark or the address, is there from
//! the first step to the last. Where a VIP changes its mode, the new way in is there
//! before the old one goes.

use std::net::IpAddr;

use super::numbers::{Field, Wanted, WantedMode};
use super::route::{Route, TABLE_LOCAL};
use super::snat::CONNTRACK;
use super::vip::{self, Planned};
use super::vips::{Vips, bound_to, make, route_of, rule_of};
use super::{Error, Reason, Result};
use crate::model::{HostStep, InterfaceName, LocalRoute, Vip, VipMode};

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
