//! Carries out one step of a plan and keeps the record of it. The record is
//! written before the change that it speaks of, and forgets only after what it
//! spoke of is gone: killed in between, it knows of something that is not
//! there, never the reverse.

use std::collections::BTreeMap;
use std::path::Path;

use neli::consts::socket::NlFamily;

use super::announce::announce;
use super::record::{Before, Record};
use super::store::{self, Store, Warning};
use super::{
    ByHand, Error, Reason, Result, Vips, address, by_hand, forwarding, mark, route, rule, snat,
    state_directory, sysctl,
};
use crate::model::{Family, HostStep, InterfaceName, Vip};
use crate::netlink::{self, Socket};
use crate::reconcile::{Host, Owned, StepError};

/// This machine, or one network namespace of it, with the lock on its record.
/// Belongs to the thread, and so to the network namespace, that opened it.
pub struct Plumbing {
    routing: Socket,
    pub(super) netfilter: Option<Socket>,
    store: Store,
    record: Record,
    warning: Option<Warning>,
    unannounced: Vec<Error>,
}

/// Looks at the VIPs of the calling thread's network namespace without a lock,
/// for those who change nothing. The warning, if any, is about the record.
///
/// # Errors
/// The kernel or the record cannot be read.
pub fn look(directory: &Path) -> Result<(Vips, Option<Warning>)> {
    let (record, warning) = store::read(directory)?;
    let mut netfilter = netfilter()?;
    let vips = picture(&mut routing()?, netfilter.as_mut(), record)?;
    Ok((vips, warning))
}

/// Looks for what others made to lead packets to IPVS; for a large ruleset that
/// takes its time.
///
/// # Errors
/// The kernel refuses to show it.
pub fn look_by_hand() -> Result<ByHand> {
    by_hand::look(&mut routing()?, netfilter()?.as_mut())
}

fn routing() -> Result<Socket> {
    Socket::open(NlFamily::Route).map_err(|error| Error::new("talk to the kernel", error))
}

/// `None` when the kernel has no netfilter to talk to.
fn netfilter() -> Result<Option<Socket>> {
    match Socket::open(NlFamily::Netfilter) {
        Ok(socket) => Ok(Some(socket)),
        Err(netlink::Error::Socket { source, .. })
            if source.raw_os_error() == Some(libc::EPROTONOSUPPORT) =>
        {
            Ok(None)
        }
        Err(error) => Err(Error::new("talk to the kernel", error)),
    }
}

fn picture(
    routing: &mut Socket,
    mut netfilter: Option<&mut Socket>,
    record: Record,
) -> Result<Vips> {
    let marks = match netfilter.as_deref_mut().map(mark::inspect) {
        None => None,
        Some(Ok(marks)) => Some(marks),
        Some(Err(error)) if matches!(error.reason, Reason::NoNfTables) => None,
        Some(Err(error)) => return Err(error),
    };
    let snats = match (netfilter, &marks) {
        (Some(netfilter), Some(_)) => snat::inspect(netfilter)?,
        _ => None,
    };
    let (interfaces, own) = address::dump(routing)?;
    let mut vips = Vips {
        can_mark: marks.is_some(),
        marks: marks.flatten(),
        interfaces,
        own,
        snats,
        conntrack: sysctl::read(snat::CONNTRACK)?,
        by_hand: ByHand::default(),
        rules: Vec::new(),
        routes: Vec::new(),
        record,
    };
    for family in [Family::Ipv4, Family::Ipv6] {
        vips.rules.extend(rule::dump(routing, family)?);
        vips.routes.extend(route::dump(routing, family)?);
    }
    Ok(vips)
}

impl Plumbing {
    /// Opens the calling thread's network namespace.
    ///
    /// # Errors
    /// As [`Plumbing::at`].
    pub fn open() -> Result<Self> {
        Self::at(&state_directory()?)
    }

    /// Opens the calling thread's network namespace with the record in this
    /// directory, and waits for the lock on it.
    ///
    /// # Errors
    /// The directory cannot be written, another lbctl does not let go of the
    /// lock, or the system has no netlink.
    pub fn at(directory: &Path) -> Result<Self> {
        let (store, record, warning) = Store::open(directory)?;
        Ok(Self {
            routing: routing()?,
            netfilter: netfilter()?,
            store,
            record,
            warning,
            unannounced: Vec::new(),
        })
    }

    /// What went wrong with the record while it was opened.
    #[must_use]
    pub fn warning(&self) -> Option<&Warning> {
        self.warning.as_ref()
    }

