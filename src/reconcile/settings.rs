//! From the timeouts and daemons that are there to those that are wanted: pure.

use crate::model::{SettingStep, SyncDaemon, Timeouts};

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

/// Whether the daemon that runs is as wanted; what is 0 or none in it was left to
/// the kernel, and fits whatever the kernel chose.
pub(super) fn fits(wanted: &SyncDaemon, running: &SyncDaemon) -> bool {
    wanted.role == running.role
        && wanted.interface == running.interface
        && wanted.id == running.id
        // The kernel cuts it to the MTU.
        && (wanted.max_length == 0 || wanted.max_length >= running.max_length)
        && wanted.group.is_none_or(|group| running.group == Some(group))
        && (wanted.port == 0 || wanted.port == running.port)
        && (wanted.ttl == 0 || wanted.ttl == running.ttl)
}
