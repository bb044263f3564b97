//! This machine as a real server for direct routing or a tunnel: what is there,
//! what is missing for a VIP, and the steps there and back.
//!
//! The VIP stands on lo, so that packets for it are taken; but the machine must
//! not say so to its neighbours, for their packets belong to the director. IPv4
//! answers ARP for every address of the machine unless `arp_ignore` forbids it, and
//! the kernel goes by the greater of `conf/all` and the interface's (`IN_DEV_MAXCONF`
//! in linux/inetdevice.h), so that `all` is enough. IPv6 answers only for addresses
//! of the interface that was asked on (`ndisc_recv_ns` in net/ipv6/ndisc.c), so that
//! lo is enough.

mod file;
mod hands;
mod parameters;
mod picture;
mod port;
mod segments;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{Error, Reason, Result};
use crate::model::Gather as _;
use crate::model::{
    Encapsulation, Family, GuePort, HostStep, RealStep, RealVip, Segments, TunnelDevice, TunnelEnd,
};

pub(super) use file::FileReals;
pub use picture::{Reals, look_at_reals};

/// What lbctl made for the VIPs that this machine is a real server of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RealRecord {
    /// The VIPs by address; they outlive a reboot, all else does not.
    pub vips: BTreeMap<IpAddr, RealVip>,
    /// Addresses put on lo.
    pub addresses: BTreeSet<IpAddr>,
    /// Interfaces switched on.
    pub devices: BTreeSet<TunnelDevice>,
    /// Ports opened.
    pub ports: BTreeSet<GuePort>,
    /// The rules of the table `inet lbctl_real`.
    pub segments: Segments,
}

impl RealRecord {
    /// Forgets what ended with another life.
    pub(super) fn enter(&mut self) {
        *self = Self {
            vips: std::mem::take(&mut self.vips),
            ..Self::default()
        };
    }
}

/// What a person said of the VIP; the rest is as it was, or usual.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RealWish {
    /// Through a tunnel, or directly.
    pub tunnelled: Option<bool>,
    /// The wrapping.
    pub encapsulation: Option<Encapsulation>,
    /// The family of the outer addresses.
    pub outer: Option<Family>,
    /// The greatest segment; 0 for what fits the interface.
    pub mss: Option<u16>,
}

impl RealWish {
    fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// What is asked for, where nothing is set up yet.
    #[must_use]
    pub fn of(self, address: IpAddr) -> RealVip {
        let tunnelled = self.tunnelled.unwrap_or(self.encapsulation.is_some());
        let mut vip = RealVip {
            address,
            tunnel: tunnelled.then(|| TunnelEnd {
                encapsulation: self.encapsulation.unwrap_or(Encapsulation::Ipip),
                outer: self.outer.unwrap_or(Family::of(address)),
            }),
            mss: None,
        };
        vip.mss = match self.mss {
            None => vip.usual_mss(),
            Some(mss) => Some(mss).filter(|mss| *mss > 0),
        };
        vip
    }
}

impl Reals {
    /// The VIPs that lbctl made this machine a real server of.
    #[must_use]
    pub fn vips(&self) -> Vec<RealVip> {
        self.record.vips.values().copied().collect()
    }

    /// The VIP as it was asked for, or as it is asked for now.
    ///
    /// # Errors
    /// It is there and was asked for otherwise.
    pub fn named(&self, address: IpAddr, wish: RealWish) -> Result<RealVip> {
        let asked = wish.of(address);
        match self.record.vips.get(&address) {
            Some(known) if wish.is_empty() || *known == asked => Ok(*known),
            Some(known) => Err(Error::new(
                format!("set up the VIP {address} here"),
                Reason::InTheWay(format!(
                    "it is set up with {}; take that away first with: lbctl real undo {address}",
                    known.options()
                )),
            )),
            None => Ok(asked),
        }
    }

