//! The verb `vip`: how packets for a virtual IP address get in.

use clap::{Args, Subcommand, ValueEnum};

const ADD_HELP: &str = "\
Examples:
  lbctl vip add 192.0.2.10                           by mark, rule and route
  lbctl vip add 192.0.2.10 --mode address            on lo, or where its network is
  lbctl vip add 192.0.2.10 --snat                    servers need no route back

With --snat the servers' logs show the director, and every connection is tracked
(net.ipv4.vs.conntrack=1).";

/// `vip`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
IPVS sees only packets that are delivered to this machine. An address that it does not
have needs help: packets for it are marked (nf_tables, table `inet lbctl`), and a rule and
a route deliver the mark locally (fwmark); or the machine gets the address (address). The
service is added apart: lbctl add -t 192.0.2.10:80.

Examples:
  lbctl vip add 192.0.2.10
  lbctl vip list
  lbctl vip del 192.0.2.10")]
pub struct VipArgs {
    /// What to do.
    #[command(subcommand)]
    pub verb: VipVerb,
}

/// What to do about virtual IP addresses.
#[derive(Debug, Clone, Subcommand)]
pub enum VipVerb {
    /// Lead packets for ADDR into IPVS: by a mark, or by having the address
    #[command(after_help = ADD_HELP)]
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
    /// fwmark when left out, for an address that is new; else what it has
    #[arg(long, value_name = "MODE")]
    pub mode: Option<VipModeWord>,
    /// Interface that has the address; when left out the one whose network it lies
    /// in, else lo
    #[arg(long, value_name = "NAME")]
    pub interface: Option<String>,
    /// In mode fwmark: answer ping, and refuse at once what no service takes
    #[arg(long)]
    pub ping: bool,
    /// Let servers see this machine as the client: for servers whose way back is not
    /// through here, and for clients among the servers
    #[arg(long)]
    pub snat: bool,
    /// Put this in the place of what somebody made by hand for ADDR, while packets flow;
    /// `vip del` puts that back
    #[arg(long)]
    pub adopt: bool,
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

/// How packets for a VIP get into IPVS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum VipModeWord {
    /// Mark, rule and local route; the address is on no interface.
    Fwmark,
    /// The address is on an interface.
    Address,
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