    /// Addresses that were taken, and that neighbours could not be told of since
    /// this was last asked.
    pub fn take_unannounced(&mut self) -> Vec<Error> {
        std::mem::take(&mut self.unannounced)
    }

    /// What lbctl remembers.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Remembers what was made for a configuration file.
    ///
    /// # Errors
    /// The record cannot be written; then what was remembered before holds.
    pub fn own(&mut self, owned: &Owned) -> Result<()> {
        let before = self.record.clone();
        self.record.applied = owned.clone();
        let kept = self.keep(&before);
        if kept.is_err() {
            self.record = before;
        }
        kept
    }

    /// Looks at the VIPs, to plan with.
    ///
    /// # Errors
    /// The kernel cannot be read.
    pub fn vips(&mut self) -> Result<Vips> {
        let record = self.record.clone();
        picture(&mut self.routing, self.netfilter.as_mut(), record)
    }

    /// Notes, then acts; what was noted is taken back when nothing was made.
    pub(super) fn make(
        &mut self,
        note: impl FnOnce(&mut Record),
        act: impl FnOnce(&mut Self) -> Result<bool>,
    ) -> std::result::Result<(), StepError> {
        let before = self.record.clone();
        note(&mut self.record);
        if let Err(error) = self.keep(&before) {
            self.record = before;
            return Err(Box::new(error));
        }
        let made = act(self);
        if !matches!(made, Ok(true)) {
            let noted = std::mem::replace(&mut self.record, before);
            let kept = self.keep(&noted);
            made.map_err(|error| error.reason)?;
            kept?;
        }
        Ok(())
    }

    /// Acts, then forgets.
    pub(super) fn unmake(
        &mut self,
        act: impl FnOnce(&mut Self) -> Result<()>,
        forget: impl FnOnce(&mut Record),
    ) -> std::result::Result<(), StepError> {
        act(self).map_err(|error| error.reason)?;
        let before = self.record.clone();
        forget(&mut self.record);
        self.keep(&before)?;
        Ok(())
    }

    /// Writes the record if it is no longer what it was.
    fn keep(&self, before: &Record) -> Result<()> {
        if self.record == *before {
            Ok(())
        } else {
            self.store.write(&self.record)
        }
    }

    pub(super) fn netfilter(&mut self) -> Result<&mut Socket> {
        self.netfilter
            .as_mut()
            .ok_or_else(|| Error::new("mark packets", Reason::NoNfTables))
    }

    /// Puts a VIP on its interface, and tells the neighbours there. One that is there
    /// already is remembered, but not as ours.
    fn bind(&mut self, vip: &Vip, interface: InterfaceName) -> std::result::Result<(), StepError> {
        let mut made = false;
        self.make(
            |record| {
                record.vips.insert(vip.address, *vip);
                record.addresses.insert((interface, vip.address));
            },
            |this| {
                made = address::ensure(&mut this.routing, interface, vip.address)?;
                Ok(true)
            },
        )?;
        if made {
            self.unannounced
                .extend(announce(interface, vip.address).err());
            return Ok(());
        }
        let before = self.record.clone();
        self.record.addresses.remove(&(interface, vip.address));
        Ok(self.keep(&before)?)
    }

    /// Takes a VIP off its interface, if lbctl put it there.
    fn unbind(
        &mut self,
        vip: &Vip,
        interface: InterfaceName,
    ) -> std::result::Result<(), StepError> {
        let name = (interface, vip.address);
        let recorded = self.record.addresses.contains(&name);
        self.unmake(
            |this| {
                let (_, own) = address::dump(&mut this.routing)?;
                let mut own = own.iter();
                let tagged = own.any(|own| {
                    own.is_tagged() && (own.interface, own.address) == (interface, vip.address)
                });
                if recorded || tagged {
                    address::remove(&mut this.routing, interface, vip.address)?;
                }
                Ok(())
            },
            |record| {
                record.addresses.remove(&name);
                record.forget(vip);
            },
        )
    }

    fn set_sysctl(&mut self, name: &str, after: &str) -> std::result::Result<(), StepError> {
        let current = sysctl::read(name).map_err(|error| error.reason)?;
        // A parameter that the kernel does not have answers when it is written.
        let is_so = current.as_deref() == Some(after);
        match self.record.sysctls.get(name) {
            None if is_so => Ok(()),
            None => {
                let before = Before {
                    value: current.unwrap_or_default(),
                    swept: remember(name)?,
                };
                self.make(
                    |record| {
                        record.sysctls.insert(name.to_owned(), before);
                    },
                    |_| sysctl::write(name, after).map(|()| true),
                )
            }
            Some(before) if before.value == after => {
                let swept = before.swept.clone();
                self.unmake(
                    |_| {
                        // Of an interface that is gone nothing is left to put back.
                        if !is_so && current.is_some() {
                            sysctl::write(name, after)?;
                        }
                        put_back(&swept)
                    },
                    |record| {
                        record.sysctls.remove(name);
                    },
                )
            }
            Some(_) if is_so => Ok(()),
            Some(_) => Ok(sysctl::write(name, after).map_err(|error| error.reason)?),
        }
    }
}

