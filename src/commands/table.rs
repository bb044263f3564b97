//! The verbs that change the IPVS table: add, replace, edit, del, zero, clear.

use crate::cli::{ChangeArgs, ClearArgs, DelArgs, ZeroArgs};
use crate::model::{ServiceId, ServiceState, Step, TableStep};
use crate::reconcile::{self, RequestError, TableRequest};

use super::confirm::confirm;
use super::context::Context;
use super::{Error, Result, Status, words};

type Planner =
    fn(Option<&ServiceState>, &TableRequest) -> std::result::Result<Vec<TableStep>, RequestError>;

/// `add`.
pub(super) fn add(context: &mut Context, args: &ChangeArgs) -> Result<Status> {
    change(context, "add", args, reconcile::add)
}

/// `replace`.
pub(super) fn replace(context: &mut Context, args: &ChangeArgs) -> Result<Status> {
    change(context, "replace", args, reconcile::replace)
}

/// `edit`.
pub(super) fn edit(context: &mut Context, args: &ChangeArgs) -> Result<Status> {
    change(context, "edit", args, reconcile::edit)
}

fn change(context: &mut Context, verb: &str, args: &ChangeArgs, plan: Planner) -> Result<Status> {
    let request = words::request(&args.selector, &args.service, &args.server)?;
    let doing = format!("{verb} {}", request.id);
    let there = read(context, &doing, &request.id)?;
    let steps = plan(there.as_ref(), &request).map_err(|why| Error::Request {
        doing: blame(verb, &request, &why),
        why,
    })?;
    carry_out(context, steps)
}

/// What could not be done, down to the server that is to blame.
fn blame(verb: &str, request: &TableRequest, why: &RequestError) -> String {
    let id = request.id;
    match (why, request.servers.first()) {
        (RequestError::ServerExists(_, endpoint) | RequestError::NoServer(_, endpoint), _) => {
            server_phrase(verb, endpoint, &id)
        }
        (RequestError::NoService(_), Some((address, port))) => {
            let endpoint = format!("{}:{port}", crate::model::bracketed(*address));
            server_phrase(verb, &endpoint, &id)
        }
        _ => format!("{verb} {id}"),
    }
}

fn server_phrase(verb: &str, endpoint: &str, id: &ServiceId) -> String {
    match verb {
        "add" => format!("add {endpoint} to {id}"),
        "del" => format!("delete {endpoint} from {id}"),
        _ => format!("{verb} {endpoint} of {id}"),
    }
}

/// `del`.
pub(super) fn delete(context: &mut Context, args: &DelArgs) -> Result<Status> {
    let id = words::required_service(&args.selector)?;
    let servers = words::servers(&args.real_server, &id)?;
    let there = read(context, &format!("delete {id}"), &id)?;
    let steps = reconcile::delete(there.as_ref(), id, &servers, args.if_exists);
    let steps = steps.map_err(|why| Error::Request {
        doing: match &why {
            RequestError::NoServer(_, endpoint) => server_phrase("del", endpoint, &id),
            _ => format!("delete {id}"),
        },
        why,
    })?;
    carry_out(context, steps)
}

pub(super) fn read(
    context: &mut Context,
    doing: &str,
    id: &ServiceId,
) -> Result<Option<ServiceState>> {
    let client = context.ipvs(doing)?;
    client.service_settings(id).map_err(|source| Error::Ipvs {
        doing: doing.to_owned(),
        source,
    })
}

fn carry_out(context: &mut Context, steps: Vec<TableStep>) -> Result<Status> {
    let plan: Vec<Step> = steps.into_iter().map(Step::Table).collect();
    context.carry_out(&plan)?;
    Ok(Status::Done)
}

/// `zero`.
pub(super) fn zero(context: &mut Context, args: &ZeroArgs) -> Result<Status> {
    let id = words::service(&args.selector)?;
    if context.dry_run {
        let words = id
            .map(|id| format!(" {}", id.options()))
            .unwrap_or_default();
        context.output.line(&format!("ipvsadm -Z{words}"))?;
        return Ok(Status::Done);
    }
    let doing = match &id {
        Some(id) => format!("set the counters of {id} to zero"),
        None => "set the counters to zero".to_owned(),
    };
    let client = context.ipvs(&doing)?;
    client
        .zero(id.as_ref())
        .map_err(|source| Error::Ipvs { doing, source })?;
    Ok(Status::Done)
}

/// `clear`.
pub(super) fn clear(context: &mut Context, args: &ClearArgs) -> Result<Status> {
    const DOING: &str = "clear the IPVS table";
    let read = context.ipvs(DOING)?.services();
    let count = read
        .map_err(|source| Error::Ipvs {
            doing: DOING.to_owned(),
            source,
        })?
        .len();
    if count == 0 {
        return Ok(Status::Done);
    }
    if context.dry_run {
        context.output.line("ipvsadm -C")?;
        return Ok(Status::Done);
    }
    if !args.yes && !confirmed(count)? {
        context.notice("nothing was changed");
        return Ok(Status::Done);
    }
    let client = context.ipvs(DOING)?;
    client.flush().map_err(|source| Error::Ipvs {
        doing: DOING.to_owned(),
        source,
    })?;
    Ok(Status::Done)
}

fn confirmed(services: usize) -> Result<bool> {
    let prompt = format!("Delete {services} services and all their servers?");
    confirm(&prompt, || Ok(()))?.ok_or_else(|| {
        Error::Usage(format!(
            "clear deletes {services} services; say so with --yes"
        ))
    })
}
