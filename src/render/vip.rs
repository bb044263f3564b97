//! Virtual IP addresses and forwarding, for people and for scripts.

use std::io;
use std::net::IpAddr;

use serde::Serialize;

use crate::model::{Family, Vip};

use super::{Output, Style, grid};

/// A VIP and which of its parts are missing.
#[derive(Debug, Clone)]
pub struct VipLine {
    /// The VIP.
    pub vip: Vip,
    /// `mark`, `rule`, `route`, `address`, `ping` or `snat`; empty when it is complete.
    pub missing: Vec<&'static str>,
}

/// A VIP whose packets somebody else leads to IPVS.
#[derive(Debug, Clone, Serialize)]
pub struct VipByHand {
    /// The address.
    pub address: IpAddr,
    /// The mark that its packets get.
    pub mark: u32,
    /// Where the rules of nf_tables stand that set it: family, table, chain.
    pub rules: Vec<String>,
}

#[derive(Serialize)]
struct VipsJson<'a> {
    vips: Vec<VipJson>,
    by_hand: &'a [VipByHand],
}

#[derive(Serialize)]
struct VipJson {
    address: String,
    mode: &'static str,
    interface: Option<String>,
    mark: Option<u32>,
    table: Option<u32>,
    priority: Option<u32>,
    ping: bool,
    snat: bool,
    complete: bool,
    missing: Vec<&'static str>,
}

/// Writes a line for each VIP.
///
/// # Errors
/// The stream's.
pub fn vips(lines: &[VipLine], by_hand: &[VipByHand], output: &mut Output) -> io::Result<()> {
    if !lines.is_empty() {
        table(lines, output)?;
    }
    for vip in by_hand {
        output.line(&format!(
            "{} is led to IPVS by hand: mark {} set in {}; take it over with: lbctl vip add {0} \
             --adopt",
            vip.address,
            vip.mark,
            vip.rules.join(", ")
        ))?;
    }
    Ok(())
}

fn table(lines: &[VipLine], output: &mut Output) -> io::Result<()> {
    let rows = lines
        .iter()
        .map(|line| {
            vec![
                line.vip.address.to_string(),
                mode(&line.vip),
                if line.missing.is_empty() {
                    "complete".to_owned()
                } else {
                    format!("missing: {}", line.missing.join(", "))
                },
                shown(&line.vip, line.vip.mark),
                shown(&line.vip, line.vip.table),
                shown(&line.vip, line.vip.priority),
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

/// `fwmark`, `address eth0`, with what was asked for beyond that.
fn mode(vip: &Vip) -> String {
    let mut text = vip.mode.as_str().to_owned();
    if let Some(interface) = vip.interface() {
        text = format!("{text} {interface}");
    }
    for (flag, name) in [(vip.ping, "ping"), (vip.snat, "snat")] {
        if flag {
            text = format!("{text}, {name}");
        }
    }
    text
}

/// A number of mode fwmark.
fn number(vip: &Vip, value: u32) -> Option<u32> {
    vip.interface().is_none().then_some(value)
}

fn shown(vip: &Vip, value: u32) -> String {
    number(vip, value).map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// `{"vips":[...],"by_hand":[...]}`.
///
/// # Errors
/// None in practice.
pub fn vips_json(lines: &[VipLine], by_hand: &[VipByHand]) -> serde_json::Result<String> {
    serde_json::to_string(&VipsJson {
        vips: lines
            .iter()
            .map(|line| VipJson {
                address: line.vip.address.to_string(),
                mode: line.vip.mode.as_str(),
                interface: line.vip.interface().map(|name| name.to_string()),
                mark: number(&line.vip, line.vip.mark),
                table: number(&line.vip, line.vip.table),
                priority: number(&line.vip, line.vip.priority),
                ping: line.vip.ping,
                snat: line.vip.snat,
                complete: line.missing.is_empty(),
                missing: line.missing.clone(),
            })
            .collect(),
        by_hand,
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
