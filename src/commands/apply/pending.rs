//! A file that may not even be written yet: what it would change, doing that, and
//! taking it back.

use std::fs;

use crate::config::Config;
use crate::health::StateFile;
use crate::model::{ServiceId, ServiceState, Step};
use crate::reconcile::{self, Manner, Owned, Prepared};

use super::{ThisMachine, Wish, prepare_wish, run_directory, wish};
use crate::commands::context::Context;
use crate::commands::{Error, Result};

/// What a file would change.
pub(in crate::commands) struct Pending {
    wish: Wish,
    prepared: Prepared,
    /// Services that are there, and that no file spoke of until now.
    pub(in crate::commands) taken_over: Vec<ServiceId>,
}

/// What takes it back.
pub(in crate::commands) struct Undo {
    owned: Owned,
    table: Vec<ServiceState>,
    /// Of all services that are concerned.
    ids: Vec<ServiceId>,
    steps: Vec<Step>,
}

const DOING: &str = "read the IPVS table";

fn table(context: &mut Context) -> Result<Vec<ServiceState>> {
    let table = context.ipvs(DOING)?.table();
    table.map_err(|source| Error::Ipvs {
        doing: DOING.to_owned(),
        source,
    })
}

impl Pending {
    /// Looks; takes no lock and changes nothing.
    pub(in crate::commands) fn look(context: &mut Context, config: Config) -> Result<Self> {
        let was = std::mem::replace(&mut context.dry_run, true);
        let pending = Self::prepare(context, config);
        context.dry_run = was;
        pending
    }

    fn prepare(context: &mut Context, config: Config) -> Result<Self> {
        let wish = wish(config, Manner::default())?;
        let prepared = prepare_wish(context, &wish, None)?;
        let owned = context.vips()?.record.applied;
        let there = table(context)?;
        let is_new = |id: &ServiceId| !owned.services.contains(id);
        let wanted = wish.desired.services.iter().map(|it| it.service.id);
        let taken_over = wanted
            .filter(|id| is_new(id) && there.iter().any(|state| state.service.id == *id))
            .collect();
        Ok(Self {
            wish,
            prepared,
            taken_over,
        })
    }

    /// What is to be done.
    pub(in crate::commands) fn steps(&self) -> &[Step] {
        &self.prepared.steps
    }

    /// What the file says.
    pub(in crate::commands) fn config(&self) -> &Config {
        &self.wish.config
    }

    /// Does it, if it is still what was shown.
    pub(in crate::commands) fn apply(&self, context: &mut Context) -> Result<Undo> {
        context.lock()?;
        let now = Self::prepare(context, self.wish.config.clone())?;
        if now.prepared.steps != self.prepared.steps {
            return Err(Error::Machine(
                "somebody changed this machine since the plan was shown; nothing was done; run \
                 setup again"
                    .to_owned(),
            ));
        }
        let owned = context.vips()?.record.applied;
        let wanted = Owned::of(&now.wish.desired).services.into_iter();
        let undo = Undo {
            table: table(context)?,
            ids: wanted.chain(owned.services.iter().copied()).collect(),
            owned,
            steps: now.prepared.steps.clone(),
        };
        let Wish {
            desired,
            holds,
            manner,
            ..
        } = &now.wish;
        let mut machine = ThisMachine {
            context,
            seen: None,
        };
        let applied = reconcile::apply(&mut machine, desired, holds, *manner, &now.prepared);
        machine.context.tell_unannounced();
        match applied {
            Ok(()) => Ok(undo),
            // All was done, though not alone.
            Err(error @ reconcile::ApplyError::Changed(_)) => {
                undo.take_back(context).map_err(|left| {
                    Error::Machine(format!("{error}\nand it was not all taken back: {left}"))
                })?;
                Err(error.into())
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl Undo {
    /// The table, the way in, kernel parameters and the record, as they were. What
    /// cannot be put back is no reason to keep the rest.
    ///
    /// # Errors
    /// What could not be put back; sentences.
    pub(in crate::commands) fn take_back(
        &self,
        context: &mut Context,
    ) -> std::result::Result<(), String> {
        let mut left = Vec::new();
        let rest = self.steps.iter().rev();
        let rest: Vec<Step> = rest
            .filter(|step| !matches!(step, Step::Table(_)))
            .map(Step::inverse)
            .collect();
        left.extend(context.carry_out(&rest).err());
        // Not the steps backwards: checks may have changed weights, and let a sorry
        // server in.
        match table(context) {
            Ok(now) => {
                let of_concern = |table: &[ServiceState]| -> Vec<ServiceState> {
                    let states = table.iter();
                    let states = states.filter(|state| self.ids.contains(&state.service.id));
                    states.cloned().collect()
                };
                let wanted: Vec<_> = of_concern(&self.table)
                    .into_iter()
                    .map(|state| reconcile::Wanted {
                        service: state.service,
                        servers: state.servers.into_iter().map(|it| it.server).collect(),
                    })
                    .collect();
                let steps = reconcile::converge(&of_concern(&now), &wanted);
                let steps: Vec<Step> = steps.into_iter().map(Step::Table).collect();
                left.extend(context.carry_out(&steps).err());
            }
            Err(error) => left.push(error),
        }
        if left.is_empty() {
            left.extend(context.own(&self.owned).err().map(Error::from));
        }
        self.forget_verdicts();
        let left: Vec<String> = left.iter().map(ToString::to_string).collect();
        if left.is_empty() {
            Ok(())
        } else {
            Err(left.join("\n"))
        }
    }

    /// What was believed of services that are gone would hold servers down when they
    /// come again.
    fn forget_verdicts(&self) {
        let Ok(directory) = run_directory() else {
            return;
        };
        let was_there = |id: &ServiceId| self.table.iter().any(|it| it.service.id == *id);
        for id in self.ids.iter().filter(|id| !was_there(id)) {
            let _ = fs::remove_file(StateFile::new(&directory, id).path());
        }
    }
}
