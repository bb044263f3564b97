//! The words of `drain` and `undrain`.

use clap::Args;

use super::ServiceSelector;

/// `drain`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
A drained server gets weight 0: it takes no new connections, and those that it has
go on. It stays drained whatever checks say, over restarts of lbctl run and over
lbctl apply, until lbctl undrain; a reboot forgets it. lbctl status shows it.

--wait waits until it has no active connection left; for UDP and fwmark services
until it has no inactive one either; and until it remembers no client of a
persistent service, unless net.ipv4.vs.expire_quiescent_template is 1. Ctrl-C
ends the waiting, not the drain.

Examples:
  lbctl drain -t 192.0.2.10:80 -r 10.0.0.11:8080 --reason 'kernel update'
  lbctl drain -t 192.0.2.10:80 -r 10.0.0.11:8080 --wait --timeout 10m
  lbctl undrain -t 192.0.2.10:80 -r 10.0.0.11:8080

Exit status: 0 done, or drained already; 1 refused, or connections are left after
the timeout; 2 wrong usage; 130 Ctrl-C while waiting.")]
pub struct DrainArgs {
    /// The service.
    #[command(flatten)]
    pub selector: ServiceSelector,
    /// Real server; may be repeated
    #[arg(
        short = 'r',
        long = "real-server",
        value_name = "ADDR[:PORT]",
        required = true
    )]
    pub real_server: Vec<String>,
    /// Why, for the log and for those who look
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Wait until its connections have ended
    #[arg(long)]
    pub wait: bool,
    /// Wait for so long at most, as in 30s or 10m
    #[arg(long, value_name = "DURATION")]
    pub timeout: Option<String>,
    /// Wait, then delete it from the table
    #[arg(long)]
    pub remove: bool,
    /// Let the sorry server come if no other server is left
    #[arg(long)]
    pub sorry: bool,
    /// Do not ask when no other usable server is left
    #[arg(long)]
    pub yes: bool,
}

/// `undrain`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
The server gets the weight back that it had, unless its checks fail: then it comes
back when they pass.

Example:
  lbctl undrain -t 192.0.2.10:80 -r 10.0.0.11:8080")]
pub struct UndrainArgs {
    /// The service.
    #[command(flatten)]
    pub selector: ServiceSelector,
    /// Real server; may be repeated
    #[arg(
        short = 'r',
        long = "real-server",
        value_name = "ADDR[:PORT]",
        required = true
    )]
    pub real_server: Vec<String>,
}
