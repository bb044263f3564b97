//! `list`: the table in every view. Without privilege it shows what /proc shows.

use std::net::IpAddr;

use crate::cli::{ListArgs, ListView};
use crate::ipvs::{self, Client};
use crate::lookup::{self, PortNames};
use crate::model::{Protocol, ServiceId, ServiceState, Table, bracketed};
use crate::reconcile::RequestError;
use crate::render::{self, ListOptions, Names, View};

use super::context::Context;
use super::{Error, Result, Status, settings, words};

const DOING: &str = "list the IPVS table";

/// `list`.
pub(super) fn run(context: &mut Context, args: &ListArgs) -> Result<Status> {
    let id = words::service(&args.selector)?;
    match args.view {
        ListView { timeouts: true, .. } => settings::show_timeouts(context),
        ListView { sync: true, .. } => settings::show_daemons(context),
        ListView {
            connections: true, ..
        } => connections(context, id.as_ref(), args.resolve),
        other => services(context, id.as_ref(), view(other), args),
    }
}

fn view(view: ListView) -> View {
    match view {
        ListView { rate: true, .. } => View::Rate,
        ListView { stats: true, .. } => View::Stats,
        ListView {
            thresholds: true, ..
        } => View::Thresholds,
        ListView {
            persistent_conn: true,
            ..
        } => View::Persistent,
        ListView { tun_info: true, .. } => View::Tunnels,
        _ => View::Connections,
    }
}

fn services(
    context: &mut Context,
    id: Option<&ServiceId>,
    view: View,
    args: &ListArgs,
) -> Result<Status> {
    let brief = view == View::Connections && !context.json;
    let (table, whole) = match read(context, id, brief) {
        Err(Error::Ipvs {
            source: ipvs::Error::NoPrivilege,
            ..
        }) if view == View::Connections => (without_privilege(context, id)?, false),
        table => (table?, true),
    };
    if context.json {
        let json = render::table_json(&table, whole).map_err(super::json_error)?;
        context.output.line(&json)?;
        return Ok(Status::Done);
    }
    if table.is_empty() {
        context.notice("the table is empty; add a service with lbctl add, or run lbctl setup");
        return Ok(Status::Done);
    }
    let names = if args.resolve {
        let of_services = table.iter().filter_map(|state| match state.service.id {
            ServiceId::Address { address, port, .. } => {
                Some((state.service.id.protocol(), (address, port)))
            }
            ServiceId::Fwmark { .. } => None,
        });
        let of_servers = table.iter().flat_map(|state| {
            let protocol = state.service.id.protocol();
            let servers = state.servers.iter();
            servers.map(move |state| (protocol, state.server.name()))
        });
        names(of_services.chain(of_servers))
    } else {
        Names::default()
    };
    let options = ListOptions {
        view,
        exact: args.exact,
        names: &names,
    };
    render::list(&table, options, &mut context.output)?;
    Ok(Status::Done)
}

/// Looks up what these endpoints are called.
fn names(endpoints: impl Iterator<Item = (Option<Protocol>, (IpAddr, u16))>) -> Names {
    let endpoints: Vec<_> = endpoints.collect();
    let hosts = lookup::host_names(endpoints.iter().map(|(_, (address, _))| *address));
    let ports = PortNames::read();
    let mut names = Names::default();
    for (protocol, (address, port)) in endpoints {
        let host = hosts.get(&address).cloned();
        // Of a mark any protocol can be; most is TCP.
        let port_name = ports.get(port, protocol.unwrap_or(Protocol::Tcp));
        let port_name = port_name.map_or_else(|| port.to_string(), str::to_owned);
        let host = host.unwrap_or_else(|| bracketed(address));
        names.insert(protocol, (address, port), format!("{host}:{port_name}"));
    }
    names
}

fn read(context: &mut Context, id: Option<&ServiceId>, brief: bool) -> Result<Table> {
    let client = context.ipvs(DOING)?;
    let all = |client: &mut Client| {
        if brief {
            client.brief_table()
        } else {
            client.table()
        }
    };
    match id {
        Some(id) => one(client, id),
        None => all(client).map_err(|source| Error::Ipvs {
            doing: DOING.to_owned(),
            source,
        }),
    }
}

