//! The half of a run that shows: reads from the kernel, hands to `list`, `save`
//! and `connections`, and writes.

use std::io;

use crate::ipvs;
use crate::model::{Service, ServiceState, Stats, Table};

use super::failure::Failure;
use super::invocation::{ListRequest, Subject, View};
use super::message::{Operation, sentence};
use super::run::{Session, Stop};
use super::writer::Writer;
use super::{connections, list, order, save};

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
                let table = self.table(request.sorted)?;
                self.write(&table, Some(request.view), &writer)
            }
            Subject::Service(id) => {
                let found = self.client.service(&id).map_err(|error| unshown(&error))?;
                let found = found.ok_or_else(|| unshown(&ipvs::Error::NoService(id)))?;
                let state = self.state(found, request.sorted)?;
                self.write(&[state], Some(request.view), &writer)
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
        let table = self.table(true)?;
        self.write(&table, None, &writer)
    }

    fn table(&mut self, sorted: bool) -> Result<Table, Stop> {
        if sorted {
            let mut table = self.client.table().map_err(|error| unshown(&error))?;
            order::table(&mut table);
            return Ok(table);
        }
        // In the kernel's order.
        let services = self.client.services().map_err(|error| unshown(&error))?;
        services
            .into_iter()
            .map(|service| self.state(service, false))
            .collect()
    }

    fn state(
        &mut self,
        (service, stats): (Service, Stats),
        sorted: bool,
    ) -> Result<ServiceState, Stop> {
        let servers = self.client.servers(&service.id);
        let mut servers = servers.map_err(|error| unshown(&error))?;
        if sorted {
            order::servers(&mut servers);
        }
        Ok(ServiceState {
            service,
            stats,
            servers,
        })
    }

    /// Writes services with their servers: in a view, or as command lines.
    fn write(
        &mut self,
        table: &[ServiceState],
        view: Option<View>,
        writer: &Writer<'_>,
    ) -> Result<(), Stop> {
        if let Some(view) = view {
            self.output.write_all(list::title(view).as_bytes())?;
        }
        for state in table {
            let text = match view {
                Some(view) => list::service(state, view, writer),
                None => save::service(state, writer),
            };
            self.output.write_all(text.as_bytes())?;
        }
        Ok(())
    }
}

fn unshown(error: &ipvs::Error) -> Stop {
    Failure::unshown(&sentence(Operation::FindService, error)).into()
}
