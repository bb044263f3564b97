//! What the file wants of a machine, as the engine takes it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{Config, VipWay, VirtualServer};
use crate::model::{Family, Forward, Server, ServiceId};
use crate::reconcile::{Desired, HostWish, VipWish, Wanted};

impl Config {
    /// The whole machine. Servers in maintenance have weight 0; a sorry server is
    /// not among the servers: the probe lets it in.
    #[must_use]
    pub fn desired(&self) -> Desired {
        Desired {
            services: self.virtual_servers.iter().map(wanted).collect(),
            timeouts: self.timeouts,
            daemons: self.sync.clone(),
            host: HostWish {
                vips: self.vips(),
                forwarding: self.forwarding(),
                sysctls: self.host.sysctl.clone(),
            },
        }
    }

    /// The addresses that are not somebody else's matter. One of several services
    /// that wants snat speaks for the address.
    fn vips(&self) -> BTreeMap<IpAddr, VipWish> {
        let mut vips: BTreeMap<IpAddr, VipWish> = BTreeMap::new();
        for server in &self.virtual_servers {
            if let (Some(address), false) =
                (server.service.id.address(), server.vip == VipWay::None)
            {
                let wish = vips.entry(address).or_default();
                wish.bound = server.vip == VipWay::Address;
                wish.snat |= server.snat;
            }
        }
        vips
    }

    /// As the file says, else on where a method needs it: with nat the director is
    /// a router, with the others only servers answer.
    fn forwarding(&self) -> BTreeMap<Family, bool> {
        if let Some(on) = self.host.ip_forward {
            return [(Family::Ipv4, on), (Family::Ipv6, on)].into();
        }
        let nat = self.virtual_servers.iter().flat_map(|server| {
            let servers = server.real_servers.iter().map(|real| &real.server);
            let servers = servers.chain(server.sorry.iter().map(|sorry| &sorry.server));
            servers.filter(|server| server.forward == Forward::Nat)
        });
        nat.map(|server| (Family::of(server.address), true))
            .collect()
    }

    /// What people call the service, or how it is written.
    #[must_use]
    pub fn title(&self, id: &ServiceId) -> String {
        let found = self.virtual_servers.iter().find(|it| it.service.id == *id);
        let name = found.and_then(|server| server.name.clone());
        name.unwrap_or_else(|| id.to_string())
    }
}

fn wanted(server: &VirtualServer) -> Wanted {
    Wanted {
        service: server.service.clone(),
        servers: server
            .real_servers
            .iter()
            .map(|real| Server {
                weight: if real.maintenance {
                    0
                } else {
                    real.server.weight
                },
                ..real.server.clone()
            })
            .collect(),
    }
}
