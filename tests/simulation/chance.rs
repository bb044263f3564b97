//! Tables, steps and wishes by chance; small, so that they meet.

use std::net::IpAddr;

use lbctl::model::{
    Forward, Protocol, Scheduler, Server, Service, ServiceId, SyncDaemon, SyncRole, TableStep,
    Timeouts,
};
use lbctl::reconcile::{Desired, HostWish, VipWish, Wanted};

use super::random::Random;

/// Kernel parameters that are wished.
pub const PARAMETERS: [&str; 2] = ["net.ipv4.vs.conntrack", "net.ipv4.vs.expire_nodest_conn"];

fn id(random: &mut Random) -> ServiceId {
    let port = 80 + u16::try_from(random.below(6)).unwrap();
    ServiceId::Address {
        protocol: Protocol::Tcp,
        address: [192, 0, 2, 1].into(),
        port,
    }
}

fn service(random: &mut Random, id: ServiceId) -> Service {
    let scheduler = random.pick(&["rr", "wlc", "sh"]);
    Service {
        scheduler: Scheduler::from_kernel(&scheduler),
        persistence_timeout: random.chance(20).then_some(60),
        ..Service::new(id)
    }
}

fn server(random: &mut Random) -> Server {
    Server {
        address: [10, 0, 0, 1 + u8::try_from(random.below(5)).unwrap()].into(),
        port: 80,
        forward: if random.chance(80) {
            Forward::Nat
        } else {
            Forward::Dr
        },
        weight: u32::try_from(random.below(3)).unwrap(),
        upper_threshold: 0,
        lower_threshold: 0,
    }
}

/// By chance.
pub fn services(random: &mut Random) -> Vec<Wanted> {
    let mut services: Vec<Wanted> = Vec::new();
    for _ in 0..random.below(5) {
        let id = id(random);
        if services.iter().any(|it| it.service.id == id) {
            continue;
        }
        let mut servers: Vec<Server> = Vec::new();
        for _ in 0..random.below(6) {
            let server = server(random);
            if servers.iter().all(|it| it.name() != server.name()) {
                servers.push(server);
            }
        }
        services.push(Wanted {
            service: service(random, id),
            servers,
        });
    }
    services
}

/// By chance.
pub fn daemons(random: &mut Random) -> Vec<SyncDaemon> {
    let mut daemons = Vec::new();
    for role in [SyncRole::Master, SyncRole::Backup] {
        if random.chance(30) {
            daemons.push(SyncDaemon {
                role,
                interface: random.pick(&["eth0", "eth1"]),
                id: 1,
                max_length: 0,
                group: None,
                port: 0,
                ttl: 0,
            });
        }
    }
    daemons
}

/// By chance.
pub fn vips(random: &mut Random) -> impl Iterator<Item = IpAddr> + use<> {
    let number = u8::try_from(random.below(4)).unwrap();
    (0..number).map(|last| IpAddr::from([192, 0, 2, last]))
}

/// A wish.
pub fn desired(random: &mut Random) -> Desired {
    let mut host = HostWish {
        vips: vips(random).map(|it| (it, VipWish::default())).collect(),
        ..HostWish::default()
    };
    for name in PARAMETERS {
        if random.chance(40) {
            host.sysctls.insert(name.to_owned(), "1".to_owned());
        }
    }
    Desired {
        services: services(random),
        timeouts: Timeouts {
            tcp: if random.chance(50) { 0 } else { 600 },
            ..Timeouts::default()
        },
        daemons: daemons(random),
        host,
    }
}

/// A step by chance, right or wrong.
pub fn step(random: &mut Random) -> TableStep {
    let id = id(random);
    let server = server(random);
    match random.below(7) {
        0 => TableStep::AddService(service(random, id)),
        1 => TableStep::DeleteService(Service::new(id)),
        2 => {
            let after = Box::new(service(random, id));
            TableStep::EditService {
                before: after.clone(),
                after,
            }
        }
        3 | 4 => TableStep::AddServer {
            service: id,
            server,
        },
        5 => TableStep::DeleteServer {
            service: id,
            server,
        },
        _ => TableStep::EditServer {
            service: id,
            before: server.clone(),
            after: server,
        },
    }
}
