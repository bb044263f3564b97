//! What shall be and what is: the ordered steps between, and running them, all
//! or nothing. Knows the table and the host only as small traits, so that a
//! plan can be played against a model of the machine.

mod desired;
mod engine;
mod lost;
mod plan;
mod run;
mod settings;
mod table;
mod whole;

pub use desired::{Actual, Desired, Hold, Holds, HostPlan, HostWish, Manner, Owned, VipWish};
pub use engine::{ApplyError, Machine, Prepared, apply, prepare};
pub use lost::carried_out;
pub use plan::plan;
pub use run::{Failure, Host, StepError, Table, run};
pub use settings::timeouts;
pub use table::{RequestError, TableRequest, add, delete, edit, replace};
pub use whole::{Wanted, converge};
