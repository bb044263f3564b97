//! The state file: what the probe believes and what it wrote, one file per
//! service, so that probes of different services share a directory.
//!
//! The table alone cannot tell a server that failed before the probe died from
//! one that somebody drained. The file can, if it never lags behind the table:
//! before a write it is saved with both values of the entry, the old as `pending`
//! and the new as `written`; after the write, without the old. Killed before the
//! first save, nothing has happened; between the two, either value in the table is
//! known as the probe's own; after the second, all is said. The file is replaced by
//! rename and never half there. It lives on a tmpfs like the table it describes:
//! it is not synced, because a crash of the machine takes both.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::drains::{self, Drain};
use super::record::{Entry, Record};
use crate::model::ServiceId;

/// The format that this program writes and reads.
const VERSION: u32 = 1;
/// The kernel keeps a weight in a signed number (`ip_vs_dest.weight`).
pub(super) const GREATEST_WEIGHT: u32 = i32::MAX as u32;

/// What is remembered of one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    version: u32,
    /// The service as its name is written, `tcp 192.0.2.1:80`.
    pub service: String,
    /// What people call the service.
    #[serde(default)]
    pub name: Option<String>,
    /// The process that wrote it.
    pub pid: u32,
    /// When it last said that it lives, seconds since 1970.
    pub heartbeat: u64,
    /// The servers.
    pub servers: Vec<Record>,
    /// The sorry server.
    pub sorry: Option<Record>,
    /// One that was the sorry server before, and is still to go.
    #[serde(default)]
    pub former_sorry: Option<Record>,
}

impl State {
    /// A state of this service, by this process.
    #[must_use]
    pub fn new(id: &ServiceId, now: u64) -> Self {
        Self {
            version: VERSION,
            service: id.to_string(),
            name: None,
            pid: std::process::id(),
            heartbeat: now,
            servers: Vec::new(),
            sorry: None,
            former_sorry: None,
        }
    }

    /// Reads a state back, and trusts nothing in it.
    ///
    /// # Errors
    /// Why it is damaged.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let state: Self = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        if state.version != VERSION {
            return Err(format!("its version {} is unknown", state.version));
        }
        let mut names = std::collections::BTreeSet::new();
        for record in state
            .servers
            .iter()
            .chain(&state.sorry)
            .chain(&state.former_sorry)
        {
            if !names.insert(record.server.name()) {
                return Err(format!("{} is in it twice", record.server.endpoint()));
            }
            let entries = [record.written, record.pending, record.entry, record.wanted];
            let weights = entries
                .into_iter()
                .filter_map(|entry| match entry {
                    Some(Entry::Weight(weight)) => Some(weight),
                    _ => None,
                })
                .chain(record.foreign)
                .chain([record.server.weight]);
            if weights.into_iter().any(|weight| weight > GREATEST_WEIGHT) {
                return Err(format!(
                    "{} has an impossible weight",
                    record.server.endpoint()
                ));
            }
        }
        Ok(state)
    }
}

/// Where the state of one service is kept, and who is drained is read.
pub trait Store {
    /// Replaces what is kept.
    ///
    /// # Errors
    /// It could not be written.
    fn save(&mut self, state: &State) -> io::Result<()>;

    /// The servers that somebody took out.
    ///
    /// # Errors
    /// It is not known.
    fn drains(&mut self) -> io::Result<Vec<Drain>>;
}

/// What was found on disk.
#[derive(Debug)]
pub enum Loaded {
    /// Nothing.
    Nothing,
    /// A state.
    State(Box<State>),
    /// A file that cannot be trusted: why, and where it was set aside.
    Damaged {
        /// Why.
        reason: String,
        /// Where it is now.
        aside: PathBuf,
    },
}

/// The state file of one service.
#[derive(Debug, Clone)]
pub struct StateFile {
    directory: PathBuf,
    id: ServiceId,
    path: PathBuf,
}

impl StateFile {
    /// The file of this service in this directory.
    #[must_use]
    pub fn new(directory: &Path, id: &ServiceId) -> Self {
        Self {
            directory: directory.to_owned(),
            id: *id,
            path: directory.join(format!("{}.json", file_name(id))),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes it.
    ///
    /// # Errors
    /// It is there and cannot be removed.
    pub fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Reads it. A damaged one, or one of another service, is set aside under a
    /// name ending in `.damaged`.
    ///
    /// # Errors
    /// It is there and cannot be read or set aside.
    pub fn load(&self, id: &ServiceId) -> io::Result<Loaded> {
        let text = match fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Loaded::Nothing),
            Err(error) => return Err(error),
        };
        let reason = match State::parse(&text) {
            Ok(state) if state.service == id.to_string() => {
                return Ok(Loaded::State(Box::new(state)));
            }
            Ok(state) => format!("it is of {}", state.service.escape_default()),
            Err(reason) => reason,
        };
        let aside = self.path.with_extension("json.damaged");
        fs::rename(&self.path, &aside)?;
        Ok(Loaded::Damaged { reason, aside })
    }
}

impl Store for StateFile {
    fn save(&mut self, state: &State) -> io::Result<()> {
        let text = serde_json::to_vec(state)?;
        let temporary = self.path.with_extension("json.new");
        let mut file = File::create(&temporary)?;
        file.write_all(&text)?;
        fs::rename(&temporary, &self.path)
    }

    fn drains(&mut self) -> io::Result<Vec<Drain>> {
        drains::read(&self.directory, &self.id)
    }
}

/// Every state that can be read in a directory, by name; damaged files are left
/// out. For those who only look.
///
/// # Errors
/// The directory is there and cannot be read.
pub fn read_states(directory: &Path) -> io::Result<Vec<State>> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut states = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
            && let Ok(text) = fs::read(&path)
            && let Ok(state) = State::parse(&text)
        {
            states.push(state);
        }
    }
    states.sort_by(|one, other| one.service.cmp(&other.service));
    Ok(states)
}

/// `tcp-192.0.2.1:80`: the service's name as the name of a file.
pub(super) fn file_name(id: &ServiceId) -> String {
    id.to_string().replace(' ', "-")
}

#[cfg(test)]
mod tests;
