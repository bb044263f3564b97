//! A sorry server that is one no longer, since the list has another now or none: it
//! goes as every sorry server does, in two steps.

use std::collections::BTreeSet;

use super::Keeper;
use crate::health::journal::{Journal, Level};
use crate::health::policy::Write;
use crate::health::pool::Pool;
use crate::health::record::{Entry, Record};
use crate::health::spec::{Roster, ServiceSpec};
use crate::health::state::Store;
use crate::model::{Server, ServiceState};

/// Which of those that were remembered is still to go. One that was let in by the probe
/// and that the list does not name; where the table is the list, it is one of it.
pub(super) fn of(spec: &ServiceSpec, remembered: [&Option<Record>; 2]) -> Option<Record> {
    let Roster::Listed { servers, .. } = &spec.roster else {
        return None;
    };
    let listed = servers.iter().chain(&spec.sorry);
    let names: Vec<_> = listed.map(|it| it.server.name()).collect();
    let is_left = |record: &&Record| {
        matches!(record.written, Some(Entry::Weight(_))) && !names.contains(&record.server.name())
    };
    remembered.into_iter().flatten().find(is_left).cloned()
}

impl<S: Store> Keeper<S> {
    /// The former sorry server as it is in the table, and whether it is still at work.
    pub(super) fn former(&self, found: &ServiceState) -> Option<(Server, bool)> {
        let name = self.state.former_sorry.as_ref()?.server.name();
        let state = found.servers.iter().find(|it| it.server.name() == name)?;
        Some((state.server.clone(), state.active > 0))
    }

    /// Takes the former sorry server a step further, when the others are as they shall be.
    pub(super) fn see_off(
        &mut self,
        found: Option<&(Server, bool)>,
        pool: &mut dyn Pool,
        now: u64,
        journal: &mut dyn Journal,
        troubles: &mut BTreeSet<String>,
    ) {
        let Some(former) = &mut self.state.former_sorry else {
            return;
        };
        let id = self.spec.id;
        let known = [former.written, former.pending];
        let write = match found {
            Some((server, _)) if !known.contains(&Some(Entry::Weight(server.weight))) => {
                let endpoint = server.endpoint();
                let line = format!(
                    "{id}: {endpoint} was the sorry server; somebody else changed it, leaving it alone"
                );
                journal.line(Level::Transition, &line);
                None
            }
            Some((server, busy)) if server.weight > 0 || *busy => {
                if server.weight == 0 {
                    return;
                }
                let after = Server {
                    weight: 0,
                    ..server.clone()
                };
                Some(Write::Edit {
                    before: server.clone(),
                    after,
                })
            }
            Some((server, _)) => Some(Write::Delete(server.clone())),
            None => None,
        };
        let Some(write) = write else {
            self.state.former_sorry = None;
            self.unsaved = true;
            return;
        };
        // First the file, then the table: see `state`.
        former.pending = former.written;
        former.written = Some(write.after());
        self.save(now, troubles);
        let (endpoint, result) = match &write {
            Write::Edit { before, after } => {
                (before.endpoint(), pool.edit_server(&id, before, after))
            }
            Write::Add(server) | Write::Delete(server) => {
                (server.endpoint(), pool.delete_server(&id, server))
            }
        };
        match result {
            Ok(()) => {
                let done = if write.after() == Entry::Absent {
                    "removed"
                } else {
                    "weight 0 until its connections have ended"
                };
                let line = format!("{id}: {endpoint} is no longer the sorry server; {done}");
                journal.line(Level::Transition, &line);
            }
            Err(error) => {
                troubles.insert(format!("{id}: cannot take {endpoint} out: {error}"));
            }
        }
        self.unsaved = true;
    }
}
