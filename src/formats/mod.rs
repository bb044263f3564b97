//! Other tools' languages: the commands of ipvsadm, nft, ip and sysctl that do what
//! a step does, for `--dry-run`; and whole files, read and written: keepalived.conf,
//! ldirectord.cf, a saved table, JSON.

mod host;
mod ipvsadm;
mod json;
pub mod keepalived;
pub mod ldirectord;
mod real;
mod real_script;
mod table;
#[cfg(test)]
mod tests;
mod translation;

pub use ipvsadm::{server_options, service_options};
pub use json::to_json;
pub use real_script::real_script;
pub use table::{export_table, import_table};
pub use translation::{Exported, ImportError, Imported, Remark};

use crate::model::Step;

/// The commands that carry out this step without lbctl.
#[must_use]
pub fn commands(step: &Step) -> Vec<String> {
    match step {
        Step::Table(step) => vec![ipvsadm::command(step)],
        Step::Setting(step) => vec![ipvsadm::setting(step)],
        Step::Host(step) => host::commands(step),
    }
}
