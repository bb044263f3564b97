//! Counters and rates, all 64 bits wide.

/// What has passed since the counters were last set to zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Connections scheduled.
    pub connections: u64,
    /// Packets from clients.
    pub packets_in: u64,
    /// Packets to clients; stays 0 with dr and tun, whose replies bypass us.
    pub packets_out: u64,
    /// Bytes from clients.
    pub bytes_in: u64,
    /// Bytes to clients.
    pub bytes_out: u64,
}

impl Counters {
    /// The largest of them.
    #[must_use]
    pub fn largest(&self) -> u64 {
        self.connections
            .max(self.packets_in)
            .max(self.packets_out)
            .max(self.bytes_in)
            .max(self.bytes_out)
    }
}

/// The kernel's estimate per second, renewed every 2 s (`ip_vs_est.c`).
pub type Rates = Counters;

/// Counters and rates of a service or a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Totals.
    pub totals: Counters,
    /// Per second.
    pub rates: Rates,
}
