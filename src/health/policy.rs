//! What the table should hold, given what the checks say: pure, one decision per
//! round from one reading of the table.
//!
//! An entry is the probe's own while it holds what the probe last wrote. Anything
//! else is a change by somebody else, and is kept: a drain by hand must survive
//! every check. It is the probe's again once it returns to what the probe would
//! write. A 0 is the one value that is not taken back on that ground: somebody who
//! drains a server that happens to be failing means it.

mod depool;
mod member;
mod quorum;
mod slow_start;
mod standing;

use std::time::Duration;

use rustc_hash::{FxHashMap, FxHashSet};

pub use slow_start::next_step;
pub use standing::Standing;

use self::member::Member;
use self::quorum::below_quorum;
use super::record::{Entry, Record};
use super::verdict::Verdict;
use crate::model::Server;

/// What is done to a server that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OnFailure {
    /// Weight 0: connections that it has go on.
    #[default]
    Inhibit,
    /// It leaves the table and comes back with all its settings.
    Remove,
}

/// How a service is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Policy {
    /// What is done to a server that fails.
    pub on_failure: OnFailure,
    /// The sum of weights that must be live; 0 is read as 1.
    pub quorum: u32,
    /// How far the live weight must pass the quorum, either way, before the
    /// sorry server moves.
    pub hysteresis: u32,
}

impl Default for Policy {
    /// Inhibit, quorum 1, no hysteresis.
    fn default() -> Self {
        Self {
            on_failure: OnFailure::Inhibit,
            quorum: 1,
            hysteresis: 0,
        }
    }
}

/// How the sorry server takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SorryMode {
    /// It alone answers.
    #[default]
    Replace,
    /// It answers beside the servers that are left.
    Join,
}

/// Everything that decides on a service's servers, besides their checks.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rules {
    /// What is done to servers that fail, and the quorum.
    pub policy: Policy,
    /// Whether the sorry server answers instead of the others or beside them.
    pub sorry_mode: SorryMode,
    /// The share of servers, 0.0 to 1.0, that failing checks may not go below; 0
    /// sets no limit. A sorry server that replaces them goes before it.
    pub depool_threshold: f64,
    /// How long the weight of a server that comes back grows; none: not at all.
    pub slow_start: Option<Duration>,
}

/// What a decision is made from.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The servers, as they are remembered.
    pub members: &'a [Record],
    /// The sorry server.
    pub sorry: Option<&'a Record>,
    /// The table as it was read. Entries that belong to no record take new
    /// connections, too, and count as live.
    pub actual: &'a [Server],
    /// The sorry server has connections in an active state.
    pub sorry_busy: bool,
    /// Seconds since 1970.
    pub now: u64,
}

/// Which server of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Slot {
    /// One that takes part, by its place in the list.
    Member(usize),
    /// The sorry server.
    Sorry,
}

/// One change to the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Add it.
    Add(Server),
    /// Give it another weight.
    Edit {
        /// As it is.
        before: Server,
        /// As it shall be.
        after: Server,
    },
    /// Remove it.
    Delete(Server),
}

impl Write {
    /// The entry that it leaves.
    #[must_use]
    pub fn after(&self) -> Entry {
        match self {
            Self::Add(server) | Self::Edit { after: server, .. } => Entry::Weight(server.weight),
            Self::Delete(_) => Entry::Absent,
        }
    }

    /// Whether it adds to what takes connections.
    #[must_use]
    pub fn makes(&self) -> bool {
        match self {
            Self::Add(_) => true,
            Self::Edit { before, after } => after.weight > before.weight,
            Self::Delete(_) => false,
        }
    }
}

/// What is to become of one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// Which.
    pub slot: Slot,
    /// Whose its entry is.
    pub standing: Standing,
    /// The entry as it was read.
    pub found: Entry,
    /// The entry as it shall be, which is somebody else's while it is foreign.
    pub wanted: Entry,
    /// The change to make, if any.
    pub write: Option<Write>,
    /// Since when its weight grows, seconds since 1970.
    pub rising: Option<u64>,
    /// It is well and has no weight, since the sorry server answers alone.
    pub replaced: bool,
    /// It fails and stays in, since too many do.
    pub kept_in: bool,
}

/// A round's decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// One per server, in the order in which the writes are safe: make before
    /// break.
    pub rulings: Vec<Ruling>,
    /// The sum of weights of servers that take new connections and are not known
    /// to be down, once the writes are done.
    pub live: u64,
    /// Whether the sorry server is wanted.
    pub sorry: bool,
}

