//! The verbs for a newcomer: `setup`, `check` and `demo`.

use std::ffi::OsString;

use clap::Args;

/// `setup`.
#[derive(Debug, Clone, Args)]
pub struct SetupArgs {
    /// Virtual IP address and port
    #[arg(long, value_name = "ADDR:PORT")]
    pub vip: Option<String>,
    /// Real servers, comma separated
    #[arg(long, value_name = "ADDR[:PORT],...", value_delimiter = ',')]
    pub servers: Vec<String>,
    /// Page that tells whether a server is well
    #[arg(long, value_name = "PATH")]
    pub health: Option<String>,
    /// Host name to ask it for
    #[arg(long, value_name = "NAME")]
    pub virtualhost: Option<String>,
    /// Server that answers when no other is left; none for no such server
    #[arg(long, value_name = "ADDR[:PORT]")]
    pub sorry: Option<String>,
    /// Scheduler
    #[arg(long, value_name = "NAME")]
    pub scheduler: Option<String>,
    /// Do not ask whether to go on
    #[arg(long)]
    pub yes: bool,
}

/// `check`.
#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    /// Do what mends it, where that is safe
    #[arg(long)]
    pub fix: bool,
}

/// `demo`.
#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// Process that these words are run for, and with which they end
    #[arg(long, hide = true, value_name = "PID", requires = "words")]
    pub leash: Option<u32>,
    /// Words of the lbctl that is run
    #[arg(last = true, hide = true, requires = "leash")]
    pub words: Vec<OsString>,
}
