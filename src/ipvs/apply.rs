//! Carrying out steps in batches, and finding out what became of them when answers
//! were lost.

use std::collections::BTreeSet;
use std::path::Path;

use crate::model::Gather as _;
use crate::model::{ServiceId, ServiceState, SettingStep, TableStep};
use crate::netlink::{self, BATCH_LIMIT, Batch};
use crate::reconcile::{self, StepError};

use super::client::load_module;
use super::{Client, Error, Result, encode};

/// Index and reason of the steps that were not carried out.
type Refused = Vec<(usize, Error)>;

impl reconcile::Table for Client {
    fn apply(&mut self, steps: &[&TableStep]) -> std::result::Result<(), Vec<(usize, StepError)>> {
        let refused = self.apply_steps(steps);
        if refused.is_empty() {
            return Ok(());
        }
        Err(refused
            .into_iter()
            .map(|(index, error)| (index, error.into()))
            .collect())
    }

    fn set(&mut self, step: &SettingStep) -> std::result::Result<(), StepError> {
        let result = match step {
            SettingStep::SetTimeouts { after, .. } => self.set_timeouts(after),
            SettingStep::StartDaemon(daemon) => self.start_daemon(daemon),
            SettingStep::StopDaemon(daemon) => self.stop_daemon(daemon.role),
        };
        result.map_err(|error| Error::from_setting(step, error).into())
    }
}

impl Client {
    /// Tries the steps in batches; stops behind the first batch that had a
    /// refusal.
    fn apply_steps(&mut self, steps: &[&TableStep]) -> Refused {
        let mut refused = Refused::new();
        let mut batch = Batch::default();
        for (number, steps) in steps.chunks(BATCH_LIMIT).enumerate() {
            let start = number * BATCH_LIMIT;
            if refused.is_empty() {
                let answers = self.apply_batch(steps, &mut batch).into_iter();
                refused.extend(answers.map(|(index, error)| (start + index, error)));
            } else {
                refused.extend((start..start + steps.len()).map(|index| (index, Error::NotTried)));
            }
        }
        refused
    }

    /// `batch` is memory for the requests.
    fn apply_batch(&mut self, steps: &[&TableStep], batch: &mut Batch) -> Refused {
        batch.clear();
        for step in steps {
            prepare(step);
            encode::add_step(batch, self.family, step);
        }
        let outcome = match self.socket.batch(batch) {
            Ok(outcome) => outcome,
            Err(error) => return failed(0..steps.len(), Error::from_netlink(error)),
        };
        let answers = outcome.refused.into_iter();
        let mut refused: Refused = answers
            .filter_map(|(index, refusal)| {
                Some((index, Error::from_step(steps.get(index)?, refusal)))
            })
            .collect();
        if outcome.answers_lost {
            let more = self.find_out(steps, &refused);
            refused.extend(more);
            refused.sort_by_key(|(index, _)| *index);
        }
        refused
    }

    /// Reads which of the steps without an answer were carried out, and tries each
    /// other one again by itself: one answer fits every receive buffer.
    fn find_out(&mut self, steps: &[&TableStep], answered: &Refused) -> Refused {
        let answered: BTreeSet<usize> = answered.iter().map(|(index, _)| *index).gather();
        let (indices, unknown): (Vec<usize>, Vec<&TableStep>) = steps
            .iter()
            .copied()
            .enumerate()
            .filter(|(index, _)| !answered.contains(index))
            .unzip();
        let ids: BTreeSet<ServiceId> = unknown.iter().map(|step| step.service_id()).gather();
        let table = match self.states(&ids) {
            Ok(table) => table,
            Err(error) => return failed(indices, error),
        };
        let done = reconcile::carried_out(&unknown, &table);
        let mut again = indices
            .into_iter()
            .zip(unknown)
            .zip(done)
            .filter_map(|(step, done)| (!done).then_some(step));
        let mut refused = Refused::new();
        while let Some((index, step)) = again.next() {
            match self.socket.execute(&encode::step(self.family, step)) {
                Ok(()) => {}
                Err(netlink::Error::Refused(refusal)) => {
                    refused.push((index, Error::from_step(step, refusal)));
                }
                Err(error) => {
                    let left = std::iter::once(index).chain(again.map(|(index, _)| index));
                    refused.extend(failed(left, Error::from_netlink(error)));
                    break;
                }
            }
        }
        refused
    }

    /// What is there of these services.
    fn states(&mut self, ids: &BTreeSet<ServiceId>) -> Result<Vec<ServiceState>> {
        ids.iter()
            .filter_map(|id| self.service_state(id).transpose())
            .collect()
    }
}

/// Loads the modules that the kernel must not load by itself: those of `lblc` and
/// `lblcr` register with every network namespace (net/netfilter/ipvs/ip_vs_lblc.c),
/// and it loads them while it holds the lock of IPVS's table (`ip_vs_add_service`),
/// which a namespace that goes away at that moment waits for. Neither ends then, and
/// nothing of the network works until the machine is started again; so it was on
/// Linux 6.1. Who may not load modules leaves it to the kernel all the same; lbctl.service
/// has them loaded before it starts.
fn prepare(step: &TableStep) {
    let scheduler = match step {
        TableStep::AddService(service) => &service.scheduler,
        TableStep::EditService { after, .. } => &after.scheduler,
        _ => return,
    };
    if !matches!(scheduler.as_str(), "lblc" | "lblcr") {
        return;
    }
    let module = scheduler.module();
    if !Path::new("/sys/module").join(&module).exists() {
        // What it says is said again by the kernel, which finds no scheduler.
        let _ = load_module(&module);
    }
}

/// The first of these steps failed, and none behind it was tried.
fn failed(steps: impl IntoIterator<Item = usize>, error: Error) -> Refused {
    let mut steps = steps.into_iter();
    let first = steps.next().map(|index| (index, error));
    let left = steps.map(|index| (index, Error::NotTried));
    first.into_iter().chain(left).collect()
}