/// The values of those that the kernel changes along with this parameter.
fn remember(name: &str) -> Result<BTreeMap<String, String>> {
    let mut values = BTreeMap::new();
    for swept in forwarding::swept_by(name)? {
        if let Some(value) = sysctl::read(&swept)? {
            values.insert(swept, value);
        }
    }
    Ok(values)
}

/// Gives parameters their old values, those of interfaces that are still there.
fn put_back(values: &BTreeMap<String, String>) -> Result<()> {
    for (name, value) in values {
        if sysctl::read(name)?.is_some_and(|current| current != *value) {
            sysctl::write(name, value)?;
        }
    }
    Ok(())
}

impl Host for Plumbing {
    fn apply(&mut self, step: &HostStep) -> std::result::Result<(), StepError> {
        match step {
            HostStep::SetSysctl { name, after, .. } => self.set_sysctl(name, after),
            HostStep::AddMark { vip, .. } => self.make(
                |record| {
                    record.vips.insert(vip.address, *vip);
                },
                |this| mark::add(this.netfilter()?, vip).map(|()| true),
            ),
            HostStep::RemoveMark { vip, .. } => self.unmake(
                // Without nf_tables there is no mark to remove.
                |this| match &mut this.netfilter {
                    Some(netfilter) => mark::remove(netfilter, vip),
                    None => Ok(()),
                },
                |record| record.forget(vip),
            ),
            HostStep::NoteVip { address, after, .. } => {
                let before = self.record.clone();
                match after {
                    Some(vip) => self.record.vips.insert(*address, *vip),
                    None => self.record.vips.remove(address),
                };
                let kept = self.keep(&before);
                if kept.is_err() {
                    self.record = before;
                }
                Ok(kept?)
            }
            HostStep::AddAddress(vip) | HostStep::RemoveAddress(vip) => {
                let Some(interface) = vip.interface() else {
                    return Ok(());
                };
                if matches!(step, HostStep::AddAddress(_)) {
                    self.bind(vip, interface)
                } else {
                    self.unbind(vip, interface)
                }
            }
            HostStep::SetAside { vip, thing } => self.make(
                |record| record.aside.push((*vip, thing.clone())),
                |this| {
                    by_hand::remove(&mut this.routing, this.netfilter.as_mut(), thing)
                        .map(|()| true)
                        .map_err(|reason| Error::new(step.to_string(), reason))
                },
            ),
            HostStep::PutBack { vip, thing } => self.unmake(
                |this| {
                    by_hand::make(&mut this.routing, this.netfilter.as_mut(), thing)
                        .map_err(|reason| Error::new(step.to_string(), reason))
                },
                |record| {
                    record
                        .aside
                        .retain(|(other, it)| (other, it) != (vip, thing));
                },
            ),
            // The VIP is remembered by its other steps, with snat.
            HostStep::AddSnat { address, .. } => {
                let done = self
                    .netfilter()
                    .and_then(|netfilter| snat::add(netfilter, *address));
                Ok(done.map_err(|error| error.reason)?)
            }
            HostStep::RemoveSnat { address, .. } => match &mut self.netfilter {
                Some(netfilter) => {
                    Ok(snat::remove(netfilter, *address).map_err(|error| error.reason)?)
                }
                None => Ok(()),
            },
            HostStep::AddRule(rule) => self.make(
                |record| {
                    record.rules.insert(*rule);
                },
                |this| rule::ensure(&mut this.routing, rule),
            ),
            HostStep::RemoveRule(rule) => self.unmake(
                |this| rule::remove(&mut this.routing, rule),
                |record| {
                    record.rules.remove(rule);
                },
            ),
            HostStep::AddRoute(route) => self.make(
                |record| {
                    record.routes.insert(*route);
                },
                |this| route::ensure(&mut this.routing, route),
            ),
            HostStep::RemoveRoute(route) => self.unmake(
                |this| route::remove(&mut this.routing, route),
                |record| {
                    record.routes.remove(route);
                },
            ),
            HostStep::Real(step) => self.make_real(step),
        }
    }
}
