//! One file per verb: ask, call, hand to render; no logic of its own. Here the
//! verbs are told apart, and errors become exit codes.

mod advice;
mod apply;
mod candidates;
mod check;
mod confirm;
mod connections;
mod context;
mod convert;
mod demo;
mod documents;
mod drain;
mod error;
mod forward;
mod ipvsadm;
mod list;
mod log;
mod manual;
mod probe;
mod progress;
mod rate;
mod real;
mod rehearsal;
mod run;
mod save;
mod settings;
mod setup;
mod shells;
mod table;
mod teardown;
mod vip;
mod wait;
mod words;

use std::process::ExitCode;

use clap::error::ErrorKind;

use crate::cli::{Cli, Verb};

use context::Context;
pub use error::Error;
pub use ipvsadm::Peer;
use log::Priority;

/// A result of this room.
pub type Result<T> = std::result::Result<T, Error>;

/// How a verb that could be carried out ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Done, or nothing to do; a monitoring plugin's "all well".
    Done,
    /// A monitoring plugin's warning.
    Warning,
    /// A monitoring plugin's critical.
    Critical,
    /// A monitoring plugin's "could not tell".
    Unknown,
    /// Another program's exit code.
    Code(u8),
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(match status {
            Status::Done => 0,
            Status::Warning => 1,
            Status::Critical => 2,
            Status::Unknown => 3,
            Status::Code(code) => code,
        })
    }
}

/// Carries out what was typed.
///
/// # Errors
/// See [`Error`].
pub fn run(cli: &Cli) -> Result<Status> {
    let mut context = Context::new(&cli.global)?;
    let status = match &cli.verb {
        Verb::Add(args) => table::add(&mut context, args),
        Verb::Replace(args) => table::replace(&mut context, args),
        Verb::Edit(args) => table::edit(&mut context, args),
        Verb::Del(args) => table::delete(&mut context, args),
        Verb::List(args) => list::run(&mut context, args),
        Verb::Rate(args) => rate::run(&mut context, args),
        Verb::Zero(args) => table::zero(&mut context, args),
        Verb::Clear(args) => table::clear(&mut context, args),
        Verb::Save => save::save(&mut context),
        Verb::Restore(args) => save::restore(&mut context, args),
        Verb::Timeouts(args) => settings::timeouts(&mut context, args),
        Verb::Sync(args) => settings::sync(&mut context, args),
        Verb::Forward(args) => forward::run(&mut context, args),
        Verb::Vip(args) => vip::run(&mut context, args),
        Verb::Real(args) => real::run(&mut context, args),
        Verb::Probe(args) => probe::run(&mut context, args),
        Verb::Diff(args) => apply::diff(&mut context, args),
        Verb::Apply(args) => apply::apply(&mut context, args),
        Verb::Import(args) => convert::import(&mut context, args),
        Verb::Export(args) => convert::export(&mut context, args),
        Verb::Run(args) => run::run(&mut context, args),
        Verb::Status(args) => run::status(&mut context, args),
        Verb::Drain(args) => drain::drain(&mut context, args),
        Verb::Undrain(args) => drain::undrain(&mut context, args),
        Verb::Check(args) => check::run(&mut context, args),
        Verb::Setup(args) => setup::run(&mut context, args),
        Verb::Teardown(args) => teardown::run(&mut context, args),
        Verb::Completions(args) => documents::completions(&mut context, args),
        Verb::Man(args) => documents::man(&mut context, args),
        Verb::Candidates(args) => candidates::run(&mut context, args),
        Verb::Demo(args) => demo::run(&mut context, args),
        Verb::Ipvsadm(args) => return Ok(Status::Code(ipvsadm::run(&context, &args.words)?)),
    }?;
    context.output.flush()?;
    Ok(status)
}

/// Prints an error and gives its exit code. A closed pipe is no error: the
/// reader has seen enough.
#[must_use]
pub fn report(error: &Error) -> ExitCode {
    if error.is_closed_pipe() {
        return ExitCode::SUCCESS;
    }
    log::say(Priority::Error, &format!("lbctl: {error}"));
    ExitCode::from(error.exit_code())
}

/// Answers what clap could not or need not parse: help goes to stdout with 0,
/// everything else to stderr with 2.
#[must_use]
pub fn usage(error: &clap::Error) -> ExitCode {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        log::say(Priority::Error, error.render().to_string().trim_end());
        return ExitCode::from(2);
    }
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    log::say(Priority::Error, &format!("lbctl: {}", text.trim_end()));
    ExitCode::from(2)
}

/// Our types are plain; JSON can hold them all. Still, no panic for a reader.
fn json_error(error: serde_json::Error) -> Error {
    Error::Machine(format!("cannot write JSON: {error}"))
}
