//! Which lines there are: services with their servers, sorted and filtered. Only
//! places are kept; lines are made of those that are seen.

use std::cmp::Reverse;

use crate::model::{ServerState, ServiceState, Stats};

use super::view::{SortKey, View};

/// A line: a service, or one of its servers, by their places in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    /// The service's place.
    pub service: usize,
    /// The server's place below it.
    pub server: Option<usize>,
}

/// The lines of a table in this view's order. A filter keeps the services that it
/// names with all their servers, and the servers that it names with their service.
pub(super) fn rows(table: &[ServiceState], view: &View) -> Vec<Row> {
    let filter = view.filter.to_lowercase();
    let names = |text: String| text.to_lowercase().contains(&filter);
    let mut services: Vec<usize> = (0..table.len()).collect();
    sort(&mut services, view.sort, |place| {
        let state = table.get(place);
        state.map(|state| (state.stats, active(state)))
    });
    let mut rows = Vec::new();
    for place in services {
        let Some(state) = table.get(place) else {
            continue;
        };
        let whole = filter.is_empty() || names(state.service.id.to_string());
        let kept = |server: &ServerState| whole || names(server.server.endpoint());
        let mut servers: Vec<usize> = Vec::new();
        let found = state.servers.iter().enumerate();
        servers.extend(found.filter_map(|(place, it)| kept(it).then_some(place)));
        if !whole && servers.is_empty() {
            continue;
        }
        rows.push(Row {
            service: place,
            server: None,
        });
        if view.services_only {
            continue;
        }
        sort(&mut servers, view.sort, |place| {
            let server = state.servers.get(place);
            server.map(|server| (server.stats, u64::from(server.active)))
        });
        rows.extend(servers.into_iter().map(|server| Row {
            service: place,
            server: Some(server),
        }));
    }
    rows
}

/// The active connections of all servers of a service.
pub(super) fn active(state: &ServiceState) -> u64 {
    let active = state.servers.iter().map(|server| u64::from(server.active));
    active.sum()
}

/// Sorts places of a table that is sorted by names; equal ones stay so.
fn sort(places: &mut [usize], key: SortKey, of: impl Fn(usize) -> Option<(Stats, u64)>) {
    let number = |place: &usize| {
        let (stats, active) = of(*place).unwrap_or_default();
        Reverse(match key {
            SortKey::Name => 0,
            SortKey::Connections => stats.rates.connections,
            SortKey::BytesIn => stats.rates.bytes_in,
            SortKey::BytesOut => stats.rates.bytes_out,
            SortKey::Active => active,
        })
    };
    if key != SortKey::Name {
        places.sort_by_cached_key(number);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::model::{Forward, Protocol, Server, Service, ServiceId, Table};

    /// So many services 192.0.2.1:80 and on, each with so many servers 10.0.0.1:80
    /// and on.
    pub(in super::super) fn table(services: u8, servers: u8) -> Table {
        let server = |number: u8| ServerState {
            server: Server {
                address: [10, 0, 0, number].into(),
                port: 80,
                forward: Forward::Nat,
                weight: 1,
                upper_threshold: 0,
                lower_threshold: 0,
            },
            active: 0,
            inactive: 0,
            persistent: 0,
            stats: Stats::default(),
        };
        let service = |number: u8| ServiceState {
            service: Service::new(ServiceId::Address {
                protocol: Protocol::Tcp,
                address: [192, 0, 2, number].into(),
                port: 80,
            }),
            stats: Stats::default(),
            servers: (1..=servers).map(server).collect(),
        };
        (1..=services).map(service).collect()
    }

    fn places(table: &[ServiceState], view: &View) -> Vec<(usize, Option<usize>)> {
        let rows = rows(table, view);
        rows.iter().map(|row| (row.service, row.server)).collect()
    }

    #[test]
    fn sorted_by_what_was_asked_for() {
        let mut table = table(2, 2);
        table[1].stats.rates.connections = 9;
        table[1].servers[1].stats.rates.connections = 9;
        let mut view = View::default();
        let by_name = [
            (0, None),
            (0, Some(0)),
            (0, Some(1)),
            (1, None),
            (1, Some(0)),
            (1, Some(1)),
        ];
        assert_eq!(places(&table, &view), by_name);
        view.sort = SortKey::Connections;
        let by_connections = [
            (1, None),
            (1, Some(1)),
            (1, Some(0)),
            (0, None),
            (0, Some(0)),
            (0, Some(1)),
        ];
        assert_eq!(places(&table, &view), by_connections);
        view.services_only = true;
        assert_eq!(places(&table, &view), [(1, None), (0, None)]);
    }

    #[test]
    fn filtered_by_service_or_server() {
        let table = table(2, 2);
        let filtered = |filter: &str| {
            let view = View {
                filter: filter.to_owned(),
                ..View::default()
            };
            places(&table, &view)
        };
        assert_eq!(
            filtered("192.0.2.2"),
            [(1, None), (1, Some(0)), (1, Some(1))]
        );
        assert_eq!(
            filtered("10.0.0.2"),
            [(0, None), (0, Some(1)), (1, None), (1, Some(1))]
        );
        assert_eq!(filtered("TCP").len(), 6);
        assert_eq!(filtered("nowhere"), []);
    }
}
