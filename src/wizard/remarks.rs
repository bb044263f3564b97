//! What is said behind an answer: what looking found, and what to do about it.
//! Nothing here refuses an answer, since servers may come later.

use std::net::SocketAddr;

use super::answers::{Answers, Method};
use super::key::Key;
use super::look::{Look, Port, Standing};
use crate::config::VipWay;
use crate::health::Check;
use crate::model::Protocol;

/// A line each.
pub(super) fn after(
    key: Key,
    answers: &Answers,
    ports: &[(SocketAddr, Port)],
    look: &mut dyn Look,
) -> Vec<String> {
    match key {
        Key::Vip => vec![of_vip(answers, look)],
        Key::Servers => of_servers(ports),
        Key::Method => of_method(answers, look),
        Key::Health if !answers.is_page() => of_checks(answers, look),
        Key::Virtualhost => of_checks(answers, look),
        Key::Sorry => of_sorry(answers, look),
        Key::Way => of_way(answers, look),
        _ => Vec::new(),
    }
}

fn of_vip(answers: &Answers, look: &mut dyn Look) -> String {
    let address = answers.vip.ip();
    match look.standing(address) {
        Standing::Here(interface) => {
            format!("{address} is an address of this machine, on {interface}")
        }
        Standing::Connected(interface) => {
            format!("{address} is in the net of {interface}, and not on this machine yet")
        }
        Standing::Away => {
            format!("{address} is in no net of this machine; clients need a route to it, via here")
        }
    }
}

fn of_servers(ports: &[(SocketAddr, Port)]) -> Vec<String> {
    ports
        .iter()
        .map(|(server, port)| said(*server, port))
        .collect()
}

fn said(server: SocketAddr, port: &Port) -> String {
    match port {
        Port::Http(pages) if pages.is_empty() => format!("{server} answers HTTP"),
        Port::Http(pages) => format!("{server} answers HTTP and has {}", pages.join(", ")),
        Port::Open => format!("{server} takes connections"),
        Port::Refused => format!(
            "{server} refuses connections: nothing listens there; start it, or name the right port"
        ),
        Port::Silent(why) => format!("{server}: {why}; is it on, and the address right?"),
    }
}

fn of_method(answers: &Answers, look: &mut dyn Look) -> Vec<String> {
    if answers.method == Method::Tun {
        return Vec::new();
    }
    let standings = answers.servers.iter().map(SocketAddr::ip);
    let away = standings.filter(|server| look.standing(*server) == Standing::Away);
    away.map(|server| match answers.method {
        Method::Dr => format!("{server} is in no net of this machine: dr cannot reach it, tun can"),
        _ => format!(
            "{server} is behind a router: its replies come back here only if that router sends \
             them here"
        ),
    })
    .collect()
}

/// The check that was just described, tried once.
fn of_checks(answers: &Answers, look: &mut dyn Look) -> Vec<String> {
    if !answers.is_checked() {
        return Vec::new();
    }
    let wanted = answers.virtual_server(None);
    let checks: Vec<Check> = wanted
        .real_servers
        .iter()
        .filter_map(|real| Check::new(real.check.as_ref()?, &real.server).ok())
        .collect();
    let total = checks.len();
    let unwell = look.unwell(checks);
    if unwell.is_empty() {
        return vec![format!("{total} of {total} servers pass this check")];
    }
    let hint = unwell.iter().find_map(|(_, why)| of_certificate(why));
    unwell
        .into_iter()
        .map(|(server, why)| format!("{server} does not pass this check: {why}"))
        .chain(hint)
        .collect()
}

/// What to answer instead, where a certificate is not what the check wants.
fn of_certificate(why: &str) -> Option<String> {
    if why.contains("certificate is for ") {
        return Some(
            "a certificate is of a name: say one of those as the host name to ask for".to_owned(),
        );
    }
    why.contains("certificate is not trusted").then(|| {
        "if an authority of your own made it: https /PATH ca FILE, with that authority's \
         certificate; to trust any: https /PATH unverified"
            .to_owned()
    })
}

/// Who forgets the port of a sorry server gets the service's.
fn of_sorry(answers: &Answers, look: &mut dyn Look) -> Vec<String> {
    let (Some(sorry), Protocol::Tcp) = (answers.sorry, answers.protocol) else {
        return Vec::new();
    };
    let found = look.ports(&[sorry]);
    let mut lines = of_servers(&found);
    let is_dead = found
        .iter()
        .any(|(_, port)| matches!(port, Port::Refused | Port::Silent(_)));
    if is_dead && sorry.port() != 80 {
        let usual = SocketAddr::new(sorry.ip(), 80);
        if matches!(
            look.ports(&[usual]).as_slice(),
            [(_, Port::Http(_) | Port::Open)]
        ) {
            lines.push(format!(
                "{usual} answers: without a port it is the service's, {}; say {usual} if that is \
                 meant",
                answers.vip.port()
            ));
        }
    }
    lines
}

fn of_way(answers: &Answers, look: &mut dyn Look) -> Vec<String> {
    let address = answers.vip.ip();
    let line = match (answers.way, look.standing(address)) {
        (VipWay::Fwmark | VipWay::Address, Standing::Here(interface)) => format!(
            "{address} is on {interface} already and needs no way in; none would leave it alone"
        ),
        (VipWay::Fwmark, Standing::Connected(interface)) => format!(
            "nobody on {interface} answers ARP for {address} then: its neighbours need a route, or \
             say address"
        ),
        (VipWay::None, Standing::Connected(_) | Standing::Away) => format!(
            "{address} is not on this machine: until somebody sees to that, no packet gets to IPVS"
        ),
        _ => return Vec::new(),
    };
    vec![line]
}
