//! The walkthrough, shown step by step: a client, a director and three web
//! servers in network namespaces without a name, `lbctl` itself as the program
//! that is shown, and a look at what the client sees after every step. Nothing
//! outside of these namespaces is touched. They end with the process; the one
//! directory that is needed is removed on every way out.
//!
//! Knows how to show a load balancer, and nothing of how one is made: that is
//! done by child processes, with the very command lines that are shown.

mod child;
mod client;
mod error;
mod expect;
mod interrupt;
mod load;
mod probe;
mod scratch;
mod snapshot;
mod steps;
mod story;
mod teller;
mod web;
mod world;

pub use error::{Error, Result};
pub use interrupt::Interrupt;
pub use probe::leashed;
pub use steps::{COMMANDS, run};
