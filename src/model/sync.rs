//! Timeouts of the connection table, and the daemons that copy connections
//! between directors.

use std::net::IpAddr;

/// How long idle connections are kept, in seconds, 0 to 2678400; 0 in a change
/// keeps what is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timeouts {
    /// Established TCP; 900 at first.
    pub tcp: u32,
    /// TCP after a FIN; 120 at first.
    pub tcp_fin: u32,
    /// UDP; 300 at first.
    pub udp: u32,
}

impl Timeouts {
    /// The longest, in seconds: 31 days.
    pub const MAX: u32 = 2_678_400;
}

/// What a synchronisation daemon does (`IP_VS_STATE_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SyncRole {
    /// Sends connections.
    Master,
    /// Receives them.
    Backup,
}

impl SyncRole {
    /// `master` or `backup`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Master => "master",
            Self::Backup => "backup",
        }
    }
}

/// A synchronisation daemon. What is 0 or none is the kernel's choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncDaemon {
    /// What it does.
    pub role: SyncRole,
    /// The interface it sends or listens on, up to 15 bytes.
    pub interface: String,
    /// Daemons of one group share it, 0 to 255.
    pub id: u32,
    /// Longest message in bytes, 1 to 65507; the kernel cuts it to the MTU.
    pub max_length: u16,
    /// The multicast group; 224.0.0.81 by default.
    pub group: Option<IpAddr>,
    /// The UDP port; 8848 by default.
    pub port: u16,
    /// Time to live, 1 to 255; 1 by default.
    pub ttl: u8,
}

impl SyncDaemon {
    /// The longest message in bytes that may be asked for.
    pub const MAX_LENGTH: u16 = 65507;

    /// Whether this can be an interface's name.
    ///
    /// # Errors
    /// It is empty, or longer than `IFNAMSIZ` allows.
    pub fn check_interface(name: &str) -> Result<(), String> {
        if (1..=15).contains(&name.len()) {
            return Ok(());
        }
        Err(format!(
            "'{}' is no interface's name: 1 to 15 bytes",
            name.escape_default()
        ))
    }

    /// Whether this can be a multicast group.
    ///
    /// # Errors
    /// It is no multicast address.
    pub fn check_group(group: IpAddr) -> Result<(), String> {
        if group.is_multicast() {
            return Ok(());
        }
        Err(format!("{group} is not a multicast group"))
    }
}
