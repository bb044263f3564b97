//! What there is of a real server on this machine, looked at once; plans are drawn
//! into it, so that several in a row fit together.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use neli::consts::socket::NlFamily;

use super::parameters::{PARAMETERS, parameter};
use super::{RealRecord, port, segments};
use crate::model::{Family, GuePort, HostStep, RealStep, Segments};
use crate::netlink::Socket;
use crate::plumbing::network::{Interface, Network};
use crate::plumbing::record::Record;
use crate::plumbing::store::{self, Warning};
use crate::plumbing::{Plumbing, Reason, Result, sysctl};

/// This machine as a real server.
#[derive(Debug, Clone)]
pub struct Reals {
    pub(super) record: RealRecord,
    /// Parameters that lbctl changed, with their values before.
    pub(super) originals: BTreeMap<String, String>,
    pub(super) interfaces: Vec<Interface>,
    pub(super) parameters: BTreeMap<String, String>,
    /// None where the kernel lacks the module fou.
    pub(super) ports: Option<BTreeSet<GuePort>>,
    pub(super) segments: Segments,
}

/// Looks without a lock, for those who change nothing. The warning, if any, is about
/// the record.
///
/// # Errors
/// The kernel or the record cannot be read.
pub fn look_at_reals(directory: &Path) -> Result<(Reals, Option<Warning>)> {
    let (record, warning) = store::read(directory)?;
    // A kernel without netfilter has no rules.
    let mut netfilter = Socket::open(NlFamily::Netfilter).ok();
    Ok((Reals::look(&record, netfilter.as_mut())?, warning))
}

impl Plumbing {
    /// Looks at this machine as a real server, to plan with.
    ///
    /// # Errors
    /// The kernel cannot be read.
    pub fn reals(&mut self) -> Result<Reals> {
        let record = self.record().clone();
        Reals::look(&record, self.netfilter.as_mut())
    }
}

impl Reals {
    fn look(record: &Record, netfilter: Option<&mut Socket>) -> Result<Self> {
        let mut parameters = BTreeMap::new();
        for leaf in PARAMETERS {
            for path in sysctl::of_each("net/ipv4/conf", leaf)? {
                let interface = path.split('/').nth(3).unwrap_or_default();
                if let Some(value) = sysctl::read(&path)? {
                    parameters.insert(parameter(interface, leaf), value);
                }
            }
        }
        let originals = record.sysctls.iter();
        Ok(Self {
            record: record.reals.clone(),
            originals: originals
                .map(|(name, before)| (name.clone(), before.value.clone()))
                .collect(),
            interfaces: Network::open()?.interfaces()?,
            parameters,
            ports: port::list()?,
            segments: match netfilter {
                Some(netfilter) => segments::inspect(netfilter)?,
                None => Segments::new(),
            },
        })
    }

    /// Refuses what can be no VIP here.
    pub(super) fn check_address(&self, address: IpAddr) -> std::result::Result<(), Reason> {
        let is = match address {
            _ if address.is_unspecified() => Some("the unspecified address"),
            _ if address.is_loopback() => Some("a loopback address"),
            _ if address.is_multicast() => Some("a multicast address"),
            IpAddr::V4(Ipv4Addr::BROADCAST) => Some("the broadcast address"),
            IpAddr::V6(six) if six.is_unicast_link_local() => Some("a link-local address"),
            _ => None,
        };
        if let Some(is) = is {
            return Err(Reason::Unusable { address, is });
        }
        let mut interfaces = self.interfaces.iter();
        let asked = interfaces
            .find(|there| !there.quiet && there.addresses.iter().any(|(own, _)| *own == address));
        match asked {
            None => Ok(()),
            Some(interface) => {
                let name = &interface.name;
                let mut own = interface.addresses.iter();
                let length = own.find(|(own, _)| *own == address);
                let length = length.map_or(Family::of(address).bits(), |(_, length)| *length);
                Err(Reason::InTheWay(format!(
                    "it is an address of {name}, where this machine answers for it, and clients \
                     would pass the director by; if it is not this machine's own address, remove \
                     it with: ip address del {address}/{length} dev {name}"
                )))
            }
        }
    }

    /// Whether packets to the address are this machine's.
    pub(super) fn has(&self, address: IpAddr) -> bool {
        let mut addresses = self.interfaces.iter().flat_map(|there| &there.addresses);
        addresses.any(|(own, _)| *own == address)
    }

    /// Makes the picture what it will be after these steps.
    pub(super) fn draw(&mut self, steps: &[HostStep]) {
        for step in steps {
            match step {
                HostStep::SetSysctl {
                    name,
                    before,
                    after,
                } => {
                    self.parameters.insert(name.clone(), after.clone());
                    if self.originals.get(name) == Some(after) {
                        self.originals.remove(name);
                    } else {
                        let original = self.originals.entry(name.clone());
                        original.or_insert_with(|| before.clone());
                    }
                }
                HostStep::Real(step) => self.draw_real(step),
                // How packets get into IPVS is not a real server's matter.
                _ => {}
            }
        }
    }

    fn draw_real(&mut self, step: &RealStep) {
        match step {
            RealStep::Enlist(vip) => {
                self.record.vips.insert(vip.address, *vip);
            }
            RealStep::Dismiss(vip) => {
                self.record.vips.remove(&vip.address);
            }
            RealStep::AddAddress(address) => {
                self.record.addresses.insert(*address);
                if let Some(lo) = self.interfaces.iter_mut().find(|there| there.name == "lo") {
                    lo.addresses.push((*address, Family::of(*address).bits()));
                }
            }
            RealStep::RemoveAddress(address) => {
                self.record.addresses.remove(address);
                for interface in &mut self.interfaces {
                    interface.addresses.retain(|(own, _)| own != address);
                }
            }
            RealStep::LinkUp { device, .. } => {
                self.record.devices.insert(*device);
                self.switch(device.name(), true);
            }
            RealStep::LinkDown { device } => {
                self.record.devices.remove(device);
                self.switch(device.name(), false);
            }
            RealStep::OpenPort { port, .. } => {
                self.record.ports.insert(*port);
                self.ports.get_or_insert_default().insert(*port);
            }
            RealStep::ClosePort { port } => {
                self.record.ports.remove(port);
                self.ports.get_or_insert_default().remove(port);
            }
            RealStep::SetSegments { after, .. } => {
                self.record.segments.clone_from(after);
                self.segments.clone_from(after);
            }
        }
    }

    fn switch(&mut self, name: &str, up: bool) {
        let mut interfaces = self.interfaces.iter_mut();
        match interfaces.find(|there| there.name == name) {
            Some(there) => there.up = up,
            None => self.interfaces.push(Interface {
                name: name.to_owned(),
                index: 0,
                up,
                quiet: true,
                addresses: Vec::new(),
            }),
        }
    }
}
