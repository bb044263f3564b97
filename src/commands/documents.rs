//! `completions` and `man`: generated from the same definitions as the help. The
//! files in completions/ and man/ are what these print; a test keeps them current.

use std::fs;
use std::io;
use std::path::Path;

use crate::cli::{CompletionsArgs, ManArgs};

use super::context::Context;
use super::{Error, Result, Status, manual, shells};

/// `completions`.
pub(super) fn completions(context: &mut Context, args: &CompletionsArgs) -> Result<Status> {
    context.output.raw(shells::script(args.shell).as_bytes())?;
    Ok(Status::Done)
}

/// `man`.
pub(super) fn man(context: &mut Context, args: &ManArgs) -> Result<Status> {
    let pages = manual::pages().map_err(Error::Output)?;
    match &args.directory {
        Some(directory) => write(directory, &pages).map_err(|error| {
            Error::Machine(format!("cannot write to {}: {error}", directory.display()))
        })?,
        None => {
            if let Some((_, page)) = pages.first() {
                context.output.raw(page)?;
            }
        }
    }
    Ok(Status::Done)
}

fn write(directory: &Path, pages: &[(String, Vec<u8>)]) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    for (name, page) in pages {
        fs::write(directory.join(name), page)?;
    }
    Ok(())
}
