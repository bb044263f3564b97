//! Which tunnel takes which options.

use crate::model::{TunnelChecksum, TunnelKind};

use super::failure::Failure;
use super::group::{Given, Group};

/// Every option of tunnels.
pub(super) const OPTIONS: [Group; 5] = [
    Group::TunType,
    Group::TunPort,
    Group::TunNocsum,
    Group::TunCsum,
    Group::TunRemcsum,
];

const CHECKSUMS: [Group; 3] = [Group::TunNocsum, Group::TunCsum, Group::TunRemcsum];

/// Whether a tunnel of this kind takes what was given, and has what it needs.
pub(super) fn check(kind: TunnelKind, given: Given) -> Result<(), Failure> {
    let complaint = |start: &str| {
        let kind = kind.as_str();
        Err(Failure::usage(format!("{start} the '{kind}' tunnel type")))
    };
    if kind == TunnelKind::Gue && !given.has(Group::TunPort) {
        return complaint("You need to supply the 'tun-port' option for");
    }
    if kind != TunnelKind::Gue && given.has(Group::TunPort) {
        return complaint("Illegal 'tun-port' option with");
    }
    let mut first: Option<Group> = None;
    for group in CHECKSUMS {
        if !given.has(group) {
            continue;
        }
        let name = group.as_str();
        let fits = match kind {
            TunnelKind::Gue => true,
            TunnelKind::Gre => group != Group::TunRemcsum,
            TunnelKind::Ipip | TunnelKind::Unknown(_) => false,
        };
        if !fits {
            return complaint(&format!("Illegal '{name}' option with"));
        }
        if let Some(first) = first {
            let first = first.as_str();
            return complaint(&format!(
                "The option '{name}' conflicts with the '{first}' option in"
            ));
        }
        first = Some(group);
    }
    Ok(())
}

/// The checksum that was given.
pub(super) fn checksum(given: Given) -> TunnelChecksum {
    if given.has(Group::TunRemcsum) {
        TunnelChecksum::Remote
    } else if given.has(Group::TunCsum) {
        TunnelChecksum::Full
    } else {
        TunnelChecksum::None
    }
}
