//! The kernel's IPVS over generic netlink: the only room with its numbers.
//! Values go in and come out; what a refusal means is said here too.

mod client;
mod decode;
mod encode;
mod error;
mod wire;

pub use client::Client;
pub use error::{Error, Result};
