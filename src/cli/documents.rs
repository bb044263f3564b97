//! The verbs that print what is generated from these definitions: `completions`
//! and `man`.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// `completions`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  lbctl completions bash > /etc/bash_completion.d/lbctl
  lbctl completions zsh > /usr/local/share/zsh/site-functions/_lbctl
  lbctl completions fish > /etc/fish/completions/lbctl.fish

Behind -t, -u, -f and -r the scripts offer the services and servers that are in the
table; that needs no privilege.")]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

/// `candidates`.
#[derive(Debug, Clone, Args)]
pub struct CandidatesArgs {
    /// The words up to the option whose value is looked for
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "WORD"
    )]
    pub words: Vec<String>,
}

/// `man`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Example:
  lbctl man /usr/local/share/man/man1")]
pub struct ManArgs {
    /// Directory to write all pages to; lbctl.1 on standard output when left out
    #[arg(value_name = "DIR")]
    pub directory: Option<PathBuf>,
}
