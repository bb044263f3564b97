//! Steps whose answers were lost: which of them the table shows as carried out.
//! Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::model::{Server, Service, ServiceId, ServiceState, TableStep};

use super::table::is_as_asked;

/// The service and, where a server is meant, its address and port.
type Target = (ServiceId, Option<(IpAddr, u16)>);

/// What is there of each service.
type There<'a> = BTreeMap<ServiceId, (&'a Service, BTreeMap<(IpAddr, u16), &'a Server>)>;

/// Tells for each of these steps, tried together in this order, whether it was
/// carried out. `table` is what is there afterwards of all services that they name.
///
/// A step is done when what it makes is there, or what a later one makes of the same
/// service or server. That another program made exactly the same in the meantime
/// cannot be told apart, and is as good.
#[must_use]
pub fn carried_out(steps: &[&TableStep], table: &[ServiceState]) -> Vec<bool> {
    let there: There<'_> = table
        .iter()
        .map(|state| {
            let servers = state.servers.iter().map(|state| &state.server);
            let servers = servers.map(|server| (server.name(), server)).collect();
            (state.service.id, (&state.service, servers))
        })
        .collect();
    let mut settled: BTreeSet<Target> = BTreeSet::new();
    let mut done: Vec<bool> = steps
        .iter()
        .rev()
        .map(|step| {
            let target = target(step);
            let is_done = settled.contains(&target) || is_in(&there, step);
            if is_done {
                settled.insert(target);
            }
            is_done
        })
        .collect();
    done.reverse();
    done
}

fn target(step: &TableStep) -> Target {
    let server = match step {
        TableStep::AddService(_) | TableStep::EditService { .. } | TableStep::DeleteService(_) => {
            None
        }
        TableStep::AddServer { server, .. }
        | TableStep::EditServer { after: server, .. }
        | TableStep::DeleteServer { server, .. } => Some(server.name()),
    };
    (step.service_id(), server)
}

