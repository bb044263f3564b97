//! The keeper against a model of the kernel: servers fail, somebody edits, deletes
//! and flushes, writes are refused, the probe is killed between any two writes and
//! starts again from its file. Each seed is one life; a seed that fails is named
//! and fails again.

mod faults;
mod judge;
mod truth;
mod world;

use std::collections::BTreeSet;
use std::time::Duration;

use self::world::{Dice, Machine, id, last, member, server};
use super::check::{Attempt, Check, CheckKind, CheckSpec, Outcome};
use super::journal::Level;
use super::keeper::Keeper;
use super::policy::{OnFailure, Policy, Rules, SorryMode};
use super::record::Entry;
use super::spec::{Roster, ServerSpec, ServiceSpec};
use super::state::State;
use super::verdict::{Tracker, Verdict};
use crate::model::Service;

const SEEDS: u64 = 1200;
const STEPS: u64 = 120;
const SERVERS: usize = 4;
/// The last octet of the sorry server.
const SORRY: u8 = 9;

/// One life.
struct Life {
    dice: Dice,
    machine: Machine,
    spec: ServiceSpec,
    keeper: Keeper<Machine>,
    trackers: Vec<(Check, Tracker)>,
    well: [bool; SERVERS],
    sorry_well: bool,
    lines: Vec<String>,
    now: u64,
}

