//! Makes a machine what it shall be: looks, plans, notes what will be lbctl's own,
//! runs the steps, and looks again. All or nothing; and whoever is killed in
//! between has noted what it may have made, so the next run finishes the work.

use std::fmt;

use super::desired::{Actual, Desired, Holds, HostPlan, HostWish, Manner, Owned};
use super::run::{Failure, Host, StepError, Table};
use super::{plan, run};
use crate::model::{ServiceId, Step};

/// A machine, as the engine sees it.
pub trait Machine {
    /// What IPVS is.
    ///
    /// # Errors
    /// It cannot be read; so too below.
    fn look(&mut self) -> Result<Actual, StepError>;

    /// The steps to what the rest of the machine shall be; what is owned and no
    /// longer wanted goes.
    ///
    /// # Errors
    /// It cannot be read, or what is wanted is impossible.
    fn plan_host(&mut self, wish: &HostWish, owned: &Owned) -> Result<HostPlan, StepError>;

    /// What lbctl noted as its own.
    ///
    /// # Errors
    /// The note cannot be read.
    fn owned(&mut self) -> Result<Owned, StepError>;

    /// Notes what is lbctl's own, so that it outlives this process.
    ///
    /// # Errors
    /// It cannot be written.
    fn own(&mut self, owned: &Owned) -> Result<(), StepError>;

    /// What can change IPVS and the rest.
    fn hands(&mut self) -> (&mut dyn Table, &mut dyn Host);
}

/// What is to be done, before it is.
#[derive(Debug)]
pub struct Prepared {
    /// The steps, in their order.
    pub steps: Vec<Step>,
    /// Services of others, which are left alone.
    pub foreign: Vec<ServiceId>,
    owned: Owned,
    after: Owned,
}

impl Prepared {
    /// Whether nothing at all has to be written.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.steps.is_empty() && self.owned == self.after
    }
}

/// Why a machine is not what it shall be.
#[derive(Debug)]
pub enum ApplyError {
    /// It could not be looked at; nothing was changed.
    Look(StepError),
    /// What will be lbctl's own could not be noted; nothing was changed.
    Note(StepError),
    /// A step was refused, and what had been done was undone.
    Refused(Box<Failure>),
    /// All was done, but somebody else changed it meanwhile: the steps that would
    /// be needed now.
    Changed(Vec<Step>),
}

impl fmt::Display for ApplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Look(why) => write!(f, "nothing was changed: {why}"),
            Self::Note(why) => write!(f, "nothing was changed, since it cannot be noted: {why}"),
            Self::Refused(failure) => write!(f, "nothing was changed: {failure}"),
            Self::Changed(steps) => {
                f.write_str(
                    "all was done, but somebody else is changing the same things; apply it again \
                     when they have finished; now it would take:",
                )?;
                for step in steps {
                    write!(f, "\n  {step}")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for ApplyError {}

/// Looks at the machine and finds the steps.
///
/// # Errors
/// [`ApplyError::Look`].
pub fn prepare(
    machine: &mut dyn Machine,
    desired: &Desired,
    holds: &Holds,
    manner: Manner,
) -> Result<Prepared, ApplyError> {
    let actual = machine.look().map_err(ApplyError::Look)?;
    let owned = machine.owned().map_err(ApplyError::Look)?;
    let host = machine
        .plan_host(&desired.host, &owned)
        .map_err(ApplyError::Look)?;
    let foreign = if manner.prune {
        Vec::new()
    } else {
        plan::foreign(desired, &actual, &owned)
    };
    Ok(Prepared {
        steps: plan::plan(desired, holds, &actual, &owned, host, manner),
        foreign,
        owned,
        after: Owned::of(desired),
    })
}

/// Carries out what was prepared, and looks whether it holds.
///
/// # Errors
/// All of [`ApplyError`].
pub fn apply(
    machine: &mut dyn Machine,
    desired: &Desired,
    holds: &Holds,
    manner: Manner,
    prepared: &Prepared,
) -> Result<(), ApplyError> {
    let note = |machine: &mut dyn Machine, from: &Owned, to: &Owned| {
        if from == to {
            return Ok(());
        }
        machine.own(to)
    };
    let Prepared {
        steps,
        owned,
        after,
        ..
    } = prepared;
    if steps.is_empty() {
        return note(machine, owned, after).map_err(ApplyError::Note);
    }
    // Before the first step: whoever finds it knows whose it is.
    let both = owned.clone().and(after.clone());
    note(machine, owned, &both).map_err(ApplyError::Note)?;
    let (table, host) = machine.hands();
    if let Err(failure) = run(steps, table, host) {
        if failure.left.is_empty() {
            // What is noted too much does no harm.
            let _ = note(machine, &both, owned);
        }
        return Err(ApplyError::Refused(failure));
    }
    note(machine, &both, after).map_err(ApplyError::Note)?;
    let left = prepare(machine, desired, holds, manner)?.steps;
    if left.is_empty() {
        Ok(())
    } else {
        Err(ApplyError::Changed(left))
    }
}
