//! Another list of services for a probe that runs.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::time::Duration;

use super::{Kept, PACE, Probe, seconds};
use crate::health::journal::{Journal, Level};
use crate::health::keeper::Keeper;
use crate::health::lock::ProbeLock;
use crate::health::pool::Pool;
use crate::health::spec::{ProbeError, ServiceSpec};
use crate::health::state::{Loaded, State, StateFile};

/// What is to be kept, ready to be kept.
pub(super) struct Taken {
    keeper: Keeper<StateFile>,
    /// None: this probe holds it already.
    lock: Option<ProbeLock>,
}

impl Taken {
    pub(super) fn keep(self, old: Option<ProbeLock>) -> Kept {
        Kept {
            keeper: self.keeper,
            round_due: Duration::ZERO,
            pace: PACE,
            taken: 0,
            lock: self.lock.or(old),
        }
    }
}

/// Takes services over, from what `known` remembers of them or from their files.
pub(super) fn take<'a>(
    services: Vec<ServiceSpec>,
    directory: &Path,
    pool: &mut dyn Pool,
    journal: &mut dyn Journal,
    known: impl Fn(&ServiceSpec) -> Option<&'a State>,
) -> Result<Vec<Taken>, ProbeError> {
    let mut names = BTreeSet::new();
    let now = seconds();
    let mut taken = Vec::new();
    for spec in services {
        let id = spec.id;
        if !names.insert(id) {
            return Err(ProbeError::ServiceTwice(id));
        }
        let file = StateFile::new(directory, &id);
        let (lock, remembered) = if let Some(state) = known(&spec) {
            (None, Some(state.clone()))
        } else {
            let lock = ProbeLock::take(directory, &id)?;
            (Some(lock), load(&spec, &file, journal)?)
        };
        let keeper = Keeper::start(spec, remembered, pool, file, now, journal)?;
        taken.push(Taken { keeper, lock });
    }
    Ok(taken)
}

fn load(
    spec: &ServiceSpec,
    file: &StateFile,
    journal: &mut dyn Journal,
) -> Result<Option<State>, ProbeError> {
    let id = spec.id;
    let loaded = file.load(&id).map_err(|error| ProbeError::State {
        path: file.path().to_owned(),
        error,
    })?;
    Ok(match loaded {
        Loaded::Nothing => None,
        Loaded::State(state) => Some(*state),
        Loaded::Damaged { reason, aside } => {
            let line = format!(
                "{id}: the state file is damaged ({reason}); set aside as {}, starting without it",
                aside.display()
            );
            journal.line(Level::Trouble, &line);
            None
        }
    })
}

impl Probe<'_> {
    /// Keeps these services from now on. To be called between two runs of the loop.
    ///
    /// What is believed of a server is kept, whatever becomes of its check; one
    /// that is new comes in when its check passes. A service that is gone is let go
    /// with its state file, and its drains stay. The table is not touched before the
    /// next round, and a service's own settings in it never: that is for `apply`.
    ///
    /// # Errors
    /// A service cannot be kept; then all goes on as before.
    pub fn reload(&mut self, services: Vec<ServiceSpec>) -> Result<(), ProbeError> {
        let old = &self.services;
        let states: HashMap<_, &State> = old
            .iter()
            .map(|kept| (kept.keeper.spec().id, kept.keeper.state()))
            .collect();
        let taken = take(services, &self.directory, self.pool, self.journal, |spec| {
            states.get(&spec.id).copied()
        })?;
        let mut old: HashMap<_, Kept> = std::mem::take(&mut self.services)
            .into_iter()
            .map(|kept| (kept.keeper.spec().id, kept))
            .collect();
        for taken in taken {
            let before = old.remove(&taken.keeper.spec().id);
            self.services
                .push(taken.keep(before.and_then(|kept| kept.lock)));
        }
        for id in old.keys() {
            let line = format!("{id}: is no longer asked for; its servers stay as they are");
            self.journal.line(Level::Transition, &line);
            let file = StateFile::new(&self.directory, id);
            if let Err(error) = file.remove() {
                let line = format!("{id}: cannot remove {}: {error}", file.path().display());
                self.journal.line(Level::Trouble, &line);
            }
        }
        self.drop_checks();
        Ok(())
    }

    /// Lets checks rest that nobody asks for any more; the others go on counting.
    fn drop_checks(&mut self) {
        for running in &mut self.running {
            running.services.clear();
        }
        let wanted: HashSet<_> = self
            .services
            .iter()
            .flat_map(|kept| kept.keeper.checks().map(|(check, _)| check))
            .collect();
        let runner = &mut self.runner;
        self.ids.retain(|check, id| {
            let stays = wanted.contains(check);
            if !stays {
                runner.remove(*id);
            }
            stays
        });
    }
}

#[cfg(test)]
mod tests;
