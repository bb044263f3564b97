//! The verbs of the IPVS table, in ipvsadm's letters and long names.

use clap::{Args, ValueEnum};

/// Which virtual service.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Virtual service")]
pub struct ServiceSelector {
    /// TCP service
    #[arg(short = 't', long, value_name = "ADDR[:PORT]", group = "service")]
    pub tcp_service: Option<String>,
    /// UDP service
    #[arg(short = 'u', long, value_name = "ADDR[:PORT]", group = "service")]
    pub udp_service: Option<String>,
    /// SCTP service
    #[arg(long, value_name = "ADDR[:PORT]", group = "service")]
    pub sctp_service: Option<String>,
    /// Service of packets with this firewall mark, 1 to 4294967295
    #[arg(short = 'f', long, value_name = "MARK", group = "service")]
    pub fwmark_service: Option<String>,
    /// The fwmark service is for IPv6
    #[arg(short = '6', long = "ipv6")]
    pub ipv6: bool,
}

/// How a virtual service is set.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Service settings")]
pub struct ServiceOptions {
    /// rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh, twos or none; a new service has wlc
    #[arg(short = 's', long, value_name = "NAME")]
    pub scheduler: Option<String>,
    /// Scheduler flags, comma separated: sh-fallback, sh-port, mh-fallback, mh-port, flag-1, flag-2, flag-3; none
    #[arg(short = 'b', long = "sched-flags", value_name = "FLAGS")]
    pub sched_flags: Option<String>,
    /// A client stays with its server for so many seconds (1 to 2678400; 360 when left out), or off
    #[arg(
        short = 'p',
        long,
        value_name = "SECONDS",
        num_args = 0..=1,
        default_missing_value = "360"
    )]
    pub persistent: Option<String>,
    /// Which part of a client's address persistence looks at: a mask, or a prefix length for IPv6
    #[arg(short = 'M', long, value_name = "MASK")]
    pub netmask: Option<String>,
    /// Persistence engine (sip), or none
    #[arg(long, value_name = "NAME")]
    pub pe: Option<String>,
    /// One-packet scheduling, for UDP and fwmark services
    #[arg(short = 'o', long)]
    pub ops: bool,
    /// No one-packet scheduling
    #[arg(long, conflicts_with = "ops")]
    pub no_ops: bool,
}

/// How servers are set.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Server settings")]
pub struct ServerOptions {
    /// Real server; may be repeated
    #[arg(short = 'r', long = "real-server", value_name = "ADDR[:PORT]")]
    pub real_server: Vec<String>,
    /// How packets get to it.
    #[command(flatten)]
    pub forward: ForwardOptions,
    /// How packets are tunnelled to it.
    #[command(flatten)]
    pub tunnel: TunnelOptions,
    /// Share of the connections, 0 to 2147483647; a new server has 1
    #[arg(short = 'w', long, value_name = "N", allow_negative_numbers = true)]
    pub weight: Option<String>,
    /// From this many connections on it takes no new ones; 0: no limit
    #[arg(short = 'x', long, value_name = "N", allow_negative_numbers = true)]
    pub u_threshold: Option<String>,
    /// Below this many it takes new ones again; 0: three quarters of -x
    #[arg(short = 'y', long, value_name = "N", allow_negative_numbers = true)]
    pub l_threshold: Option<String>,
}

/// How packets get to a server.
#[derive(Debug, Clone, Args)]
pub struct ForwardOptions {
    /// How packets get to the server; a new server has dr, as with ipvsadm
    #[arg(long, value_name = "METHOD", group = "forwarding")]
    pub forward: Option<ForwardChoice>,
    /// --forward nat
    #[arg(short = 'm', long, group = "forwarding")]
    pub masquerading: bool,
    /// --forward dr
    #[arg(short = 'g', long, group = "forwarding")]
    pub gatewaying: bool,
    /// --forward tun
    #[arg(short = 'i', long, group = "forwarding")]
    pub ipip: bool,
}

/// A forwarding method by its readable name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ForwardChoice {
    /// Network address translation; answers come back through this machine
    Nat,
    /// Direct routing: servers on the same link have the VIP, and answer clients themselves
    Dr,
    /// Tunnelling: as dr, for servers anywhere
    Tun,
}

/// How packets are tunnelled.
#[derive(Debug, Clone, Args)]
pub struct TunnelOptions {
    /// ipip, gue or gre
    #[arg(long, value_name = "TYPE")]
    pub tun_type: Option<String>,
    /// UDP port of a gue tunnel
    #[arg(long, value_name = "PORT")]
    pub tun_port: Option<String>,
    /// No outer checksum (gue, gre)
    #[arg(long, group = "tunnel_checksum")]
    pub tun_nocsum: bool,
    /// Outer checksum (gue, gre)
    #[arg(long, group = "tunnel_checksum")]
    pub tun_csum: bool,
    /// Remote checksum offload (gue)
    #[arg(long, group = "tunnel_checksum")]
    pub tun_remcsum: bool,
}

/// What each scheduler and flag does.
macro_rules! schedulers {
    () => {
        "\
Schedulers: rr takes servers in turn, wrr by weight. lc takes the one with the fewest
connections, wlc for its weight; sed and nq do so for servers of unequal speed, nq an
idle one first. sh and mh go by the client's address, and with mh few clients move when
servers come and go; dh, lblc and lblcr go by the address that is asked for, as caches
want it. fo takes the heaviest server that is usable, ovf the next one when it has as
many connections as weight. twos draws two and takes the better. none takes nothing new.

Flags: with sh-port and mh-port the client's port counts, too; with sh-fallback and
mh-fallback another server answers for one with weight 0."
    };
}

