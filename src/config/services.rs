//! What the file wants of a probe.

use super::{Config, VirtualServer};
use crate::health::{Roster, Rules, ServerSpec, ServiceSpec};

impl Config {
    /// Every virtual server, as a probe keeps it, in the order of the file.
    #[must_use]
    pub fn services(&self) -> Vec<ServiceSpec> {
        self.virtual_servers.iter().map(service).collect()
    }
}

fn service(server: &VirtualServer) -> ServiceSpec {
    let servers = server.real_servers.iter().map(|real| ServerSpec {
        server: real.server.clone(),
        check: real.check.clone(),
        maintenance: real.maintenance,
    });
    ServiceSpec {
        id: server.service.id,
        name: server.name.clone(),
        roster: Roster::Listed {
            service: server.service.clone(),
            servers: servers.collect(),
        },
        sorry: server.sorry.as_ref().map(|sorry| ServerSpec {
            server: sorry.server.clone(),
            check: sorry.check.clone(),
            maintenance: false,
        }),
        rules: Rules {
            policy: server.policy,
            sorry_mode: server.sorry_mode,
            depool_threshold: server.depool_threshold,
            slow_start: server.slow_start,
        },
    }
}
