//! A machine that exists only here: the model of the kernel, the rest as sets, a
//! record that outlives a process, and everything that can go wrong.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::rc::Rc;

use lbctl::model::{HostStep, LocalRoute, ServiceId, SettingStep, SyncDaemon, TableStep, Timeouts};
use lbctl::reconcile::{Actual, Host, HostPlan, HostWish, Machine, Owned, StepError, Table};

use super::kernel::Kernel;

/// As many steps as go to the kernel together; small, so that a few servers make
/// several batches.
const BATCH: usize = 4;

/// What goes wrong, and at which write.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Nothing.
    None,
    /// The process is killed.
    Kill(usize),
    /// The kernel refuses (ENOMEM).
    Refuse(usize),
    /// Somebody else carries out a step just before.
    Foreign(usize, TableStep),
    /// It is carried out, the answer is lost (ENOBUFS), and reading the table, as
    /// `ipvs` does then, fails as well.
    Lost(usize),
}

/// What outlives a process.
#[derive(Debug, Clone, Default)]
pub struct World {
    pub kernel: Kernel,
    pub timeouts: Timeouts,
    pub daemons: Vec<SyncDaemon>,
    pub vips: BTreeSet<IpAddr>,
    pub sysctls: BTreeMap<String, String>,
    pub owned: Owned,
    /// Values before lbctl came.
    pub before: BTreeMap<String, String>,
    /// Everything that was written, also to the record.
    pub writes: usize,
    /// Services that must not lose their last usable server.
    pub guarded: BTreeSet<ServiceId>,
    pub killed: bool,
    pub fault: Option<Fault>,
}

impl World {
    /// Meets whatever waits at this write.
    fn write(&mut self) -> Result<(), StepError> {
        if self.killed {
            return Err("killed".into());
        }
        let at = self.writes;
        match self.fault.clone() {
            Some(Fault::Kill(when)) if when == at => {
                self.killed = true;
                return Err("killed".into());
            }
            Some(Fault::Refuse(when)) if when == at => {
                self.writes += 1;
                return Err("out of memory".into());
            }
            Some(Fault::Foreign(when, step)) if when == at => {
                // Who meddles may also meddle in vain.
                let _ = self.kernel.apply(&step);
                self.guarded.clear();
            }
            _ => {}
        }
        self.writes += 1;
        Ok(())
    }

    fn guard(&self, step: &str) {
        for id in &self.guarded {
            assert!(
                self.kernel.is_usable(id),
                "{id} has no server after: {step}"
            );
        }
    }
}

/// A process that works on the world.
pub struct Process {
    pub world: Rc<RefCell<World>>,
    table: TableOf,
    host: HostOf,
}

struct TableOf(Rc<RefCell<World>>);
struct HostOf(Rc<RefCell<World>>);

impl Process {
    pub fn new(world: World) -> Self {
        let world = Rc::new(RefCell::new(world));
        Self {
            table: TableOf(Rc::clone(&world)),
            host: HostOf(Rc::clone(&world)),
            world,
        }
    }

    pub fn end(self) -> World {
        self.world.borrow().clone()
    }
}

