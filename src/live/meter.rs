//! Rates over the time that really passed, from counters.

use std::time::Duration;

use crate::model::{Counters, ServerState, ServiceState, Stats, Table};

/// The kernel adds up its processors' counters this often (`IPVS_EST_TICK`,
/// net/netfilter/ipvs/ip_vs_est.c); between two ticks they stand still.
const TICK: Duration = Duration::from_secs(2);

/// Turns readings of the table into tables whose rates are those since the
/// reading before. Of the first one, and of what was not there before, they are
/// the kernel's own estimate.
#[derive(Debug, Default)]
pub struct Meter {
    base: Option<(Duration, Table)>,
    shown: Table,
}

impl Meter {
    /// Takes a sorted table that was read at this moment of a clock that only goes
    /// forward, and gives it back with its rates per second.
    pub fn take(&mut self, at: Duration, table: Table) -> &Table {
        let mut measured = table.clone();
        match &self.base {
            None => {}
            Some((before, base)) => {
                let passed = at.saturating_sub(*before);
                // A reading between two ticks shows nothing new: that is no standstill.
                if same_counters(base, &table) && passed < 2 * TICK {
                    each(&mut measured, &self.shown, &|stats, shown| {
                        stats.rates = shown.rates;
                    });
                    self.shown = measured;
                    return &self.shown;
                }
                each(&mut measured, base, &|stats, before| {
                    stats.rates = rates(&before.totals, &stats.totals, passed);
                });
            }
        }
        self.base = Some((at, table));
        self.shown = measured;
        &self.shown
    }
}

/// Does something to the statistics of everything that was there before, too.
fn each(table: &mut [ServiceState], before: &[ServiceState], change: &dyn Fn(&mut Stats, &Stats)) {
    for state in table {
        let Some(service) = find_service(before, state) else {
            continue;
        };
        change(&mut state.stats, &service.stats);
        for server in &mut state.servers {
            if let Some(before) = find_server(&service.servers, server) {
                change(&mut server.stats, &before.stats);
            }
        }
    }
}

fn find_service<'a>(table: &'a [ServiceState], like: &ServiceState) -> Option<&'a ServiceState> {
    let place = table.binary_search_by_key(&like.service.id, |state| state.service.id);
    table.get(place.ok()?)
}

fn find_server<'a>(servers: &'a [ServerState], like: &ServerState) -> Option<&'a ServerState> {
    let place = servers.binary_search_by_key(&like.server.name(), |state| state.server.name());
    servers.get(place.ok()?)
}

fn same_counters(before: &[ServiceState], table: &[ServiceState]) -> bool {
    let same = |state: &ServiceState| {
        find_service(before, state).is_some_and(|it| it.stats.totals == state.stats.totals)
    };
    before.len() == table.len() && table.iter().all(same)
}

fn rates(before: &Counters, now: &Counters, passed: Duration) -> Counters {
    let rate = |before: u64, now: u64| {
        // Counters that were set to zero count from there.
        let difference = u128::from(now.checked_sub(before).unwrap_or(now));
        let milliseconds = passed.as_millis().max(1);
        let rate = (difference * 1000 + milliseconds / 2) / milliseconds;
        u64::try_from(rate).unwrap_or(u64::MAX)
    };
    Counters {
        connections: rate(before.connections, now.connections),
        packets_in: rate(before.packets_in, now.packets_in),
        packets_out: rate(before.packets_out, now.packets_out),
        bytes_in: rate(before.bytes_in, now.bytes_in),
        bytes_out: rate(before.bytes_out, now.bytes_out),
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::tests::table;
    use super::*;

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    /// Connections per second of the first service and its first server.
    fn shown(table: &Table) -> (u64, u64) {
        let rate = |stats: &Stats| stats.rates.connections;
        (rate(&table[0].stats), rate(&table[0].servers[0].stats))
    }

    /// A table in which everything has had so many connections.
    fn after(connections: u64) -> Table {
        let mut table = table(1, 2);
        for state in &mut table {
            state.stats.totals.connections = 2 * connections;
            for server in &mut state.servers {
                server.stats.totals.connections = connections;
            }
        }
        table
    }

    #[test]
    fn rates_are_over_the_time_that_passed() {
        let mut meter = Meter::default();
        meter.take(seconds(10.0), after(100));
        assert_eq!(shown(meter.take(seconds(12.5), after(150))), (40, 20));
        assert_eq!(shown(meter.take(seconds(14.5), after(151))), (1, 1));
    }

    #[test]
    fn the_first_reading_shows_the_kernels_estimate() {
        let mut table = after(100);
        table[0].stats.rates.connections = 7;
        assert_eq!(shown(Meter::default().take(seconds(1.0), table)), (7, 0));
    }

    #[test]
    fn a_reading_between_two_ticks_is_no_standstill() {
        let mut meter = Meter::default();
        meter.take(seconds(0.0), after(0));
        assert_eq!(shown(meter.take(seconds(2.0), after(100))), (100, 50));
        let mut between = after(100);
        between[0].servers[0].active = 9;
        let table = meter.take(seconds(3.0), between);
        assert_eq!((shown(table), table[0].servers[0].active), ((100, 50), 9));
        // From the last news on, not from the reading without any.
        assert_eq!(shown(meter.take(seconds(4.0), after(200))), (100, 50));
        // Two ticks without news are a standstill.
        assert_eq!(shown(meter.take(seconds(8.0), after(200))), (0, 0));
    }

    #[test]
    fn counters_set_to_zero_and_new_servers_do_no_harm() {
        let mut meter = Meter::default();
        meter.take(seconds(0.0), after(1000));
        assert_eq!(shown(meter.take(seconds(2.0), after(10))), (10, 5));
        let mut grown = table(2, 3);
        grown[1].stats.rates.connections = 3;
        let table = meter.take(seconds(4.0), grown);
        assert_eq!(table[1].stats.rates.connections, 3);
    }
}