impl Life {
    fn new(seed: u64) -> Self {
        let mut dice = Dice((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let check = CheckSpec {
            fall: 1 + u32::try_from(dice.roll(3)).unwrap(),
            rise: 1 + u32::try_from(dice.roll(2)).unwrap(),
            ..CheckSpec::new(CheckKind::Tcp)
        };
        let listed = dice.one_in(2);
        let machine = Machine::default();
        // A new service, or one that is at work already.
        let present = if listed { dice.index() } else { SERVERS };
        machine.0.borrow_mut().table = (present > 0).then(|| (0..present).map(member).collect());
        let roster = if listed {
            Roster::Listed {
                service: Service::new(id()),
                servers: (0..SERVERS)
                    .map(|index| ServerSpec {
                        server: member(index),
                        check: Some(check.clone()),
                        maintenance: false,
                    })
                    .collect(),
            }
        } else {
            Roster::Table {
                check: Some(check.clone()),
            }
        };
        let on_failure = if dice.one_in(2) {
            OnFailure::Inhibit
        } else {
            OnFailure::Remove
        };
        let spec = ServiceSpec {
            id: id(),
            roster,
            sorry: Some(ServerSpec {
                server: server(SORRY, 1),
                check: dice.one_in(2).then(|| check.clone()),
                maintenance: false,
            }),
            name: None,
            rules: rules(&mut dice, on_failure),
        };
        let mut lines = Vec::new();
        let keeper = start(&spec, &machine, 0, &mut lines);
        let mut life = Self {
            dice,
            machine,
            spec,
            keeper,
            trackers: Vec::new(),
            well: [true; SERVERS],
            sorry_well: true,
            lines,
            now: 0,
        };
        life.attach();
        life
    }

    fn attach(&mut self) {
        self.trackers = self
            .keeper
            .checks()
            .map(|(check, verdict)| {
                let spec = check.spec();
                (check.clone(), Tracker::new(spec.fall, spec.rise, verdict))
            })
            .collect();
    }

    fn restart(&mut self) {
        self.lines.push("-- restart".to_owned());
        {
            let world = &mut *self.machine.0.borrow_mut();
            (world.fuse, world.refuse) = (None, None);
        }
        if matches!(self.spec.roster, Roster::Table { .. }) {
            self.give_back_unseen();
        }
        self.keeper = start(&self.spec, &self.machine, self.now, &mut self.lines);
        self.attach();
    }

    /// Every server is asked once, then comes a round.
    fn step(&mut self) {
        self.now += 1;
        for (check, tracker) in &mut self.trackers {
            let std::net::IpAddr::V4(address) = check.target().ip() else {
                continue;
            };
            let well = match address.octets()[3] {
                SORRY => self.sorry_well,
                other => self.well[usize::from(other) - 1],
            };
            let text = String::new();
            let outcome = match (self.dice.one_in(20), well) {
                (true, _) => Outcome::Local { reason: text },
                (_, true) => Outcome::Passed { detail: text },
                (_, false) => Outcome::Failed { reason: text },
            };
            let _ = tracker.note(&outcome);
            let attempt = Attempt {
                outcome,
                took: Duration::ZERO,
            };
            self.keeper.note(check, &attempt, tracker, self.now);
        }
        self.round();
    }

    fn round(&mut self) {
        let mut verdicts = vec![Verdict::Unknown; SERVERS];
        let mut maintenance = BTreeSet::new();
        for record in &self.keeper.state().servers {
            verdicts[usize::from(last(&record.server)) - 1] = record.verdict;
            if record.maintenance {
                maintenance.insert(last(&record.server));
            }
        }
        let sorry = self.keeper.state().sorry.as_ref();
        {
            let world = &mut *self.machine.0.borrow_mut();
            world.verdicts = verdicts;
            world.maintenance = maintenance;
            world.sorry_down = sorry.is_some_and(|record| record.verdict == Verdict::Down);
            world.quorum = self.spec.rules.policy.quorum;
            world.refused = false;
        }
        let before = self.keeper.state().clone();
        let lines = &mut self.lines;
        let mut journal = |_: Level, line: &str| lines.push(line.to_owned());
        let whole = self
            .keeper
            .round(&mut self.machine.clone(), self.now, &mut journal);
        if self.machine.0.borrow().fuse == Some(0) {
            self.restart();
            self.round();
        } else if whole {
            self.judge_round(&before);
        }
    }
}

/// Half of the lives have the defaults.
fn rules(dice: &mut Dice, on_failure: OnFailure) -> Rules {
    let mut rules = Rules {
        policy: Policy {
            on_failure,
            ..Policy::default()
        },
        ..Rules::default()
    };
    if dice.one_in(2) {
        return rules;
    }
    rules.policy.quorum = 1 + u32::try_from(dice.roll(60)).unwrap();
    rules.policy.hysteresis = u32::try_from(dice.roll(u64::from(rules.policy.quorum))).unwrap();
    if dice.one_in(2) {
        rules.sorry_mode = SorryMode::Join;
    }
    rules.depool_threshold =
        [0.0, 0.25, 0.5, 0.75, 1.0][dice.index() + usize::from(dice.one_in(4))];
    let times = [None, Some(1), Some(5), Some(12)];
    rules.slow_start = times[dice.index()].map(Duration::from_secs);
    rules
}

fn start(
    spec: &ServiceSpec,
    machine: &Machine,
    now: u64,
    lines: &mut Vec<String>,
) -> Keeper<Machine> {
    let saved = machine.0.borrow().saved.clone();
    // As it would come from the disk.
    let saved = saved.map(|state| State::parse(&serde_json::to_vec(&state).unwrap()).unwrap());
    let mut journal = |_: Level, line: &str| lines.push(line.to_owned());
    Keeper::start(
        spec.clone(),
        saved,
        &mut machine.clone(),
        machine.clone(),
        now,
        &mut journal,
    )
    .unwrap()
}

#[test]
fn every_life_ends_well() {
    for seed in 0..SEEDS {
        let mut life = Life::new(seed);
        for step in 0..STEPS {
            if step > 3 && life.dice.one_in(3) {
                life.fault();
            }
            life.step();
            let wrong = life.machine.0.borrow().wrong.clone();
            assert!(
                wrong.is_empty(),
                "seed {seed}, step {step}: {wrong:#?}\n{}",
                life.lines.join("\n")
            );
        }
        life.settle();
        let wrong = life.machine.0.borrow().wrong.clone();
        assert!(
            wrong.is_empty(),
            "seed {seed}, at the end: {wrong:#?}\n{}",
            life.lines.join("\n")
        );
    }
}

#[test]
fn a_weight_that_was_set_while_no_probe_ran_is_the_configured_one() {
    let seed = (0..SEEDS).find(|seed| {
        let roster = Life::new(*seed).spec.roster;
        matches!(roster, Roster::Table { .. })
    });
    let mut life = Life::new(seed.unwrap());
    let step = |life: &mut Life| (0..40).for_each(|_| life.step());
    let set = |life: &Life, index: usize, weight: u32| {
        let world = &mut *life.machine.0.borrow_mut();
        let mut servers = world.table.iter_mut().flatten();
        let name = member(index).name();
        let found = servers.find(|server| server.name() == name);
        found.unwrap().weight = weight;
    };
    step(&mut life);
    set(&life, 0, 5);
    set(&life, 1, 0);
    life.restart();
    life.well = [false; SERVERS];
    step(&mut life);
    life.well = [true; SERVERS];
    step(&mut life);
    let servers = &life.keeper.state().servers;
    let weights: Vec<_> = servers.iter().map(|record| record.entry).collect();
    assert_eq!(weights[0], Some(Entry::Weight(5)));
    assert_eq!(weights[1], Some(Entry::Weight(0)));
}
