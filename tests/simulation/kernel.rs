//! A model of the kernel's IPVS: what it does with each step, and what it answers.
//! `tests/kernel/model.rs` holds it against the real one.

use std::collections::BTreeMap;
use std::net::IpAddr;

use lbctl::model::{Server, ServerState, Service, ServiceId, ServiceState, Stats, TableStep};

/// Servers by address and port.
type Servers = BTreeMap<(IpAddr, u16), Server>;

/// The table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kernel {
    pub services: BTreeMap<ServiceId, (Service, Servers)>,
}

impl Kernel {
    /// Carries out a step, or answers with the error number.
    pub fn apply(&mut self, step: &TableStep) -> Result<(), i32> {
        match step {
            TableStep::AddService(service) => {
                if self.services.contains_key(&service.id) {
                    return Err(libc::EEXIST);
                }
                self.services
                    .insert(service.id, (service.clone(), BTreeMap::new()));
            }
            TableStep::EditService { after, .. } => {
                let (service, _) = self.services.get_mut(&after.id).ok_or(libc::ESRCH)?;
                *service = (**after).clone();
            }
            TableStep::DeleteService(service) => {
                // Its servers go with it.
                self.services.remove(&service.id).ok_or(libc::ESRCH)?;
            }
            TableStep::AddServer { service, server } => {
                let (_, servers) = self.services.get_mut(service).ok_or(libc::ESRCH)?;
                if servers.contains_key(&server.name()) {
                    return Err(libc::EEXIST);
                }
                servers.insert(server.name(), server.clone());
            }
            TableStep::EditServer { service, after, .. } => {
                let (_, servers) = self.services.get_mut(service).ok_or(libc::ESRCH)?;
                let server = servers.get_mut(&after.name()).ok_or(libc::ENOENT)?;
                *server = after.clone();
            }
            TableStep::DeleteServer { service, server } => {
                let (_, servers) = self.services.get_mut(service).ok_or(libc::ESRCH)?;
                servers.remove(&server.name()).ok_or(libc::ENOENT)?;
            }
        }
        Ok(())
    }

    /// The table as it is read.
    pub fn table(&self) -> Vec<ServiceState> {
        let state = |server: &Server| ServerState {
            server: server.clone(),
            active: 0,
            inactive: 0,
            persistent: 0,
            stats: Stats::default(),
        };
        self.services
            .values()
            .map(|(service, servers)| ServiceState {
                service: service.clone(),
                stats: Stats::default(),
                servers: servers.values().map(state).collect(),
            })
            .collect()
    }

    /// Whether a service has a server that takes connections.
    pub fn is_usable(&self, id: &ServiceId) -> bool {
        let servers = self.services.get(id).map(|(_, servers)| servers);
        servers.is_some_and(|servers| servers.values().any(|server| server.weight > 0))
    }
}
