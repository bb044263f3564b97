//! Virtual IP addresses and forwarding, for people and for scripts.

use std::io;

use serde::Serialize;

use crate::model::{Family, Vip};

use super::{Output, Style, grid};

/// A VIP and which of its parts are missing.
#[derive(Debug, Clone)]
pub struct VipLine {
    /// The VIP.
    pub vip: Vip,
    /// `mark`, `rule` or `route`; empty when packets reach IPVS.
    pub missing: Vec<&'static str>,
}

#[derive(Serialize)]
struct VipsJson {
    vips: Vec<VipJson>,
}

#[derive(Serialize)]
struct VipJson {
    address: String,
    mode: &'static str,
    mark: u32,
    table: u32,
    priority: u32,
    complete: bool,
    missing: Vec<&'static str>,
}

/// Writes a line for each VIP.
///
/// # Errors
/// The stream's.
pub fn vips(lines: &[VipLine], output: &mut Output) -> io::Result<()> {
    let rows = lines
        .iter()
        .map(|line| {
            vec![
                line.vip.address.to_string(),
                line.vip.mode.as_str().to_owned(),
                if line.missing.is_empty() {
                    "complete".to_owned()
                } else {
                    format!("missing: {}", line.missing.join(", "))
                },
                line.vip.mark.to_string(),
                line.vip.table.to_string(),
                line.vip.priority.to_string(),
            ]
        })
        .collect();
    let headings = ["VIP", "Mode", "State", "Mark", "Table", "Priority"];
    let mut styles = std::iter::once(Style::Heading).chain(lines.iter().map(|line| {
        if line.missing.is_empty() {
            Style::Plain
        } else {
            Style::Bad
        }
    }));
    for line in grid(&headings, 3, rows) {
        output.styled(&line, styles.next().unwrap_or(Style::Plain))?;
    }
    Ok(())
}

/// `{"vips":[...]}`.
///
/// # Errors
/// None in practice.
pub fn vips_json(lines: &[VipLine]) -> serde_json::Result<String> {
    serde_json::to_string(&VipsJson {
        vips: lines
            .iter()
            .map(|line| VipJson {
                address: line.vip.address.to_string(),
                mode: line.vip.mode.as_str(),
                mark: line.vip.mark,
                table: line.vip.table,
                priority: line.vip.priority,
                complete: line.missing.is_empty(),
                missing: line.missing.clone(),
            })
            .collect(),
    })
}

/// `{"ipv4":true,"ipv6":false}`; null where the kernel lacks the family.
///
/// # Errors
/// None in practice.
pub fn forwarding_json(states: &[(Family, Option<bool>)]) -> serde_json::Result<String> {
    let object: serde_json::Map<String, serde_json::Value> = states
        .iter()
        .map(|(family, state)| (family.as_str().to_owned(), (*state).into()))
        .collect();
    serde_json::to_string(&object)
}
