//! Is a server well, and what follows from it for the table.
//!
//! ```text
//! check -> verdict -> policy -> keeper -> (state file, then Pool)
//! schedule, admission, sockets, workers, lapse -> runner -> probe -> report
//! ```
//!
//! `verdict`, `policy`, `schedule`, `admission` and `lapse` are pure. `drains` is who was
//! taken out by hand, for those who drain and for the keeper. `keeper` keeps one service and sees
//! the table only through `Pool`, its file only through `Store`, so that the
//! simulation plays it without a kernel. `runner` brings the clock, the threads and
//! the signals. This room knows no netlink and prints nothing.

mod admission;
mod check;
pub mod drains;
mod journal;
mod keeper;
mod lapse;
mod lock;
mod policy;
mod pool;
mod probe;
mod record;
mod report;
mod runner;
mod schedule;
#[cfg(test)]
mod simulation;
mod sockets;
mod spec;
mod state;
mod verdict;
mod wait;
mod workers;

pub use check::{
    Attempt, Check, CheckKind, CheckSpec, DnsRecord, HttpCheck, HttpCheckError, HttpQuestion,
    NoCheckPort, Outcome, ParseStatusError, StatusSet, Trust, is_domain_name,
};
pub use journal::{Journal, Level};
pub use keeper::Keeper;
pub use lock::{LockError, ProbeLock};
pub use policy::{
    Decision, OnFailure, Policy, Rules, Ruling, Situation, Slot, SorryMode, Standing, Write, decide,
};
pub use pool::{Pool, PoolError};
pub use probe::{Ended, Probe};
pub use record::{Entry, LastChange, LastResult, Record, Transitions};
pub use report::{
    DrainReport, ProbeReport, ServerReport, ServerStatus, ServiceReport, Severity, SlowStartReport,
};
pub use runner::Stopper;
pub use schedule::{CheckId, Schedule};
pub use spec::{ProbeError, Roster, ServerSpec, ServiceSpec};
pub use state::{Loaded, State, StateFile, Store, read_states};
pub use verdict::{Tracker, Verdict};
pub use wait::{Unwell, Waiting, wait_until_well};
