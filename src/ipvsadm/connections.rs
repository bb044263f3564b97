//! The connection table as `-L -c` shows it.

use std::net::IpAddr;

use crate::ipvs::Connection;
use crate::model::Protocol;

use super::writer::Writer;

/// The headings; with the data of persistence engines if they are shown.
pub(super) fn title(engines: bool) -> String {
    let columns = format!(
        "pro expire {:<11} {:<18} {:<18}",
        "state", "source", "virtual"
    );
    let rest = if engines {
        format!("{:<18} {:<16} pe_data", "destination", "pe name")
    } else {
        "destination".to_owned()
    };
    format!("IPVS connection entries\n{columns} {rest}\n")
}

/// One connection.
pub(super) fn row(connection: &Connection, engines: bool, writer: &Writer<'_>) -> String {
    let protocol = match connection.protocol.as_str() {
        "TCP" => Protocol::Tcp,
        "UDP" => Protocol::Udp,
        "SCTP" => Protocol::Sctp,
        _ => Protocol::Other(0),
    };
    let name = |(address, port): (IpAddr, u16)| writer.endpoint(address, port, protocol);
    let expires = format!(
        "{:02}:{:02}",
        connection.expires / 60,
        connection.expires % 60
    );
    let columns = format!(
        "{:<3} {expires:<6} {:<11} {:<18} {:<18}",
        connection.protocol,
        connection.state,
        name(connection.client),
        name(connection.virtual_service),
    );
    let server = name(connection.server);
    match &connection.engine {
        Some((engine, data)) if engines => {
            format!("{columns} {server:<16} {engine:<18} {data}\n")
        }
        _ => format!("{columns} {server}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::names::NoNames;
    use super::*;

    #[test]
    fn rows_are_ipvsadms() {
        let mut connection = Connection {
            protocol: "TCP".to_owned(),
            client: ([192, 168, 10, 10].into(), 51204),
            virtual_service: ([192, 168, 100, 100].into(), 80),
            server: ([192, 168, 31, 101].into(), 80),
            state: "ESTABLISHED".to_owned(),
            expires: 898,
            engine: None,
        };
        let writer = Writer::new(true, false, &NoNames);
        assert_eq!(
            row(&connection, true, &writer),
            "TCP 14:58  ESTABLISHED 192.168.10.10:51204 192.168.100.100:80 192.168.31.101:80\n"
        );
        connection.engine = Some(("sip".to_owned(), "abc@x".to_owned()));
        connection.protocol = "UDP".to_owned();
        connection.state = "UDP".to_owned();
        assert_eq!(
            row(&connection, true, &writer),
            "UDP 14:58  UDP         192.168.10.10:51204 192.168.100.100:80 192.168.31.101:80 \
             sip                abc@x\n"
        );
        assert!(title(false).ends_with("virtual            destination\n"));
    }
}
