//! The words of `run` and `status`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::apply::CONFIG_FILE;

/// `run`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
It applies the file, checks the servers and keeps the table until SIGTERM, which
leaves the table as it is (or removes what lbctl made, with on_exit = \"remove\").
SIGHUP and lbctl status --reload read the file again; a wrong file changes nothing.
One line is logged for each transition, each attempt with -v. Under systemd it says
when it is ready. In a namespace of its own under systemd, it needs a drop-in with
NetworkNamespacePath=/run/netns/NAME; --netns there would need CAP_SYS_ADMIN.

Examples:
  lbctl run                              what lbctl.service runs
  lbctl run --metrics 127.0.0.1:9876     for Prometheus, at /metrics")]
pub struct RunArgs {
    /// The file
    #[arg(default_value = CONFIG_FILE)]
    pub file: PathBuf,
    /// Serve Prometheus' text format at this address
    #[arg(long, value_name = "ADDR:PORT")]
    pub metrics: Option<SocketAddr>,
}

/// `status`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Root and root's group may ask. Exit status: 0 every server is well; 1 some are not;
2 a service has no usable server left; 3 nobody runs, or it could not be told. With
--plugin every error is a 3. With --reload: 0 the file holds; 2 it is wrong, or 1 the
machine refused it, and all goes on as before; 3 nobody runs, or could not be asked.

Examples:
  lbctl status
  lbctl status --plugin")]
pub struct StatusArgs {
    /// Let the running service read its file again, and say whether it took it
    #[arg(long)]
    pub reload: bool,
    /// Print one line with performance data, as monitoring plugins do
    #[arg(long, conflicts_with_all = ["json", "reload"])]
    pub plugin: bool,
}
