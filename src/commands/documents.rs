//! `completions` and `man`: generated from the same definitions as the help. The
//! files in completions/ and man/ are what these print; a test keeps them current.

use std::fs;
use std::io;
use std::path::Path;

use clap::CommandFactory as _;

use crate::cli::{Cli, CompletionsArgs, ManArgs};

use super::context::Context;
use super::{Error, Result, Status};

/// `completions`.
pub(super) fn completions(context: &mut Context, args: &CompletionsArgs) -> Result<Status> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "lbctl", &mut script);
    context.output.raw(&script)?;
    Ok(Status::Done)
}

/// `man`.
pub(super) fn man(context: &mut Context, args: &ManArgs) -> Result<Status> {
    let pages = pages()?;
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

/// Every page's name and text: lbctl.1 first, then one for each verb.
fn pages() -> Result<Vec<(String, Vec<u8>)>> {
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    let mut pages = vec![page(root.clone(), "lbctl")?];
    // That of ipvsadm, whose options are not ours, is written by hand.
    let generated = |verb: &&clap::Command| !verb.is_hide_set() && verb.get_name() != "ipvsadm";
    for verb in root.get_subcommands().filter(generated) {
        let name = format!("lbctl-{}", verb.get_name());
        pages.push(page(verb.clone(), &name)?);
    }
    Ok(pages)
}

fn page(command: clap::Command, name: &str) -> Result<(String, Vec<u8>)> {
    let command = command.display_name(name.to_owned());
    let mut text = Vec::new();
    // No date: the page of a version is the same whenever it is made.
    clap_mangen::Man::new(command)
        .title(name)
        .manual("lbctl manual")
        .date("")
        .render(&mut text)
        .map_err(Error::Output)?;
    Ok((format!("{name}.1"), text))
}
