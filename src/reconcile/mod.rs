//! Carries out a plan: an ordered list of steps, all or nothing. Knows the
//! table and the host only as two small traits, so that a plan can be played
//! against a model of the machine.

mod run;

pub use run::{Failure, Host, StepError, Table, run};
