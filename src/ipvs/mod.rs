//! The kernel's IPVS over generic netlink: the only room with its numbers.
//! Values go in and come out; what a refusal means is said here too.

mod apply;
mod client;
mod daemon;
mod decode;
mod encode;
mod error;
mod proc;
mod read;
mod settings;
mod sockopt;
mod wire;

pub use client::Client;
pub use error::{Error, Result};
pub use proc::{Connection, connections, table as proc_table, totals};
pub use settings::Info;
