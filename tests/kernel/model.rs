//! The model of the kernel that the simulations are played on, held against the
//! real one: the same random steps, the same refusals, the same table.

use lbctl::ipvs::Client;
use lbctl::model::{Server, Service, ServiceState};
use lbctl::reconcile::Table as _;
use libtest_mimic::Failed;

use super::Test;
use super::differential::random;
use super::lab::Namespace;
use chance::step;
use kernel::Kernel;
use random::Random;

#[path = "../simulation/chance.rs"]
#[allow(dead_code, reason = "the simulation uses the rest of it")]
mod chance;
#[path = "../simulation/kernel.rs"]
#[allow(dead_code, reason = "the simulation uses the rest of it")]
mod kernel;

pub const TESTS: &[Test] = &[("model::is_as_the_kernel", is_as_the_kernel)];

const SEEDS: u64 = 40;
const STEPS: usize = 60;

fn is_as_the_kernel() -> Result<(), Failed> {
    for seed in 0..SEEDS {
        let ns = Namespace::new("model");
        let mut random = Random(seed);
        let mut model = Kernel::default();
        ns.enter(|| {
            let mut client = Client::open().unwrap();
            for number in 0..STEPS {
                let step = step(&mut random);
                let wanted = model.apply(&step).map_err(|errno| errno != 0);
                let found = client
                    .apply(&[&step])
                    .map_err(|refused| !refused.is_empty());
                assert_eq!(found, wanted, "seed {seed}, step {number}: {step:?}");
            }
            let found = client.table().unwrap();
            assert_eq!(settings(&found), settings(&model.table()), "seed {seed}");
        });
    }
    Ok(())
}

/// What is set, without what is counted.
fn settings(table: &[ServiceState]) -> Vec<(Service, Vec<Server>)> {
    table
        .iter()
        .map(|state| {
            let servers = state.servers.iter().map(|state| state.server.clone());
            (state.service.clone(), servers.collect())
        })
        .collect()
}
