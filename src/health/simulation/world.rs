//! The model: the kernel, the disk, and an observer of what the probe does to
//! them. What must hold of every single write is held here.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::rc::Rc;

use super::{SERVERS, SORRY};
use crate::health::drains::Drain;
use crate::health::pool::{Pool, PoolError};
use crate::health::state::{State, Store};
use crate::health::verdict::Verdict;
use crate::model::{
    Forward, Protocol, Server, ServerState, Service, ServiceId, ServiceState, Stats,
};

/// xorshift64*: small, and the same everywhere.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % sides
    }

    pub(super) fn one_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }

    pub(super) fn index(&mut self) -> usize {
        usize::try_from(self.roll(SERVERS as u64)).unwrap()
    }
}

pub(super) fn id() -> ServiceId {
    ServiceId::Address {
        protocol: Protocol::Tcp,
        address: [192, 0, 2, 100].into(),
        port: 80,
    }
}

pub(super) fn server(last: u8, weight: u32) -> Server {
    Server {
        address: [192, 0, 2, last].into(),
        port: 80,
        forward: Forward::Nat,
        weight,
        upper_threshold: u32::from(last) * 100,
        lower_threshold: 0,
    }
}

/// The member with this index, as it is configured.
pub(super) fn member(index: usize) -> Server {
    let last = u8::try_from(index).unwrap() + 1;
    server(last, (u32::from(last % 3) + 1) * 10)
}

pub(super) fn last(server: &Server) -> u8 {
    match server.address {
        std::net::IpAddr::V4(address) => address.octets()[3],
        std::net::IpAddr::V6(_) => 0,
    }
}

/// The kernel, the disk, and an observer of what the probe does to them.
#[derive(Default)]
pub(super) struct World {
    pub(super) table: Option<Vec<Server>>,
    pub(super) saved: Option<State>,
    pub(super) drains: Vec<Drain>,
    /// Weights that somebody else set, by last octet.
    pub(super) foreign: BTreeMap<u8, u32>,
    /// The drains that the probe has read.
    pub(super) drains_read: Vec<Drain>,
    /// Those that the file takes out.
    pub(super) maintenance: BTreeSet<u8>,
    pub(super) verdicts: Vec<Verdict>,
    pub(super) sorry_down: bool,
    pub(super) quorum: u32,
    /// So many more operations succeed, then the process is dead.
    pub(super) fuse: Option<u32>,
    /// The operation that is refused.
    pub(super) refuse: Option<u32>,
    /// The next write that lets the sorry server in is refused.
    pub(super) refuse_sorry: bool,
    pub(super) refused: bool,
    pub(super) writes: u32,
    pub(super) reads: u32,
    pub(super) saves: u32,
    pub(super) wrong: Vec<String>,
}

impl World {
    fn operation(&mut self) -> io::Result<()> {
        if let Some(left) = &mut self.fuse {
            if *left == 0 {
                return Err(io::Error::other("killed"));
            }
            *left -= 1;
        }
        if let Some(left) = &mut self.refuse {
            if *left == 0 {
                self.refuse = None;
                self.refused = true;
                return Err(io::Error::other("refused"));
            }
            *left -= 1;
        }
        Ok(())
    }

    fn weight(&self) -> u64 {
        let servers = self.table.iter().flatten();
        servers.map(|server| u64::from(server.weight)).sum()
    }

    /// It is out by hand, and the probe knows.
    fn is_out(&self, server: &Server) -> bool {
        let drained = self.drains_read.iter().any(|it| it.name() == server.name());
        drained || self.maintenance.contains(&last(server))
    }

    /// Somebody else has set the sorry server's weight, and the probe keeps it.
    fn sorry_is_foreign(&self) -> bool {
        let sorry = self.saved.as_ref().and_then(|state| state.sorry.as_ref());
        self.foreign.contains_key(&SORRY) || sorry.is_some_and(|record| record.foreign.is_some())
    }

    /// Some member takes connections and is not known to be down.
    fn usable(&self) -> bool {
        self.table.iter().flatten().any(|server| {
            let index = usize::from(last(server)).wrapping_sub(1);
            server.weight > 0
                && !self.is_out(server)
                && self
                    .verdicts
                    .get(index)
                    .is_some_and(|verdict| *verdict != Verdict::Down)
        })
    }