fn one(client: &mut Client, id: &ServiceId) -> Result<Table> {
    let doing = format!("list {id}");
    match client.service_state(id) {
        Ok(Some(state)) => Ok(vec![state]),
        Ok(None) => Err(Error::Request {
            doing,
            why: RequestError::UnknownService,
        }),
        Err(source) => Err(Error::Ipvs { doing, source }),
    }
}

/// /proc/net/ip_vs is for everybody.
fn without_privilege(context: &mut Context, id: Option<&ServiceId>) -> Result<Table> {
    let mut table = ipvs::proc_table().map_err(|error| {
        Error::Machine(format!(
            "cannot {DOING}: CAP_NET_ADMIN is missing, and /proc/net/ip_vs cannot be read: {error}"
        ))
    })?;
    context.notice(
        "without CAP_NET_ADMIN the kernel shows no statistics, thresholds, tunnels and scheduler \
         flags; run it as root to see them",
    );
    if let Some(id) = id {
        table.retain(|state| state.service.id == *id);
        if table.is_empty() {
            return Err(Error::Request {
                doing: format!("list {id}"),
                why: RequestError::UnknownService,
            });
        }
    }
    Ok(table)
}

/// Connections by service. /proc tells no connection's service: it is the one of
/// its address and port, else the fwmark service that has its server.
fn connections(context: &mut Context, only: Option<&ServiceId>, resolve: bool) -> Result<Status> {
    let table = match read(context, None, true) {
        Err(Error::Ipvs {
            source: ipvs::Error::NoPrivilege,
            ..
        }) => without_privilege(context, None)?,
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
    let mut groups: Vec<render::ConnectionGroup> = Vec::new();
    for connection in connections {
        let service = service_of(&table, &connection);
        if only.is_some() && service.as_ref() != only {
            continue;
        }
        let line = render::ConnectionLine {
            protocol: connection.protocol,
            state: connection.state,
            expires: connection.expires,
            client: connection.client,
            server: connection.server,
            engine: connection.engine,
        };
        let at = connection.virtual_service;
        let same =
            |group: &&mut render::ConnectionGroup| group.service == service && group.at == at;
        match groups.iter_mut().find(same) {
            Some(group) => group.connections.push(line),
            None => groups.push(render::ConnectionGroup {
                service,
                at,
                connections: vec![line],
            }),
        }
    }
    groups.sort_by_key(|group| (group.service, group.at));
    if context.json {
        let json = render::connections_json(&groups).map_err(super::json_error)?;
        context.output.line(&json)?;
    } else if groups.is_empty() {
        context.notice("no connections");
    } else {
        let names = if resolve {
            names(groups.iter().flat_map(|group| {
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

fn service_of(table: &[ServiceState], connection: &ipvs::Connection) -> Option<ServiceId> {
    let (address, port) = connection.virtual_service;
    let by_address = |wanted: u16| {
        table
            .iter()
            .map(|state| state.service.id)
            .find(|id| match id {
                ServiceId::Address {
                    protocol,
                    address: other,
                    port,
                } => {
                    *other == address
                        && *port == wanted
                        && protocol
                            .to_string()
                            .eq_ignore_ascii_case(&connection.protocol)
                }
                ServiceId::Fwmark { .. } => false,
            })
    };
    let by_mark = || {
        // The template of a fwmark service has the mark for an address.
        let template = connection.protocol == "IP";
        table
            .iter()
            .find_map(|state| match (state.service.id, address) {
                (ServiceId::Fwmark { mark, .. }, std::net::IpAddr::V4(shown))
                    if template && u32::from(shown) == mark =>
                {
                    Some(state.service.id)
                }
                (ServiceId::Fwmark { .. }, _) if !template => {
                    let mut servers = state.servers.iter();
                    let has = servers.any(|server| {
                        let (address, port) = connection.server;
                        server.server.address == address
                            && (server.server.port == port || server.server.port == 0)
                    });
                    has.then_some(state.service.id)
                }
                _ => None,
            })
    };
    by_address(port).or_else(|| by_address(0)).or_else(by_mark)
}
