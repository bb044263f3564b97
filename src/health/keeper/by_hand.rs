//! What is said by hand: who is drained, and who is no longer.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::{Keeper, words};
use crate::health::drains::Drain;
use crate::health::policy::Slot;
use crate::health::record::Entry;
use crate::health::spec::Roster;
use crate::health::state::Store;
use crate::model::Server;

impl<S: Store> Keeper<S> {
    /// Reads who is drained. To be called after the table was read: whoever drains
    /// writes the file before the table, so that a weight that was taken away for a
    /// drain is never taken for somebody else's.
    pub(super) fn heed_drains(&mut self, actual: &[Server], troubles: &mut BTreeSet<String>) {
        let drains = match self.store.drains() {
            Ok(drains) => drains,
            // Who was drained stays so.
            Err(error) => {
                let id = self.spec.id;
                troubles.insert(format!("{id}: cannot read who is drained: {error}"));
                return;
            }
        };
        let drains: FxHashMap<_, &Drain> = drains.iter().map(|it| (it.name(), it)).collect();
        let table: FxHashMap<_, &Server> = actual.iter().map(|s| (s.name(), s)).collect();
        let is_table = matches!(self.spec.roster, Roster::Table { .. });
        for (index, record) in self.state.servers.iter_mut().enumerate() {
            let name = record.server.name();
            let drain = drains.get(&name).copied();
            if record.drain.as_ref() == drain {
                continue;
            }
            let turn = match (&record.drain, drain) {
                (None, Some(drain)) => {
                    record.go_out(Entry::of(table.get(&name).copied()));
                    // It was drained before anybody knew it.
                    if record.server.weight == 0 {
                        record.server.weight = drain.weight_before.unwrap_or(0);
                    }
                    Some(words::drained_by(drain))
                }
                (Some(drain), None) => {
                    // Without a file the table had the only word on its weight.
                    if let (true, Some(weight @ 1..)) = (is_table, drain.weight_before) {
                        record.server.weight = weight;
                    }
                    Some(words::undrained())
                }
                _ => None,
            };
            if let Some(turn) = turn {
                let slot = Slot::Member(index);
                // What the checks said in the same moment is said, too.
                let said = self.turns.remove(&slot);
                let text = said.map_or(turn.clone(), |said| format!("{said}; {turn}"));
                self.turns.insert(slot, text);
            }
            record.drain = drain.cloned();
            self.unsaved = true;
        }
    }
}
