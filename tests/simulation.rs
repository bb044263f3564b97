//! Whole machines changed from anything to anything, on a model of the kernel, by
//! seed, with everything that can go wrong: wherever the process is killed, refused
//! or meddled with, applying again makes the machine right; applying once more
//! writes nothing; what others made stays; and a service that has a usable server
//! and shall have one is never without.

#[path = "simulation/chance.rs"]
mod chance;
#[path = "simulation/kernel.rs"]
mod kernel;
#[path = "simulation/machine.rs"]
mod machine;
#[path = "kernel/differential/random.rs"]
mod random;
#[path = "simulation/trouble.rs"]
mod trouble;

use std::collections::BTreeSet;

use lbctl::model::ServiceId;
use lbctl::reconcile::{self, ApplyError, Desired, Holds, Machine as _, Manner, Owned, StepError};

use machine::{Fault, Process, World};
use random::Random;

const SEEDS: u64 = 3000;

fn apply(process: &mut Process, desired: &Desired, manner: Manner) -> Result<(), ApplyError> {
    let holds = Holds::new();
    let prepared = reconcile::prepare(process, desired, &holds, manner)?;
    reconcile::apply(process, desired, &holds, manner, &prepared)
}

/// Services that have a usable server, and shall have one.
fn guarded(world: &World, desired: &Desired) -> BTreeSet<ServiceId> {
    let usable = desired.services.iter().filter(|wanted| {
        wanted.servers.iter().any(|server| server.weight > 0)
            && world.kernel.is_usable(&wanted.service.id)
    });
    usable.map(|wanted| wanted.service.id).collect()
}

#[test]
fn whatever_goes_wrong_the_next_apply_makes_it_right() {
    for seed in 0..SEEDS {
        let mut random = Random(seed);
        let mut world = trouble::world(&mut random);
        let foreign: Vec<ServiceId> = {
            let mut owned: Vec<ServiceId> = world.owned.services.iter().copied().collect();
            owned.retain(|id| world.kernel.services.contains_key(id));
            let all = world.kernel.services.keys().copied();
            all.filter(|id| !owned.contains(id)).collect()
        };
        let theirs = world.kernel.clone();
        let desired = chance::desired(&mut random);
        let wanted = Owned::of(&desired);

        world.guarded = guarded(&world, &desired);
        world.fault = Some(trouble::fault(&mut random));
        world.writes = 0;
        let meddled = matches!(world.fault, Some(Fault::Foreign(..)));
        let is_known = !meddled && !matches!(world.fault, Some(Fault::Lost(_)));
        let untouched = world.clone();
        let mut process = Process::new(world);
        let first = apply(&mut process, &desired, Manner::default());
        let mut world = process.end();
        if matches!(first, Err(ApplyError::Refused(ref failure)) if failure.left.is_empty())
            && !world.killed
            && is_known
        {
            assert_eq!(world.kernel, untouched.kernel, "seed {seed}: {first:?}");
            assert_eq!(world.vips, untouched.vips, "seed {seed}");
            assert_eq!(world.sysctls, untouched.sysctls, "seed {seed}");
            assert_eq!(world.owned, untouched.owned, "seed {seed}");
        }

        world.killed = false;
        world.fault = None;
        world.guarded = guarded(&world, &desired);
        let mut process = Process::new(world);
        apply(&mut process, &desired, Manner::default())
            .unwrap_or_else(|error| panic!("seed {seed}: the second apply: {error}"));
        let world = process.end();
        for wanted in &desired.services {
            let there = world.kernel.services.get(&wanted.service.id);
            let (service, servers) = there.unwrap_or_else(|| panic!("seed {seed}: no service"));
            assert_eq!(*service, wanted.service, "seed {seed}");
            let mut expected = wanted.servers.clone();
            expected.sort_by_key(lbctl::model::Server::name);
            let servers: Vec<_> = servers.values().cloned().collect();
            assert_eq!(servers, expected, "seed {seed}");
        }
        assert_eq!(world.owned, wanted, "seed {seed}");
        for (name, value) in &desired.host.sysctls {
            assert_eq!(world.sysctls.get(name), Some(value), "seed {seed}");
        }
        if !meddled {
            for id in foreign.iter().filter(|id| !wanted.services.contains(id)) {
                let (now, then) = (world.kernel.services.get(id), theirs.services.get(id));
                assert_eq!(now, then, "seed {seed}: a service of others");
            }
        }
        let mut left: BTreeSet<ServiceId> = world.kernel.services.keys().copied().collect();
        left.retain(|id| !wanted.services.contains(id) && !foreign.contains(id));
        assert!(left.is_empty() || meddled, "seed {seed}: left {left:?}");

        let writes = world.writes;
        let mut process = Process::new(world);
        apply(&mut process, &desired, Manner::default()).unwrap();
        assert_eq!(process.end().writes, writes, "seed {seed}: nothing to do");
    }
}

#[test]
fn pruning_leaves_only_what_is_wanted() {
    for seed in 0..200 {
        let mut random = Random(seed);
        let world = trouble::world(&mut random);
        let desired = chance::desired(&mut random);
        let manner = Manner {
            prune: true,
            ..Manner::default()
        };
        let mut process = Process::new(world);
        apply(&mut process, &desired, manner).unwrap();
        let left: BTreeSet<ServiceId> = process.end().kernel.services.keys().copied().collect();
        assert_eq!(left, Owned::of(&desired).services, "seed {seed}");
    }
}

#[test]
fn what_a_record_cannot_take_is_not_begun() {
    let mut random = Random(7);
    let desired = chance::desired(&mut random);
    let world = World {
        fault: Some(Fault::Refuse(0)),
        ..World::default()
    };
    let mut process = Process::new(world);
    let error = apply(&mut process, &desired, Manner::default()).unwrap_err();
    assert!(matches!(error, ApplyError::Note(_)), "{error}");
    assert!(process.look().unwrap().table.is_empty());
    let _: StepError = error.into();
}
