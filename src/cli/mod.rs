//! What can be typed: clap types and help text, nothing else. Words are only
//! split and sorted here; what they mean is found out in `commands`.

mod apply;
mod convert;
mod documents;
mod drain;
mod host;
mod probe;
mod rate;
mod read;
mod real;
mod run;
mod settings;
mod setup;
mod table;
mod teardown;
mod vip;

use std::ffi::OsString;

use clap::{Parser, Subcommand, ValueEnum};

pub use apply::{ApplyArgs, CONFIG_FILE, DiffArgs, DiffLanguage, ReachArgs};
pub use convert::{ExportArgs, ExportLanguage, ImportArgs, ImportLanguage};
pub use documents::{CandidatesArgs, CompletionsArgs, ManArgs};
pub use drain::{DrainArgs, UndrainArgs};
pub use host::{FamilyArgs, ForwardArgs, ForwardVerb};
pub use probe::{OnFailure, ProbeArgs};
pub use rate::RateArgs;
pub use real::{
    OuterFamily, RealArgs, RealCheckArgs, RealMethod, RealOptions, RealSetupArgs, RealUndoArgs,
    RealVerb,
};
pub use run::{RunArgs, StatusArgs};
pub use settings::{
    RestoreArgs, SyncArgs, SyncStartArgs, SyncStopArgs, SyncVerb, SyncWord, TimeoutsArgs,
};
pub use setup::{CheckArgs, DemoArgs, SetupArgs};
pub use table::{
    ChangeArgs, ClearArgs, DelArgs, ForwardChoice, ForwardOptions, ListArgs, ListView,
    ServerOptions, ServiceOptions, ServiceSelector, TunnelOptions, ZeroArgs,
};
pub use teardown::TeardownArgs;
pub use vip::{VipAddArgs, VipArgs, VipDelArgs, VipModeWord, VipVerb};

/// lbctl makes a Linux machine a layer-4 load balancer with the kernel's IPVS,
/// keeps it one, and says why when it does not work.
#[derive(Debug, Parser)]
#[command(
    name = "lbctl",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    subcommand_required = true,
    infer_long_args = false,
    after_help = "\
Examples:
  lbctl setup                                        answer a few questions, get a load balancer
  lbctl add -t 192.0.2.10:80 -s rr -r 10.0.0.11 -r 10.0.0.12 -m
  lbctl list --rate
  lbctl check                                        why does it not work?

Exit status: 0 done, or nothing to do; 1 the kernel or the machine refused;
2 wrong usage. `check` and `probe --once` answer as monitoring plugins do:
0 well, 1 warning, 2 critical, 3 could not tell."
)]
pub struct Cli {
    /// Options of every verb.
    #[command(flatten)]
    pub global: GlobalOptions,
    /// The verb.
    #[command(subcommand)]
    pub verb: Verb,
}

/// Options that every verb takes.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalOptions {
    /// Answer in JSON, where there is something to show
    #[arg(long, global = true)]
    pub json: bool,
    /// Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same
    #[arg(long, global = true)]
    pub dry_run: bool,
    /// When to colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
    /// Say only what is wrong
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Work inside this network namespace, as ip -n
    #[arg(long, global = true, value_name = "NAME")]
    pub netns: Option<String>,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Another program's command line.
#[derive(Debug, clap::Args)]
pub struct IpvsadmArgs {
    /// ipvsadm's words
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "WORD"
    )]
    pub words: Vec<OsString>,
}

/// What lbctl can do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Add a virtual service, or servers to one
    #[command(after_help = table::ADD_HELP)]
    Add(ChangeArgs),
    /// Make a service or servers look exactly so, whatever was there
    #[command(after_help = table::REPLACE_HELP)]
    Replace(ChangeArgs),
    /// Change the named settings of a service or of servers, and no others
    #[command(after_help = table::EDIT_HELP)]
    Edit(ChangeArgs),
    /// Delete a service, or servers of one
    Del(DelArgs),
    /// Show the table
    List(ListArgs),
    /// Watch connections, packets and bytes per second as they change
    Rate(RateArgs),
    /// Set counters to zero
    Zero(ZeroArgs),
    /// Delete every service
    Clear(ClearArgs),
    /// Print the whole table as ipvsadm-save does, thresholds and timeouts too
    #[command(after_help = "\
Example:
  lbctl save > /etc/ipvsadm.rules")]
    Save,
    /// Make the table what a file of save's or ipvsadm-save's says
    Restore(RestoreArgs),
    /// How long idle connections are kept
    Timeouts(TimeoutsArgs),
    /// The daemons that copy connections between directors
    Sync(SyncArgs),
    /// IP forwarding, which nat needs
    Forward(ForwardArgs),
    /// How packets for a virtual IP address get into IPVS
    Vip(VipArgs),
    /// Make this machine a real server for dr or tun, or check whether it is one
    Real(RealArgs),
    /// Check whether servers are well, and set their weights accordingly
    Probe(Box<ProbeArgs>),
    /// Show what `apply` would change
    Diff(DiffArgs),
    /// Make the machine what the file says
    Apply(ApplyArgs),
    /// Turn a file of keepalived, ldirectord or ipvsadm into lbctl.toml
    Import(ImportArgs),
    /// Write lbctl.toml in another tool's language
    Export(ExportArgs),
    /// Apply the file, check the servers and keep the table until told to stop
    Run(RunArgs),
    /// Show what the running service believes
    Status(StatusArgs),
    /// Take servers out gently: no new connections, those they have go on
    Drain(DrainArgs),
    /// Let drained servers back in
    Undrain(UndrainArgs),
    /// Find out why it does not work
    Check(CheckArgs),
    /// Answer a few questions, get a load balancer
    Setup(Box<SetupArgs>),
    /// Take away everything that lbctl put on this machine, and put back what was there
    Teardown(TeardownArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Write the man pages, or show the first
    Man(ManArgs),
    /// What the completion scripts offer behind these words, one a line
    #[command(hide = true)]
    Candidates(CandidatesArgs),
    /// ipvsadm itself: same options, output, messages and exit codes
    #[command(disable_help_flag = true, disable_version_flag = true)]
    Ipvsadm(IpvsadmArgs),
    /// See a load balancer work, in network namespaces of its own
    Demo(DemoArgs),
}
