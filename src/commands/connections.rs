//! `list --connections`: connections by service. /proc tells no connection's service:
//! it is the one of its address and port, else the fwmark service that has its server.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use crate::ipvs::{self, Connection};
use crate::model::{Protocol, ServiceId, ServiceState};
use crate::reconcile::RequestError;
use crate::render::{self, ConnectionGroup, ConnectionLine, Names};

use super::context::Context;
use super::{Error, Result, Status, list};

/// `list --connections`.
pub(super) fn run(
    context: &mut Context,
    only: Option<&ServiceId>,
    resolve: bool,
) -> Result<Status> {
    let table = match list::read(context, None, list::Detail::Brief) {
        Err(Error::Ipvs {
            source: ipvs::Error::NoPrivilege,
            ..
        }) => list::without_privilege(context, None)?,
        table => table?,
    };
    if let Some(id) = only
        && !table.iter().any(|state| state.service.id == *id)
    {
        return Err(Error::Request {
            doing: format!("list the connections of {id}"),
            why: RequestError::UnknownService,
        });
    }
    let connections = ipvs::connections().map_err(|error| {
        Error::Machine(format!(
            "cannot list the connections: /proc/net/ip_vs_conn: {error}"
        ))
    })?;
    let groups = group(&table, connections, only);
    if context.json {
        let json = render::connections_json(&groups).map_err(super::json_error)?;
        context.output.line(&json)?;
    } else if groups.is_empty() {
        context.notice("no connections");
    } else {
        let names = if resolve {
            list::names(groups.iter().flat_map(|group| {
                let protocol = group.service.and_then(|id| id.protocol());
                let lines = group.connections.iter();
                let ends = lines.flat_map(|line| [line.client, line.server]);
                ends.chain([group.at]).map(move |at| (protocol, at))
            }))
        } else {
            Names::default()
        };
        render::connections(&groups, &names, &mut context.output)?;
    }
    Ok(Status::Done)
}

/// Connections with the same service and virtual address, sorted by these.
fn group(
    table: &[ServiceState],
    connections: Vec<Connection>,
    only: Option<&ServiceId>,
) -> Vec<ConnectionGroup> {
    let services = Services::of(table);
    let mut groups: BTreeMap<_, Vec<ConnectionLine>> = BTreeMap::new();
    for connection in connections {
        let service = services.of_connection(&connection);
        if only.is_some() && service.as_ref() != only {
            continue;
        }
        let group = groups.entry((service, connection.virtual_service));
        group.or_default().push(ConnectionLine {
            protocol: connection.protocol,
            state: connection.state,
            expires: connection.expires,
            client: connection.client,
            server: connection.server,
            engine: connection.engine,
        });
    }
    groups
        .into_iter()
        .map(|((service, at), connections)| ConnectionGroup {
            service,
            at,
            connections,
        })
        .collect()
}

/// A table's services, by what a connection shows of its own. Of two that fit, the
/// first in the table counts.
#[derive(Default)]
struct Services {
    addresses: HashMap<(Protocol, IpAddr, u16), ServiceId>,
    marks: HashMap<u32, ServiceId>,
    /// Place in the table and name of the fwmark service that has the server.
    servers: HashMap<(IpAddr, u16), (usize, ServiceId)>,
}

impl Services {
    fn of(table: &[ServiceState]) -> Self {
        let mut services = Self::default();
        for (place, state) in table.iter().enumerate() {
            let id = state.service.id;
            match id {
                ServiceId::Address {
                    protocol,
                    address,
                    port,
                } => {
                    let key = (protocol, address, port);
                    services.addresses.entry(key).or_insert(id);
                }
                ServiceId::Fwmark { mark, .. } => {
                    services.marks.entry(mark).or_insert(id);
                    for server in &state.servers {
                        let key = server.server.name();
                        services.servers.entry(key).or_insert((place, id));
                    }
                }
            }
        }
        services
    }

    fn of_connection(&self, connection: &Connection) -> Option<ServiceId> {
        let (address, port) = connection.virtual_service;
        let protocol = match connection.protocol.as_str() {
            "TCP" => Some(Protocol::Tcp),
            "UDP" => Some(Protocol::Udp),
            "SCTP" => Some(Protocol::Sctp),
            _ => None,
        };
        let by_address = |port| self.addresses.get(&(protocol?, address, port)).copied();
        by_address(port).or_else(|| by_address(0)).or_else(|| {
            match (connection.protocol.as_str(), address) {
                // The template of a fwmark service has the mark for an address.
                ("IP", IpAddr::V4(mark)) => self.marks.get(&mark.into()).copied(),
                ("IP", IpAddr::V6(_)) => None,
                _ => self.of_server(connection.server),
            }
        })
    }

