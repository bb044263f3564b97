//! Whether a probe keeps the service. While one does, the table is its own, and it
//! is told by the drains' file; while none does, its lock is ours.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::health::{LockError, ProbeLock};
use crate::model::ServiceId;
use crate::service;

use super::super::context::Context;
use super::super::{Error, Result};
use super::WAKE;
use super::site::{Name, Site};

/// A probe that was woken has made its round by then, unless something is wrong.
const ROUND: Duration = Duration::from_secs(10);
/// How often it is looked whether it has: its files tell nobody of changes.
const LOOK: Duration = Duration::from_millis(20);

/// Who keeps the table.
pub(super) enum Beside {
    /// We do: no probe can start while this lives.
    Nobody { _lock: ProbeLock },
    /// A probe of this process does.
    Probe(Option<u32>),
}

impl Beside {
    /// Takes the probe's lock, or learns who has it.
    pub fn find(directory: &Path, id: &ServiceId) -> Result<Self> {
        match ProbeLock::take(directory, id) {
            Ok(lock) => Ok(Self::Nobody { _lock: lock }),
            Err(LockError::Held { pid, .. }) => Ok(Self::Probe(pid)),
            Err(error) => Err(Error::Machine(format!("{error}; run this as root"))),
        }
    }

    /// Whether the probe keeps this server: one that joined the table since its last
    /// round is not in its memory, nor is one that its file does not name.
    pub fn keeps(&self, site: &Site, name: Name) -> bool {
        matches!(self, Self::Probe(_)) && site.record(name).is_some()
    }
}

/// `the running probe, process 7`.
pub(super) fn title(pid: Option<u32>) -> String {
    pid.map_or_else(
        || "the running probe".to_owned(),
        |pid| format!("the running probe, process {pid}"),
    )
}

/// Has the probe of this process make its round now. Only lbctl run can be woken.
pub(super) fn wake(directory: &Path, pid: Option<u32>) -> bool {
    let answer = service::ask(directory, WAKE).ok();
    let woken = answer.and_then(|answer| answer.trim().parse().ok());
    woken.is_some() && woken == pid
}

/// Waits until the probe that was woken has seen who of these is drained, and the
/// table is so; answers whether it has. The site is what was seen last.
pub(super) fn heeded(
    context: &mut Context,
    site: &mut Site,
    names: &[Name],
    drained: bool,
) -> Result<bool> {
    let begin = Instant::now();
    loop {
        site.look_again(context)?;
        let seen = |name: &Name| {
            let record = site.record(*name);
            let weight = site.server(*name).map_or(0, |server| server.weight);
            let seen = record.is_none_or(|record| {
                // The file is written before the table, too.
                let done = record.wanted.is_none_or(|wanted| wanted.weight() == weight);
                record.drain.is_some() == drained && done
            });
            seen && (weight == 0 || !drained)
        };
        if names.iter().all(seen) {
            return Ok(true);
        }
        if begin.elapsed() > ROUND {
            return Ok(false);
        }
        std::thread::sleep(LOOK);
    }
}
