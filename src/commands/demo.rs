//! `demo`: the walkthrough, shown step by step.

use std::io;

use crate::cli::DemoArgs;
use crate::demo::{self, Interrupt};
use crate::render::Output;

use super::context::Context;
use super::{Error, Result, Status};

/// `demo`.
pub(super) fn run(context: &mut Context, args: &DemoArgs) -> Result<Status> {
    if let Some(parent) = args.leash {
        return Err(error(demo::leashed(parent, &args.words)));
    }
    if context.json {
        return Err(Error::Usage(
            "demo shows a story, which has no JSON; leave --json out".to_owned(),
        ));
    }
    if context.dry_run {
        for line in demo::COMMANDS {
            context.output.line(line)?;
        }
        return Ok(Status::Done);
    }
    let interrupt = Interrupt::watch().map_err(error)?;
    let mut nowhere = Output::to(Box::new(io::sink()), false);
    let output = if context.quiet {
        &mut nowhere
    } else {
        &mut context.output
    };
    match demo::run(output, &interrupt) {
        Ok(()) => Ok(Status::Done),
        Err(demo::Error::Interrupted(signal)) => {
            // Everything is cleaned up. A shell wants to see that the signal, not
            // the demo, was the end of it.
            let _ = context.output.flush();
            let _ = signal_hook::low_level::emulate_default_handler(signal);
            Err(error(demo::Error::Interrupted(signal)))
        }
        Err(other) => {
            // The error comes behind what was shown.
            let _ = context.output.flush();
            Err(error(other))
        }
    }
}

fn error(error: demo::Error) -> Error {
    match error {
        demo::Error::Output(error) => Error::Output(error),
        demo::Error::Plumbing(error) => Error::Plumbing(error),
        other => Error::Machine(other.to_string()),
    }
}
