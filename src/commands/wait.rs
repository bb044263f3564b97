//! `apply --wait-healthy`: waits for the checks of all servers that take part.

use std::time::Duration;

use crate::config::Config;
use crate::health::{self, Check, Outcome};
use crate::model::format_duration;

use super::context::Context;
use super::log::Log;
use super::{Error, Result, Status, progress};

pub(super) fn until_well(
    context: &mut Context,
    config: &Config,
    patience: Duration,
) -> Result<Status> {
    // What was done is shown before the waiting begins.
    context.output.flush()?;
    let servers = config
        .virtual_servers
        .iter()
        .flat_map(|it| &it.real_servers);
    let checks: Vec<Check> = servers
        .filter(|real| !real.maintenance)
        .filter_map(|real| Check::new(real.check.as_ref()?, &real.server).ok())
        .collect();
    let total = checks.len();
    let bar = progress::line(context, "servers that are well", total);
    let mut journal = Log::of(context);
    let result = health::wait_until_well(checks, patience, &mut journal, &mut |waiting| {
        bar.set_position((total - waiting.open) as u64);
        if !matches!(waiting.outcome, Outcome::Passed { .. }) {
            let target = waiting.check.target();
            bar.set_message(format!("{target}: {}", waiting.outcome.text()));
        }
    });
    bar.finish_and_clear();
    let Err(left) = result else {
        return Ok(Status::Done);
    };
    let lines: Vec<String> = left
        .iter()
        .map(|(check, said)| format!("  {}: {said}", check.target()))
        .collect();
    Err(Error::Machine(format!(
        "the file was applied, but after {} these servers are not well:\n{}",
        format_duration(patience),
        lines.join("\n")
    )))
}
