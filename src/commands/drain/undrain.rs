//! `undrain`: the weight comes back, by us or by the probe, unless the checks say
//! that the server is down.

use crate::cli::UndrainArgs;
use crate::health::{Verdict, drains};
use crate::model::Step;

use super::super::context::Context;
use super::super::{Result, Status, words};
use super::beside::{self, Beside};
use super::site::{Name, Site, endpoint};
use super::{not_written, weigh};

/// `undrain`.
pub(in super::super) fn undrain(context: &mut Context, args: &UndrainArgs) -> Result<Status> {
    let id = words::required_service(&args.selector)?;
    let names = words::servers(&args.real_server, &id)?;
    let mut site = Site::look(context, "undrain", id)?;
    site.must_know(&names)?;
    if context.dry_run {
        let steps: Vec<Step> = names
            .iter()
            .filter_map(|name| back(&site, *name).0)
            .collect();
        context.print_plan(&steps)?;
        return Ok(Status::Done);
    }
    let beside = Beside::find(&site.directory, &id)?;
    // What was seen before the lock was had may be old.
    site.look_again(context)?;
    let before = site.drains.clone();
    let mut steps = Vec::new();
    let mut said = Vec::new();
    let mut theirs = Vec::new();
    for name in &names {
        let endpoint = endpoint(*name);
        let drained = site.drain(*name).is_some();
        if beside.keeps(&site, *name) && drained {
            theirs.push(*name);
        } else {
            let (step, words) = back(&site, *name);
            steps.extend(step);
            said.push(format!("{endpoint} {words}"));
        }
        drains::clear(&site.directory, &id, *name).map_err(not_written)?;
    }
    if let Err(error) = context.carry_out(&steps) {
        // Still drained, then.
        for drain in &before {
            if names.contains(&drain.name()) && !theirs.contains(&drain.name()) {
                drains::set(&site.directory, &id, drain).map_err(not_written)?;
            }
        }
        return Err(error);
    }
    if let Beside::Probe(pid) = beside
        && !theirs.is_empty()
    {
        let title = beside::title(pid);
        let woken = beside::wake(&site.directory, pid);
        if woken && beside::heeded(context, &mut site, &theirs, false)? {
            said.extend(theirs.iter().map(|name| by_probe(&site, *name, &title)));
        } else {
            let each = |name: &Name| {
                let endpoint = endpoint(*name);
                format!("{endpoint} is no longer drained; {title} sees to it at its next round")
            };
            said.extend(theirs.iter().map(each));
        }
    }
    for words in said {
        context.notice(&words);
    }
    site.look_again(context)?;
    site.answer(context, &before, &names)?;
    Ok(Status::Done)
}

/// The step that gives the weight back where no probe does, and what is to be said.
fn back(site: &Site, name: Name) -> (Option<Step>, String) {
    let server = site.server(name);
    let options = format!("{} -r {}", site.id.options(), endpoint(name));
    let Some(drain) = site.drain(name) else {
        let hint = match server {
            Some(server) if server.weight == 0 => {
                format!(
                    "; somebody else set its weight 0, change it with: lbctl edit {options} -w N"
                )
            }
            _ => String::new(),
        };
        return (None, format!("is not drained{hint}"));
    };
    let Some(server) = server else {
        return (
            None,
            format!(
                "is no longer drained; it is not in the table, add it with: lbctl add {options}"
            ),
        );
    };
    let stays = |why: &str| {
        let words = format!(
            "is no longer drained; its weight stays 0, since {why}; a probe gives it back, or: \
             lbctl edit {options} -w N"
        );
        (None, words)
    };
    if server.weight > 0 {
        let words = format!("is no longer drained; it has weight {}", server.weight);
        return (None, words);
    }
    match (
        site.record(name),
        drain.weight_before.filter(|weight| *weight > 0),
    ) {
        (Some(record), _) if record.maintenance => stays("the file has it in maintenance"),
        (Some(record), _) if record.verdict == Verdict::Down => {
            stays("its last check failed and no probe runs to check again")
        }
        (_, None) => stays("it had weight 0 before"),
        (_, Some(weight)) => (
            Some(weigh(site, server, weight)),
            format!("is back, with weight {weight}"),
        ),
    }
}

/// What the probe made of it.
fn by_probe(site: &Site, name: Name, title: &str) -> String {
    let endpoint = endpoint(name);
    let weight = site.server(name).map_or(0, |server| server.weight);
    let record = site.record(name);
    if weight > 0 {
        return format!("{endpoint} is back, with weight {weight}");
    }
    let why = match record {
        Some(record) if record.maintenance => "the file has it in maintenance".to_owned(),
        Some(record) if record.verdict == Verdict::Down => {
            let last = record.last.as_ref().map(|last| last.text.escape_debug());
            let reason = last.map_or(String::new(), |text| format!(" ({text})"));
            format!("its checks fail{reason}; {title} gives it back when they pass")
        }
        _ => format!("{title} has not given it back yet, see: lbctl status"),
    };
    format!("{endpoint} is no longer drained; its weight stays 0: {why}")
}
