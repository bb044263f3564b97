//! The line that shows how far a long wait is, on a terminal only.

use indicatif::{ProgressBar, ProgressStyle};

use super::context::Context;

/// A line as `asking the servers: 3 of 8`, and what is said last behind it.
pub(super) fn line(context: &Context, doing: &'static str, total: usize) -> ProgressBar {
    if context.quiet {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(total as u64).with_prefix(doing);
    match ProgressStyle::with_template("{prefix}: {pos} of {len}  {wide_msg}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
