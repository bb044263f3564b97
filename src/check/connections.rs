//! Connections that get no further than their SYN: the kernel's list, looked at
//! twice.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::facts::Connections;
use crate::ipvs::{self, Connection};
use crate::model::Gather as _;
use crate::model::{ServiceState, Timeouts};

/// How long a connection may take to get beyond its SYN.
const SYN_PATIENCE: Duration = Duration::from_secs(1);
/// The kernel's time for a connection in this state.
const SYN_RECV: u32 = 60;
/// By how many seconds the last success must be older than what is stuck. What was
/// stuck before something was mended looks younger than it is: the server repeats its
/// answer, the client refuses it, and the kernel begins the state anew (`tcp_states`).
const DISTANCE: u32 = 5;
/// A machine with more active connections than this serves clients.
const BUSY: u64 = 20_000;

/// Client, virtual address, server.
pub(super) type Key = (SocketAddr, SocketAddr, SocketAddr);

/// The connections that are not beyond their SYN, and whether any are looked at.
pub(super) fn waiting(table: &[ServiceState]) -> Option<BTreeSet<Key>> {
    let servers = table.iter().flat_map(|state| &state.servers);
    let active: u64 = servers.map(|server| u64::from(server.active)).sum();
    if active == 0 || active > BUSY {
        return None;
    }
    let connections = ipvs::connections().ok()?;
    let waiting = connections.iter().filter(|it| it.state == "SYN_RECV");
    Some(waiting.map(key).gather())
}

fn key(connection: &Connection) -> Key {
    let place = |(address, port)| SocketAddr::new(address, port);
    (
        place(connection.client),
        place(connection.virtual_service),
        place(connection.server),
    )
}

/// Looks at the same connections again, when they have had their time. What got no
/// further counts only if nothing to the same server did since.
pub(super) fn stuck(
    first: Option<BTreeSet<Key>>,
    begin: Instant,
    timeouts: &Timeouts,
) -> BTreeMap<(SocketAddr, SocketAddr), Connections> {
    let mut found = BTreeMap::new();
    let Some(first) = first.filter(|first| !first.is_empty()) else {
        return found;
    };
    std::thread::sleep(SYN_PATIENCE.saturating_sub(begin.elapsed()));
    let connections = ipvs::connections().unwrap_or_default();
    let mut successes: BTreeMap<SocketAddr, u32> = BTreeMap::new();
    for connection in &connections {
        if let Some(age) = success(connection, timeouts) {
            let (_, _, server) = key(connection);
            let youngest = successes.entry(server).or_insert(age);
            *youngest = age.min(*youngest);
        }
    }
    for connection in connections {
        let key = key(&connection);
        let (_, target, server) = key;
        let age = SYN_RECV.saturating_sub(connection.expires);
        let later = successes
            .get(&server)
            .is_none_or(|success| age + DISTANCE < *success);
        if connection.state == "SYN_RECV" && first.contains(&key) && later {
            let entry: &mut Connections = found.entry((target, server)).or_default();
            entry.stuck += 1;
        }
    }
    found
}

/// Seconds since the last packet of a connection that was established, by what is
/// left of its time (`tcp_timeouts`, `ip_vs_proto_tcp.c`).
fn success(connection: &Connection, timeouts: &Timeouts) -> Option<u32> {
    let whole = match connection.state.as_str() {
        _ if connection.protocol != "TCP" => return None,
        "ESTABLISHED" => timeouts.tcp,
        "FIN_WAIT" => timeouts.tcp_fin,
        "TIME_WAIT" => 120,
        "CLOSE_WAIT" => 60,
        "LAST_ACK" => 30,
        _ => return None,
    };
    Some(whole.saturating_sub(connection.expires))
}