/// Whether what the step makes is there.
fn is_in(there: &There<'_>, step: &TableStep) -> bool {
    let service = there.get(&step.service_id());
    let find = |server: &Server| service.and_then(|(_, servers)| servers.get(&server.name()));
    match step {
        TableStep::AddService(asked) => service.is_some_and(|(there, _)| *there == asked),
        TableStep::EditService { after, .. } => {
            service.is_some_and(|(there, _)| *there == &**after)
        }
        TableStep::DeleteService(_) => service.is_none(),
        TableStep::AddServer { server: asked, .. } | TableStep::EditServer { after: asked, .. } => {
            find(asked).is_some_and(|there| is_as_asked(there, asked))
        }
        TableStep::DeleteServer { server, .. } => find(server).is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Forward, Protocol, ServerState, Stats};
    use proptest::prelude::*;

    fn service(port: u16, scheduler: &str) -> Service {
        let id = ServiceId::Address {
            protocol: Protocol::Tcp,
            address: [192, 0, 2, 1].into(),
            port,
        };
        Service {
            scheduler: scheduler.parse().unwrap(),
            ..Service::new(id)
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

    fn state(service: Service, servers: &[Server]) -> ServiceState {
        ServiceState {
            service,
            stats: Stats::default(),
            servers: servers
                .iter()
                .map(|server| ServerState {
                    server: server.clone(),
                    active: 0,
                    inactive: 0,
                    persistent: 0,
                    stats: Stats::default(),
                })
                .collect(),
        }
    }

    fn add(server: Server) -> TableStep {
        TableStep::AddServer {
            service: service(80, "rr").id,
            server,
        }
    }

    fn edit(before: Server, after: Server) -> TableStep {
        TableStep::EditServer {
            service: service(80, "rr").id,
            before,
            after,
        }
    }

    fn delete(server: Server) -> TableStep {
        TableStep::DeleteServer {
            service: service(80, "rr").id,
            server,
        }
    }

    fn is_done(step: &TableStep, table: &[ServiceState]) -> bool {
        carried_out(&[step], table) == [true]
    }

    #[test]
    fn a_service_is_added_when_it_is_there_as_asked() {
        let step = TableStep::AddService(service(80, "rr"));
        assert!(is_done(&step, &[state(service(80, "rr"), &[])]));
        assert!(!is_done(&step, &[state(service(80, "wlc"), &[])]));
        assert!(!is_done(&step, &[state(service(81, "rr"), &[])]));
        assert!(!is_done(&step, &[]));
    }

    #[test]
    fn a_service_is_edited_when_it_is_there_as_asked() {
        let step = TableStep::EditService {
            before: Box::new(service(80, "rr")),
            after: Box::new(service(80, "wlc")),
        };
        assert!(is_done(&step, &[state(service(80, "wlc"), &[])]));
        assert!(!is_done(&step, &[state(service(80, "rr"), &[])]));
        assert!(!is_done(&step, &[]));
    }

    #[test]
    fn a_service_is_deleted_when_it_is_not_there() {
        let step = TableStep::DeleteService(service(80, "rr"));
        assert!(is_done(&step, &[]));
        assert!(is_done(&step, &[state(service(81, "rr"), &[])]));
        assert!(!is_done(&step, &[state(service(80, "rr"), &[])]));
    }

    #[test]
    fn a_server_is_added_when_it_is_there_as_asked() {
        let step = add(server(1, 5));
        let with = |servers: &[Server]| [state(service(80, "rr"), servers)];
        assert!(is_done(&step, &with(&[server(2, 1), server(1, 5)])));
        assert!(!is_done(&step, &with(&[server(1, 4)])));
        assert!(!is_done(&step, &with(&[server(2, 5)])));
        assert!(!is_done(&step, &with(&[])));
        assert!(!is_done(&step, &[]));
        // The same server of another service is another server.
        assert!(!is_done(
            &step,
            &[state(service(81, "rr"), &[server(1, 5)])]
        ));
    }

    #[test]
    fn a_server_that_the_kernel_made_local_is_there() {
        let local = Server {
            forward: Forward::Local,
            ..server(1, 5)
        };
        let table = [state(service(80, "rr"), &[local])];
        assert!(is_done(&add(server(1, 5)), &table));
        assert!(!is_done(&add(server(1, 6)), &table));
    }

    #[test]
    fn a_server_is_edited_when_it_is_there_as_asked() {
        let step = edit(server(1, 1), server(1, 0));
        let with = |servers: &[Server]| [state(service(80, "rr"), servers)];
        assert!(is_done(&step, &with(&[server(1, 0)])));
        assert!(!is_done(&step, &with(&[server(1, 1)])));
        assert!(!is_done(&step, &with(&[])));
        assert!(!is_done(&step, &[]));
    }

    #[test]
    fn a_server_is_deleted_when_it_is_not_there_or_its_service_is_not() {
        let step = delete(server(1, 1));
        let with = |servers: &[Server]| [state(service(80, "rr"), servers)];
        assert!(is_done(&step, &with(&[server(2, 1)])));
        assert!(is_done(&step, &[]));
        assert!(!is_done(&step, &with(&[server(1, 1)])));
    }

    #[test]
    fn what_a_later_step_made_of_the_same_shows_the_earlier_one() {
        let steps = [
            &delete(server(1, 1)),
            &add(server(1, 2)),
            &edit(server(1, 2), server(1, 3)),
        ];
        let told = |servers: &[Server]| carried_out(&steps, &[state(service(80, "rr"), servers)]);
        assert_eq!(told(&[server(1, 3)]), [true, true, true]);
        assert_eq!(told(&[server(1, 2)]), [true, true, false]);
        assert_eq!(told(&[]), [true, false, false]);
        assert_eq!(told(&[server(1, 1)]), [false, false, false]);
    }

    proptest! {
        /// Adds, edits and deletions of different servers, each carried out or not.
        #[test]
        fn every_step_is_told_by_itself(fates in proptest::collection::vec((0u8..3, any::<bool>()), 1..100)) {
            let mut steps = Vec::new();
            let mut servers = Vec::new();
            for (last, (kind, carried)) in (1..).zip(&fates) {
                let (before, after, step) = match kind {
                    0 => (None, Some(server(last, 1)), add(server(last, 1))),
                    1 => (
                        Some(server(last, 1)),
                        Some(server(last, 0)),
                        edit(server(last, 1), server(last, 0)),
                    ),
                    _ => (Some(server(last, 1)), None, delete(server(last, 1))),
                };
                servers.extend(if *carried { after } else { before });
                steps.push(step);
            }
            let told = carried_out(&steps.iter().collect::<Vec<_>>(), &[state(service(80, "rr"), &servers)]);
            let wanted: Vec<bool> = fates.iter().map(|(_, carried)| *carried).collect();
            prop_assert_eq!(told, wanted);
        }
    }
}
