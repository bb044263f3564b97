//! The verbs for a newcomer: `setup`, `check` and `demo`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

/// `setup`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  lbctl setup                                        asks
  lbctl setup --vip 192.0.2.10:80 --servers 10.0.0.11,10.0.0.12 --health /health.html --yes

Each flag answers its question beforehand. Without a terminal, what no flag
answers has its default.")]
pub struct SetupArgs {
    /// Virtual IP address and port
    #[arg(long, value_name = "ADDR:PORT")]
    pub vip: Option<String>,
    /// Real servers, comma separated
    #[arg(long, value_name = "ADDR[:PORT],...")]
    pub servers: Option<String>,
    /// Page that tells whether a server is well, or tcp
    #[arg(long, value_name = "PATH")]
    pub health: Option<String>,
    /// Host name to ask it for, or none
    #[arg(long, value_name = "NAME")]
    pub virtualhost: Option<String>,
    /// Server that answers when no other is left, or none
    #[arg(long, value_name = "ADDR[:PORT]")]
    pub sorry: Option<String>,
    /// Scheduler
    #[arg(long, value_name = "NAME")]
    pub scheduler: Option<String>,
    /// Do not ask whether to go on
    #[arg(long)]
    pub yes: bool,
}

/// `check`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
It looks along a packet's way, names what is wrong in that order, how it shows, and
what mends it. Every finding has a name that never changes; the README's section \"Why
does it not work\" explains each.

Exit status, as a monitoring plugin: 0 all well; 1 warning; 2 critical; 3 it could not
be told.

Examples:
  lbctl check                              why does it not work?
  lbctl check --fix                        and mend what can be mended without harm
  lbctl check --path 192.0.2.7             follow one client's packet, hop by hop
  lbctl check --path 192.0.2.7 198.51.100.1:80 --json")]
pub struct CheckArgs {
    /// The file that the machine is compared with; /etc/lbctl/lbctl.toml if it is there
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Do what mends it, where that is safe
    #[arg(long, conflicts_with = "path")]
    pub fix: bool,
    /// Follow a packet of this client to this address; the only service's when left out
    #[arg(long, num_args = 1..=2, value_names = ["CLIENT", "VIP:PORT"])]
    pub path: Option<Vec<String>>,
}

/// `demo`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Example:
  lbctl demo                                         as root; leaves nothing behind")]
pub struct DemoArgs {
    /// Process that these words are run for, and with which they end
    #[arg(long, hide = true, value_name = "PID", requires = "words")]
    pub leash: Option<u32>,
    /// Words of the lbctl that is run
    #[arg(last = true, hide = true, requires = "leash")]
    pub words: Vec<OsString>,
}
