//! Values into what a person or a script reads. Never touches the kernel.

mod changes;
mod check;
mod columns;
mod connections;
mod drain;
mod grid;
mod json;
mod metrics;
mod names;
mod number;
mod output;
mod plugin;
mod probe;
mod settings;
mod table;
mod vip;

pub use changes::{change_lines, changes, changes_json};
pub use check::{CheckLine, HopLine, check, check_json, path, path_json};
pub use columns::{Cells, Columns};
pub use connections::{ConnectionGroup, ConnectionLine, connections, connections_json};
pub use drain::{DrainLine, drains_json};
pub use grid::grid;
pub use json::table as table_json;
pub use metrics::metrics;
pub use names::Names;
pub use number::short;
pub use output::{Output, Style};
pub use plugin::{plugin, plugin_line};
pub use probe::{probe, probe_json};
pub use settings::{daemons, daemons_json, timeouts, timeouts_json};
pub use table::{ListOptions, View, list};
pub use vip::{VipByHand, VipLine, forwarding_json, vips, vips_json};
