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

/// Why does it not work? Findings, and what mends them.
pub mod check;
/// What can be typed; nothing else.
pub mod cli;
/// One file per verb: ask, call, hand to render.
pub mod commands;
/// lbctl.toml: read with all its mistakes, written as a person would.
pub mod config;
/// The walkthrough, shown step by step in network namespaces of its own.
pub mod demo;
/// Other tools' languages.
pub mod formats;
/// Is a server well? Checks, verdicts, the loop, and what the probe believes.
pub mod health;
/// The IPVS protocol; the only place with its numbers.
pub mod ipvs;
/// ipvsadm itself: its words, its output, its messages.
pub mod ipvsadm;
/// The live screen: rates between two readings, and what is drawn of them.
pub mod live;
/// Names into addresses and ports.
pub mod lookup;
/// Pure values; how each is written and read.
pub mod model;
/// How to talk netlink; knows no family.
pub mod netlink;
/// Getting packets to IPVS: forwarding, marks, rules, routes, and the record.
pub mod plumbing;
/// What shall be and what is; the steps between, run all or nothing.
pub mod reconcile;
/// Values into what a person or a script reads.
pub mod render;
/// What a long-running lbctl says to systemd, to askers, to Prometheus.
pub mod service;
/// The questions of `setup`, and the proof that it works.
pub mod wizard;
