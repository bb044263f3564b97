//! ipvsadm, for scripts and fingers that know it: its options in popt's syntax,
//! its output, messages and exit codes, byte for byte (ipvsadm 1.31 as Debian
//! builds it). Where ipvsadm is plainly broken, lbctl does what its manual says.
//!
//! ```text
//! words -> popt -> settings -> parse -> Invocation -> run -> list, save, connections
//! ```
//!
//! All but `run`, `show`, `companions` and `names` is pure.

mod companions;
mod connections;
mod failure;
mod group;
mod invocation;
mod list;
mod message;
mod names;
mod numbers;
mod option;
mod order;
mod parse;
mod place;
mod popt;
mod restore;
mod run;
mod save;
mod saved;
mod server;
mod settings;
mod show;
mod tunnel;
mod value;
mod writer;

pub use companions::{restore_table, save_table};
pub use failure::Failure;
pub use invocation::{Invocation, ListRequest, Subject, View};
pub use names::{Names, SystemNames};
pub use parse::parse;
pub use run::{Program, run};
pub use saved::{SavedTable, read_saved, save};
