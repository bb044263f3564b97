//! Values into what a person or a script reads. Never touches the kernel.

mod check;
mod connections;
mod json;
mod number;
mod output;
mod probe;
mod settings;
mod table;
mod vip;

pub use check::{CheckLine, check, check_json};
pub use connections::{ConnectionGroup, ConnectionLine, connections, connections_json};
pub use json::table as table_json;
pub use output::{Output, Style};
pub use probe::{probe, probe_json};
pub use settings::{daemons, daemons_json, timeouts, timeouts_json};
pub use table::{ListOptions, View, grid, list};
pub use vip::{VipLine, forwarding_json, vips, vips_json};