    fn of_server(&self, (address, port): (IpAddr, u16)) -> Option<ServiceId> {
        let places = [port, 0].map(|port| self.servers.get(&(address, port)));
        let first = places.into_iter().flatten().min_by_key(|(place, _)| *place);
        first.map(|(_, id)| *id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Family, Forward, Server, ServerState, Service, Stats};

    fn state(id: ServiceId, servers: &[([u8; 4], u16)]) -> ServiceState {
        ServiceState {
            service: Service::new(id),
            stats: Stats::default(),
            servers: servers
                .iter()
                .map(|(address, port)| ServerState {
                    server: Server {
                        address: (*address).into(),
                        port: *port,
                        forward: Forward::Nat,
                        weight: 1,
                        upper_threshold: 0,
                        lower_threshold: 0,
                    },
                    active: 0,
                    inactive: 0,
                    persistent: 0,
                    stats: Stats::default(),
                })
                .collect(),
        }
    }

    fn tcp(port: u16) -> ServiceId {
        ServiceId::Address {
            protocol: Protocol::Tcp,
            address: [10, 0, 0, 1].into(),
            port,
        }
    }

    fn mark(mark: u32) -> ServiceId {
        ServiceId::Fwmark {
            mark,
            family: Family::Ipv4,
        }
    }

    fn connection(protocol: &str, to: ([u8; 4], u16), server: ([u8; 4], u16)) -> Connection {
        Connection {
            protocol: protocol.to_owned(),
            client: ([192, 0, 2, 9].into(), 40000),
            virtual_service: (to.0.into(), to.1),
            server: (server.0.into(), server.1),
            state: "ESTABLISHED".to_owned(),
            expires: 60,
            engine: None,
        }
    }

    #[test]
    fn a_connection_finds_its_service() {
        const VIP: [u8; 4] = [10, 0, 0, 1];
        let table = [
            state(tcp(0), &[]),
            state(tcp(80), &[([10, 0, 1, 1], 80)]),
            state(mark(5), &[([10, 0, 1, 2], 0), ([10, 0, 1, 3], 8080)]),
            state(mark(6), &[([10, 0, 1, 2], 80), ([10, 0, 1, 3], 0)]),
        ];
        let services = Services::of(&table);
        let of = |protocol, to, server| services.of_connection(&connection(protocol, to, server));
        let elsewhere = ([10, 9, 9, 9], 80);
        assert_eq!(of("TCP", (VIP, 80), elsewhere), Some(tcp(80)));
        assert_eq!(of("TCP", (VIP, 443), elsewhere), Some(tcp(0)));
        assert_eq!(of("UDP", (VIP, 80), elsewhere), None);
        // By the server: the exact port or any, the first service of two.
        assert_eq!(of("UDP", (VIP, 80), ([10, 0, 1, 2], 80)), Some(mark(5)));
        assert_eq!(of("TCP", elsewhere, ([10, 0, 1, 3], 8080)), Some(mark(5)));
        assert_eq!(of("TCP", elsewhere, ([10, 0, 1, 3], 81)), Some(mark(6)));
        // By the mark that a template has for an address.
        assert_eq!(of("IP", ([0, 0, 0, 6], 0), elsewhere), Some(mark(6)));
        assert_eq!(of("IP", ([0, 0, 0, 7], 0), ([10, 0, 1, 2], 80)), None);
    }

    #[test]
    fn connections_stand_together_by_service_and_address() {
        let table = [state(tcp(80), &[]), state(mark(5), &[([10, 0, 1, 2], 0)])];
        let to = |address, port| connection("TCP", (address, port), ([10, 0, 1, 2], 80));
        let connections = || {
            vec![
                to([10, 7, 0, 2], 80),
                to([10, 0, 0, 1], 80),
                to([10, 7, 0, 1], 80),
                to([10, 0, 0, 1], 80),
            ]
        };
        let shape = |groups: Vec<ConnectionGroup>| -> Vec<(Option<ServiceId>, String, usize)> {
            let groups = groups.into_iter();
            groups
                .map(|group| {
                    (
                        group.service,
                        group.at.0.to_string(),
                        group.connections.len(),
                    )
                })
                .collect()
        };
        let whole = [
            (Some(tcp(80)), "10.0.0.1".to_owned(), 2),
            (Some(mark(5)), "10.7.0.1".to_owned(), 1),
            (Some(mark(5)), "10.7.0.2".to_owned(), 1),
        ];
        assert_eq!(shape(group(&table, connections(), None)), whole);
        assert_eq!(
            shape(group(&table, connections(), Some(&tcp(80)))),
            whole[..1]
        );
    }
}
