//! Reading the table: services and servers, in dumps that a writer cannot disturb
//! unnoticed.

use std::collections::HashMap;
use std::thread;

use crate::model::{Family, Forward, ServerState, Service, ServiceId, ServiceState, Stats, Table};
use crate::netlink::{self, Message, Request};

use super::sockopt::{Listed, Sockopt};
use super::wire::command;
use super::{Client, Error, Result, decode, encode, proc};

/// How often a dump is read again before a writer is called too busy.
const ATTEMPTS: usize = 10;

impl Client {
    /// All services with their statistics, in the kernel's order.
    ///
    /// # Errors
    /// No privilege, a writer that never paused, or a failed conversation; so
    /// too below.
    pub fn services(&mut self) -> Result<Vec<(Service, Stats)>> {
        let request = encode::request(self.family, command::GET_SERVICE);
        self.steady_dump(&request, decode::service, |(service, _)| service.id)
    }

    /// Reads a dump until nothing can be missing. IPVS goes on in a dump by
    /// counting entries and never says that it was disturbed: a deletion between
    /// two pieces makes it pass over others (`ip_vs_genl_dump_services`). What came
    /// in one piece is whole; anything else has to read the same twice in a row.
    fn steady_dump<T, K: PartialEq>(
        &mut self,
        request: &Request,
        read: impl Fn(&Message<'_>) -> netlink::Result<T>,
        key: impl Fn(&T) -> K,
    ) -> Result<Vec<T>> {
        let mut before: Option<Vec<K>> = None;
        for _ in 0..ATTEMPTS {
            let dump = self.socket.dump_in_pieces(request, &read);
            let dump = dump.map_err(Error::from_netlink)?;
            let keys = dump.items.iter().map(&key).collect();
            if dump.in_one_piece || before.as_ref() == Some(&keys) {
                return Ok(dump.items);
            }
            before = Some(keys);
        }
        Err(Error::Netlink(netlink::Error::Disturbed))
    }

    /// One service, or none if it is not there.
    ///
    /// # Errors
    /// As [`Client::services`].
    pub fn service(&mut self, id: &ServiceId) -> Result<Option<(Service, Stats)>> {
        let request = encode::on_service(self.family, command::GET_SERVICE, id);
        let mut found = None;
        let answer = self.socket.ask(&request, |message| {
            found = Some(decode::service(message)?);
            Ok(())
        });
        match answer {
            Ok(()) => Ok(found),
            Err(error) if error.errno() == Some(libc::ESRCH) => Ok(None),
            Err(error) => Err(Error::from_netlink(error)),
        }
    }

    /// The servers of a service, in the kernel's order; none if the service is
    /// not there.
    ///
    /// # Errors
    /// As [`Client::services`].
    pub fn servers(&mut self, id: &ServiceId) -> Result<Vec<ServerState>> {
        let request = encode::on_service(self.family, command::GET_DEST, id);
        self.steady_dump(
            &request,
            |message| decode::server(message, id.family()),
            |state| state.server.name(),
        )
    }

    /// One service with its servers, sorted, or none if it is not there.
    ///
    /// # Errors
    /// As [`Client::services`].
    pub fn service_state(&mut self, id: &ServiceId) -> Result<Option<ServiceState>> {
        let Some((service, stats)) = self.service(id)? else {
            return Ok(None);
        };
        let servers = self.sorted_servers(id)?;
        Ok(Some(ServiceState {
            service,
            stats,
            servers,
        }))
    }

    /// As [`Client::service_state`], but the counters of servers may be 0 and their rates
    /// cut to 32 bits; for far less where there are many.
    ///
    /// # Errors
    /// As [`Client::services`].
    pub fn service_settings(&mut self, id: &ServiceId) -> Result<Option<ServiceState>> {
        let Some((service, stats)) = self.service(id)? else {
            return Ok(None);
        };
        let quick = match id.family() {
            Family::Ipv4 => self.quick(),
            Family::Ipv6 => None,
        };
        let listed = quick.and_then(|quick| {
            let count = quick.count(id).ok()??;
            match quick.servers(id, count).ok()? {
                Listed::All(servers) if servers.len() == count => Some(servers),
                _ => None,
            }
        });
        let mut servers = match listed {
            Some(servers) => servers,
            None => self.servers(id)?,
        };
        sort_servers(&mut servers);
        Ok(Some(ServiceState {
            service,
            stats,
            servers,
        }))
    }

    /// The older interface, where there is one.
    fn quick(&mut self) -> Option<&mut Sockopt> {
        if self.quick.is_none() {
            self.quick = Sockopt::open().ok();
        }
        self.quick.as_mut()
    }

    fn sorted_servers(&mut self, id: &ServiceId) -> Result<Vec<ServerState>> {
        let mut servers = self.servers(id)?;
        sort_servers(&mut servers);
        Ok(servers)
    }

    /// The whole table, services and servers sorted.
    ///
    /// Each dump is read once, and the names in it compared with what
    /// /proc/net/ip_vs showed meanwhile, which is far cheaper than dumping all again. Their
    /// number would not do: a dump that passed over as many as were deleted has as
    /// many as are left. Where the names differ, a writer may have come between, or
    /// /proc passed over entries because other namespaces have services, too (Linux
    /// up to 7.0 counts those when it goes on behind a page); then everything has to
    /// read the same twice.
    ///
    /// # Errors
    /// As [`Client::services`].
    pub fn table(&mut self) -> Result<Table> {
        let (table, shown) = thread::scope(|scope| {
            // The kernel needs no common lock for the two, so a second processor helps.
            let shown = thread::Builder::new().spawn_scoped(scope, proc::Shown::read);
            let table = self.read_table();
            // Where /proc is not mounted, nothing is shown.
            let shown = shown.ok().and_then(|it| it.join().ok()?.ok());
            (table, shown)
        });
        let mut table = table?;
        let shown = shown.is_some_and(|it| it.is_of(&table));
        sort(&mut table);
        if shown && is_unique(&table) {
            return Ok(table);
        }
        self.steady_table()
    }

    /// One dump of everything, in the kernel's order.
    fn read_table(&mut self) -> Result<Table> {
        let request = encode::request(self.family, command::GET_SERVICE);
        let services = self.socket.dump(&request, decode::service);
        let mut table = Vec::new();
        for (service, stats) in services.map_err(Error::from_netlink)? {
            let id = service.id;
            let request = encode::on_service(self.family, command::GET_DEST, &id);
            let read = |message: &Message<'_>| decode::server(message, id.family());
            let servers = self.socket.dump(&request, read);
            table.push(ServiceState {
                service,
                stats,
                servers: servers.map_err(Error::from_netlink)?,
            });
        }
        Ok(table)
    }

    /// Reads until neither a dump nor the services in it were disturbed.
    fn steady_table(&mut self) -> Result<Table> {
        let ids = |services: &[(Service, Stats)]| -> Vec<ServiceId> {
            services.iter().map(|(service, _)| service.id).collect()
        };
        let mut services = self.services()?;
        for _ in 0..ATTEMPTS {
            let before = ids(&services);
            let mut table = Vec::with_capacity(services.len());
            for (service, stats) in services {
                let servers = self.servers(&service.id)?;
                table.push(ServiceState {
                    service,
                    stats,
                    servers,
                });
            }
            services = self.services()?;
            sort(&mut table);
            if ids(&services) == before && is_unique(&table) {
                return Ok(table);
            }
        }
        Err(Error::Netlink(netlink::Error::Disturbed))
    }

    /// The table with all settings, and the connections of servers; their counters are
    /// 0, and their rates may be cut to 32 bits.
    ///
    /// # Errors
    /// As [`Client::services`].
    pub fn settings_table(&mut self) -> Result<Table> {
        match self.quick_table(|_| true)? {
            Some(table) => Ok(table),
            None => self.table(),
        }
    }

    /// The table with all settings, connections and rates; counters of servers are 0.
    ///
    /// # Errors
    /// As [`Client::services`].
    pub fn rates_table(&mut self) -> Result<Table> {
        // The quick answer has rates of 32 bits. A service's rates, which come with 64,
        // are those of its servers together: where they fit with a bit to spare for
        // estimates made at different ticks, so do they.
        let fit = |stats: &Stats| stats.rates.largest() < 1 << 31;
        match self.quick_table(fit)? {
            Some(table) => Ok(table),
            None => self.table(),
        }
    }

    /// The table with all settings of services, and of servers what a list shows:
    /// method, weight and connections; everything else of them may be 0.
    ///
    /// # Errors
    /// As [`Client::services`].
    pub fn brief_table(&mut self) -> Result<Table> {
        if let Some(table) = self.quick_table(|_| true)? {
            return Ok(table);
        }
        // IPv6: one dump and one reading of /proc instead of a dump for each service.
        let request = encode::request(self.family, command::GET_SERVICE);
        let services = self.socket.dump(&request, decode::service);
        let services = services.map_err(Error::from_netlink)?;
        // Where /proc is not mounted, or leaves something open (tunnels, a mark in both
        // families), all is asked for.
        let shown = proc::steady_table().ok().flatten();
        match shown.and_then(|shown| join(services, shown)) {
            Some(table) => Ok(table),
            None => self.table(),
        }
    }

    /// The table by way of [`Sockopt`], which reads the servers of a service under the
    /// table's lock: none is lost or doubled, and nothing has to be read twice. The few that it
    /// cannot describe, and those of services for which its numbers do not `fit`, are
    /// asked for over netlink. None where there are IPv6 services, or no such interface.
    fn quick_table(&mut self, fit: impl Fn(&Stats) -> bool) -> Result<Option<Table>> {
        let services = self.services()?;
        let is_ipv4 = |(service, _): &(Service, Stats)| service.id.family() == Family::Ipv4;
        if !services.iter().all(is_ipv4) {
            return Ok(None);
        }
        let Some(quick) = self.quick() else {
            return Ok(None);
        };
        let counted = quick.services(services.len()).unwrap_or_default();
        let ids = services.iter().map(|(service, _)| service.id);
        if !ids.eq(counted.iter().map(|(id, _)| *id)) {
            // Somebody changed it meanwhile, or nothing can be asked there.
            return Ok(None);
        }
        let mut table = Vec::with_capacity(services.len());
        for ((service, stats), (id, count)) in services.into_iter().zip(counted) {
            let listed = match self.quick() {
                Some(quick) if fit(&stats) => quick.servers(&id, count),
                _ => Ok(Listed::Unclear),
            };
            let servers = match listed {
                // Fewer: some are of IPv6.
                Ok(Listed::All(servers)) if servers.len() == count => servers,
                // A service that was deleted meanwhile is no longer part of the table.
                Ok(Listed::Gone) => continue,
                Ok(Listed::All(_) | Listed::Unclear) | Err(_) => self.servers(&id)?,
            };
            table.push(ServiceState {
                service,
                stats,
                servers,
            });
        }
        sort(&mut table);
        Ok(Some(table))
    }
}

/// By what names them.
pub(super) fn sort(table: &mut Table) {
    table.sort_unstable_by_key(|state| state.service.id);
    for state in table {
        sort_servers(&mut state.servers);
    }
}

fn sort_servers(servers: &mut [ServerState]) {
    servers.sort_unstable_by_key(|state| state.server.name());
}

/// Whether a sorted table has no service and no server twice.
fn is_unique(table: &Table) -> bool {
    table.is_sorted_by(|a, b| a.service.id < b.service.id)
        && table.iter().all(|state| {
            let servers = state.servers.iter().map(|state| state.server.name());
            servers.is_sorted_by(|a, b| a < b)
        })
}

/// Gives the services of netlink the servers of /proc; none when the two do not
/// show the same services, or servers need more than /proc shows.
fn join(services: Vec<(Service, Stats)>, shown: Table) -> Option<Table> {
    let count = shown.len();
    let mut servers: HashMap<ServiceId, Vec<ServerState>> = HashMap::with_capacity(count);
    for state in shown {
        let tunnels = |state: &ServerState| matches!(state.server.forward, Forward::Tun(_));
        if state.servers.iter().any(tunnels) {
            return None;
        }
        servers.insert(proc::without_family(&state.service.id), state.servers);
    }
    if servers.len() != count || services.len() != count {
        return None;
    }
    let mut table = Vec::with_capacity(count);
    for (service, stats) in services {
        // Each is taken once: a service that stands twice finds nothing.
        let servers = servers.remove(&proc::without_family(&service.id))?;
        table.push(ServiceState {
            service,
            stats,
            servers,
        });
    }
    sort(&mut table);
    Some(table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Server, Tunnel};

    fn service(mark: u32, family: Family) -> (Service, Stats) {
        let service = Service::new(ServiceId::Fwmark { mark, family });
        (service, Stats::default())
    }

    fn shown(mark: u32, forward: Forward) -> ServiceState {
        let (service, stats) = service(mark, Family::Ipv4);
        let server = Server {
            address: [10, 0, 0, 1].into(),
            port: 0,
            forward,
            weight: 1,
            upper_threshold: 0,
            lower_threshold: 0,
        };
        ServiceState {
            service,
            stats,
            servers: vec![ServerState {
                server,
                active: 1,
                inactive: 2,
                persistent: 0,
                stats,
            }],
        }
    }

    #[test]
    fn services_find_their_servers() {
        let services = vec![service(2, Family::Ipv6), service(1, Family::Ipv4)];
        let both = vec![shown(1, Forward::Nat), shown(2, Forward::Nat)];
        let table = join(services, both).unwrap();
        assert_eq!(table[0].service.id.to_string(), "fwmark 1");
        assert_eq!(table[1].service.id.to_string(), "fwmark 2 IPv6");
        assert_eq!(table[1].servers[0].inactive, 2);
    }

    #[test]
    fn what_does_not_fit_is_read_whole() {
        let one = || vec![service(1, Family::Ipv4)];
        assert!(join(one(), vec![]).is_none());
        assert!(join(vec![], vec![shown(1, Forward::Nat)]).is_none());
        assert!(join(one(), vec![shown(2, Forward::Nat)]).is_none());
        assert!(join(one(), vec![shown(1, Forward::Tun(Tunnel::default()))]).is_none());
        let twice = vec![service(1, Family::Ipv4), service(1, Family::Ipv6)];
        assert!(join(twice, vec![shown(1, Forward::Nat), shown(1, Forward::Nat)]).is_none());
        let doubled = vec![service(1, Family::Ipv4), service(1, Family::Ipv4)];
        assert!(
            join(
                doubled,
                vec![shown(1, Forward::Nat), shown(3, Forward::Nat)]
            )
            .is_none()
        );
    }
}
