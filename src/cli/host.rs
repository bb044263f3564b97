//! The verbs that let packets in: `forward` and `vip`.

use clap::{Args, Subcommand};

/// `forward`.
#[derive(Debug, Clone, Args)]
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

/// `vip`.
#[derive(Debug, Clone, Args)]
pub struct VipArgs {
    /// What to do.
    #[command(subcommand)]
    pub verb: VipVerb,
}

/// What to do about virtual IP addresses.
#[derive(Debug, Clone, Subcommand)]
pub enum VipVerb {
    /// Lead packets for ADDR into IPVS: mark them, and deliver the mark locally
    Add(VipAddArgs),
    /// Take away what `add` made, and nothing else
    Del(VipDelArgs),
    /// Show the addresses, and whether every part is in place
    List,
}

/// `vip add`.
#[derive(Debug, Clone, Args)]
pub struct VipAddArgs {
    /// The address that clients connect to
    #[arg(value_name = "ADDR")]
    pub address: String,
    /// Packet mark; the first free one from 1 on when left out
    #[arg(long, value_name = "N")]
    pub mark: Option<String>,
    /// Routing table; the first free one from 100 on when left out
    #[arg(long, value_name = "N")]
    pub table: Option<String>,
    /// Rule priority; the first free one from 100 on when left out
    #[arg(long, value_name = "N")]
    pub priority: Option<String>,
}

/// `vip del`.
#[derive(Debug, Clone, Args)]
pub struct VipDelArgs {
    /// The address
    #[arg(value_name = "ADDR")]
    pub address: String,
    /// It is no error if it is not there
    #[arg(long)]
    pub if_exists: bool,
}
