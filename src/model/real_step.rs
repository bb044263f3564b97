//! The changes that make a machine a real server.

use std::fmt;
use std::net::IpAddr;

use super::{GuePort, RealVip, Segments, TunnelDevice};

/// A change to a machine that makes it a real server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RealStep {
    /// lbctl remembers that the machine shall serve the VIP; nothing else changes.
    Enlist(RealVip),
    /// lbctl forgets it.
    Dismiss(RealVip),
    /// The VIP stands on lo, whole.
    AddAddress(IpAddr),
    /// The VIP leaves lo.
    RemoveAddress(IpAddr),
    /// A tunnel's interface is switched on.
    LinkUp {
        /// The interface.
        device: TunnelDevice,
        /// It is not there, and its module is loaded.
        load: bool,
    },
    /// It is switched off; its module stays.
    LinkDown {
        /// The interface.
        device: TunnelDevice,
    },
    /// A port is opened to wrapped packets.
    OpenPort {
        /// The port.
        port: GuePort,
        /// The kernel lacks the module fou, and it is loaded.
        load: bool,
    },
    /// It is closed; the module stays.
    ClosePort {
        /// The port.
        port: GuePort,
    },
    /// The table `inet lbctl_real` becomes another: it lowers the greatest segment
    /// in answers to handshakes.
    SetSegments {
        /// As they are.
        before: Segments,
        /// As they shall be; the table goes when there are none.
        after: Segments,
    },
}

impl RealStep {
    /// The step that takes this one back.
    #[must_use]
    pub fn inverse(&self) -> Self {
        match self.clone() {
            Self::Enlist(vip) => Self::Dismiss(vip),
            Self::Dismiss(vip) => Self::Enlist(vip),
            Self::AddAddress(address) => Self::RemoveAddress(address),
            Self::RemoveAddress(address) => Self::AddAddress(address),
            Self::LinkUp { device, .. } => Self::LinkDown { device },
            Self::LinkDown { device } => Self::LinkUp {
                device,
                load: false,
            },
            Self::OpenPort { port, .. } => Self::ClosePort { port },
            Self::ClosePort { port } => Self::OpenPort { port, load: false },
            Self::SetSegments { before, after } => Self::SetSegments {
                before: after,
                after: before,
            },
        }
    }
}

impl fmt::Display for RealStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Enlist(vip) => write!(f, "remember the VIP {}", vip.address),
            Self::Dismiss(vip) => write!(f, "forget the VIP {}", vip.address),
            Self::AddAddress(address) => write!(f, "add {address} to lo"),
            Self::RemoveAddress(address) => write!(f, "remove {address} from lo"),
            Self::LinkUp { device, .. } => write!(f, "bring {} up", device.name()),
            Self::LinkDown { device } => write!(f, "take {} down", device.name()),
            Self::OpenPort { port, .. } => write!(
                f,
                "open UDP port {} for gue over {}",
                port.port,
                port.family.as_str()
            ),
            Self::ClosePort { port } => write!(
                f,
                "close UDP port {} for gue over {}",
                port.port,
                port.family.as_str()
            ),
            Self::SetSegments { .. } => f.write_str("set the greatest TCP segment"),
        }
    }
}
