//! `list`: the table in every view. Without privilege it shows what /proc shows.

use std::net::{IpAddr, SocketAddr};

use crate::cli::{ListArgs, ListView};
use crate::health::drains;
use crate::ipvs::{self, Client};
use crate::lookup::{self, PortNames};
use crate::model::{Protocol, ServiceId, Table, bracketed};
use crate::plumbing::{Place, run_dir};
use crate::reconcile::RequestError;
use crate::render::{self, ListOptions, Names, View};

use super::context::Context;
use super::{Error, Result, Status, connections, rate, settings, words};

const DOING: &str = "list the IPVS table";

/// What is said of a table without services.
pub(super) const EMPTY: &str =
    "the table is empty; add a service with lbctl add, or run lbctl setup";

/// `list`.
pub(super) fn run(context: &mut Context, args: &ListArgs) -> Result<Status> {
    let id = words::service(&args.selector)?;
    match args.view {
        ListView { timeouts: true, .. } => settings::show_timeouts(context),
        ListView { sync: true, .. } => settings::show_daemons(context),
        ListView {
            connections: true, ..
        } => connections::run(context, id.as_ref(), args.resolve),
        other => match args.watch {
            Some(interval) => rate::watch(context, id.as_ref(), view(other), interval, args.exact),
            None => services(context, id.as_ref(), view(other), args),
        },
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
    let detail = match view {
        _ if context.json => Detail::Everything,
        View::Connections => Detail::Brief,
        View::Thresholds | View::Persistent | View::Tunnels => Detail::Settings,
        View::Rate => Detail::Rates,
        View::Stats => Detail::Everything,
    };
    let (table, whole) = match read(context, id, detail) {
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
        context.notice(EMPTY);
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
    if view == View::Connections {
        drained(context, &table)?;
    }
    Ok(Status::Done)
}

/// Who of these is drained: a weight 0 alone does not say why.
fn drained(context: &mut Context, table: &Table) -> Result<()> {
    let directory = Place::here()?.run_directory(&run_dir());
    for (service, drains) in drains::read_all(&directory) {
        if !table.iter().any(|it| it.service.id.to_string() == service) {
            continue;
        }
        for drain in drains {
            let endpoint = SocketAddr::new(drain.address, drain.port);
            let colon = if drain.reason.is_empty() { "" } else { ": " };
            context.output.line(&format!(
                "{endpoint} of {service} is drained by {}{colon}{}",
                drain.by.escape_debug(),
                drain.reason.escape_debug()
            ))?;
        }
    }
    Ok(())
}

/// Looks up what these endpoints are called.
pub(super) fn names(endpoints: impl Iterator<Item = (Option<Protocol>, (IpAddr, u16))>) -> Names {
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

/// How much of the table is read: the less, the faster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// What the plain list shows.
    Brief,
    /// All settings, and connections.
    Settings,
    /// Those and rates.
    Rates,
    /// Counters, too.
    Everything,
}

/// The whole table or one service.
pub(super) fn read(context: &mut Context, id: Option<&ServiceId>, detail: Detail) -> Result<Table> {
    let client = context.ipvs(DOING)?;
    let all = |client: &mut Client| match detail {
        Detail::Brief => client.brief_table(),
        Detail::Settings => client.settings_table(),
        Detail::Rates => client.rates_table(),
        Detail::Everything => client.table(),
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

/// The table without privilege: /proc/net/ip_vs is for everybody.
pub(super) fn without_privilege(context: &mut Context, id: Option<&ServiceId>) -> Result<Table> {
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
