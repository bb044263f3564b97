//! What each service's rates were in the last minutes.

use std::collections::{HashMap, VecDeque};

use crate::model::{ServiceId, ServiceState};

/// How many readings are kept: four minutes at the kernel's own tick.
const KEPT: usize = 120;

/// Bars from nothing to the highest.
const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Connections per second of each service, the oldest first.
#[derive(Debug, Default)]
pub(super) struct History(HashMap<ServiceId, VecDeque<u64>>);

impl History {
    /// Takes in a reading; services that are gone are forgotten.
    pub(super) fn take(&mut self, table: &[ServiceState]) {
        let mut before = std::mem::take(&mut self.0);
        for state in table {
            let id = state.service.id;
            let mut rates = before.remove(&id).unwrap_or_default();
            rates.push_back(state.stats.rates.connections);
            if rates.len() > KEPT {
                rates.pop_front();
            }
            self.0.insert(id, rates);
        }
    }

    /// The last readings of a service as bars, the latest to the right, the highest
    /// of them a whole one.
    pub(super) fn sparkline(&self, id: &ServiceId, width: usize) -> String {
        let Some(rates) = self.0.get(id) else {
            return String::new();
        };
        let last = rates.len().saturating_sub(width);
        let highest = rates.iter().skip(last).copied().max().unwrap_or(0).max(1);
        let bar = |rate: &u64| {
            let eighths = (u128::from(*rate) * 8).div_ceil(u128::from(highest));
            let eighths = usize::try_from(eighths).unwrap_or(0);
            BARS.get(eighths).copied().unwrap_or(' ')
        };
        let bars: String = rates.iter().skip(last).map(bar).collect();
        format!("{bars:>width$}")
    }
}

/// A share as a bar of this many places, in eighths of a place.
pub(super) fn bar(share: u64, of: u64, width: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if of == 0 {
        return String::new();
    }
    let whole = u128::try_from(width).unwrap_or(0) * 8;
    let filled = (u128::from(share.min(of)) * whole + u128::from(of) / 2) / u128::from(of);
    let filled = usize::try_from(filled).unwrap_or(0);
    let rest = EIGHTHS.get(filled % 8).copied().unwrap_or("");
    "█".repeat(filled / 8) + rest
}

#[cfg(test)]
mod tests {
    use super::super::rows::tests::table;
    use super::*;

    #[test]
    fn the_highest_of_what_is_shown_is_a_whole_bar() {
        let mut history = History::default();
        let id = table(1, 0)[0].service.id;
        for rate in [800, 0, 1, 50, 100] {
            let mut table = table(1, 0);
            table[0].stats.rates.connections = rate;
            history.take(&table);
        }
        assert_eq!(history.sparkline(&id, 4), " ▁▄█");
        assert_eq!(history.sparkline(&id, 7), "  █ ▁▁▁");
        history.take(&[]);
        assert_eq!(history.sparkline(&id, 4), "");
    }

    #[test]
    fn shares_are_bars() {
        assert_eq!(bar(1, 2, 4), "██");
        assert_eq!(bar(1, 3, 4), "█▍");
        assert_eq!(bar(5, 3, 2), "██");
        assert_eq!(bar(0, 0, 4), "");
    }
}
