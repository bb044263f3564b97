//! A service as those who drain find it: the table, the drains, and what a probe
//! remembers.

use std::net::IpAddr;
use std::path::PathBuf;

use crate::health::drains::{self, Drain};
use crate::health::{Record, State, read_states};
use crate::model::{Server, ServerState, ServiceId, ServiceState, bracketed};
use crate::plumbing::{Place, run_dir};
use crate::reconcile::RequestError;
use crate::render::{DrainLine, drains_json};

use super::super::context::Context;
use super::super::{Error, Result, json_error, table};

/// A server's address and port.
pub(super) type Name = (IpAddr, u16);

/// The service, and where its files are.
pub(super) struct Site {
    pub id: ServiceId,
    /// The verb, as it stands behind "cannot ".
    verb: &'static str,
    /// The directory of the files that the probe and those who drain share.
    pub directory: PathBuf,
    /// The service in the table.
    pub there: Option<ServiceState>,
    /// Who is drained.
    pub drains: Vec<Drain>,
    /// What a probe remembers, whether or not it runs.
    pub memory: Option<State>,
}

impl Site {
    /// Looks at the service.
    pub fn look(context: &mut Context, verb: &'static str, id: ServiceId) -> Result<Self> {
        let directory = Place::here()?.run_directory(&run_dir());
        let mut site = Self {
            id,
            verb,
            directory,
            there: None,
            drains: Vec::new(),
            memory: None,
        };
        site.look_again(context)?;
        Ok(site)
    }

    /// Looks once more.
    pub fn look_again(&mut self, context: &mut Context) -> Result<()> {
        self.there = table::read(
            context,
            &format!("{} servers of {}", self.verb, self.id),
            &self.id,
        )?;
        self.drains = drains::read(&self.directory, &self.id)
            .map_err(|error| Error::Machine(format!("cannot read who is drained: {error}")))?;
        let states = read_states(&self.directory)
            .map_err(|error| Error::Machine(format!("cannot read the probe's memory: {error}")))?;
        let name = self.id.to_string();
        self.memory = states.into_iter().find(|state| state.service == name);
        Ok(())
    }

    /// Refuses what nobody knows: a server that is not in the table, not drained, and
    /// not one that a probe took out.
    pub fn must_know(&self, names: &[Name]) -> Result<()> {
        for name in names {
            let known = self.server(*name).is_some()
                || self.drain(*name).is_some()
                || (self.there.is_some() && self.record(*name).is_some());
            if known {
                continue;
            }
            let why = match &self.there {
                Some(_) => RequestError::NoServer(self.id, endpoint(*name)),
                None => RequestError::NoService(self.id),
            };
            let doing = format!("{} {} of {}", self.verb, endpoint(*name), self.id);
            return Err(Error::Request { doing, why });
        }
        Ok(())
    }

    pub fn state(&self, name: Name) -> Option<&ServerState> {
        let servers = self.there.iter().flat_map(|there| &there.servers);
        servers.into_iter().find(|it| it.server.name() == name)
    }

    pub fn server(&self, name: Name) -> Option<&Server> {
        self.state(name).map(|state| &state.server)
    }

    pub fn drain(&self, name: Name) -> Option<&Drain> {
        self.drains.iter().find(|drain| drain.name() == name)
    }

    pub fn record(&self, name: Name) -> Option<&Record> {
        let records = self.memory.iter().flat_map(|memory| &memory.servers);
        records.into_iter().find(|it| it.server.name() == name)
    }

    /// Whether it is the sorry server.
    pub fn is_sorry(&self, name: Name) -> bool {
        let sorry = self.memory.as_ref().and_then(|it| it.sorry.as_ref());
        sorry.is_some_and(|sorry| sorry.server.name() == name)
    }

    /// Answers in JSON if that is wanted. `before` is what was found at first.
    pub fn answer(&self, context: &mut Context, before: &[Drain], names: &[Name]) -> Result<()> {
        if !context.json {
            return Ok(());
        }
        let line = |name: &Name| {
            let (state, drain) = (self.state(*name), self.drain(*name));
            let old = before.iter().find(|drain| drain.name() == *name);
            DrainLine {
                address: name.0,
                port: name.1,
                drained: drain.is_some(),
                changed: drain.is_some() != old.is_some(),
                weight: state.map(|state| state.server.weight),
                weight_before: drain.or(old).and_then(|drain| drain.weight_before),
                active: state.map_or(0, |state| state.active),
                inactive: state.map_or(0, |state| state.inactive),
                persistent: state.map_or(0, |state| state.persistent),
            }
        };
        let lines: Vec<DrainLine> = names.iter().map(line).collect();
        let json = drains_json(self.id.to_string(), &lines).map_err(json_error)?;
        context.output.line(&json)?;
        Ok(())
    }
}

/// `192.0.2.1:80`.
pub(super) fn endpoint(name: Name) -> String {
    format!("{}:{}", bracketed(name.0), name.1)
}
