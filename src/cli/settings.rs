//! The verbs of a whole table and of its settings: `save`, `restore`, `timeouts`
//! and `sync`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// `restore`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
The file is what lbctl save or ipvsadm-save wrote: lines of -A and -a, perhaps
--set for the timeouts; comments and blank lines are passed over. Every line is
checked before anything is touched. What is equal stays untouched, the rest is
changed, added or removed until the table is exactly the file's, or, if the kernel
refuses a step, what it was.

Examples:
  lbctl save > /etc/ipvsadm.rules
  lbctl restore --dry-run /etc/ipvsadm.rules")]
pub struct RestoreArgs {
    /// The file; standard input when left out
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// `timeouts`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Without an option it shows them; with some it sets those, in seconds.

Example:
  lbctl timeouts --tcp 7200")]
pub struct TimeoutsArgs {
    /// Established TCP connections, 1 to 2678400 seconds
    #[arg(long, value_name = "SECONDS")]
    pub tcp: Option<String>,
    /// TCP connections after a FIN
    #[arg(long, value_name = "SECONDS")]
    pub tcpfin: Option<String>,
    /// UDP
    #[arg(long, value_name = "SECONDS")]
    pub udp: Option<String>,
}

/// `sync`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  lbctl sync start master --mcast-interface eth0     on the director that works
  lbctl sync start backup --mcast-interface eth0     on the one that waits
  lbctl sync show")]
pub struct SyncArgs {
    /// What to do.
    #[command(subcommand)]
    pub verb: SyncVerb,
}

/// What to do about synchronisation daemons.
#[derive(Debug, Clone, Subcommand)]
pub enum SyncVerb {
    /// Start a daemon of this role
    Start(SyncStartArgs),
    /// Stop it
    Stop(SyncStopArgs),
    /// Show those that run
    Show,
}

/// What a daemon does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SyncWord {
    /// Send connections to backups
    Master,
    /// Receive them from a master
    Backup,
}

/// `sync start`.
#[derive(Debug, Clone, Args)]
pub struct SyncStartArgs {
    /// master sends connections, backup receives them
    pub role: SyncWord,
    /// Interface to send or listen on
    #[arg(long, value_name = "NAME")]
    pub mcast_interface: String,
    /// Daemons of one group share it, 0 to 255
    #[arg(long, value_name = "N", default_value = "0")]
    pub syncid: String,
    /// Longest message in bytes, 1 to 65507; the interface's MTU when left out
    #[arg(long, value_name = "BYTES")]
    pub sync_maxlen: Option<String>,
    /// Multicast group; 224.0.0.81 when left out
    #[arg(long, value_name = "ADDR")]
    pub mcast_group: Option<String>,
    /// UDP port; 8848 when left out
    #[arg(long, value_name = "PORT")]
    pub mcast_port: Option<String>,
    /// Time to live, 1 to 255; 1 when left out
    #[arg(long, value_name = "N")]
    pub mcast_ttl: Option<String>,
}

/// `sync stop`.
#[derive(Debug, Clone, Args)]
pub struct SyncStopArgs {
    /// Which one
    pub role: SyncWord,
}
