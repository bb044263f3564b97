//! What became of servers that were drained or let back in, for scripts.

use std::net::IpAddr;

use serde::Serialize;

/// A server that was named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DrainLine {
    /// Its address.
    pub address: IpAddr,
    /// Its port.
    pub port: u16,
    /// Whether it is drained now.
    pub drained: bool,
    /// Whether that has changed.
    pub changed: bool,
    /// Its weight in the table now; none: it is not in it.
    pub weight: Option<u32>,
    /// The weight in the table before its drain, if it is known.
    pub weight_before: Option<u32>,
    /// Connections in an active state.
    pub active: u32,
    /// Connections in another state.
    pub inactive: u32,
    /// Clients that a persistent service remembers for it.
    pub persistent: u32,
}

#[derive(Serialize)]
struct Lines<'a> {
    service: String,
    servers: &'a [DrainLine],
}

/// The servers as JSON, with the name of their service.
///
/// # Errors
/// None in practice.
pub fn drains_json(service: String, servers: &[DrainLine]) -> serde_json::Result<String> {
    serde_json::to_string(&Lines { service, servers })
}
