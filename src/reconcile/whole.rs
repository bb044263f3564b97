//! From the table that is there to a whole table that is wanted: pure. Nothing is
//! flushed, what is equal is not touched, and what is new comes before what goes.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::model::Gather as _;
use crate::model::{Server, Service, ServiceId, ServiceState, TableStep};

/// A service and its servers, as they shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The service.
    pub service: Service,
    /// Its servers; each address and port once.
    pub servers: Vec<Server>,
}

/// The steps from one table to another.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// New services, new servers, edits; those that lower a weight last.
    pub make: Vec<TableStep>,
    /// Servers that go, services that go.
    pub lose: Vec<TableStep>,
}

/// The steps from `actual` to exactly `wanted`, whose services each stand in it
/// once. What is new comes before what goes, so a service that has a usable server
/// is never without one in between.
#[must_use]
pub fn converge(actual: &[ServiceState], wanted: &[Wanted]) -> Vec<TableStep> {
    let Turn { mut make, lose } = turn(actual, wanted);
    make.extend(lose);
    make
}

/// The same, before it is put together.
pub(super) fn turn(actual: &[ServiceState], wanted: &[Wanted]) -> Turn {
    let there: BTreeMap<ServiceId, &ServiceState> = actual
        .iter()
        .map(|state| (state.service.id, state))
        .gather();
    let kept: BTreeMap<ServiceId, &Wanted> = wanted
        .iter()
        .map(|wanted| (wanted.service.id, wanted))
        .gather();
    let servers = wanted.iter().map(|wanted| wanted.servers.len());
    let mut make = Vec::with_capacity(wanted.len() + servers.sum::<usize>());
    make.extend(
        wanted
            .iter()
            .filter(|wanted| !there.contains_key(&wanted.service.id))
            .map(|wanted| TableStep::AddService(wanted.service.clone())),
    );
    let (mut edits, mut lose, mut services_go) = (Vec::new(), Vec::new(), Vec::new());
    for Wanted {
        service,
        servers: wanted,
    } in wanted
    {
        let mut before: BTreeMap<(IpAddr, u16), &Server> = BTreeMap::new();
        if let Some(state) = there.get(&service.id) {
            if state.service != *service {
                edits.push(TableStep::EditService {
                    before: Box::new(state.service.clone()),
                    after: Box::new(service.clone()),
                });
            }
            let states = state.servers.iter();
            before.extend(states.map(|state| (state.server.name(), &state.server)));
        }
        for server in wanted {
            match before.remove(&server.name()) {
                None => make.push(TableStep::AddServer {
                    service: service.id,
                    server: server.clone(),
                }),
                Some(before) => {
                    super::table::push_server_edit(&mut edits, service.id, before, server.clone());
                }
            }
        }
        lose.extend(before.into_values().map(|server| TableStep::DeleteServer {
            service: service.id,
            server: server.clone(),
        }));
    }
    for state in actual {
        if kept.contains_key(&state.service.id) {
            continue;
        }
        // One by one, so that an undo brings them back, too.
        lose.extend(state.servers.iter().map(|server| TableStep::DeleteServer {
            service: state.service.id,
            server: server.server.clone(),
        }));
        services_go.push(TableStep::DeleteService(state.service.clone()));
    }
    edits.sort_by_key(lowers);
    make.append(&mut edits);
    lose.append(&mut services_go);
    Turn { make, lose }
}

/// Whether a step takes weight from a server.
fn lowers(step: &TableStep) -> bool {
    match step {
        TableStep::EditServer { before, after, .. } => after.weight < before.weight,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Forward, Protocol, ServerState, Stats};
    use proptest::prelude::*;

    fn id(port: u16) -> ServiceId {
        ServiceId::Address {
            protocol: Protocol::Tcp,
            address: [192, 0, 2, 1].into(),
            port,
        }
    }

    fn server(last: u8, weight: u32) -> Server {
        Server {
            address: [10, 0, 0, last].into(),
            port: 80,
            forward: Forward::Nat,
            weight,
            upper_threshold: 0,
            lower_threshold: 0,
        }
    }

    fn state(wanted: &Wanted) -> ServiceState {
        let servers = wanted.servers.iter().map(|server| ServerState {
            server: server.clone(),
            active: 0,
            inactive: 0,
            persistent: 0,
            stats: Stats::default(),
        });
        ServiceState {
            service: wanted.service.clone(),
            stats: Stats::default(),
            servers: servers.collect(),
        }
    }

    /// A table by ports, each with servers and weights.
    fn tables() -> impl Strategy<Value = Vec<Wanted>> {
        let servers = proptest::collection::btree_map(1u8..6, 0u32..3, 0..5);
        let service = (servers, prop_oneof![Just("rr"), Just("wlc")]);
        proptest::collection::btree_map(80u16..86, service, 0..5).prop_map(|services| {
            let services = services.into_iter();
            services
                .map(|(port, (servers, scheduler))| Wanted {
                    service: Service {
                        scheduler: scheduler.parse().unwrap(),
                        ..Service::new(id(port))
                    },
                    servers: servers
                        .into_iter()
                        .map(|(last, weight)| server(last, weight))
                        .collect(),
                })
                .collect()
        })
    }

    type Model = BTreeMap<ServiceId, (Service, BTreeMap<(IpAddr, u16), Server>)>;

    /// Carries out steps as the kernel would, and refuses what it would refuse.
    fn play(table: &mut Model, step: &TableStep) {
        match step.clone() {
            TableStep::AddService(service) => {
                assert!(
                    table
                        .insert(service.id, (service, BTreeMap::new()))
                        .is_none()
                );
            }
            TableStep::EditService { after, .. } => {
                let id = after.id;
                table.get_mut(&id).unwrap().0 = *after;
            }
            TableStep::DeleteService(service) => {
                assert!(table.remove(&service.id).unwrap().1.is_empty());
            }
            TableStep::AddServer { service, server } => {
                let servers = &mut table.get_mut(&service).unwrap().1;
                assert!(servers.insert(server.name(), server).is_none());
            }
            TableStep::EditServer { service, after, .. } => {
                let servers = &mut table.get_mut(&service).unwrap().1;
                assert!(servers.insert(after.name(), after).is_some());
            }
            TableStep::DeleteServer { service, server } => {
                let servers = &mut table.get_mut(&service).unwrap().1;
                assert!(servers.remove(&server.name()).is_some());
            }
        }
    }

    proptest! {
        #[test]
        fn steps_lead_to_the_wanted_table(actual in tables(), wanted in tables()) {
            let states: Vec<ServiceState> = actual.iter().map(state).collect();
            let mut table: Model = actual
                .iter()
                .map(|wanted| {
                    let servers = wanted.servers.iter().map(|server| (server.name(), server.clone()));
                    (wanted.service.id, (wanted.service.clone(), servers.collect()))
                })
                .collect();
            for step in converge(&states, &wanted) {
                play(&mut table, &step);
            }
            let end: Vec<Wanted> = table
                .into_values()
                .map(|(service, servers)| Wanted { service, servers: servers.into_values().collect() })
                .collect();
            prop_assert_eq!(end, wanted.clone());
            let states: Vec<ServiceState> = wanted.iter().map(state).collect();
            prop_assert!(converge(&states, &wanted).is_empty());
        }
    }
}
