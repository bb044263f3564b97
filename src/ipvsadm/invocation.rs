//! What a command line asks for, as a value.

use crate::model::{ServiceId, SyncDaemon, SyncRole, TableStep, Timeouts};

/// What a command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invocation {
    /// The usage, on stdout.
    Help,
    /// The version, on stdout.
    Version,
    /// A change of the table. Edits and deletions know no more of what is there
    /// than was typed, and cannot be undone.
    Change(TableStep),
    /// Everything goes.
    Clear,
    /// Counters of a service, or all of them, to zero.
    Zero(Option<ServiceId>),
    /// Something is shown.
    List(ListRequest),
    /// The table as command lines.
    Save {
        /// Whether without names.
        numeric: bool,
    },
    /// Command lines from standard input.
    Restore,
    /// Timeouts of the connection table.
    SetTimeouts(Timeouts),
    /// A synchronisation daemon starts.
    StartDaemon(SyncDaemon),
    /// A synchronisation daemon stops.
    StopDaemon(SyncRole),
}

/// What is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// All services.
    Table,
    /// One service.
    Service(ServiceId),
    /// The connections.
    Connections,
    /// The timeouts of the connection table.
    Timeouts,
    /// The synchronisation daemons.
    Daemons,
}

/// Which columns are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum View {
    /// Scheduler, method, weight, connections.
    #[default]
    Settings,
    /// Counters.
    Stats,
    /// Rates.
    Rate,
    /// Thresholds.
    Thresholds,
    /// Persistence templates; with connections their engine's data.
    PersistentConnections,
    /// Tunnels.
    Tunnels,
}

/// What is shown, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListRequest {
    /// What.
    pub subject: Subject,
    /// Which columns.
    pub view: View,
    /// Whether without names.
    pub numeric: bool,
    /// Whether numbers are written out.
    pub exact: bool,
    /// Whether it is sorted; else it has the kernel's order.
    pub sorted: bool,
}

impl Default for ListRequest {
    /// The table, with names, as without any word.
    fn default() -> Self {
        Self {
            subject: Subject::Table,
            view: View::Settings,
            numeric: false,
            exact: false,
            sorted: true,
        }
    }
}
