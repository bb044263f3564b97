//! `save` and `restore`: the whole table as text, and back.

use std::fs;
use std::io::{self, Read as _};

use crate::cli::RestoreArgs;
use crate::formats;
use crate::ipvs::{self, Client};
use crate::ipvsadm::{self, SavedTable, SystemNames};
use crate::model::{Step, Timeouts};
use crate::reconcile;

use super::context::Context;
use super::{Error, Result, Status};

fn failed(doing: &str) -> impl Fn(ipvs::Error) -> Error {
    move |source| Error::Ipvs {
        doing: doing.to_owned(),
        source,
    }
}

/// `save`.
pub(super) fn save(context: &mut Context) -> Result<Status> {
    const DOING: &str = "save the IPVS table";
    let client = context.ipvs(DOING)?;
    let timeouts = client.timeouts().map_err(failed(DOING))?;
    let table = client.table().map_err(failed(DOING))?;
    for line in ipvsadm::save(&timeouts, &table) {
        context.output.line(&line)?;
    }
    Ok(Status::Done)
}

/// `restore`.
pub(super) fn restore(context: &mut Context, args: &RestoreArgs) -> Result<Status> {
    const DOING: &str = "restore the IPVS table";
    let (name, text) = read(args)?;
    let saved = ipvsadm::read_saved(&text, &SystemNames::default()).map_err(|errors| {
        let lines: Vec<String> = errors
            .iter()
            .map(|(line, why)| format!("{name}:{line}: {why}"))
            .collect();
        Error::Usage(format!("nothing was changed:\n{}", lines.join("\n")))
    })?;
    let client = context.ipvs(DOING)?;
    let plan = plan(client, &saved).map_err(failed(DOING))?;
    let timeouts = match saved.timeouts {
        Some(wanted) => differing(client, &wanted).map_err(failed(DOING))?,
        None => None,
    };
    context.carry_out(&plan)?;
    if let Some(timeouts) = timeouts {
        if context.dry_run {
            context.output.line(&formats::timeouts_command(&timeouts))?;
        } else {
            let client = context.ipvs(DOING)?;
            client.set_timeouts(&timeouts).map_err(failed(DOING))?;
        }
    }
    Ok(Status::Done)
}

/// The file's name and text.
fn read(args: &RestoreArgs) -> Result<(String, Vec<u8>)> {
    let Some(path) = &args.file else {
        let mut text = Vec::new();
        io::stdin()
            .read_to_end(&mut text)
            .map_err(|error| Error::Machine(format!("cannot read standard input: {error}")))?;
        return Ok(("standard input".to_owned(), text));
    };
    let text = fs::read(path)
        .map_err(|error| Error::Usage(format!("cannot read {}: {error}", path.display())))?;
    Ok((path.display().to_string(), text))
}

fn plan(client: &mut Client, saved: &SavedTable) -> ipvs::Result<Vec<Step>> {
    let actual = client.table()?;
    let steps = reconcile::converge(&actual, &saved.services);
    Ok(steps.into_iter().map(Step::Table).collect())
}

/// The timeouts that are to be set, if any; 0 keeps one.
fn differing(client: &mut Client, wanted: &Timeouts) -> ipvs::Result<Option<Timeouts>> {
    let actual = client.timeouts()?;
    let change = |wanted: u32, actual: u32| if wanted == actual { 0 } else { wanted };
    let change = Timeouts {
        tcp: change(wanted.tcp, actual.tcp),
        tcp_fin: change(wanted.tcp_fin, actual.tcp_fin),
        udp: change(wanted.udp, actual.udp),
    };
    Ok((change != Timeouts::default()).then_some(change))
}
