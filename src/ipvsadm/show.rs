//! The half of a run that shows: reads from the kernel, hands to `list`, `save`
//! and `connections`, and writes.

use std::io;

use crate::ipvs;
use crate::model::{ServerState, Service, ServiceId, ServiceState, Stats};

use super::failure::Failure;
use super::invocation::{ListRequest, Subject, View};
use super::message::{Operation, sentence};
use super::run::{Session, Stop};
use super::writer::Writer;
use super::{connections, list, order, save};

/// Bytes of a list that are written together.
const CHUNK: usize = 64 * 1024;

/// `-v`: what is imitated.
const VERSION: &str = "ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)\n";

impl Session<'_> {
    /// The version.
    pub(super) fn version(&mut self) -> io::Result<()> {
        self.output.write_all(VERSION.as_bytes())
    }

    /// The usage.
    pub(super) fn help(&mut self) -> io::Result<()> {
        let usage = include_str!("help.txt").replace("PROGRAM", self.name);
        write!(self.output, "{VERSION}{usage}")
    }

    /// Shows what is asked for.
    pub(super) fn list(&mut self, request: &ListRequest) -> Result<(), Stop> {
        let writer = Writer::new(request.numeric, request.exact, self.names);
        match request.subject {
            Subject::Table => {
                self.output.write_all(list::version(self.info).as_bytes())?;
                let services = self.client.services().map_err(|error| unshown(&error))?;
                self.services(services, Some(request.view), request.sorted, &writer)
            }
            Subject::Service(id) => {
                let found = self.client.service(&id).map_err(|error| unshown(&error))?;
                let found = found.ok_or_else(|| unshown(&ipvs::Error::NoService(id)))?;
                self.services(vec![found], Some(request.view), request.sorted, &writer)
            }
            Subject::Connections => {
                let engines = request.view == View::PersistentConnections;
                let connections = ipvs::connections()
                    .map_err(|_| Failure::unshown("cannot open file /proc/net/ip_vs_conn"))?;
                self.output
                    .write_all(connections::title(engines).as_bytes())?;
                for connection in &connections {
                    let row = connections::row(connection, engines, &writer);
                    self.output.write_all(row.as_bytes())?;
                }
                Ok(())
            }
            Subject::Timeouts => {
                let timeouts = self.client.timeouts().map_err(|_| Failure::unshown(""))?;
                Ok(self
                    .output
                    .write_all(list::timeouts(&timeouts).as_bytes())?)
            }
            Subject::Daemons => {
                let daemons = self.client.daemons().map_err(|_| Failure::unshown(""))?;
                for daemon in &daemons {
                    self.output.write_all(list::daemon(daemon).as_bytes())?;
                }
                Ok(())
            }
        }
    }

    /// Writes the table as command lines.
    pub(super) fn save(&mut self, numeric: bool) -> Result<(), Stop> {
        let writer = Writer::new(numeric, false, self.names);
        let services = self.client.services().map_err(|error| unshown(&error))?;
        self.services(services, None, true, &writer)
    }

    /// Writes services with their servers: in a view, or as command lines.
    fn services(
        &mut self,
        mut services: Vec<(Service, Stats)>,
        view: Option<View>,
        sorted: bool,
        writer: &Writer<'_>,
    ) -> Result<(), Stop> {
        if sorted {
            order::services(&mut services);
        }
        let mut text = view.map_or_else(String::new, list::title);
        for (service, stats) in services {
            let servers = self.servers(&service.id, sorted)?;
            let state = ServiceState {
                service,
                stats,
                servers,
            };
            text += &match view {
                Some(view) => list::service(&state, view, writer),
                None => save::service(&state, writer),
            };
            if text.len() >= CHUNK {
                self.output.write_all(text.as_bytes())?;
                text.clear();
            }
        }
        Ok(self.output.write_all(text.as_bytes())?)
    }

    fn servers(&mut self, id: &ServiceId, sorted: bool) -> Result<Vec<ServerState>, Stop> {
        let mut servers = self.client.servers(id).map_err(|error| unshown(&error))?;
        if sorted {
            order::servers(&mut servers);
        }
        Ok(servers)
    }
}

fn unshown(error: &ipvs::Error) -> Stop {
    Failure::unshown(&sentence(Operation::FindService, error)).into()
}
