//! Other tools' languages. Today: the commands of ipvsadm, nft, ip and sysctl
//! that do what a step does, for `--dry-run` and for people who want to see it.

mod host;
mod ipvsadm;

pub use ipvsadm::{server_options, service_options};

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
