//! `list`: the table in every view. Without privilege it shows what /proc shows.

use crate::cli::{ListArgs, ListView};
use crate::ipvs::{self, Client};
use crate::model::{ServiceId, Table};
use crate::reconcile::RequestError;
use crate::render::{self, ListOptions, View};

use super::context::Context;
use super::{Error, Result, Status, connections, settings, words};

const DOING: &str = "list the IPVS table";

/// `list`.
pub(super) fn run(context: &mut Context, args: &ListArgs) -> Result<Status> {
    let id = words::service(&args.selector)?;
    match args.view {
        ListView { timeouts: true, .. } => settings::show_timeouts(context),
        ListView { sync: true, .. } => settings::show_daemons(context),
        ListView {
            connections: true, ..
        } => connections::run(context, id.as_ref()),
        other => services(context, id.as_ref(), view(other), args.exact),
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
    exact: bool,
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
    render::list(&table, ListOptions { view, exact }, &mut context.output)?;
    Ok(Status::Done)
}

/// The whole table or one service.
pub(super) fn read(context: &mut Context, id: Option<&ServiceId>, brief: bool) -> Result<Table> {
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
