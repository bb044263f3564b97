//! `probe --once --dry-run`: the checks run, the table is only read, and what
//! would be written is printed as ipvsadm's commands. The probe works on a copy of
//! its memory, so that it does not believe to have done what it only said.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::formats;
use crate::health::{Pool, PoolError, StateFile, drains};
use crate::ipvs::Client;
use crate::model::{Server, ServerState, Service, ServiceId, ServiceState, Stats, Step, TableStep};

type Result<T> = std::result::Result<T, PoolError>;

/// A copy of the probe's memory of one service, gone when dropped.
pub(super) struct Memory(PathBuf);

impl Memory {
    /// Copies what the directory remembers of the service, and who is drained.
    pub fn copy(directory: &Path, id: &ServiceId) -> std::io::Result<Self> {
        let copy = directory.join(format!("dry-run-{}", std::process::id()));
        fs::create_dir_all(&copy)?;
        let memory = Self(copy);
        let files = [
            (
                StateFile::new(directory, id).path().to_owned(),
                StateFile::new(&memory.0, id).path().to_owned(),
            ),
            (drains::path(directory, id), drains::path(&memory.0, id)),
        ];
        for (original, copy) in files {
            match fs::copy(original, copy) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(memory)
    }

    /// Where the copy is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // It is below /run, and ends with the next boot at the latest.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The table as it would be.
pub(super) struct Rehearsal<'a> {
    client: &'a mut Client,
    seen: HashMap<ServiceId, ServiceState>,
    /// The commands that do the same, in order.
    pub commands: Vec<String>,
}

impl<'a> Rehearsal<'a> {
    /// Starts from the table as it is.
    pub fn new(client: &'a mut Client) -> Self {
        Self {
            client,
            seen: HashMap::new(),
            commands: Vec::new(),
        }
    }

    fn say(&mut self, step: TableStep) {
        self.commands.extend(formats::commands(&Step::Table(step)));
    }

    fn servers(&mut self, id: &ServiceId) -> Option<&mut Vec<ServerState>> {
        self.seen.get_mut(id).map(|state| &mut state.servers)
    }
}

impl Pool for Rehearsal<'_> {
    fn read(&mut self, id: &ServiceId) -> Result<Option<ServiceState>> {
        if let Some(state) = self.seen.get(id) {
            return Ok(Some(state.clone()));
        }
        let state = self.client.service_settings(id)?;
        self.seen.extend(state.clone().map(|state| (*id, state)));
        Ok(state)
    }

    fn add_service(&mut self, service: &Service) -> Result<()> {
        self.say(TableStep::AddService(service.clone()));
        let state = ServiceState {
            service: service.clone(),
            stats: Stats::default(),
            servers: Vec::new(),
        };
        self.seen.insert(service.id, state);
        Ok(())
    }

    fn add_server(&mut self, id: &ServiceId, server: &Server) -> Result<()> {
        self.say(TableStep::AddServer {
            service: *id,
            server: server.clone(),
        });
        if let Some(servers) = self.servers(id) {
            servers.push(ServerState {
                server: server.clone(),
                active: 0,
                inactive: 0,
                persistent: 0,
                stats: Stats::default(),
            });
        }
        Ok(())
    }

    fn edit_server(&mut self, id: &ServiceId, before: &Server, after: &Server) -> Result<()> {
        self.say(TableStep::EditServer {
            service: *id,
            before: before.clone(),
            after: after.clone(),
        });
        for state in self.servers(id).into_iter().flatten() {
            if state.server.name() == after.name() {
                state.server = after.clone();
            }
        }
        Ok(())
    }

    fn delete_server(&mut self, id: &ServiceId, server: &Server) -> Result<()> {
        self.say(TableStep::DeleteServer {
            service: *id,
            server: server.clone(),
        });
        if let Some(servers) = self.servers(id) {
            servers.retain(|state| state.server.name() != server.name());
        }
        Ok(())
    }
}
