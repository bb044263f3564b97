//! The verb for real servers: `real`.

use clap::{Args, Subcommand, ValueEnum};

/// `real`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
With dr and tun packets arrive at a real server with the VIP still on them, and it answers
the client itself: so it has to have the VIP, and must not answer ARP for it. With nat
a real server needs nothing but a route to the clients through the director.

Examples:
  lbctl real setup 192.0.2.10                        on the real server
  lbctl real check
  lbctl real undo 192.0.2.10")]
pub struct RealArgs {
    /// What to do.
    #[command(subcommand)]
    pub verb: RealVerb,
}

/// What to do about this machine as a real server.
#[derive(Debug, Clone, Subcommand)]
pub enum RealVerb {
    /// Give this machine what it needs to serve the VIPs; without VIP, those it had
    #[command(after_help = SETUP_HELP)]
    Setup(RealSetupArgs),
    /// Say what it lacks; exit status as a monitoring plugin's
    Check(RealCheckArgs),
    /// Take away what `setup` made, and put back what was there
    Undo(RealUndoArgs),
}

const SETUP_HELP: &str = "\
Examples:
  lbctl real setup 192.0.2.10                        for servers with --forward dr
  lbctl real setup 192.0.2.10 --method tun
  lbctl real setup 192.0.2.10 --method tun --tun-type gue --tun-port 6080
  lbctl real setup 192.0.2.10 --script > real.sh     for a machine without lbctl

The VIP goes to lo, and this machine does not answer ARP for it. A tunnel ends at
the interface that its kernel module makes (tunl0, ip6tnl0, sit0, gre0, ip6gre0);
the module stays loaded after `undo`. Answers to handshakes then ask for segments
that fit when they are wrapped (nf_tables, table `inet lbctl_real`). Run it again, without VIP, after a reboot.";

/// `real setup`.
#[derive(Debug, Clone, Args)]
pub struct RealSetupArgs {
    /// The addresses that clients connect to
    #[arg(value_name = "VIP")]
    pub vips: Vec<String>,
    /// How the packets come.
    #[command(flatten)]
    pub options: RealOptions,
    /// Print a shell script that does this on another machine, and undoes it
    #[arg(long, requires = "vips")]
    pub script: bool,
}

/// `real check`.
#[derive(Debug, Clone, Args)]
pub struct RealCheckArgs {
    /// The addresses; those that were set up when left out
    #[arg(value_name = "VIP")]
    pub vips: Vec<String>,
    /// How the packets come.
    #[command(flatten)]
    pub options: RealOptions,
}

/// `real undo`.
#[derive(Debug, Clone, Args)]
pub struct RealUndoArgs {
    /// The addresses
    #[arg(value_name = "VIP", required_unless_present = "all")]
    pub vips: Vec<String>,
    /// All of them
    #[arg(long, conflicts_with = "vips")]
    pub all: bool,
}

/// How the packets come from the director.
#[derive(Debug, Clone, Args)]
pub struct RealOptions {
    /// The director's method; dr unless a tunnel type is given
    #[arg(long, value_name = "METHOD")]
    pub method: Option<RealMethod>,
    /// What the tunnel wraps packets in: ipip, gue or gre
    #[arg(long, value_name = "TYPE")]
    pub tun_type: Option<String>,
    /// UDP port of a gue tunnel
    #[arg(long, value_name = "N")]
    pub tun_port: Option<String>,
    /// Family of the address that the director knows this server by; the VIP's when
    /// left out
    #[arg(long, value_name = "FAMILY")]
    pub outer: Option<OuterFamily>,
    /// Greatest TCP segment to ask clients for; 0 for what fits the interface. With a
    /// tunnel, what fits Ethernet when it is wrapped, when left out
    #[arg(long, value_name = "N")]
    pub mss: Option<String>,
}

/// The methods that need something of the real server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RealMethod {
    /// Direct routing.
    Dr,
    /// Tunnelling.
    Tun,
}

/// The family of a tunnel's outer addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OuterFamily {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}
