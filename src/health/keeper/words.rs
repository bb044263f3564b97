//! The sentences of the journal.

use crate::health::check::Outcome;
use crate::health::drains::Drain;
use crate::health::policy::{Ruling, Slot, Standing, Write};
use crate::health::record::{Entry, Record};
use crate::health::verdict::{Tracker, Verdict};
use crate::model::{Server, ServiceId};

/// `is down: status 403, wanted 200 (2 of 2)`.
pub(super) fn turn(outcome: &Outcome, tracker: &Tracker) -> String {
    let state = match tracker.verdict() {
        Verdict::Up => "up",
        Verdict::Down => "down",
        Verdict::Unknown => "unknown",
    };
    let text = outcome.text();
    let (seen, needed) = (tracker.attempts(), tracker.needed());
    if tracker.verdict() == Verdict::Up && needed == 1 {
        format!("is {state}: {text}")
    } else {
        format!("is {state}: {text} ({seen} of {needed})")
    }
}

/// `is drained by alice: new kernel`.
pub(super) fn drained_by(drain: &Drain) -> String {
    let colon = if drain.reason.is_empty() { "" } else { ": " };
    // Both come from outside and stand in a line of the log.
    let text = format!("is drained by {}{colon}{}", drain.by, drain.reason);
    text.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}

/// A drain has ended.
pub(super) fn undrained() -> String {
    "is no longer drained".to_owned()
}

/// The file takes it out, or lets it back in.
pub(super) fn maintenance(begins: bool) -> String {
    let text = if begins {
        "is in maintenance"
    } else {
        "is no longer in maintenance"
    };
    text.to_owned()
}

/// Too many fail.
pub(super) fn kept_in(subject: &str, weight: u32) -> String {
    format!(
        "{subject} fails and stays in with weight {weight}: without it fewer servers would be left \
         than depool_threshold allows"
    )
}

/// A server that nothing is remembered of has no weight.
pub(super) fn drained(id: &ServiceId, server: &Server) -> String {
    format!(
        "{id}: {} has weight 0 and nothing says why; taking it as drained by hand",
        server.endpoint()
    )
}

/// A server left the table while nobody kept it.
pub(super) fn forgotten(id: &ServiceId, server: &Server) -> String {
    format!(
        "{id}: {} is no longer in the table; no longer checking it",
        server.endpoint()
    )
}

/// A server that is in the table and not in the list.
pub(super) fn stranger(id: &ServiceId, server: &Server) -> String {
    format!(
        "{id}: {} is in the table and not in the list; leaving it alone",
        server.endpoint()
    )
}

/// A server joined the table that is the list.
pub(super) fn joined(id: &ServiceId, server: &Server) -> String {
    format!(
        "{id}: {} has joined with weight {}; checking it too",
        server.endpoint(),
        server.weight
    )
}

/// How the server is called.
pub(super) fn subject(id: &ServiceId, slot: Slot, server: &Server) -> String {
    match slot {
        Slot::Member(_) => format!("{id}: {}", server.endpoint()),
        Slot::Sorry => format!("{id}: sorry server {}", server.endpoint()),
    }
}

/// Somebody else's weight, when it is seen first.
pub(super) fn foreign(subject: &str, weight: u32) -> String {
    format!("{subject} weight was set to {weight} by somebody else; keeping it")
}

/// Somebody else's weight is gone.
pub(super) fn returned(subject: &str, weight: u32) -> String {
    format!("{subject} weight is back at {weight}; the checks have it again")
}

/// What was done to a server and why; `turn` is the verdict that led to it.
pub(super) fn done(
    subject: &str,
    ruling: &Ruling,
    write: &Write,
    turn: Option<&str>,
    live: u64,
) -> String {
    let turn = turn.map(|turn| format!("{turn}; ")).unwrap_or_default();
    match (ruling.slot, ruling.standing, write) {
        (_, Standing::Lost, Write::Add(server)) => format!(
            "{subject} {turn}was missing from the table; put back with weight {}",
            server.weight
        ),
        (Slot::Sorry, _, write) => sorry(subject, write, &turn, live),
        (_, Standing::New, Write::Add(server)) if server.weight == 0 => {
            format!("{subject} {turn}added with weight 0 until its check passes")
        }
        (_, _, Write::Add(server)) => {
            format!("{subject} {turn}added with weight {}", server.weight)
        }
        (_, _, Write::Edit { before, after }) => {
            let why = match ruling {
                Ruling {
                    rising: Some(_), ..
                } => " (slow start)",
                Ruling { replaced: true, .. } => ": the sorry server answers instead",
                _ => "",
            };
            let (before, after) = (before.weight, after.weight);
            format!("{subject} {turn}weight {before} -> {after}{why}")
        }
        (_, _, Write::Delete(_)) => format!("{subject} {turn}removed"),
    }
}

fn sorry(subject: &str, write: &Write, turn: &str, live: u64) -> String {
    match (write, live) {
        (Write::Delete(_), _) => format!("{subject} {turn}removed"),
        (_, 0) if write.makes() => format!("{subject} is in: no usable server is left"),
        (_, live) if write.makes() => {
            format!("{subject} is in: the live weight {live} is below the quorum")
        }
        (_, 0) => format!("{subject} {turn}weight 0"),
        (_, _) => format!("{subject} is out: usable servers are back"),
    }
}

/// A verdict that led to no change.
pub(super) fn unmoved(subject: &str, ruling: &Ruling, turn: &str) -> String {
    match (ruling.slot, ruling.standing, ruling.found) {
        (_, Standing::Foreign(weight), _) => {
            format!("{subject} {turn}; weight {weight} was set by somebody else, keeping it")
        }
        (Slot::Member(_), _, Entry::Weight(weight)) => {
            format!("{subject} {turn}; its weight is {weight}")
        }
        _ => format!("{subject} {turn}"),
    }
}

/// `set the weight of ... to 0`, as it stands behind "cannot ".
pub(super) fn intent(record: &Record, write: &Write) -> String {
    let endpoint = record.server.endpoint();
    match write {
        Write::Add(_) => format!("add {endpoint}"),
        Write::Edit { after, .. } => format!("set the weight of {endpoint} to {}", after.weight),
        Write::Delete(_) => format!("remove {endpoint}"),
    }
}
