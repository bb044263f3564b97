//! The conversation with IPVS: one socket, the family's id asked for once,
//! changes in batches, the table in dumps.

use std::process::Command;

use neli::consts::socket::NlFamily;

use crate::model::{
    ServerState, Service, ServiceId, ServiceState, Stats, SyncDaemon, SyncRole, Table, TableStep,
    Timeouts,
};
use crate::netlink::{self, BATCH_LIMIT, Message, Request, Socket};
use crate::reconcile::{self, StepError};

use super::wire::{self, command, control};
use super::{Error, Result, daemon, decode, encode};

/// How often a dump is read again before a writer is called too busy.
const ATTEMPTS: usize = 10;

/// What `GET_INFO` answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Info {
    /// 0x010201 is 1.2.1.
    pub version: u32,
    /// Buckets of the connection table.
    pub table_size: u32,
}

/// An open line to the IPVS table of the current network namespace.
pub struct Client {
    socket: Socket,
    family: u16,
}

impl Client {
    /// Opens the line; the kernel loads the module ip_vs if it has to.
    ///
    /// # Errors
    /// [`Error::NoModule`] when there is no IPVS, or a failed conversation.
    /// Missing privilege shows with the first command only.
    pub fn open() -> Result<Self> {
        let mut socket = Socket::open(NlFamily::Generic).map_err(Error::Netlink)?;
        let mut modprobe = None;
        let mut family = resolve(&mut socket)?;
        if family.is_none() {
            // Kernels before 5.17 do not load the module by themselves.
            modprobe = load_module();
            family = resolve(&mut socket)?;
        }
        match family {
            Some(family) => Ok(Self { socket, family }),
            None => Err(Error::NoModule { modprobe }),
        }
    }

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

    /// The whole table, services and servers sorted. If services come or go
    /// while their servers are read, all of it is read again.
    ///
    /// # Errors
    /// As [`Client::services`].
    pub fn table(&mut self) -> Result<Table> {
        let ids = |services: &[(Service, Stats)]| -> Vec<ServiceId> {
            services.iter().map(|(service, _)| service.id).collect()
        };
        let mut services = self.services()?;
        for _ in 0..ATTEMPTS {
            let before = ids(&services);
            let mut table = Vec::with_capacity(services.len());
            for (service, stats) in services {
                let servers = self.sorted_servers(&service.id)?;
                table.push(ServiceState {
                    service,
                    stats,
                    servers,
                });
            }
            services = self.services()?;
            if ids(&services) == before {
                table.sort_by_key(|state| state.service.id);
                return Ok(table);
            }
        }
        Err(Error::Netlink(netlink::Error::Disturbed))
    }

    /// Sets counters to zero: of one service and its servers, or all of them.
    ///
    /// # Errors
    /// [`Error::NoService`], or as [`Client::services`].
    pub fn zero(&mut self, id: Option<&ServiceId>) -> Result<()> {
        let request = match id {
            Some(id) => encode::on_service(self.family, command::ZERO, id),
            None => encode::request(self.family, command::ZERO),
        };
        match (self.socket.execute(&request), id) {
            (Ok(()), _) => Ok(()),
            (Err(error), Some(id)) if error.errno() == Some(libc::ESRCH) => {
                Err(Error::NoService(*id))
            }
            (Err(error), _) => Err(Error::from_netlink(error)),
        }
    }

    /// Removes every service of this network namespace.
    ///
    /// # Errors
    /// As [`Client::services`].
    pub fn flush(&mut self) -> Result<()> {
        let request = encode::request(self.family, command::FLUSH);
        self.socket.execute(&request).map_err(Error::from_netlink)
    }

    /// The version of IPVS and the size of its connection table.
    ///
    /// # Errors
    /// As [`Client::services`].
    pub fn info(&mut self) -> Result<Info> {
        let request = encode::request(self.family, command::GET_INFO);
        let mut info = Info::default();
        let answer = self.socket.ask(&request, |message| {
            for attribute in message.attributes(wire::GENL_HEADER)? {
                let attribute = attribute?;
                match attribute.kind {
                    wire::info::VERSION => info.version = attribute.u32()?,
                    wire::info::CONN_TAB_SIZE => info.table_size = attribute.u32()?,
                    _ => {}
                }
            }
            Ok(())
        });
        answer.map_err(Error::from_netlink)?;
        Ok(info)
    }

    /// The timeouts of the connection table.
    ///
    /// # Errors
    /// As [`Client::services`].
    pub fn timeouts(&mut self) -> Result<Timeouts> {
        let request = encode::request(self.family, command::GET_CONFIG);
        let mut timeouts = Timeouts::default();
        let answer = self.socket.ask(&request, |message| {
            for attribute in message.attributes(wire::GENL_HEADER)? {
                let attribute = attribute?;
                match attribute.kind {
                    wire::top::TIMEOUT_TCP => timeouts.tcp = attribute.u32()?,
                    wire::top::TIMEOUT_TCP_FIN => timeouts.tcp_fin = attribute.u32()?,
                    wire::top::TIMEOUT_UDP => timeouts.udp = attribute.u32()?,
                    _ => {}
                }
            }
            Ok(())
        });
        answer.map_err(Error::from_netlink)?;
        Ok(timeouts)
    }

