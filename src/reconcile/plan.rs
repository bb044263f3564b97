//! From a machine that is to one that shall be, by the whole: pure.
//!
//! New things come before old ones go, so a service that has a usable server is
//! never without one in between: forwarding; new services, new servers, edits that
//! raise, edits that lower; timeouts and daemons; ways in; then what goes, in the
//! other direction. What others made is not touched unless they are pruned.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;
use std::net::IpAddr;

use super::desired::{Actual, Desired, Hold, Holds, HostPlan, Manner, Owned, server_state};
use super::whole::Turn;
use super::{Wanted, settings};
use crate::model::Gather as _;
use crate::model::{ServiceId, ServiceState, SettingStep, Step};

/// The steps, in their order.
#[must_use]
pub fn plan(
    desired: &Desired,
    holds: &Holds,
    actual: &Actual,
    owned: &Owned,
    host: HostPlan,
    manner: Manner,
) -> Vec<Step> {
    let table = of_concern(&actual.table, desired, owned, manner);
    let wanted = adjusted(&desired.services, holds, &table, manner);
    let Turn { make, lose } = super::whole::turn(&table, &wanted);
    let mut steps: Vec<Step> = host.first.into_iter().map(Step::from).collect();
    steps.extend(make.into_iter().map(Step::Table));
    let settings = setting_steps(desired, actual, owned);
    steps.extend(settings.into_iter().map(Step::Setting));
    steps.extend(host.make.into_iter().map(Step::from));
    steps.extend(host.lose.into_iter().map(Step::from));
    steps.extend(lose.into_iter().map(Step::Table));
    steps
}

/// The services that are not of concern: neither wanted nor owned.
#[must_use]
pub fn foreign(desired: &Desired, actual: &Actual, owned: &Owned) -> Vec<ServiceId> {
    let ours = of_concern(&actual.table, desired, owned, Manner::default());
    let ours: BTreeSet<ServiceId> = ours.iter().map(|state| state.service.id).gather();
    let all = actual.table.iter().map(|state| state.service.id);
    all.filter(|id| !ours.contains(id)).collect()
}

fn of_concern<'a>(
    table: &'a [ServiceState],
    desired: &Desired,
    owned: &Owned,
    manner: Manner,
) -> Cow<'a, [ServiceState]> {
    let mut ours = owned.services.clone();
    ours.extend(desired.services.iter().map(|wanted| wanted.service.id));
    let concerns = |state: &&ServiceState| manner.prune || ours.contains(&state.service.id);
    if table.iter().all(|state| concerns(&state)) {
        return table.into();
    }
    table.iter().filter(concerns).cloned().collect()
}

/// What is wanted, where probes, drains and hands are listened to.
fn adjusted(
    services: &[Wanted],
    holds: &Holds,
    table: &[ServiceState],
    manner: Manner,
) -> Vec<Wanted> {
    let there: FxHashMap<ServiceId, &ServiceState> = table
        .iter()
        .map(|state| (state.service.id, state))
        .collect();
    let mut wanted = services.to_vec();
    for Wanted { service, servers } in &mut wanted {
        let state = there.get(&service.id).copied();
        if manner.keep_weights
            && let Some(state) = state
        {
            let weights: BTreeMap<(IpAddr, u16), u32> = state
                .servers
                .iter()
                .map(|state| (state.server.name(), state.server.weight))
                .gather();
            for server in servers.iter_mut() {
                server.weight = *weights.get(&server.name()).unwrap_or(&server.weight);
            }
        }
        for (name, hold) in holds.get(&service.id).into_iter().flatten() {
            let found = server_state(state, *name);
            let place = servers.iter().position(|server| server.name() == *name);
            match (hold, place, found) {
                (_, Some(place), Some(found)) => {
                    if let Some(server) = servers.get_mut(place) {
                        server.weight = found.server.weight;
                    }
                }
                (Hold::Presence, Some(place), None) => {
                    servers.remove(place);
                }
                (Hold::Presence, None, Some(found)) => servers.push(found.server.clone()),
                _ => {}
            }
        }
    }
    wanted
}

fn setting_steps(desired: &Desired, actual: &Actual, owned: &Owned) -> Vec<SettingStep> {
    let mut steps: Vec<SettingStep> = settings::timeouts(actual.timeouts, desired.timeouts)
        .into_iter()
        .collect();
    for running in &actual.daemons {
        let wanted = desired.daemons.iter().find(|it| it.role == running.role);
        let goes = match wanted {
            Some(wanted) => !settings::fits(wanted, running),
            None => owned.daemons.contains(&running.role),
        };
        if goes {
            steps.push(SettingStep::StopDaemon(running.clone()));
        }
    }
    for wanted in &desired.daemons {
        let running = actual.daemons.iter().find(|it| it.role == wanted.role);
        if running.is_none_or(|running| !settings::fits(wanted, running)) {
            steps.push(SettingStep::StartDaemon(wanted.clone()));
        }
    }
    steps
}
