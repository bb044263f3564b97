//! JSON for scripts. These types are the contract: fields are only ever added.

use serde::Serialize;

use crate::model::{
    Counters, Forward, Netmask, Protocol, ServerState, ServiceId, ServiceState, Tunnel,
};

#[derive(Serialize)]
struct TableJson {
    services: Vec<ServiceJson>,
}

#[derive(Serialize)]
struct ServiceJson {
    protocol: Option<String>,
    address: Option<String>,
    port: Option<u16>,
    fwmark: Option<u32>,
    family: &'static str,
    scheduler: String,
    scheduler_flags: Vec<&'static str>,
    persistence: Option<PersistenceJson>,
    one_packet: bool,
    persistence_engine: Option<String>,
    stats: Option<CountersJson>,
    rate: Option<CountersJson>,
    servers: Vec<ServerJson>,
}

#[derive(Serialize)]
struct PersistenceJson {
    timeout: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    netmask: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prefix: Option<u8>,
}

#[derive(Serialize)]
struct ServerJson {
    address: String,
    port: u16,
    forward: &'static str,
    tunnel: Option<TunnelJson>,
    weight: u32,
    upper_threshold: u32,
    lower_threshold: u32,
    active: u32,
    inactive: u32,
    persistent: u32,
    stats: Option<CountersJson>,
    rate: Option<CountersJson>,
}

#[derive(Serialize)]
struct TunnelJson {
    r#type: &'static str,
    port: u16,
    checksum: &'static str,
}

#[derive(Serialize)]
struct CountersJson {
    connections: u64,
    packets_in: u64,
    packets_out: u64,
    bytes_in: u64,
    bytes_out: u64,
}

impl From<&Counters> for CountersJson {
    fn from(counters: &Counters) -> Self {
        Self {
            connections: counters.connections,
            packets_in: counters.packets_in,
            packets_out: counters.packets_out,
            bytes_in: counters.bytes_in,
            bytes_out: counters.bytes_out,
        }
    }
}

impl From<Tunnel> for TunnelJson {
    fn from(tunnel: Tunnel) -> Self {
        Self {
            r#type: tunnel.kind.as_str(),
            port: tunnel.port,
            checksum: tunnel.checksum.as_str(),
        }
    }
}

impl ServerJson {
    fn of(state: &ServerState, whole: bool) -> Self {
        let server = &state.server;
        Self {
            address: server.address.to_string(),
            port: server.port,
            forward: server.forward.as_str(),
            tunnel: match server.forward {
                Forward::Tun(tunnel) => Some(tunnel.into()),
                _ => None,
            },
            weight: server.weight,
            upper_threshold: server.upper_threshold,
            lower_threshold: server.lower_threshold,
            active: state.active,
            inactive: state.inactive,
            persistent: state.persistent,
            stats: whole.then(|| (&state.stats.totals).into()),
            rate: whole.then(|| (&state.stats.rates).into()),
        }
    }
}

impl ServiceJson {
    fn of(state: &ServiceState, whole: bool) -> Self {
        let service = &state.service;
        let (protocol, address, port, fwmark) = match service.id {
            ServiceId::Address {
                protocol,
                address,
                port,
            } => (Some(protocol), Some(address), Some(port), None),
            ServiceId::Fwmark { mark, .. } => (None, None, None, Some(mark)),
        };
        Self {
            protocol: protocol.as_ref().map(Protocol::to_string),
            address: address.map(|address| address.to_string()),
            port,
            fwmark,
            family: service.id.family().as_str(),
            scheduler: service.scheduler.to_string(),
            scheduler_flags: service.scheduler_flags.names(&service.scheduler),
            persistence: service.persistence_timeout.map(|timeout| PersistenceJson {
                // 0: the kernel did not say how long.
                timeout: (timeout != 0).then_some(timeout),
                netmask: match service.netmask {
                    Netmask::V4(mask) => Some(mask.to_string()),
                    Netmask::V6(_) => None,
                },
                prefix: match service.netmask {
                    Netmask::V4(_) => None,
                    Netmask::V6(length) => Some(length),
                },
            }),
            one_packet: service.one_packet,
            persistence_engine: service.persistence_engine.clone(),
            stats: whole.then(|| (&state.stats.totals).into()),
            rate: whole.then(|| (&state.stats.rates).into()),
            servers: state
                .servers
                .iter()
                .map(|server| ServerJson::of(server, whole))
                .collect(),
        }
    }
}

/// `{"services":[...]}` as `lbctl list --json` prints it. A table that is not
/// whole was read without privilege: its statistics are null, not 0.
///
/// # Errors
/// None in practice: these types have no key that JSON could not hold.
pub fn table(services: &[ServiceState], whole: bool) -> serde_json::Result<String> {
    serde_json::to_string(&TableJson {
        services: services
            .iter()
            .map(|service| ServiceJson::of(service, whole))
            .collect(),
    })
}
