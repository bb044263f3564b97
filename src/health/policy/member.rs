//! What is to become of one of the servers.

use std::collections::HashSet;

use super::depool::Counted;
use super::standing::{Standing, standing};
use super::{OnFailure, Rules, Ruling, Slot, slow_start, write};
use crate::health::record::{Entry, Record};
use crate::health::verdict::Verdict;
use crate::model::Server;

/// A server as it is found, before it is known what becomes of the others.
pub(super) struct Member<'a> {
    index: usize,
    record: &'a Record,
    actual: Option<&'a Server>,
    found: Entry,
    standing: Standing,
}

impl<'a> Member<'a> {
    pub(super) fn new(
        rules: &Rules,
        index: usize,
        record: &'a Record,
        actual: Option<&'a Server>,
    ) -> Self {
        let found = Entry::of(actual);
        let own = record.server.weight;
        // What the last round would have left: that is what somebody gives back.
        let would = match record.verdict {
            Verdict::Unknown if !record.is_out() && !record.replaced => Entry::Weight(own),
            _ => wish(rules, record, found, record.kept_in, record.replaced),
        };
        Self {
            index,
            record,
            actual,
            found,
            standing: standing(record, found, would, Some(own)),
        }
    }

    /// How it counts for the share that failing checks leave in.
    pub(super) fn counted(&self) -> Counted {
        let by_hand = match self.standing {
            Standing::Foreign(weight) => Some(weight),
            Standing::Lost => self.record.foreign,
            _ => None,
        };
        match by_hand {
            _ if self.record.is_out() || self.record.server.weight == 0 => Counted::Not,
            Some(0) => Counted::Not,
            Some(_) => Counted::In,
            None => Counted::Checked,
        }
    }

    /// What it adds to the live weight, if no sorry server replaces it; that which
    /// it is on its way to counts whole.
    pub(super) fn live(&self, rules: &Rules) -> u64 {
        if self.record.verdict == Verdict::Down {
            return 0;
        }
        let entry = match (self.standing, self.record.foreign) {
            (Standing::Foreign(_), _) => self.found,
            _ if self.record.is_out() => return 0,
            (Standing::Lost, Some(weight)) => Entry::Weight(weight),
            _ => wish(rules, self.record, self.found, false, false),
        };
        u64::from(entry.weight())
    }

    /// What it could add while nobody takes it out by hand.
    pub(super) fn whole(&self) -> u64 {
        if self.record.is_out() {
            0
        } else {
            u64::from(self.record.server.weight)
        }
    }

    /// Decides. `replacing`: the sorry server takes over alone.
    pub(super) fn rule(
        &self,
        rules: &Rules,
        kept_in: &HashSet<usize>,
        replacing: bool,
        now: u64,
    ) -> Ruling {
        let record = self.record;
        let well = record.verdict != Verdict::Down;
        let replaced = replacing && well && !record.is_out();
        let kept_in = kept_in.contains(&self.index) && !replacing;
        let wanted = match (self.standing, record.foreign) {
            (Standing::Foreign(_), _) => self.found,
            // It comes back as somebody else had set it: a flush does not end a drain.
            (Standing::Lost, Some(weight)) if !record.is_out() => Entry::Weight(weight),
            _ => wish(rules, record, self.found, kept_in, replaced),
        };
        let (wanted, rising) = self.grow(rules, wanted, now);
        Ruling {
            slot: Slot::Member(self.index),
            standing: self.standing,
            found: self.found,
            wanted,
            write: write(record, self.actual, wanted),
            rising,
            replaced,
            kept_in,
        }
    }

    /// The weight on its way, and since when it grows.
    fn grow(&self, rules: &Rules, wanted: Entry, now: u64) -> (Entry, Option<u64>) {
        let record = self.record;
        let whole = record.server.weight;
        let foreign = match self.standing {
            Standing::Foreign(_) => true,
            Standing::Lost => record.foreign.is_some(),
            _ => false,
        };
        let Some(time) = rules.slow_start else {
            return (wanted, None);
        };
        if foreign || wanted != Entry::Weight(whole) || record.verdict != Verdict::Up {
            let waits = record.verdict == Verdict::Unknown && !foreign;
            return (wanted, record.rising.filter(|_| waits));
        }
        let before = match self.standing {
            Standing::Lost => record.written.map_or(0, Entry::weight),
            _ => self.found.weight(),
        };
        let began = match record.rising {
            // It was well all the time, only not needed.
            _ if before == 0 && record.replaced => return (wanted, None),
            _ if before == 0 => now,
            Some(began) => began,
            None => return (wanted, None),
        };
        let weight = slow_start::weight(whole, time, now.saturating_sub(began)).max(before);
        if weight >= whole {
            (wanted, None)
        } else {
            (Entry::Weight(weight), Some(began))
        }
    }
}

/// What the probe wants of an entry that is its own, at its whole weight.
fn wish(rules: &Rules, record: &Record, found: Entry, kept_in: bool, replaced: bool) -> Entry {
    let own = Entry::Weight(record.server.weight);
    let muted = |entry| match entry {
        Entry::Weight(_) => Entry::Weight(0),
        Entry::Absent => Entry::Absent,
    };
    let left = match (found, record.written) {
        (Entry::Weight(_), _) => found,
        (Entry::Absent, Some(written)) => written,
        (Entry::Absent, None) => Entry::Weight(0),
    };
    // By hand goes before the checks.
    if record.is_out() {
        return muted(left);
    }
    let entry = match (record.verdict, rules.policy.on_failure) {
        (Verdict::Up, _) => own,
        (Verdict::Down, _) if kept_in => own,
        (Verdict::Down, OnFailure::Inhibit) => Entry::Weight(0),
        (Verdict::Down, OnFailure::Remove) => Entry::Absent,
        // While the checks have not spoken: as it was left, a new one without weight.
        (Verdict::Unknown, _) => left,
    };
    if replaced { muted(entry) } else { entry }
}
