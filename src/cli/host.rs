//! The verb that lets packets through: `forward`.

use clap::{Args, Subcommand};

/// `forward`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Without -4 or -6 both families are meant. `off` turns it off, whatever it was; lbctl teardown
puts back what it was before `on`.

Examples:
  lbctl forward on -4
  lbctl forward status")]
pub struct ForwardArgs {
    /// What to do.
    #[command(subcommand)]
    pub verb: ForwardVerb,
}

/// What to do about IP forwarding.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum ForwardVerb {
    /// Turn it on, and remember what it was
    On(FamilyArgs),
    /// Turn it off
    Off(FamilyArgs),
    /// Show it
    Status,
}

/// Which families.
#[derive(Debug, Clone, Copy, Args)]
pub struct FamilyArgs {
    /// Only IPv4
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    pub ipv4: bool,
    /// Only IPv6
    #[arg(short = '6', long)]
    pub ipv6: bool,
}
