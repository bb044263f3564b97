//! `drain` and `undrain`: servers out by hand, gently, and back in.
//!
//! The drains' file is written before the table, so that a probe that sees the weight
//! sees the drain, too. What a running probe keeps is left to it.

mod beside;
mod site;
mod undrain;
mod wait;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::cli::DrainArgs;
use crate::health::drains::{self, Drain};
use crate::model::{Server, Step, TableStep, parse_duration};
use crate::reconcile::RequestError;

use super::confirm::confirm;
use super::context::Context;
use super::{Error, Result, Status, words};

use beside::Beside;
use site::{Name, Site, endpoint};
pub(super) use undrain::undrain;
use wait::{End, Interrupts};

/// The question that makes `lbctl run` look at the table; it answers its process id.
pub(super) const WAKE: &str = "wake";

/// `drain`.
pub(super) fn drain(context: &mut Context, args: &DrainArgs) -> Result<Status> {
    let id = words::required_service(&args.selector)?;
    let names = words::servers(&args.real_server, &id)?;
    let limit = limit(args)?;
    let mut site = Site::look(context, "drain", id)?;
    site.must_know(&names)?;
    if site.there.is_none() {
        return Err(Error::Request {
            doing: format!("drain servers of {id}"),
            why: RequestError::NoService(id),
        });
    }
    if let Some(sorry) = names.iter().find(|name| site.is_sorry(**name)) {
        return Err(Error::Usage(format!(
            "{} is the sorry server, which only the probe puts in and takes out",
            endpoint(*sorry)
        )));
    }
    if context.dry_run {
        context.print_plan(&weights(&site, &names))?;
        if args.remove {
            context.print_plan(&removals(&site, &names))?;
        }
        return Ok(Status::Done);
    }
    if leaves_none(&site, &names) && !args.yes && !confirmed(&site)? {
        context.notice("nothing was changed");
        return Ok(Status::Done);
    }
    let waits = args.wait || args.remove;
    let interrupts = waits.then(Interrupts::listen).transpose()?;
    let before = site.drains.clone();
    take_out(context, &mut site, &names, args)?;
    let mut status = Status::Done;
    if let Some(interrupts) = interrupts {
        let end = wait::wait(context, &mut site, &names, limit, &interrupts)?;
        status = ended(context, &mut site, &before, &names, limit, end)?;
        if status == Status::Done && args.remove {
            remove(context, &mut site, &names)?;
        }
    }
    if status == Status::Done {
        site.look_again(context)?;
        site.answer(context, &before, &names)?;
    }
    Ok(status)
}

fn limit(args: &DrainArgs) -> Result<Option<Duration>> {
    let Some(text) = &args.timeout else {
        return Ok(None);
    };
    if !args.wait && !args.remove {
        return Err(Error::Usage(
            "--timeout goes with --wait or --remove; without them nothing is waited for".to_owned(),
        ));
    }
    let limit = parse_duration(text).map_err(|error| Error::Usage(error.to_string()))?;
    Ok(Some(limit))
}

/// The steps that take the weights away.
fn weights(site: &Site, names: &[Name]) -> Vec<Step> {
    let servers = names.iter().filter_map(|name| site.server(*name));
    let used = servers.filter(|server| server.weight > 0);
    used.map(|server| weigh(site, server, 0)).collect()
}

/// The step that gives a server another weight.
fn weigh(site: &Site, server: &Server, weight: u32) -> Step {
    Step::Table(TableStep::EditServer {
        service: site.id,
        before: server.clone(),
        after: Server {
            weight,
            ..server.clone()
        },
    })
}

fn removals(site: &Site, names: &[Name]) -> Vec<Step> {
    let servers = names.iter().filter_map(|name| site.server(*name));
    let delete = |server: &Server| {
        Step::Table(TableStep::DeleteServer {
            service: site.id,
            server: server.clone(),
        })
    };
    servers.map(delete).collect()
}

/// Whether these are the last servers that take new connections.
fn leaves_none(site: &Site, names: &[Name]) -> bool {
    let servers = site.there.iter().flat_map(|there| &there.servers);
    let usable: Vec<Name> = servers
        .filter(|state| state.server.weight > 0)
        .map(|state| state.server.name())
        .collect();
    !usable.is_empty() && usable.iter().all(|name| names.contains(name))
}

fn confirmed(site: &Site) -> Result<bool> {
    let what = format!("this leaves {} without a usable server", site.id);
    confirm(&format!("{what}; drain all the same?"), || Ok(()))?.ok_or_else(|| {
        Error::Usage(format!(
            "{what}: new connections are refused; say so with --yes"
        ))
    })
}

