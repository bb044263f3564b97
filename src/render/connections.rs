//! Connections by service, for people and for scripts.

use std::fmt::{self, Write as _};
use std::io;
use std::net::{IpAddr, SocketAddr};

use serde::Serialize;

use crate::model::{Protocol, ServiceId};

use super::columns::Columns;
use super::{Names, Output, Style};

/// A connection of a service.
#[derive(Debug, Clone)]
pub struct ConnectionLine {
    /// `TCP`, ...; `IP` for a template of a fwmark service.
    pub protocol: String,
    /// `ESTABLISHED`, ...
    pub state: String,
    /// Seconds until it is forgotten.
    pub expires: u32,
    /// Where it comes from.
    pub client: (IpAddr, u16),
    /// Where it was sent.
    pub server: (IpAddr, u16),
    /// The persistence engine and its data.
    pub engine: Option<(String, String)>,
}

/// The connections of one service to one address.
#[derive(Debug, Clone)]
pub struct ConnectionGroup {
    /// The service, if it is still there.
    pub service: Option<ServiceId>,
    /// The address and port that clients connected to.
    pub at: (IpAddr, u16),
    /// The connections.
    pub connections: Vec<ConnectionLine>,
}

#[derive(Serialize)]
struct ConnectionsJson {
    connections: Vec<ConnectionJson>,
}

#[derive(Serialize)]
struct ConnectionJson {
    service: Option<String>,
    protocol: String,
    state: String,
    expires: u32,
    client: String,
    client_port: u16,
    virtual_address: String,
    virtual_port: u16,
    server: String,
    server_port: u16,
    persistence_engine: Option<String>,
    persistence_data: Option<String>,
}

impl ConnectionGroup {
    fn protocol(&self) -> Option<Protocol> {
        self.service.and_then(|id| id.protocol())
    }

    fn heading(&self, names: &Names, text: &mut String) -> fmt::Result {
        let Some(service) = &self.service else {
            names.write_endpoint(None, self.at, text);
            return text.write_str(" (no service any more)");
        };
        names.write_service(service, text)?;
        if !service
            .to_string()
            .ends_with(&SocketAddr::from(self.at).to_string())
        {
            text.write_str(" (")?;
            names.write_endpoint(self.protocol(), self.at, text);
            text.write_str(")")?;
        }
        Ok(())
    }
}

/// Minutes and seconds, as ipvsadm shows them.
fn clock(seconds: u32) -> String {
    format!("{:02}:{:02}", seconds / 60, seconds % 60)
}

/// Writes a heading for each group and a line for each connection.
///
/// # Errors
/// The stream's.
pub fn connections(
    groups: &[ConnectionGroup],
    names: &Names,
    output: &mut Output,
) -> io::Result<()> {
    let mut headings = vec!["Client", "Server", "Protocol", "State", "Expires"];
    let mut connections = groups.iter().flat_map(|group| &group.connections);
    if connections.any(|connection| connection.engine.is_some()) {
        headings.push("Engine");
    }
    let mut columns = Columns::new(&headings, 4);
    for group in groups {
        let protocol = group.protocol();
        columns.row(Style::Strong, |row| {
            row.write(|cell| group.heading(names, cell));
        });
        for connection in &group.connections {
            columns.row(Style::Plain, |row| {
                row.write(|cell| {
                    cell.push_str("  ");
                    names.write_endpoint(protocol, connection.client, cell);
                    Ok(())
                });
                row.write(|cell| {
                    cell.push_str("-> ");
                    names.write_endpoint(protocol, connection.server, cell);
                    Ok(())
                });
                row.cell(&connection.protocol)
                    .cell(&connection.state)
                    .cell(&clock(connection.expires));
                if let Some((name, data)) = &connection.engine {
                    row.write(|cell| write!(cell, "{name} {data}"));
                }
            });
        }
    }
    columns.write(output)
}

/// `{"connections":[...]}`.
///
/// # Errors
/// None in practice.
pub fn connections_json(groups: &[ConnectionGroup]) -> serde_json::Result<String> {
    let connections = groups
        .iter()
        .flat_map(|group| {
            group.connections.iter().map(|connection| ConnectionJson {
                service: group.service.map(|service| service.to_string()),
                protocol: connection.protocol.clone(),
                state: connection.state.clone(),
                expires: connection.expires,
                client: connection.client.0.to_string(),
                client_port: connection.client.1,
                virtual_address: group.at.0.to_string(),
                virtual_port: group.at.1,
                server: connection.server.0.to_string(),
                server_port: connection.server.1,
                persistence_engine: connection.engine.as_ref().map(|(name, _)| name.clone()),
                persistence_data: connection.engine.as_ref().map(|(_, data)| data.clone()),
            })
        })
        .collect();
    serde_json::to_string(&ConnectionsJson { connections })
}