    /// One write by the probe, with what must hold of every one.
    fn write(
        &mut self,
        server: &Server,
        weight: Option<u32>,
        change: impl FnOnce(&mut Vec<Server>) -> bool,
    ) -> Result<(), PoolError> {
        self.operation()?;
        if last(server) == SORRY
            && weight.is_some_and(|weight| weight > 0)
            && std::mem::take(&mut self.refuse_sorry)
        {
            self.refused = true;
            return Err("refused".into());
        }
        let what = format!("{} to {weight:?}", server.endpoint());
        if let Some(foreign) = self.foreign.get(&last(server))
            && weight != Some(*foreign)
        {
            self.wrong
                .push(format!("{what} overwrites the foreign weight {foreign}"));
        }
        let out = self.is_out(server);
        if out && weight.is_some_and(|weight| weight > 0) {
            self.wrong
                .push(format!("{what} undoes what was done by hand"));
        }
        // Weight 0 is how it leaves.
        if last(server) == SORRY
            && self.quorum == 1
            && weight.is_some_and(|weight| weight > 0)
            && self.usable()
        {
            self.wrong
                .push(format!("{what} while a usable server is left"));
        }
        let index = usize::from(last(server)).wrapping_sub(1);
        let well = self
            .verdicts
            .get(index)
            .is_some_and(|it| *it != Verdict::Down);
        let sorry = self.table.iter().flatten().find(|it| last(it) == SORRY);
        // A server that comes in has no weight before its check has passed.
        let there = self
            .table
            .iter()
            .flatten()
            .any(|it| it.name() == server.name());
        if there
            && well
            && !out
            && weight.unwrap_or(0) == 0
            && sorry.is_none_or(|it| it.weight == 0)
        {
            self.wrong
                .push(format!("{what} though it is well and nobody replaces it"));
        }
        let before = self.weight();
        let Some(table) = &mut self.table else {
            return Err("no such service".into());
        };
        if !change(table) {
            self.wrong.push(format!("{what} does not fit the table"));
            return Err("does not fit".into());
        }
        self.writes += 1;
        // A server that fails goes also when the sorry server was refused; the sorry
        // server never goes without another.
        let excused = out
            || match last(server) {
                SORRY => self.sorry_down,
                _ => self.refused || self.sorry_down,
            };
        if before > 0 && self.weight() == 0 && !excused && !self.sorry_is_foreign() {
            self.wrong
                .push(format!("{what} leaves nothing that takes connections"));
        }
        Ok(())
    }
}

#[derive(Clone, Default)]
pub(super) struct Machine(pub(super) Rc<RefCell<World>>);

impl Pool for Machine {
    fn read(&mut self, id: &ServiceId) -> Result<Option<ServiceState>, PoolError> {
        let mut world = self.0.borrow_mut();
        world.operation()?;
        world.reads += 1;
        Ok(world.table.as_ref().map(|servers| ServiceState {
            service: Service::new(*id),
            stats: Stats::default(),
            servers: servers
                .iter()
                .map(|server| ServerState {
                    server: server.clone(),
                    active: 0,
                    inactive: 0,
                    persistent: 0,
                    stats: Stats::default(),
                })
                .collect(),
        }))
    }

    fn add_service(&mut self, _: &Service) -> Result<(), PoolError> {
        let mut world = self.0.borrow_mut();
        world.operation()?;
        if world.table.is_some() {
            world.wrong.push("the service is added twice".to_owned());
        }
        world.table = Some(Vec::new());
        Ok(())
    }

    fn add_server(&mut self, _: &ServiceId, server: &Server) -> Result<(), PoolError> {
        let mut world = self.0.borrow_mut();
        world.write(server, Some(server.weight), |table| {
            let new = table.iter().all(|other| other.name() != server.name());
            table.push(server.clone());
            new
        })
    }

    fn edit_server(
        &mut self,
        _: &ServiceId,
        before: &Server,
        after: &Server,
    ) -> Result<(), PoolError> {
        let mut world = self.0.borrow_mut();
        if (1..before.weight).contains(&after.weight) {
            let (before, after) = (before.weight, after.weight);
            world
                .wrong
                .push(format!("a weight shrinks from {before} to {after}"));
        }
        world.write(after, Some(after.weight), |table| {
            let found = table.iter_mut().find(|other| *other == before);
            found.map(|found| *found = after.clone()).is_some()
        })
    }

    fn delete_server(&mut self, _: &ServiceId, server: &Server) -> Result<(), PoolError> {
        let mut world = self.0.borrow_mut();
        world.write(server, None, |table| {
            let length = table.len();
            table.retain(|other| other != server);
            table.len() < length
        })
    }
}

impl Store for Machine {
    fn save(&mut self, state: &State) -> io::Result<()> {
        let mut world = self.0.borrow_mut();
        world.operation()?;
        world.saved = Some(state.clone());
        world.saves += 1;
        Ok(())
    }

    fn drains(&mut self) -> io::Result<Vec<Drain>> {
        let mut world = self.0.borrow_mut();
        world.operation()?;
        world.drains_read = world.drains.clone();
        Ok(world.drains.clone())
    }
}