impl Table for TableOf {
    fn apply(&mut self, steps: &[&TableStep]) -> Result<(), Vec<(usize, StepError)>> {
        let mut world = self.0.borrow_mut();
        let mut refused: Vec<(usize, StepError)> = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            if index % BATCH == 0 && !refused.is_empty() {
                refused.extend((index..steps.len()).map(|left| (left, "not tried".into())));
                break;
            }
            let at = world.writes;
            let result = world.write().and_then(|()| {
                let answer = world.kernel.apply(step);
                answer.map_err(|errno| StepError::from(format!("errno {errno}")))
            });
            let result = match world.fault {
                Some(Fault::Lost(when)) if when == at => {
                    // Taking back what is not known to be done guards nothing.
                    world.guarded.clear();
                    Err("no buffer space".into())
                }
                _ => result,
            };
            match result {
                Ok(()) => world.guard(&step.to_string()),
                Err(why) => refused.push((index, why)),
            }
        }
        if refused.is_empty() {
            Ok(())
        } else {
            Err(refused)
        }
    }

    fn set(&mut self, step: &SettingStep) -> Result<(), StepError> {
        let mut world = self.0.borrow_mut();
        world.write()?;
        match step {
            SettingStep::SetTimeouts { after, .. } => {
                let keep = |new: u32, old: u32| if new == 0 { old } else { new };
                world.timeouts = Timeouts {
                    tcp: keep(after.tcp, world.timeouts.tcp),
                    tcp_fin: keep(after.tcp_fin, world.timeouts.tcp_fin),
                    udp: keep(after.udp, world.timeouts.udp),
                };
            }
            SettingStep::StartDaemon(daemon) => {
                if world.daemons.iter().any(|it| it.role == daemon.role) {
                    return Err("it runs".into());
                }
                world.daemons.push(daemon.clone());
            }
            SettingStep::StopDaemon(daemon) => {
                let count = world.daemons.len();
                world.daemons.retain(|it| it.role != daemon.role);
                if world.daemons.len() == count {
                    return Err("it does not run".into());
                }
            }
        }
        Ok(())
    }
}

impl Host for HostOf {
    fn apply(&mut self, step: &HostStep) -> Result<(), StepError> {
        let mut world = self.0.borrow_mut();
        world.write()?;
        match step {
            HostStep::SetSysctl { name, after, .. } => {
                let before = world.sysctls.insert(name.clone(), after.clone());
                let before = before.unwrap_or_default();
                world.before.entry(name.clone()).or_insert(before);
            }
            HostStep::AddRoute(route) => {
                world.vips.insert(route.address);
            }
            HostStep::RemoveRoute(route) => {
                world.vips.remove(&route.address);
            }
            other => return Err(format!("{other} was not planned").into()),
        }
        Ok(())
    }
}

impl Machine for Process {
    fn look(&mut self) -> Result<Actual, StepError> {
        let world = self.world.borrow();
        Ok(Actual {
            table: world.kernel.table(),
            timeouts: world.timeouts,
            daemons: world.daemons.clone(),
        })
    }

    fn plan_host(&mut self, wish: &HostWish, owned: &Owned) -> Result<HostPlan, StepError> {
        let world = self.world.borrow();
        let route = |address: &IpAddr| LocalRoute {
            address: *address,
            table: 100,
        };
        let mut first = Vec::new();
        let mut set = |name: &String, after: &String| {
            let before = world.sysctls.get(name).cloned().unwrap_or_default();
            if before != *after {
                first.push(HostStep::SetSysctl {
                    name: name.clone(),
                    before,
                    after: after.clone(),
                });
            }
        };
        for (name, value) in &wish.sysctls {
            set(name, value);
        }
        for name in &owned.sysctls {
            if let (None, Some(value)) = (wish.sysctls.get(name), world.before.get(name)) {
                set(name, value);
            }
        }
        let gone = owned.vips.iter();
        let gone = gone.filter(|address| !wish.vips.contains_key(*address));
        Ok(HostPlan {
            first,
            make: wish
                .vips
                .keys()
                .filter(|address| !world.vips.contains(*address))
                .map(|address| HostStep::AddRoute(route(address)))
                .collect(),
            lose: gone
                .filter(|address| world.vips.contains(*address))
                .map(|address| HostStep::RemoveRoute(route(address)))
                .collect(),
        })
    }

    fn owned(&mut self) -> Result<Owned, StepError> {
        Ok(self.world.borrow().owned.clone())
    }

    fn own(&mut self, owned: &Owned) -> Result<(), StepError> {
        let mut world = self.world.borrow_mut();
        world.write()?;
        world.owned = owned.clone();
        Ok(())
    }

    fn hands(&mut self) -> (&mut dyn Table, &mut dyn Host) {
        (&mut self.table, &mut self.host)
    }
}
