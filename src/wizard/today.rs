//! A service of the file as the answers that would give it, to be the defaults of
//! whoever changes it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::key::Key;
use super::parse;
use crate::config::{CheckKind, HttpQuestion, VipWay, VirtualServer};
use crate::model::{Protocol, Server, ServiceId, format_duration};

/// The word for a check that is not one of those asked about.
pub(super) const UNCHANGED: &str = "unchanged";

/// Today's answers; none for a service that the questions cannot describe: by mark,
/// sctp, all ports.
#[must_use]
pub fn today(server: &VirtualServer) -> Option<BTreeMap<Key, String>> {
    let ServiceId::Address {
        protocol,
        address,
        port: port @ 1..,
    } = server.service.id
    else {
        return None;
    };
    let vip = SocketAddr::new(address, port);
    let vip = match protocol {
        Protocol::Tcp => vip.to_string(),
        Protocol::Udp => format!("{vip}/udp"),
        _ => return None,
    };
    let endpoint = |server: &Server| SocketAddr::new(server.address, server.port).to_string();
    let servers: Vec<String> = server
        .real_servers
        .iter()
        .map(|real| endpoint(&real.server))
        .collect();
    let none = || "none".to_owned();
    let host = |question: &HttpQuestion| {
        let host = question.request.virtualhost();
        host.map_or_else(none, str::to_owned)
    };
    let (health, virtualhost) = match server.check.as_ref().map(|check| &check.kind) {
        None => (none(), none()),
        Some(CheckKind::Http(question)) => (question.request.path().to_owned(), host(question)),
        Some(CheckKind::Https(question, trust)) => {
            let whom = parse::trust_text(trust);
            let page = format!("https {}{whom}", question.request.path());
            (page, host(question))
        }
        Some(kind @ (CheckKind::Tcp | CheckKind::Dns { .. } | CheckKind::Ping)) => {
            (kind.as_str().to_owned(), none())
        }
        Some(CheckKind::Exec(_) | CheckKind::Udp { .. }) => (UNCHANGED.to_owned(), none()),
    };
    let sorry = server.sorry.as_ref();
    let persistence = server
        .service
        .persistence_timeout
        .map(|seconds| format_duration(Duration::from_secs(seconds.into())));
    let way = match server.vip {
        VipWay::Fwmark => "fwmark",
        VipWay::Address => "address",
        VipWay::None => "none",
    };
    Some(BTreeMap::from([
        (Key::Vip, vip),
        (Key::Servers, servers.join(", ")),
        (Key::Method, server.forward.as_str().to_owned()),
        (Key::Health, health),
        (Key::Virtualhost, virtualhost),
        (
            Key::Sorry,
            sorry.map_or_else(none, |sorry| endpoint(&sorry.server)),
        ),
        (Key::Scheduler, server.service.scheduler.to_string()),
        (
            Key::Persistence,
            persistence.map_or_else(none, |time| time.replace(' ', "")),
        ),
        (Key::Way, way.to_owned()),
    ]))
}