/// Below the help of `add`.
pub(super) const ADD_HELP: &str = concat!(
    "\
Without -r it adds a service, with -r servers of one, and with -s and -r the service too
if it is missing. What is there already is refused; replace is the verb for scripts.

",
    schedulers!(),
    "

Examples:
  lbctl add -t 192.0.2.10:80 -s rr
  lbctl add -t 192.0.2.10:80 -r 10.0.0.11:8080 -r 10.0.0.12:8080 -m
  lbctl add -f 1 -s wrr -r 10.0.0.11 -m -w 3         the service too, if it is missing"
);

/// Below the help of `replace`.
pub(super) const REPLACE_HELP: &str = "\
As add, but what is there already is made to look exactly so: a setting that is not named
has its default again. Servers that are not named stay. Where nothing differs nothing is
written. What the schedulers are: lbctl add --help.

Examples:
  lbctl replace -t 192.0.2.10:80 -s wrr
  lbctl replace -t 192.0.2.10:80 -s wrr -r 10.0.0.11 -m -w 3";

/// Below the help of `edit`.
pub(super) const EDIT_HELP: &str = "\
What is not named stays as it is; ipvsadm's -E and -e reset it. Without -r the service
is changed, with -r its servers. What the schedulers are: lbctl add --help.

Examples:
  lbctl edit -t 192.0.2.10:80 -s wlc                 persistence and flags stay as they are
  lbctl edit -t 192.0.2.10:80 -r 10.0.0.11 -w 0      so do method and thresholds";

/// `add`, `replace` and `edit`.
#[derive(Debug, Clone, Args)]
pub struct ChangeArgs {
    /// The service.
    #[command(flatten)]
    pub selector: ServiceSelector,
    /// Its settings.
    #[command(flatten)]
    pub service: ServiceOptions,
    /// Its servers.
    #[command(flatten)]
    pub server: ServerOptions,
}

/// `del`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  lbctl del -t 192.0.2.10:80                         the service and its servers
  lbctl del -t 192.0.2.10:80 -r 10.0.0.11:8080       one server of it")]
pub struct DelArgs {
    /// The service.
    #[command(flatten)]
    pub selector: ServiceSelector,
    /// Delete only this real server of it; may be repeated
    #[arg(short = 'r', long = "real-server", value_name = "ADDR[:PORT]")]
    pub real_server: Vec<String>,
    /// It is no error if it is not there
    #[arg(long)]
    pub if_exists: bool,
}

/// `list`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Everybody may list; without CAP_NET_ADMIN the kernel shows neither statistics nor
thresholds, tunnels and scheduler flags. Counters and rates are the kernel's,
which renews them every 2 seconds.

Examples:
  lbctl list
  lbctl list -t 192.0.2.10:80 --rate
  lbctl list --json")]
pub struct ListArgs {
    /// Only this service.
    #[command(flatten)]
    pub selector: ServiceSelector,
    /// What to show of each.
    #[command(flatten)]
    pub view: ListView,
    /// Show it again every SECS seconds, 2 if left out; on a terminal as `rate` does
    #[arg(
        long,
        value_name = "SECS",
        num_args = 0..=1,
        default_missing_value = "2",
        require_equals = true,
        conflicts_with_all = ["connections", "timeouts", "sync", "resolve"],
        value_parser = clap::value_parser!(u16).range(1..)
    )]
    pub watch: Option<u16>,
    /// Whole numbers instead of 1.2k and 3.4M
    #[arg(long)]
    pub exact: bool,
    /// Names of hosts and ports instead of numbers; asks /etc/hosts and name servers
    #[arg(long, conflicts_with = "json")]
    pub resolve: bool,
    /// Sorted by protocol, address and port; the list always is
    #[arg(long, hide = true)]
    pub sort: bool,
    /// Addresses as numbers; they always are
    #[arg(short = 'n', long, hide = true)]
    pub numeric: bool,
}

/// What a list shows of each service and server.
#[derive(Debug, Clone, Copy, Args)]
#[group(multiple = false)]
pub struct ListView {
    /// Connections, packets and bytes per second
    #[arg(long)]
    pub rate: bool,
    /// Connections, packets and bytes since they were set to zero
    #[arg(long)]
    pub stats: bool,
    /// Connection thresholds
    #[arg(long)]
    pub thresholds: bool,
    /// Persistent connections
    #[arg(long)]
    pub persistent_conn: bool,
    /// How packets are tunnelled
    #[arg(long)]
    pub tun_info: bool,
    /// Every connection, by service
    #[arg(short = 'c', long)]
    pub connections: bool,
    /// The timeouts of the connection table
    #[arg(long)]
    pub timeouts: bool,
    /// The synchronisation daemons
    #[arg(long)]
    pub sync: bool,
}

/// `zero`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  lbctl zero                                         the counters of every service
  lbctl zero -t 192.0.2.10:80")]
pub struct ZeroArgs {
    /// Only this service.
    #[command(flatten)]
    pub selector: ServiceSelector,
}

/// `clear`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
On a terminal it asks first; elsewhere it wants --yes. Only the table of IPVS goes: VIPs,
forwarding and parameters stay, which lbctl teardown takes away.

Examples:
  lbctl clear --dry-run                              what would go
  lbctl clear --yes                                  for a script")]
pub struct ClearArgs {
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}
