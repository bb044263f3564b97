//! What the table should hold, given what the checks say: pure, one decision per
//! round from one reading of the table.
//!
//! An entry is the probe's own while it holds what the probe last wrote. Anything
//! else is a change by somebody else, and is kept: a drain by hand must survive
//! every check. It is the probe's again once it returns to what the probe would
//! write. A 0 is the one value that is not taken back on that ground: somebody who
//! drains a server that happens to be failing means it.

use std::collections::{HashMap, HashSet};

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

/// Which server of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Slot {
    /// One that takes part, by its place in the list.
    Member(usize),
    /// The sorry server.
    Sorry,
}

/// Whose an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The probe's, or not there and rightly so.
    Own,
    /// Not there, and never was.
    New,
    /// Not there, though the probe left it there.
    Lost,
    /// Somebody else set this weight.
    Foreign(u32),
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
    /// The change to make, if any.
    pub write: Option<Write>,
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

/// Decides. `actual` is the table as it was read; entries in it that belong to no
/// record take new connections too and count as live. `sorry_busy`: the sorry
/// server has connections in an active state.
#[must_use]
pub fn decide(
    policy: &Policy,
    members: &[Record],
    sorry: Option<&Record>,
    actual: &[Server],
    sorry_busy: bool,
) -> Decision {
    let there: HashMap<_, _> = actual.iter().map(|s| (s.name(), s)).collect();
    let find = |record: &Record| there.get(&record.server.name()).copied();
    let names = members.iter().chain(sorry).map(|r| r.server.name());
    let known: HashSet<_> = names.collect();
    let mut live: u64 = actual
        .iter()
        .filter(|server| !known.contains(&server.name()))
        .map(|server| u64::from(server.weight))
        .sum();
    let mut rulings = Vec::new();
    for (index, record) in members.iter().enumerate() {
        let (ruling, weight) = rule_member(policy, Slot::Member(index), record, find(record));
        if record.verdict != Verdict::Down {
            live += u64::from(weight);
        }
        rulings.push(ruling);
    }
    let total = members.iter().map(|m| u64::from(m.server.weight)).sum();
    let mut wanted = false;
    if let Some(record) = sorry {
        let was_in = matches!(record.written, Some(Entry::Weight(1..)));
        wanted = below_quorum(policy, live, total, was_in) && record.verdict != Verdict::Down;
        rulings.push(rule_sorry(record, find(record), wanted, sorry_busy));
    }
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

/// Lost below quorum - hysteresis or without any live weight, regained at
/// quorum + hysteresis; a quorum that all servers together cannot reach is cut to
/// what they can.
fn below_quorum(policy: &Policy, live: u64, total: u64, was_below: bool) -> bool {
    let (quorum, hysteresis) = (
        u64::from(policy.quorum).max(1),
        u64::from(policy.hysteresis),
    );
    let lost = quorum.min(total).saturating_sub(hysteresis).max(1);
    let regained = quorum.saturating_add(hysteresis).min(total);
    live < lost || (was_below && live < regained)
}

/// Rules on a server; answers also the weight that it has afterwards.
fn rule_member(
    policy: &Policy,
    slot: Slot,
    record: &Record,
    actual: Option<&Server>,
) -> (Ruling, u32) {
    let own = record.server.weight;
    let found = Entry::of(actual);
    // While the checks have not spoken: as it was left, a new one without weight.
    let wanted = match (record.verdict, policy.on_failure) {
        (Verdict::Up, _) => Entry::Weight(own),
        (Verdict::Down, OnFailure::Inhibit) => Entry::Weight(0),
        (Verdict::Down, OnFailure::Remove) => Entry::Absent,
        (Verdict::Unknown, _) => match (actual, record.written) {
            (Some(_), _) => found,
            (None, Some(written)) => written,
            (None, None) => Entry::Weight(0),
        },
    };
    let would = match record.verdict {
        Verdict::Unknown => Entry::Weight(own),
        _ => wanted,
    };
    let standing = standing(record, found, would, Some(own));
    finish(slot, record, actual, standing, wanted)
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
    let standing = standing(record, found, would, ours.then_some(own));
    finish(Slot::Sorry, record, actual, standing, would).0
}

/// Whose the entry is. `would` is what the probe would write, `own` the weight at
/// which it takes over an entry that it has no memory of.
fn standing(record: &Record, found: Entry, would: Entry, own: Option<u32>) -> Standing {
    let Entry::Weight(weight) = found else {
        return match record.written {
            None => Standing::New,
            Some(Entry::Absent) => Standing::Own,
            Some(Entry::Weight(_)) => Standing::Lost,
        };
    };
    let drained = weight == 0 && record.foreign == Some(0) && record.server.weight != 0;
    // Under somebody else's weight the last own one is history: they may drain from
    // there to the 0 that was once written for a failure.
    let current = record.foreign.is_none() || would == found;
    let remembered = (current && record.written == Some(found)) || record.pending == Some(found);
    let unknown = record.written.is_none() || record.foreign.is_some();
    let returned = (unknown && own == Some(weight)) || (weight != 0 && would == found);
    if !drained && (remembered || returned) {
        Standing::Own
    } else {
        Standing::Foreign(weight)
    }
}

fn finish(
    slot: Slot,
    record: &Record,
    actual: Option<&Server>,
    standing: Standing,
    wanted: Entry,
) -> (Ruling, u32) {
    let found = Entry::of(actual);
    let wanted = match (standing, record.foreign) {
        (Standing::Foreign(_), _) => found,
        // It comes back as somebody else had set it: a flush does not end a drain.
        (Standing::Lost, Some(weight)) if slot != Slot::Sorry || wanted != Entry::Absent => {
            Entry::Weight(weight)
        }
        _ => wanted,
    };
    let write = match (actual, wanted) {
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
    };
    let weight = match wanted {
        Entry::Weight(weight) => weight,
        Entry::Absent => 0,
    };
    let ruling = Ruling {
        slot,
        standing,
        found,
        write,
    };
    (ruling, weight)
}

#[cfg(test)]
mod tests;