/// Drains them: the file, then the table, by us or by the probe.
fn take_out(
    context: &mut Context,
    site: &mut Site,
    names: &[Name],
    args: &DrainArgs,
) -> Result<()> {
    let beside = Beside::find(&site.directory, &site.id)?;
    // What was seen before the lock was had may be old.
    site.look_again(context)?;
    if let Beside::Probe(pid) = beside
        && args.remove
        && names.iter().any(|name| beside.keeps(site, *name))
    {
        return Err(Error::Machine(format!(
            "cannot remove servers of {}: {} would put them back; drain them without --remove, \
             then take them out of its file and: lbctl status --reload",
            site.id,
            beside::title(pid)
        )));
    }
    for name in names {
        remember(context, site, *name, args)?;
    }
    let kept = |name: &Name| beside.keeps(site, *name);
    let (theirs, mut ours): (Vec<Name>, Vec<Name>) = names.iter().partition(|name| kept(name));
    let mut asleep = None;
    if let Beside::Probe(pid) = beside
        && !theirs.is_empty()
    {
        if beside::wake(&site.directory, pid) {
            if !beside::heeded(context, site, &theirs, true)? {
                return Err(Error::Machine(format!(
                    "{} has not taken the weights away yet; it shall at its next round, see: \
                     lbctl status",
                    beside::title(pid)
                )));
            }
        } else if args.sorry {
            asleep = Some(pid);
        } else {
            // It cannot be woken, and loses nothing by a weight that is gone already.
            ours.extend(&theirs);
        }
    }
    let plan = weights(site, &ours);
    if let Err(error) = context.carry_out(&plan) {
        for name in ours.iter().filter(|name| site.drain(**name).is_none()) {
            drains::clear(&site.directory, &site.id, *name).map_err(not_written)?;
        }
        return Err(error);
    }
    if let Some(pid) = asleep {
        let title = beside::title(pid);
        context.notice(&format!(
            "lbctl: {title} takes the weights away at its next round"
        ));
    }
    Ok(())
}

fn not_written(error: std::io::Error) -> Error {
    Error::Machine(format!("cannot write who is drained: {error}"))
}

/// Writes the drain down, and says so.
fn remember(context: &Context, site: &Site, name: Name, args: &DrainArgs) -> Result<()> {
    let old = site.drain(name);
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let sudo_user = std::env::var("SUDO_USER").ok();
    let user = nix::unistd::getuid().as_raw();
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let reason = args.reason.clone();
    let drain = Drain {
        address: name.0,
        port: name.1,
        by: drains::who(sudo_user.as_deref(), user, &passwd),
        at: now.map_or(0, |time| time.as_secs()),
        reason: reason.unwrap_or_else(|| old.map(|old| old.reason.clone()).unwrap_or_default()),
        weight_before: weight_before(site, name),
        calls_sorry: args.sorry || old.is_some_and(|old| old.calls_sorry),
    };
    let old = drains::set(&site.directory, &site.id, &drain).map_err(not_written)?;
    let endpoint = endpoint(name);
    context.notice(&match old {
        Some(old) => format!(
            "{endpoint} was drained already, by {}",
            old.by.escape_debug()
        ),
        None => format!("{endpoint} is drained"),
    });
    Ok(())
}

/// The weight to give back; a 0 may be a probe's, which then knows the server's own.
fn weight_before(site: &Site, name: Name) -> Option<u32> {
    let server = site.server(name)?;
    let own = site
        .record(name)
        .filter(|record| server.weight == 0 && record.foreign.is_none());
    Some(own.map_or(server.weight, |record| record.server.weight))
}

/// Says how the waiting ended, and answers what was found if it was not the end that
/// was waited for.
fn ended(
    context: &mut Context,
    site: &mut Site,
    before: &[Drain],
    names: &[Name],
    limit: Option<Duration>,
    end: End,
) -> Result<Status> {
    let again = format!("lbctl drain {}{} --wait", site.id.options(), named(names));
    let back = format!("lbctl undrain {}{}", site.id.options(), named(names));
    match end {
        End::Empty => Ok(Status::Done),
        End::Late(left) => {
            site.answer(context, before, names)?;
            context.output.flush()?;
            let limit = crate::model::format_duration(limit.unwrap_or_default());
            Err(Error::Machine(format!(
                "after {limit} connections are left: {left}; nothing was removed and the drain \
                 stays: wait again with {again}, or end it with {back}"
            )))
        }
        End::Stopped(signal, left) => {
            site.answer(context, before, names)?;
            context.notice(&format!(
                "lbctl: stopped waiting for {left}; the drain stays: wait again with {again}, \
                 or end it with {back}"
            ));
            Ok(Status::Code(u8::try_from(128 + signal).unwrap_or(1)))
        }
        End::Undrained(name) => Err(Error::Machine(format!(
            "{} was let back in meanwhile; drain it again with {again}",
            endpoint(name)
        ))),
    }
}

/// ` -r 192.0.2.1:80 -r 192.0.2.2:80`.
fn named(names: &[Name]) -> String {
    let words: Vec<String> = names.iter().map(|name| endpoint(*name)).collect();
    format!(" -r {}", words.join(" -r "))
}

/// Deletes them, now that they are idle, and forgets their drains.
fn remove(context: &mut Context, site: &mut Site, names: &[Name]) -> Result<()> {
    let beside = Beside::find(&site.directory, &site.id)?;
    if let Beside::Probe(pid) = beside {
        return Err(Error::Machine(format!(
            "nothing was removed: {} was started meanwhile and would put the servers back; they \
             stay drained",
            beside::title(pid)
        )));
    }
    site.look_again(context)?;
    context.carry_out(&removals(site, names))?;
    for name in names {
        drains::clear(&site.directory, &site.id, *name).map_err(not_written)?;
        context.notice(&format!("{} is removed", endpoint(*name)));
    }
    Ok(())
}
