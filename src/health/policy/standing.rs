//! Whose an entry of the table is.

use crate::health::record::{Entry, Record};

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

/// Whose the entry is. `would` is what the probe would write, `own` the weight at
/// which it takes over an entry that it has no memory of.
pub(super) fn standing(record: &Record, found: Entry, would: Entry, own: Option<u32>) -> Standing {
    let Entry::Weight(weight) = found else {
        return match record.written {
            None => Standing::New,
            Some(Entry::Absent) => Standing::Own,
            Some(Entry::Weight(_)) => Standing::Lost,
        };
    };
    let emptied = weight == 0 && record.foreign == Some(0) && record.server.weight != 0;
    // Under somebody else's weight the last own one is history: they may drain from
    // there to the 0 that was once written for a failure.
    let current = record.foreign.is_none() || would == found;
    let remembered = (current && record.written == Some(found)) || record.pending == Some(found);
    let unknown = record.written.is_none() || record.foreign.is_some();
    let returned = (unknown && own == Some(weight)) || (weight != 0 && would == found);
    if !emptied && (remembered || returned) {
        Standing::Own
    } else {
        Standing::Foreign(weight)
    }
}
