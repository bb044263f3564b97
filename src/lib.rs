//! lbctl: the map of the house. Data flows one way:
//!
//! ```text
//! words typed -> cli -> commands -> (config | formats) -> model -> reconcile -> ipvs, plumbing -> netlink -> kernel
//! kernel -> netlink -> ipvs, plumbing -> model -> render -> terminal
//! ```
//!
//! `model` and `netlink` import nothing of ours. `ipvs` and `plumbing` import
//! `netlink` and `model`. `health` and `reconcile` see the kernel only through
//! traits. `render` never touches the kernel. `tests/house.rs` holds this.

/// Is a server well? Checks, verdicts, the loop, and what the probe believes.
pub mod health;
/// Pure values; how each is written and read.
pub mod model;
/// How to talk netlink; knows no family.
pub mod netlink;
/// Getting packets to IPVS: forwarding, marks, rules, routes, and the record.
pub mod plumbing;
/// A plan's steps, run all or nothing.
pub mod reconcile;