    /// The steps that give this machine what it lacks to serve the VIP.
    ///
    /// # Errors
    /// The address can be no VIP, there is no such tunnel, or the VIP is where it is
    /// answered for.
    pub fn missing(&self, vip: &RealVip) -> Result<Vec<HostStep>> {
        let doing = || format!("make this machine a real server of {}", vip.address);
        let device = vip
            .device()
            .map_err(|sentence| Error::new(doing(), Reason::Wrong(sentence)))?;
        self.check_address(vip.address)
            .map_err(|reason| Error::new(doing(), reason))?;
        let mut steps = Vec::new();
        if vip.family() == Family::Ipv4 {
            steps.extend(self.silence());
        }
        if let Some(port) = vip.port()
            && !self.ports.as_ref().is_some_and(|open| open.contains(&port))
        {
            steps.push(HostStep::Real(RealStep::OpenPort {
                port,
                load: self.ports.is_none(),
            }));
        }
        if let Some(device) = device {
            let interfaces = &mut self.interfaces.iter();
            let there = interfaces.find(|there| there.name == device.name());
            if !there.is_some_and(|there| there.up) {
                let load = there.is_none();
                steps.push(HostStep::Real(RealStep::LinkUp { device, load }));
            }
            if vip.family() == Family::Ipv4 {
                steps.extend(self.unfilter(device));
            }
        }
        let mut segments = self.segments.clone();
        if let Some(mss) = vip.mss
            && segments.insert(vip.address, mss) != Some(mss)
        {
            steps.push(HostStep::Real(RealStep::SetSegments {
                before: self.segments.clone(),
                after: segments,
            }));
        }
        if !self.has(vip.address) {
            steps.push(HostStep::Real(RealStep::AddAddress(vip.address)));
        }
        Ok(steps)
    }

    /// What makes this machine a real server of the VIP.
    ///
    /// # Errors
    /// As [`Reals::missing`].
    pub fn plan_setup(&mut self, vip: &RealVip) -> Result<Vec<HostStep>> {
        let mut steps = self.missing(vip)?;
        if !self.record.vips.contains_key(&vip.address) {
            steps.insert(0, HostStep::Real(RealStep::Enlist(*vip)));
        }
        self.draw(&steps);
        Ok(steps)
    }

    /// What takes away all that lbctl made here for these VIPs, and for none that is
    /// left; also what is recorded for no VIP, because lbctl was killed.
    pub fn plan_undo(&mut self, addresses: &[IpAddr]) -> Vec<HostStep> {
        let mut rest = self.record.vips.clone();
        rest.retain(|address, _| !addresses.contains(address));
        let mut steps = Vec::new();
        let mut real = |step| steps.push(HostStep::Real(step));
        for address in &self.record.addresses {
            if !rest.contains_key(address) {
                real(RealStep::RemoveAddress(*address));
            }
        }
        let mut segments = self.record.segments.clone();
        segments.retain(|address, _| rest.get(address).is_some_and(|vip| vip.mss.is_some()));
        if segments != self.record.segments {
            real(RealStep::SetSegments {
                before: self.record.segments.clone(),
                after: segments,
            });
        }
        let devices: BTreeSet<TunnelDevice> = rest
            .values()
            .filter_map(|vip| vip.device().ok().flatten())
            .gather();
        let ports: BTreeSet<GuePort> = rest.values().filter_map(RealVip::port).gather();
        steps.extend(self.parameters_back(&rest, &devices));
        let mut real = |step| steps.push(HostStep::Real(step));
        for device in self.record.devices.difference(&devices) {
            real(RealStep::LinkDown { device: *device });
        }
        for port in self.record.ports.difference(&ports) {
            real(RealStep::ClosePort { port: *port });
        }
        for address in addresses {
            if let Some(vip) = self.record.vips.get(address) {
                real(RealStep::Dismiss(*vip));
            }
        }
        self.draw(&steps);
        steps
    }
}
