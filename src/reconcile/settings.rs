//! From the timeouts and daemons that are there to those that are wanted: pure.

use crate::model::{SettingStep, Timeouts};

/// The step to these timeouts, if one is needed; 0 keeps what is there.
#[must_use]
pub fn timeouts(actual: Timeouts, wanted: Timeouts) -> Option<SettingStep> {
    let change = |wanted: u32, actual: u32| if wanted == actual { 0 } else { wanted };
    let after = Timeouts {
        tcp: change(wanted.tcp, actual.tcp),
        tcp_fin: change(wanted.tcp_fin, actual.tcp_fin),
        udp: change(wanted.udp, actual.udp),
    };
    (after != Timeouts::default()).then_some(SettingStep::SetTimeouts {
        before: actual,
        after,
    })
}
