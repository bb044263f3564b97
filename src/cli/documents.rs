//! The verbs that print what is generated from these definitions: `completions`
//! and `man`.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// `completions`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Example:
  lbctl completions bash > /etc/bash_completion.d/lbctl")]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

/// `man`.
#[derive(Debug, Clone, Args)]
pub struct ManArgs {
    /// Directory to write all pages to; lbctl.1 on standard output when left out
    #[arg(value_name = "DIR")]
    pub directory: Option<PathBuf>,
}
