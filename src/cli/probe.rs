//! The verb `probe`.

use clap::{Args, ValueEnum};

use super::ServiceSelector;

/// `probe`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  lbctl probe -t 192.0.2.10:80 --http /health.html --virtualhost example.com --once
  lbctl probe -t 192.0.2.10:80 --tcp --interval 3s --sorry 10.0.0.99:80 --loop
  lbctl probe -t 192.0.2.10:443 --https / --virtualhost example.com --body welcome --once
  lbctl probe -u 192.0.2.10:53 --dns example.com --loop
  lbctl probe -t 192.0.2.10:25 --loop --exec /usr/local/bin/check-mail {address} {port}

One of --once and --loop is needed, and one kind of check. The servers are those of the
table. lbctl run does the same for all services of the file, and as a service of the system.

Exit status with --once: 0 all servers are
up, 1 some are down, 2 none is left, 3 could not tell. With --plugin an error is
a 3, too, such as a service that is not there; only unknown options stay a 2.")]
pub struct ProbeArgs {
    /// The service whose servers are checked.
    #[command(flatten)]
    pub selector: ServiceSelector,
    /// Check each server once (with its retries), set weights, print, end
    #[arg(long, group = "mode")]
    pub once: bool,
    /// Print one line with performance data, as monitoring plugins do
    #[arg(long, requires = "once", conflicts_with_all = ["json", "dry_run"])]
    pub plugin: bool,
    /// Check until told to stop
    #[arg(long = "loop", group = "mode")]
    pub forever: bool,
    /// Ask for this page by HTTP
    #[arg(long, value_name = "PATH", groups = ["kind", "page"])]
    pub http: Option<String>,
    /// Ask for this page by HTTPS; name, CA and dates of the certificate are verified
    #[arg(long, value_name = "PATH", groups = ["kind", "page"])]
    pub https: Option<String>,
    /// Connect by TCP
    #[arg(long, group = "kind")]
    pub tcp: bool,
    /// Run this program; exit status 0 is up. {address} and {port} in its words are
    /// replaced. The last option, or ended by ';'
    #[arg(
        long,
        value_name = "CMD",
        group = "kind",
        num_args = 1..,
        allow_hyphen_values = true,
        value_terminator = ";"
    )]
    pub exec: Vec<String>,
    /// Ask a name server for this zone; the SOA record, "." is the root
    #[arg(long, value_name = "NAME", group = "kind")]
    pub dns: Option<String>,
    /// Send an ICMP echo
    #[arg(long, group = "kind")]
    pub ping: bool,
    /// Send an empty UDP datagram; an ICMP error that comes back is a failure
    #[arg(long, group = "kind")]
    pub udp: bool,
    /// Host name to ask for, and the name on the certificate
    #[arg(long, value_name = "NAME", requires = "page")]
    pub virtualhost: Option<String>,
    /// Status that is well: 200, 200-299, or a comma list
    #[arg(long, value_name = "LIST", requires = "page")]
    pub status: Option<String>,
    /// What must be in the page: a regular expression
    #[arg(long, value_name = "REGEX", requires = "page")]
    pub body: Option<String>,
    /// Address to check; the server's own when left out
    #[arg(long, value_name = "ADDR")]
    pub address: Option<String>,
    /// Port to check; the server's own when left out
    #[arg(long, value_name = "PORT")]
    pub port: Option<String>,
    /// Time from check to check
    #[arg(long, value_name = "TIME", default_value = "10s")]
    pub interval: String,
    /// Time to connect
    #[arg(long, value_name = "TIME", default_value = "3s")]
    pub connect_timeout: String,
    /// Time for the whole check
    #[arg(long, value_name = "TIME", default_value = "5s")]
    pub timeout: String,
    /// Failures in a row that take a server down
    #[arg(long, value_name = "N", default_value = "2")]
    pub fall: String,
    /// Successes in a row that bring it back
    #[arg(long, value_name = "N", default_value = "1")]
    pub rise: String,
    /// Time between attempts while a change is in doubt
    #[arg(long, value_name = "TIME", default_value = "1s")]
    pub retry_interval: String,
    /// Server that answers when no other is left
    #[arg(long, value_name = "ADDR[:PORT]")]
    pub sorry: Option<String>,
    /// What happens to a server that is down: weight 0, or out of the table
    #[arg(long, value_name = "WHAT", default_value = "inhibit")]
    pub on_failure: OnFailure,
}

/// What happens to a server that is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnFailure {
    /// It stays with weight 0; its connections go on
    Inhibit,
    /// It is removed; its connections stall
    Remove,
}
