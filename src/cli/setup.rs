//! The verbs for a newcomer: `setup`, `check` and `demo`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

/// `setup`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
It asks at most ten questions, each with a default found by looking; back goes to the
question before, Ctrl-C stops. It shows the plan, the file and the commands, asks once,
writes the file, applies it, checks the servers, sends requests through the VIP and
says who answered. What fails is undone: table, way in, kernel parameters, file.

Each flag answers its question beforehand; so does a file of --answers, with a key for
each flag. Where nobody is asked, what neither answers has the default that would have
been suggested.

Exit status: 0 it works, or nothing was to do; 1 it does not, or the machine refused,
and all was undone; 2 wrong usage or a wrong file; 130 stopped, and all was undone.

Examples:
  lbctl setup                                        asks
  lbctl setup --vip 192.0.2.10:80 --servers 10.0.0.11,10.0.0.12 --health /health.html --yes
  lbctl setup --answers web.toml --no-input --yes    as a script does
  lbctl setup --existing add --vip 192.0.2.10:53/udp --servers 10.0.0.13 --yes")]
pub struct SetupArgs {
    /// Virtual IP address and port; tcp, unless /udp follows
    #[arg(long, value_name = "ADDR:PORT[/udp]")]
    pub vip: Option<String>,
    /// Real servers, comma separated; the service's port when left out
    #[arg(long, value_name = "ADDR[:PORT],...")]
    pub servers: Option<String>,
    /// How packets get to them: nat, dr or tun
    #[arg(long, value_name = "METHOD")]
    pub method: Option<String>,
    /// What tells whether a server is well: a page (/PATH, "https /PATH", "https /PATH ca FILE",
    /// "https /PATH unverified"), tcp, dns, ping, none
    #[arg(long, value_name = "CHECK")]
    pub health: Option<String>,
    /// Host name to ask for the page, or none
    #[arg(long, value_name = "NAME")]
    pub virtualhost: Option<String>,
    /// Server that answers when no other is left, or none
    #[arg(long, value_name = "ADDR[:PORT]")]
    pub sorry: Option<String>,
    /// Scheduler
    #[arg(long, value_name = "NAME")]
    pub scheduler: Option<String>,
    /// How long a client stays with its server, as 5m, or none
    #[arg(long, value_name = "TIME")]
    pub persistence: Option<String>,
    /// How packets reach IPVS: fwmark, address (on an interface here), or none (they do)
    #[arg(long, value_name = "WAY")]
    pub way: Option<String>,
    /// Start it at boot, by systemd: yes or no
    #[arg(long, value_name = "YES|NO")]
    pub boot: Option<String>,
    /// If the file is there: change or add a service, or start over
    #[arg(long, value_name = "change|add|over")]
    pub existing: Option<String>,
    /// The service to change: its name, or its ADDR:PORT
    #[arg(long, value_name = "SERVICE")]
    pub service: Option<String>,
    /// File with answers: a key for each flag above
    #[arg(long, value_name = "FILE")]
    pub answers: Option<PathBuf>,
    /// The file to write
    #[arg(long, value_name = "PATH", default_value = super::apply::CONFIG_FILE)]
    pub file: PathBuf,
    /// Ask nothing; what is missing is an error
    #[arg(long)]
    pub no_input: bool,
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

The same trouble of more than five servers of a service is told as one, with how many there
are; --json has each.

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
It makes a client, a director, two web servers and a sorry server, each in a network
namespace, balances between them, and takes all of it away again. It needs root and a kernel
with IPVS; --dry-run prints the commands that it shows.

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
