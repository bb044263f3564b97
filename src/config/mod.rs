//! lbctl.toml: what a load balancer shall be, as a person writes it.
//!
//! ```text
//! text -> document (spans) -> read -> Config -> write -> text
//! ```
//!
//! Reading tells all mistakes at once, each with its place and what to do about it
//! (`report`, `error`). It asks the machine only through [`Surroundings`], and
//! changes nothing. What the keys mean to users stands in lbctl.toml(5); `keys`
//! holds their names.

mod desired;
mod document;
mod error;
mod keys;
mod nearest;
mod read;
mod report;
mod services;
mod surroundings;
#[cfg(test)]
pub(crate) mod tests;
mod value;
mod words;
mod write;
pub use crate::health::{CheckKind, CheckSpec as Check, DnsRecord, HttpQuestion, SorryMode, Trust};
pub use error::{ConfigError, ConfigErrors};
pub use nearest::nearest;
pub use read::matching_files;
pub use surroundings::{Surroundings, System};
pub use value::{Config, Host, OnExit, RealServer, SorryServer, VipWay, VirtualServer};
pub use write::{Notes, Spot};
