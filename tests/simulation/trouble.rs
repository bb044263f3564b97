//! Machines on which others have been before, and what can go wrong on them.

use lbctl::model::{TableStep, Timeouts};
use lbctl::reconcile::Wanted;

use super::chance::{PARAMETERS, daemons, services, step, vips};
use super::machine::{Fault, World};
use super::random::Random;

/// A machine on which lbctl has been, and others.
pub fn world(random: &mut Random) -> World {
    let mut world = World {
        timeouts: Timeouts {
            tcp: 900,
            tcp_fin: 120,
            udp: 300,
        },
        daemons: daemons(random),
        vips: vips(random).collect(),
        sysctls: PARAMETERS
            .map(|name| (name.to_owned(), "0".to_owned()))
            .into(),
        ..World::default()
    };
    for Wanted { service, servers } in services(random) {
        let id = service.id;
        if random.chance(60) {
            world.owned.services.insert(id);
        }
        world.kernel.apply(&TableStep::AddService(service)).unwrap();
        for server in servers {
            let step = TableStep::AddServer {
                service: id,
                server,
            };
            world.kernel.apply(&step).unwrap();
        }
    }
    if random.chance(50) {
        world.owned.vips.extend(world.vips.iter().take(1));
        let roles = world.daemons.iter().map(|daemon| daemon.role);
        world.owned.daemons.extend(roles.take(1));
    }
    world
}

/// What goes wrong.
pub fn fault(random: &mut Random) -> Fault {
    let when = random.below(14);
    match random.below(5) {
        0 => Fault::None,
        1 => Fault::Kill(when),
        2 => Fault::Refuse(when),
        3 => Fault::Lost(when),
        _ => Fault::Foreign(when, step(random)),
    }
}
