//! What the probe remembers of one server: its settings, what it last wrote to
//! the table, what somebody else wrote, and what the checks said. Kept in memory
//! while it runs and in the state file between runs.

use serde::{Deserialize, Serialize};

use super::drains::Drain;
use super::verdict::Verdict;
use crate::model::{Forward, Server, Tunnel, TunnelChecksum, TunnelKind};

/// A server's entry in the table, as far as the probe changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Entry {
    /// It is there, with this weight.
    Weight(u32),
    /// It is not there.
    Absent,
}

impl Entry {
    /// The entry of this server, none: not in the table.
    #[must_use]
    pub fn of(server: Option<&Server>) -> Self {
        server.map_or(Self::Absent, |server| Self::Weight(server.weight))
    }

    /// What it takes of new connections: nothing when it is not there.
    #[must_use]
    pub fn weight(self) -> u32 {
        match self {
            Self::Weight(weight) => weight,
            Self::Absent => 0,
        }
    }
}

/// How the last attempt of a check ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastResult {
    /// Seconds since 1970.
    pub at: u64,
    /// True: passed; false: failed; none: this machine could not ask.
    pub passed: Option<bool>,
    /// What the server said, or why it failed.
    pub text: String,
    /// Equal results in a row, this one included.
    pub attempts: u32,
    /// How long it took, microseconds.
    #[serde(default)]
    pub took_us: u64,
}

/// How often the checks changed their mind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Transitions {
    /// To up.
    pub up: u64,
    /// To down.
    pub down: u64,
}

impl Transitions {
    pub(super) fn count(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Up => self.up = self.up.saturating_add(1),
            Verdict::Down => self.down = self.down.saturating_add(1),
            Verdict::Unknown => {}
        }
    }
}

/// The last change that the probe made to a server, or noticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastChange {
    /// Seconds since 1970.
    pub at: u64,
    /// What and why, as it was logged.
    pub text: String,
}

/// What the probe remembers of one server in one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its settings; the weight is the one it has while it is well.
    #[serde(with = "ServerForm")]
    pub server: Server,
    /// The entry that the probe last wrote or took over; none: it has not seen
    /// the server in the table yet.
    pub written: Option<Entry>,
    /// A write was begun and this is what the entry was before it. Saved before
    /// the write and cleared after it: a probe that is killed in between finds
    /// either value in the table and knows both as its own.
    pub pending: Option<Entry>,
    /// The weight that somebody else gave it, while it holds.
    pub foreign: Option<u32>,
    /// What the checks say.
    pub verdict: Verdict,
    /// Since when they say so, seconds since 1970.
    pub since: u64,
    /// How often they changed their mind since this server is known.
    #[serde(default)]
    pub transitions: Transitions,
    /// The entry as it was last seen or written.
    pub entry: Option<Entry>,
    /// The entry as the last round wanted it.
    #[serde(default)]
    pub wanted: Option<Entry>,
    /// The file takes it out; no check brings it back.
    #[serde(default)]
    pub maintenance: bool,
    /// Somebody drained it; no check brings it back.
    #[serde(default)]
    pub drain: Option<Drain>,
    /// Since when its weight grows after it came back, seconds since 1970; none: it
    /// does not grow.
    #[serde(default)]
    pub rising: Option<u64>,
    /// It is well and has no weight, since the sorry server answers alone.
    #[serde(default)]
    pub replaced: bool,
    /// It fails and stays in, since more fail than the depool threshold lets go.
    #[serde(default)]
    pub kept_in: bool,
    /// The last attempt.
    pub last: Option<LastResult>,
    /// The last change.
    pub change: Option<LastChange>,
}

impl Record {
    /// A server of which nothing is known but its settings.
    #[must_use]
    pub fn new(server: Server, now: u64) -> Self {
        Self {
            server,
            written: None,
            pending: None,
            foreign: None,
            verdict: Verdict::Unknown,
            since: now,
            transitions: Transitions::default(),
            entry: None,
            wanted: None,
            maintenance: false,
            drain: None,
            rising: None,
            replaced: false,
            kept_in: false,
            last: None,
            change: None,
        }
    }

    /// Whether it is out by hand, in the file or by a drain.
    #[must_use]
    pub fn is_out(&self) -> bool {
        self.maintenance || self.drain.is_some()
    }

    /// Whether it was drained, and the sorry server is not to come for that.
    #[must_use]
    pub fn is_drained_quietly(&self) -> bool {
        self.drain.as_ref().is_some_and(|drain| !drain.calls_sorry)
    }

    /// It goes out by hand: the entry as it is found is taken over, whoever made it.
    pub(super) fn go_out(&mut self, found: Entry) {
        if let Entry::Weight(_) = found {
            self.written = Some(found);
            self.foreign = None;
            self.pending = None;
        }
    }
}

/// How [`Server`] stands in the state file.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Server")]
struct ServerForm {
    address: std::net::IpAddr,
    port: u16,
    #[serde(with = "ForwardForm")]
    forward: Forward,
    weight: u32,
    upper_threshold: u32,
    lower_threshold: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Forward", rename_all = "lowercase")]
enum ForwardForm {
    Nat,
    Dr,
    Tun(#[serde(with = "TunnelForm")] Tunnel),
    Local,
    Bypass,
    Unknown(u8),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Tunnel")]
struct TunnelForm {
    #[serde(with = "TunnelKindForm", rename = "type")]
    kind: TunnelKind,
    port: u16,
    #[serde(with = "TunnelChecksumForm")]
    checksum: TunnelChecksum,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "TunnelKind", rename_all = "lowercase")]
enum TunnelKindForm {
    Ipip,
    Gue,
    Gre,
    Unknown(u8),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "TunnelChecksum", rename_all = "lowercase")]
enum TunnelChecksumForm {
    None,
    Full,
    Remote,
}
