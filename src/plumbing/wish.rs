//! The steps that make the rest of a machine what a file says: ways in for VIPs,
//! forwarding, kernel parameters.

use super::numbers::{Wanted, WantedMode};
use super::snat::CONNTRACK;
use super::vip::Note;
use super::{Error, Reason, Result, Vips, forwarding, sysctl};
use crate::model::{Family, HostStep};
use crate::reconcile::{HostPlan, HostWish, Owned};

/// The steps, and what a person should know of them.
#[derive(Debug, Default)]
pub struct WishPlan {
    /// The steps.
    pub plan: HostPlan,
    /// Remarks on VIPs.
    pub notes: Vec<Note>,
    /// VIPs that were added by hand, and cannot be made complete now.
    pub skipped: Vec<Error>,
    /// An interface whose IPv6 default route forwarding would drop: IPv6
    /// forwarding was left off.
    pub left_off: Option<String>,
}

impl Vips {
    /// What makes the machine so. What is owned and no longer wanted goes; a
    /// parameter gets back the value that it had before lbctl.
    ///
    /// # Errors
    /// A VIP is impossible, or a parameter cannot be read or is not there.
    pub fn plan_wish(&mut self, wish: &HostWish, owned: &Owned) -> Result<WishPlan> {
        let mut planned = WishPlan::default();
        for (family, on) in &wish.forwarding {
            let steps = forwarding::plan(*family, *on)?;
            if *family == Family::Ipv6 && *on && !steps.is_empty() {
                planned.left_off = forwarding::advertised_defaults()?.into_iter().next();
                if planned.left_off.is_some() {
                    continue;
                }
            }
            planned.plan.first.extend(steps);
        }
        for (name, after) in &wish.sysctls {
            if name == CONNTRACK && after == "0" && wish.vips.values().any(|vip| vip.snat) {
                return Err(Error::new(
                    format!("set the kernel parameter {name} to 0"),
                    Reason::Wrong(
                        "snat = true needs it to be 1; take one of the two out".to_owned(),
                    ),
                ));
            }
            let Some(before) = sysctl::read(name)? else {
                return Err(Error::new(
                    format!("set the kernel parameter {name}"),
                    Reason::NoParameter,
                ));
            };
            if !is_same(&before, after) {
                planned.plan.first.push(HostStep::SetSysctl {
                    name: name.clone(),
                    before,
                    after: after.clone(),
                });
            }
        }
        for name in owned
            .sysctls
            .iter()
            .filter(|name| !wish.sysctls.contains_key(*name))
        {
            // Somebody asked for snat by hand, or the file still does.
            let needed = name == CONNTRACK
                && (self
                    .snats
                    .iter()
                    .flatten()
                    .any(|vip| !owned.vips.contains(vip))
                    || wish.vips.values().any(|vip| vip.snat));
            if let Some(original) = self.record.sysctls.get(name).filter(|_| !needed) {
                let before = sysctl::read(name)?;
                planned.plan.first.push(HostStep::SetSysctl {
                    name: name.clone(),
                    before: before.unwrap_or_else(|| original.value.clone()),
                    after: original.value.clone(),
                });
            }
        }
        for (address, vip) in &wish.vips {
            let wanted = Wanted {
                mode: Some(if vip.bound {
                    WantedMode::Address(None)
                } else {
                    WantedMode::Fwmark
                }),
                snat: Some(vip.snat),
                ..Wanted::default()
            };
            let vip = self.plan_add(*address, wanted)?;
            if !vip.steps.is_empty() {
                planned.notes.extend(vip.notes);
            }
            planned.plan.make.extend(vip.steps);
        }
        // Those that were added by hand come back after a reboot, as far as they can.
        let by_hand = self.addresses().into_iter();
        for address in by_hand.filter(|it| !wish.vips.contains_key(it) && !owned.vips.contains(it))
        {
            match self.plan_add(address, Wanted::default()) {
                Ok(vip) => planned.plan.make.extend(vip.steps),
                Err(error) => planned.skipped.push(error),
            }
        }
        let gone = owned.vips.iter();
        for address in gone.filter(|address| !wish.vips.contains_key(*address)) {
            match self.plan_remove(*address) {
                Ok(steps) => planned.plan.lose.extend(steps),
                // Somebody took it away already.
                Err(error) if matches!(error.reason, Reason::UnknownVip { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(planned)
    }
}

/// Values of several numbers may stand with any blanks between them.
fn is_same(one: &str, other: &str) -> bool {
    one.split_whitespace().eq(other.split_whitespace())
}
