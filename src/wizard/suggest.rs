//! The answer that Enter gives, found by looking.

use std::net::SocketAddr;

use super::answers::{Answers, Health};
use super::key::Key;
use super::look::{Look, PAGES, Port, Standing};
use crate::config::{VipWay, VirtualServer};
use crate::model::Protocol;

/// The suggestion; none where nothing can be guessed.
pub(super) fn for_question(
    key: Key,
    answers: &Answers,
    ports: &[(SocketAddr, Port)],
    others: &[VirtualServer],
    look: &mut dyn Look,
) -> Option<String> {
    Some(match key {
        Key::Method => method(answers, look).to_owned(),
        Key::Health => health(answers, ports),
        Key::Virtualhost | Key::Sorry | Key::Persistence => "none".to_owned(),
        Key::Scheduler => "rr".to_owned(),
        Key::Way => way(answers, others, look).to_owned(),
        Key::Existing | Key::Service | Key::Vip | Key::Servers | Key::Boot => return None,
    })
}

/// Servers behind a router cannot have this machine as their gateway.
fn method(answers: &Answers, look: &mut dyn Look) -> &'static str {
    let maps = answers
        .servers
        .iter()
        .any(|it| it.port() != answers.vip.port());
    let away = |server: &SocketAddr| look.standing(server.ip()) == Standing::Away;
    if !maps && answers.servers.iter().all(away) {
        "tun"
    } else {
        "nat"
    }
}

/// A page that all servers have that answer at all.
fn health(answers: &Answers, ports: &[(SocketAddr, Port)]) -> String {
    let port = answers.vip.port();
    if answers.protocol != Protocol::Tcp {
        return if port == 53 { "dns" } else { "none" }.to_owned();
    }
    let answering: Vec<&Port> = ports
        .iter()
        .map(|(_, port)| port)
        .filter(|port| matches!(port, Port::Http(_) | Port::Open))
        .collect();
    let has = |path: &str| {
        let with = |port: &&Port| matches!(port, Port::Http(pages) if pages.contains(&path));
        !answering.is_empty() && answering.iter().all(with)
    };
    if let Some(path) = PAGES.into_iter().find(|path| has(path)) {
        return path.to_owned();
    }
    match port {
        443 | 8443 => "https /".to_owned(),
        80 | 8080 if answering.is_empty() => "/".to_owned(),
        _ => "tcp".to_owned(),
    }
}

/// As the address has it already; else on the net whose address it is.
fn way(answers: &Answers, others: &[VirtualServer], look: &mut dyn Look) -> &'static str {
    let address = answers.vip.ip();
    let twin = others
        .iter()
        .find(|other| other.service.id.address() == Some(address));
    match twin.map(|twin| twin.vip) {
        Some(VipWay::Fwmark) => return "fwmark",
        Some(VipWay::Address) => return "address",
        Some(VipWay::None) => return "none",
        None => {}
    }
    match look.standing(address) {
        Standing::Here(_) => "none",
        Standing::Connected(_) => "address",
        Standing::Away => "fwmark",
    }
}

impl Answers {
    pub(super) fn is_checked(&self) -> bool {
        !matches!(self.health, Health::None | Health::Unchanged)
    }
}
