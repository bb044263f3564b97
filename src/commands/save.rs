//! `save` and `restore`: the whole table as text, and back.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::fd::AsFd as _;

use crate::cli::RestoreArgs;
use crate::ipvs;
use crate::ipvsadm::{self, SystemNames};
use crate::model::Step;
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
    let table = client.settings_table().map_err(failed(DOING))?;
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
    let actual = client.settings_table().map_err(failed(DOING))?;
    let steps = reconcile::converge(&actual, &saved.services);
    let mut plan: Vec<Step> = steps.into_iter().map(Step::Table).collect();
    if let Some(wanted) = saved.timeouts {
        let before = client.timeouts().map_err(failed(DOING))?;
        plan.extend(reconcile::timeouts(before, wanted).map(Step::Setting));
    }
    context.carry_out(&plan)?;
    Ok(Status::Done)
}

/// The file's name and text.
fn read(args: &RestoreArgs) -> Result<(String, Vec<u8>)> {
    let Some(path) = &args.file else {
        // As a file, whose length is known where it is a regular one: memory for all of it
        // at once.
        let mut text = Vec::new();
        io::stdin()
            .as_fd()
            .try_clone_to_owned()
            .and_then(|input| File::from(input).read_to_end(&mut text))
            .map_err(|error| Error::Machine(format!("cannot read standard input: {error}")))?;
        return Ok(("standard input".to_owned(), text));
    };
    let text = fs::read(path)
        .map_err(|error| Error::Usage(format!("cannot read {}: {error}", path.display())))?;
    Ok((path.display().to_string(), text))
}
