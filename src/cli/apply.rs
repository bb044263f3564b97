//! The words of `diff` and `apply`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Where the file is when nobody says it.
pub const CONFIG_FILE: &str = "/etc/lbctl/lbctl.toml";

/// How far a file reaches.
#[derive(Debug, Clone, Args)]
pub struct ReachArgs {
    /// The file
    #[arg(default_value = CONFIG_FILE)]
    pub file: PathBuf,
    /// Remove the services that neither the file nor lbctl made, too
    #[arg(long)]
    pub prune: bool,
    /// Take a file without virtual servers at its word: remove all that lbctl made
    #[arg(long)]
    pub allow_empty: bool,
    /// Leave the weights of servers that are there as they are
    #[arg(long)]
    pub keep_weights: bool,
}

/// Whose words a difference is told in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DiffLanguage {
    /// Commands of ipvsadm, ip, nft and sysctl.
    Ipvsadm,
}

/// `diff`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Exit status: 0 the machine is as the file says; 1 it is not, or it cannot be read;
2 the file is wrong.

Examples:
  lbctl diff                          what would lbctl apply change?
  lbctl diff --as ipvsadm web.toml    as commands")]
pub struct DiffArgs {
    /// Which file, and how far it reaches.
    #[command(flatten)]
    pub reach: ReachArgs,
    /// Show commands that would do it
    #[arg(long = "as", value_name = "LANGUAGE")]
    pub language: Option<DiffLanguage>,
}

/// `apply`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
All or nothing: what cannot be finished is undone. Nothing that is as it should be
is written. Services, rules and addresses of others are never touched.

Examples:
  lbctl apply                         make the machine what the file says
  lbctl apply --dry-run web.toml      show the commands, change nothing
  lbctl apply --wait-healthy=2m       and wait until every server's check passes")]
pub struct ApplyArgs {
    /// Which file, and how far it reaches.
    #[command(flatten)]
    pub reach: ReachArgs,
    /// Wait until the check of every server has passed, 60s unless said otherwise
    #[arg(
        long,
        value_name = "TIMEOUT",
        num_args = 0..=1,
        default_missing_value = "60s",
        require_equals = true
    )]
    pub wait_healthy: Option<String>,
}