    /// Sets those timeouts that are not 0.
    ///
    /// # Errors
    /// As [`Client::services`].
    pub fn set_timeouts(&mut self, timeouts: &Timeouts) -> Result<()> {
        let mut request = encode::request(self.family, command::SET_CONFIG);
        request
            .attributes()
            .u32(wire::top::TIMEOUT_TCP, timeouts.tcp)
            .u32(wire::top::TIMEOUT_TCP_FIN, timeouts.tcp_fin)
            .u32(wire::top::TIMEOUT_UDP, timeouts.udp);
        self.socket.execute(&request).map_err(Error::from_netlink)
    }

    /// The synchronisation daemons: none, one, or one of each role.
    ///
    /// # Errors
    /// As [`Client::services`].
    pub fn daemons(&mut self) -> Result<Vec<SyncDaemon>> {
        let request = encode::request(self.family, command::GET_DAEMON);
        self.socket
            .dump(&request, daemon::decode)
            .map_err(Error::from_netlink)
    }

    /// Starts a synchronisation daemon.
    ///
    /// # Errors
    /// It runs already (EEXIST), there is no such interface (ENODEV), or as
    /// [`Client::services`].
    pub fn start_daemon(&mut self, settings: &SyncDaemon) -> Result<()> {
        let mut request = encode::request(self.family, command::NEW_DAEMON);
        daemon::encode(request.attributes(), settings);
        self.socket.execute(&request).map_err(Error::from_netlink)
    }

    /// Stops the synchronisation daemon of this role.
    ///
    /// # Errors
    /// It does not run (ESRCH), or as [`Client::services`].
    pub fn stop_daemon(&mut self, role: SyncRole) -> Result<()> {
        let mut request = encode::request(self.family, command::DEL_DAEMON);
        daemon::encode_role(request.attributes(), role);
        self.socket.execute(&request).map_err(Error::from_netlink)
    }

    /// Tries the steps in batches; stops behind the first batch that had a
    /// refusal.
    fn apply_steps(&mut self, steps: &[TableStep]) -> std::result::Result<(), Vec<(usize, Error)>> {
        let mut refused = Vec::new();
        for (number, chunk) in steps.chunks(BATCH_LIMIT).enumerate() {
            let start = number * BATCH_LIMIT;
            if !refused.is_empty() {
                refused.extend((start..start + chunk.len()).map(|index| (index, Error::NotTried)));
                continue;
            }
            let requests: Vec<Request> = chunk
                .iter()
                .map(|step| encode::step(self.family, step))
                .collect();
            match self.socket.batch(&requests) {
                Ok(outcome) => {
                    refused.extend(outcome.refused.into_iter().filter_map(|(index, refusal)| {
                        let step = chunk.get(index)?;
                        Some((start + index, Error::from_step(step, refusal)))
                    }));
                }
                Err(error) => {
                    refused.push((start, Error::from_netlink(error)));
                    refused.extend(
                        (start + 1..start + chunk.len()).map(|index| (index, Error::NotTried)),
                    );
                }
            }
        }
        if refused.is_empty() {
            Ok(())
        } else {
            Err(refused)
        }
    }
}

impl reconcile::Table for Client {
    fn apply(&mut self, steps: &[TableStep]) -> std::result::Result<(), Vec<(usize, StepError)>> {
        self.apply_steps(steps).map_err(|refused| {
            refused
                .into_iter()
                .map(|(index, error)| (index, error.into()))
                .collect()
        })
    }
}

/// Asks for the family's id; none when the kernel does not know it.
fn resolve(socket: &mut Socket) -> Result<Option<u16>> {
    let mut request = Request::new(
        control::FAMILY,
        &[control::GET_FAMILY, control::VERSION, 0, 0],
    );
    request
        .attributes()
        .string(control::ATTR_FAMILY_NAME, wire::FAMILY_NAME);
    let mut family = None;
    let answer = socket.ask(&request, |message| {
        let id = message
            .attributes(wire::GENL_HEADER)?
            .find(control::ATTR_FAMILY_ID)?
            .ok_or(netlink::Error::Malformed("a family without an id"))?;
        family = Some(id.u16()?);
        Ok(())
    });
    match answer {
        Ok(()) => Ok(family),
        Err(error) if error.errno() == Some(libc::ENOENT) => Ok(None),
        Err(error) => Err(Error::Netlink(error)),
    }
}

/// Runs modprobe(8); returns what it had to say if it did not work.
fn load_module() -> Option<String> {
    match Command::new("modprobe").arg("ip_vs").output() {
        Ok(output) if output.status.success() => None,
        Ok(output) => {
            let answer = String::from_utf8_lossy(&output.stderr);
            Some(
                answer
                    .lines()
                    .next()
                    .unwrap_or("modprobe failed")
                    .to_owned(),
            )
        }
        Err(error) => Some(format!("modprobe cannot be run: {error}")),
    }
}
