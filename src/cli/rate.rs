//! The words of `rate`.

use clap::Args;

use super::ServiceSelector;

/// `rate`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
On a terminal it is a live screen: s sorts, / filters, p pauses, ? shows all keys.
Elsewhere it is the list again and again; with --json an object per line.

Rates are those between two readings of the kernel's counters, which it adds up
every 2 seconds: a shorter interval shows new connections sooner, but no new rates.

Examples:
  lbctl rate                                   everything, every 2 seconds
  lbctl rate -t 192.0.2.10:80 -i 5             one service, every 5 seconds
  lbctl rate -c 1 --json                       one reading, for a script")]
pub struct RateArgs {
    /// Only this service.
    #[command(flatten)]
    pub selector: ServiceSelector,
    /// Seconds between two readings, 1 or more
    #[arg(short, long, value_name = "SECS", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    pub interval: u16,
    /// Stop after so many readings
    #[arg(short, long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// Whole numbers instead of 1.2k and 3.4M, where it is no screen
    #[arg(long)]
    pub exact: bool,
}
