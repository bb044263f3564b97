//! What shall be and what is: the ordered steps between, and running them, all
//! or nothing. Knows the table and the host only as two small traits, so that a
//! plan can be played against a model of the machine.

mod lost;
mod run;
mod table;
mod whole;

pub use lost::carried_out;
pub use run::{Failure, Host, StepError, Table, run};
pub use table::{RequestError, TableRequest, add, delete, edit, replace};
pub use whole::{Wanted, converge};
