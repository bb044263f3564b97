//! Parses, runs, prints the error, sets the exit code. Only `main` exits.

use std::process::ExitCode;

use clap::Parser;

use lbctl::{cli::Cli, commands};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return commands::usage(&error),
    };
    match commands::run(&cli) {
        Ok(status) => status.into(),
        Err(error) => commands::report(&error),
    }
}