/// Decides.
#[must_use]
pub fn decide(rules: &Rules, situation: &Situation<'_>) -> Decision {
    let Situation {
        members,
        sorry,
        actual,
        sorry_busy,
        now,
    } = *situation;
    let table: FxHashMap<_, &Server> = actual.iter().map(|s| (s.name(), s)).collect();
    let find = |record: &Record| table.get(&record.server.name()).copied();
    let names: FxHashSet<_> = members
        .iter()
        .chain(sorry)
        .map(|r| r.server.name())
        .collect();
    let strangers = actual.iter().filter(|s| !names.contains(&s.name()));
    let found: Vec<Member<'_>> = members
        .iter()
        .enumerate()
        .map(|(index, record)| Member::new(rules, index, record, find(record)))
        .collect();
    let counted: Vec<_> = found.iter().map(Member::counted).collect();
    let kept_in = depool::kept_in(rules.depool_threshold, members, &counted);
    let live = strangers
        .map(|server| u64::from(server.weight))
        .sum::<u64>()
        + found.iter().map(|member| member.live(rules)).sum::<u64>();
    let total = found.iter().map(Member::whole).sum();
    let mut wanted = false;
    let mut replacing = false;
    let mut rulings = Vec::new();
    if let Some(record) = sorry {
        let was_in = matches!(record.written, Some(Entry::Weight(1..)));
        // Whoever drains the last server means it: only failures let the sorry server
        // in, and those who say so. One that is in stays: nobody else would answer.
        let meant = total == 0 && !was_in && members.iter().any(Record::is_drained_quietly);
        wanted = below_quorum(&rules.policy, live, total, was_in)
            && !meant
            && record.verdict != Verdict::Down;
        let ruling = rule_sorry(record, find(record), wanted, sorry_busy);
        replacing = wanted && rules.sorry_mode == SorryMode::Replace && ruling.wanted.weight() > 0;
        rulings.push(ruling);
    }
    rulings.extend(
        found
            .iter()
            .map(|it| it.rule(rules, &kept_in, replacing, now)),
    );
    // Raise, let the sorry server in, lower, let it out.
    rulings.sort_by_key(|ruling| match (&ruling.write, ruling.slot) {
        (None, _) => 0,
        (Some(write), Slot::Member(_)) if write.makes() => 1,
        (Some(write), Slot::Sorry) if write.makes() => 2,
        (Some(_), Slot::Member(_)) => 3,
        (Some(_), Slot::Sorry) => 4,
    });
    Decision {
        rulings,
        live,
        sorry: wanted,
    }
}

/// Rules on the sorry server. It leaves in two steps, a round apart: weight 0, and
/// out of the table when its last request is answered. The kernel drops packets of
/// connections whose server is removed (`ip_vs_in`, expire_nodest_conn=0).
fn rule_sorry(record: &Record, actual: Option<&Server>, wanted: bool, busy: bool) -> Ruling {
    let own = record.server.weight;
    let found = Entry::of(actual);
    let would = match found {
        _ if wanted => Entry::Weight(own),
        Entry::Weight(0) if !busy => Entry::Absent,
        Entry::Weight(_) => Entry::Weight(0),
        Entry::Absent => Entry::Absent,
    };
    // One that stands there unasked for is somebody else's, unless it is known that
    // the probe let it in.
    let ours = wanted || matches!(record.written, Some(Entry::Weight(_)));
    let standing = standing::standing(record, found, would, ours.then_some(own));
    let wanted = match (standing, record.foreign) {
        (Standing::Foreign(_), _) => found,
        (Standing::Lost, Some(weight)) if would != Entry::Absent => Entry::Weight(weight),
        _ => would,
    };
    Ruling {
        slot: Slot::Sorry,
        standing,
        found,
        wanted,
        write: write(record, actual, wanted),
        rising: None,
        replaced: false,
        kept_in: false,
    }
}

/// The change that makes an entry what is wanted.
fn write(record: &Record, actual: Option<&Server>, wanted: Entry) -> Option<Write> {
    match (actual, wanted) {
        (None, Entry::Weight(weight)) => Some(Write::Add(Server {
            weight,
            ..record.server.clone()
        })),
        (Some(server), Entry::Weight(weight)) if server.weight != weight => Some(Write::Edit {
            before: server.clone(),
            after: Server {
                weight,
                ..server.clone()
            },
        }),
        (Some(server), Entry::Absent) => Some(Write::Delete(server.clone())),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
