//! The words of `import` and `export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::apply::CONFIG_FILE;

/// A language that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ImportLanguage {
    /// keepalived.conf
    Keepalived,
    /// ldirectord.cf
    Ldirectord,
    /// what `ipvsadm -S -n` and `lbctl save` print
    Ipvsadm,
}

/// A language that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportLanguage {
    /// keepalived.conf
    Keepalived,
    /// ldirectord.cf
    Ldirectord,
    /// what `ipvsadm -R` and `lbctl restore` read
    Ipvsadm,
    /// the whole file, every default filled in
    Json,
}

/// `import`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
lbctl.toml goes to standard output, with comments on what was assumed. Whatever cannot
be carried over is named with its line, there and on standard error. Read the result
before you use it; lbctl diff FILE shows what it would change.

Exit status: 0 a file came out, perhaps with warnings; 2 nothing sensible can be made
of what was read.

Examples:
  lbctl import keepalived /etc/keepalived/keepalived.conf > lbctl.toml
  ipvsadm -S -n | lbctl import ipvsadm - > lbctl.toml")]
pub struct ImportArgs {
    /// The language of the file
    #[arg(value_name = "LANGUAGE")]
    pub language: ImportLanguage,
    /// The file; - is standard input
    pub file: PathBuf,
}

/// `export`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Whatever the other language cannot say is named on standard error. In JSON times are
durations as in lbctl.toml, servers and services have the fields of lbctl list --json
without counters, a check has the keys of its table, and what is not set is null;
fields are only ever added.

Examples:
  lbctl export keepalived > keepalived.conf
  lbctl export json | jq '.virtual_servers[].name'")]
pub struct ExportArgs {
    /// The language to write
    #[arg(value_name = "LANGUAGE")]
    pub language: ExportLanguage,
    /// The file
    #[arg(default_value = CONFIG_FILE)]
    pub file: PathBuf,
}
