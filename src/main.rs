//! Parses, runs, prints the error, sets the exit code. Only `main` exits. Started
//! under a name of ipvsadm's, lbctl is ipvsadm.

use std::env;
use std::process::ExitCode;

use lbctl::cli::Cli;
use lbctl::commands::{self, Peer};

fn main() -> ExitCode {
    let mut words = env::args_os();
    if let Some(name) = words.next()
        && let Some(peer) = Peer::called(&name)
    {
        return peer.run(&name, words);
    }
    let cli = match Cli::read(env::args_os()) {
        Ok(cli) => cli,
        Err(error) => return commands::usage(&error),
    };
    match commands::run(&cli) {
        Ok(status) => status.into(),
        Err(error) => commands::report(&error),
    }
}
