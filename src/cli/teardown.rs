//! The way back: `teardown`.

use clap::Args;

/// `teardown`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Example:
  lbctl teardown --dry-run                           the commands that would do the same

Services that were added by hand and not by a file stay; remove them with: lbctl clear.
Stop the service first: systemctl disable --now lbctl")]
pub struct TeardownArgs {
    /// Do not ask whether to go on
    #[arg(long)]
    pub yes: bool,
}
