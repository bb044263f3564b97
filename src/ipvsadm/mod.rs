//! ipvsadm, for scripts and fingers that know it: its options in popt's syntax,
//! its output, messages and exit codes, byte for byte (ipvsadm 1.31 as Debian
//! builds it). Where ipvsadm is plainly broken, lbctl does what its manual says.
//!
//! ```text
//! words -> popt -> settings -> parse -> Invocation -> run -> list, save, connections
//! ```
//!
//! All but `run` and `names` is pure.

mod connections;
mod failure;
mod group;
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
mod tunnel;
mod value;
mod writer;

pub use failure::Failure;
pub use names::{Names, SystemNames};
pub use parse::{Invocation, ListRequest, Subject, View, parse};
pub use run::{Program, restore_table, run, save_table};
pub use saved::{SavedTable, read_saved, save};
