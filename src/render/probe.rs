//! What a probe found, for people and for scripts.

use std::io;
use std::net::SocketAddr;

use crate::health::{ProbeReport, ServerReport, ServerStatus};

use super::{Output, Style, grid};

fn word(status: ServerStatus) -> (&'static str, Style) {
    match status {
        ServerStatus::Up => ("up", Style::Good),
        ServerStatus::Down => ("down", Style::Bad),
        ServerStatus::Unknown => ("unknown", Style::Warning),
        ServerStatus::Drained => ("drained", Style::Warning),
        ServerStatus::Maintenance => ("maintenance", Style::Warning),
    }
}

fn row(server: &ServerReport, name: &str) -> Vec<String> {
    vec![
        format!("  -> {}", SocketAddr::new(server.address, server.port)),
        name.to_owned(),
        server.reason.clone().unwrap_or_default(),
        server
            .weight
            .map_or_else(|| "out".to_owned(), |weight| weight.to_string()),
    ]
}

/// Writes a line for each service and each server.
///
/// # Errors
/// The stream's.
pub fn probe(report: &ProbeReport, output: &mut Output) -> io::Result<()> {
    let mut rows = Vec::new();
    let mut styles = vec![Style::Heading];
    for service in &report.services {
        rows.push(vec![
            service.service.clone(),
            String::new(),
            String::new(),
            String::new(),
        ]);
        styles.push(Style::Strong);
        for server in &service.servers {
            let (name, style) = word(server.state);
            rows.push(row(server, name));
            styles.push(style);
        }
        if let Some(sorry) = &service.sorry {
            rows.push(row(sorry, "sorry server"));
            styles.push(Style::Faint);
        }
    }
    let lines = grid(&["Service", "State", "Last result", "Weight"], 3, rows);
    for (line, style) in lines.iter().zip(styles) {
        output.styled(line, style)?;
    }
    Ok(())
}

/// The report as JSON.
///
/// # Errors
/// None in practice.
pub fn probe_json(report: &ProbeReport) -> serde_json::Result<String> {
    serde_json::to_string(report)
}
