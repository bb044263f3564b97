//! Draws a plan into the picture, so that what is planned next fits to it.

use std::collections::BTreeSet;

use super::Before;
use super::PROTOCOL;
use super::address::OwnAddress;
use super::mark::Marks;
use super::route::{Route, TABLE_LOCAL};
use super::rule::Rule;
use super::snat::CONNTRACK;
use super::vips::{Vips, is_ours};
use crate::model::{HostStep, Vip};

impl Vips {
    /// Makes the picture what it will be after these steps.
    pub(super) fn draw(&mut self, steps: &[HostStep]) {
        for step in steps {
            match step {
                HostStep::SetSysctl {
                    name,
                    before,
                    after,
                } if name == CONNTRACK => self.draw_conntrack(before, after),
                HostStep::SetSysctl { .. } | HostStep::Real(_) => {}
                HostStep::SetAside { vip, thing } => {
                    self.record.aside.push((*vip, thing.clone()));
                }
                HostStep::PutBack { vip, thing } => {
                    let aside = &mut self.record.aside;
                    aside.retain(|(other, it)| (other, it) != (vip, thing));
                }
                HostStep::NoteVip { address, after, .. } => {
                    match after {
                        Some(vip) => self.record.vips.insert(*address, *vip),
                        None => self.record.vips.remove(address),
                    };
                }
                HostStep::AddAddress(vip) => {
                    self.record.vips.insert(vip.address, *vip);
                    let Some(interface) = vip.interface() else {
                        continue;
                    };
                    self.record.addresses.insert((interface, vip.address));
                    self.own.push(OwnAddress {
                        interface,
                        address: vip.address,
                        length: vip.family().bits(),
                        protocol: PROTOCOL,
                    });
                }
                HostStep::RemoveAddress(vip) => self.draw_unbound(vip),
                HostStep::AddSnat { address, .. } => {
                    self.snats.get_or_insert_default().insert(*address);
                }
                HostStep::RemoveSnat { address, .. } => {
                    if let Some(snats) = &mut self.snats {
                        snats.remove(address);
                    }
                    if self.snats.as_ref().is_some_and(BTreeSet::is_empty) {
                        self.snats = None;
                    }
                }
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
                    self.record.forget(vip);
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

    fn draw_conntrack(&mut self, before: &str, after: &str) {
        self.conntrack = Some(after.to_owned());
        let sysctls = &mut self.record.sysctls;
        if sysctls.get(CONNTRACK).is_some_and(|it| it.value == after) {
            sysctls.remove(CONNTRACK);
        } else {
            sysctls
                .entry(CONNTRACK.to_owned())
                .or_insert_with(|| Before {
                    value: before.to_owned(),
                    ..Before::default()
                });
        }
    }

    fn draw_unbound(&mut self, vip: &Vip) {
        if let Some(interface) = vip.interface() {
            let gone = (interface, vip.address);
            self.record.addresses.remove(&gone);
            self.own.retain(|own| (own.interface, own.address) != gone);
            // The kernel's own route goes with the last of them.
            if !self.own.iter().any(|own| own.address == vip.address) {
                self.routes.retain(|route| {
                    route.is_tagged()
                        || route.table != TABLE_LOCAL
                        || route.destination != vip.address
                });
            }
        }
        self.record.forget(vip);
    }
}
