//! Carries out the steps that make a real server, and keeps the record of them.

use std::process::Command;

use super::{port, segments};
use crate::model::{Family, RealStep, TunnelDevice};
use crate::plumbing::network::Network;
use crate::plumbing::{Error, Plumbing, Reason, Result};
use crate::reconcile::StepError;

const LOOPBACK: &str = "lo";

impl Plumbing {
    /// Carries out one step, or nothing of it.
    pub(in crate::plumbing) fn make_real(
        &mut self,
        step: &RealStep,
    ) -> std::result::Result<(), StepError> {
        match step {
            RealStep::Enlist(vip) => self.make(
                |record| {
                    record.reals.vips.insert(vip.address, *vip);
                },
                |_| Ok(true),
            ),
            RealStep::Dismiss(vip) => self.unmake(
                |_| Ok(()),
                |record| {
                    record.reals.vips.remove(&vip.address);
                },
            ),
            RealStep::AddAddress(address) => self.make(
                |record| {
                    record.reals.addresses.insert(*address);
                },
                |_| {
                    let bits = Family::of(*address).bits();
                    let made = Network::open()?.add_address(LOOPBACK, *address, bits);
                    unless(libc::EEXIST, made)
                },
            ),
            RealStep::RemoveAddress(address) => self.unmake(
                |_| {
                    let bits = Family::of(*address).bits();
                    let gone = Network::open()?.remove_address(LOOPBACK, *address, bits);
                    unless(libc::EADDRNOTAVAIL, gone).map(|_| ())
                },
                |record| {
                    record.reals.addresses.remove(address);
                },
            ),
            RealStep::LinkUp { device, .. } => self.make(
                |record| {
                    record.reals.devices.insert(*device);
                },
                |_| switch_on(*device),
            ),
            RealStep::LinkDown { device } => self.unmake(
                |_| match Network::open()?.set_down(device.name()) {
                    // Its module was unloaded.
                    Err(error) if matches!(error.reason, Reason::UnknownInterface) => Ok(()),
                    done => done,
                },
                |record| {
                    record.reals.devices.remove(device);
                },
            ),
            RealStep::OpenPort { port, .. } => self.make(
                |record| {
                    record.reals.ports.insert(*port);
                },
                |_| port::open(*port),
            ),
            RealStep::ClosePort { port } => self.unmake(
                |_| port::close(*port),
                |record| {
                    record.reals.ports.remove(port);
                },
            ),
            RealStep::SetSegments { before, after } => {
                // The record names all that may be there, until it is known what is.
                let mut both = before.clone();
                both.extend(after);
                self.make(
                    |record| record.reals.segments = both,
                    |this| segments::set(this.netfilter()?, after).map(|()| true),
                )?;
                self.unmake(|_| Ok(()), |record| record.reals.segments.clone_from(after))
            }
        }
    }
}

/// Whether something was done that the kernel answers so when it is so already.
fn unless(so: i32, done: Result<()>) -> Result<bool> {
    match done {
        Ok(()) => Ok(true),
        Err(error) if error.reason.errno() == Some(so) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Switches a tunnel's interface on, and has the kernel load its module first if
/// need be. Whether it was off.
fn switch_on(device: TunnelDevice) -> Result<bool> {
    let mut network = Network::open()?;
    let mut find = || -> Result<Option<bool>> {
        let interfaces = network.interfaces()?;
        let mut interfaces = interfaces.into_iter();
        let there = interfaces.find(|there| there.name == device.name());
        Ok(there.map(|there| there.up))
    };
    let mut up = find()?;
    if up.is_none() {
        // Asked for an interface that is not there, the kernel loads the module
        // that has its name as an alias (`dev_load` in net/core/dev_ioctl.c).
        let _ = nix::net::if_::if_nametoindex(device.name());
        up = find()?;
    }
    match up {
        Some(true) => Ok(false),
        Some(false) => {
            network.set_up(device.name())?;
            Ok(true)
        }
        None => {
            let (name, module) = (device.name(), device.module());
            Err(Error::new(
                format!("bring the interface {name} up"),
                Reason::InTheWay(format!(
                    "there is none; load its module with: modprobe {module}. Where \
                     net.core.fb_tunnels_only_for_init_net is not 0, only the first network \
                     namespace has one"
                )),
            ))
        }
    }
}

/// Runs modprobe(8); what it had to say if it did not work.
pub(super) fn load_module(module: &str) -> std::result::Result<(), String> {
    match Command::new("modprobe").arg(module).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let answer = String::from_utf8_lossy(&output.stderr);
            Err(answer
                .lines()
                .next()
                .unwrap_or("modprobe failed")
                .to_owned())
        }
        Err(error) => Err(format!("modprobe cannot be run: {error}")),
    }
}
