//! Reading the table: services and servers, in dumps that a writer cannot disturb
//! unnoticed.

use crate::model::{ServerState, Service, ServiceId, ServiceState, Stats, Table};
use crate::netlink::{self, Message, Request};

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

    fn sorted_servers(&mut self, id: &ServiceId) -> Result<Vec<ServerState>> {
        let mut servers = self.servers(id)?;
        servers.sort_by_key(|state| state.server.name());
        Ok(servers)
    }

    /// The whole table, services and servers sorted.
    ///
    /// Each dump is read once, and the number of entries is compared with what
    /// /proc/net/ip_vs shows, which is far cheaper than dumping all again: an entry
    /// that a writer made the dumps pass over or repeat does not go unnoticed, and
    /// all of it is read again.
    ///
    /// # Errors
    /// As [`Client::services`].
    pub fn table(&mut self) -> Result<Table> {
        for _ in 0..ATTEMPTS {
            let table = self.read_table()?;
            let entries =
                table.iter().map(|state| state.servers.len()).sum::<usize>() + table.len();
            let unique = |table: &Table| {
                table.is_sorted_by(|a, b| a.service.id < b.service.id)
                    && table.iter().all(|state| {
                        let servers = state.servers.iter().map(|state| state.server.name());
                        servers.is_sorted_by(|a, b| a < b)
                    })
            };
            // Where /proc is not mounted there is nothing to compare with.
            if unique(&table) && proc::count_entries().is_none_or(|count| count == entries) {
                return Ok(table);
            }
        }
        Err(Error::Netlink(netlink::Error::Disturbed))
    }

    fn read_table(&mut self) -> Result<Table> {
        let request = encode::request(self.family, command::GET_SERVICE);
        let services = self.socket.dump(&request, decode::service);
        let mut table = Vec::new();
        for (service, stats) in services.map_err(Error::from_netlink)? {
            let id = service.id;
            let request = encode::on_service(self.family, command::GET_DEST, &id);
            let read = |message: &Message<'_>| decode::server(message, id.family());
            let servers = self.socket.dump(&request, read);
            let mut servers = servers.map_err(Error::from_netlink)?;
            servers.sort_unstable_by_key(|state| state.server.name());
            table.push(ServiceState {
                service,
                stats,
                servers,
            });
        }
        table.sort_unstable_by_key(|state| state.service.id);
        Ok(table)
    }
}
