//! `real_server` and `sorry_server`, and how packets get to them.

use std::net::IpAddr;

use super::Importer;
use super::block::Statement;
use super::lexer::Place;
use super::settings::Settings;
use crate::config::{Check, CheckKind, RealServer, SorryServer};
use crate::formats::translation::{Draft, with_placeholders};
use crate::model::{Forward, Server, ServiceId, Tunnel, TunnelChecksum, TunnelKind};

/// A server as it is written, before it is known of which service.
#[derive(Debug)]
pub(super) struct Written {
    place: Place,
    pub(super) address: IpAddr,
    port: Option<u16>,
    forward: Option<Forward>,
    weight: u32,
    upper_threshold: u32,
    lower_threshold: u32,
    pub(super) inhibit: bool,
    check: Option<Check>,
}

impl Importer {
    /// `IP [PORT]` behind a keyword.
    fn endpoint(&mut self, statement: &Statement) -> Option<(IpAddr, Option<u16>)> {
        let Some(address) = statement.word(1).and_then(|word| word.parse().ok()) else {
            self.left_out(
                statement,
                "it is no IP address, and keepalived looks no names up",
            );
            return None;
        };
        match statement.word(2).map(str::parse) {
            None => Some((address, None)),
            Some(Ok(port)) => Some((address, Some(port).filter(|port| *port != 0))),
            Some(Err(_)) => {
                self.left_out(statement, "its port is no number from 0 to 65535");
                None
            }
        }
    }

    pub(super) fn sorry_server(&mut self, statement: &Statement) -> Option<(IpAddr, Option<u16>)> {
        let found = self.endpoint(statement);
        if let Some((address, None)) = found {
            self.remark(
                statement.place,
                format!("the sorry server {address} has no port; it has the service's"),
            );
        }
        found
    }

    pub(super) fn real_server(
        &mut self,
        statement: &Statement,
        settings: &Settings,
    ) -> Option<Written> {
        let (address, port) = self.endpoint(statement)?;
        if port.is_none() {
            self.remark(
                statement.place,
                format!("the real server {address} has no port; it has the service's"),
            );
        }
        let mut timers = settings.timers.clone();
        let mut written = Written {
            place: statement.place,
            address,
            port,
            forward: None,
            weight: settings.weight.unwrap_or(1),
            upper_threshold: 0,
            lower_threshold: 0,
            inhibit: settings.inhibit,
            check: None,
        };
        let mut checkers = Vec::new();
        for inner in statement.inside() {
            if self.timer(inner, &mut timers) {
                continue;
            }
            match inner.keyword() {
                "weight" => written.weight = self.weight(inner).unwrap_or(written.weight),
                "uthreshold" => written.upper_threshold = self.weight(inner).unwrap_or_default(),
                "lthreshold" => written.lower_threshold = self.weight(inner).unwrap_or_default(),
                "lvs_method" | "lb_kind" => written.forward = self.method(inner),
                "inhibit_on_failure" => {
                    if !settings.inhibit {
                        self.left_out(
                            inner,
                            "lbctl has it for a virtual server, not for one of its servers; \
                             it is taken if all of them say it",
                        );
                    }
                    written.inhibit = true;
                }
                keyword if keyword.ends_with("_CHECK") || keyword.ends_with("_GET") => {
                    checkers.push(inner);
                }
                _ => self.odd(inner),
            }
        }
        written.check = self.check_of(&checkers, &timers);
        if let Some(check) = &mut written.check
            && let CheckKind::Exec(words) = &mut check.kind
        {
            let port = check.port.or(port).unwrap_or_default();
            *words = with_placeholders(std::mem::take(words), address, port);
        }
        Some(written)
    }

    /// `NAT`, `DR` or `TUN [type ipip|gue port N|gre] [nocsum|csum|remcsum]`.
    pub(super) fn method(&mut self, statement: &Statement) -> Option<Forward> {
        let mut words = statement.words.iter().skip(1).map(String::as_str);
        match words.next().map(str::to_ascii_uppercase).as_deref() {
            Some("NAT") => return Some(Forward::Nat),
            Some("DR") => return Some(Forward::Dr),
            Some("TUN") => {}
            _ => {
                self.left_out(statement, "keepalived knows NAT, DR and TUN");
                return None;
            }
        }
        let mut tunnel = Tunnel::default();
        while let Some(word) = words.next() {
            match word {
                "type" => match words.next().map(str::parse) {
                    Some(Ok(kind)) => tunnel.kind = kind,
                    _ => self.left_out(statement, "a tunnel is of type ipip, gue or gre"),
                },
                "port" => match words.next().map(str::parse) {
                    Some(Ok(port)) => tunnel.port = port,
                    _ => self.left_out(statement, "a tunnel's port is a number"),
                },
                "nocsum" => tunnel.checksum = TunnelChecksum::None,
                "csum" => tunnel.checksum = TunnelChecksum::Full,
                "remcsum" => tunnel.checksum = TunnelChecksum::Remote,
                _ => self.left_out(statement, &format!("{word} is no option of a tunnel")),
            }
        }
        if tunnel.kind != TunnelKind::Gue {
            tunnel.port = 0;
        }
        if tunnel.kind == TunnelKind::Ipip {
            tunnel.checksum = TunnelChecksum::None;
        }
        Some(Forward::Tun(tunnel))
    }

    /// The port that the table gets: what cannot change ports has the service's.
    fn port(
        &mut self,
        place: Place,
        id: ServiceId,
        address: IpAddr,
        port: Option<u16>,
        forward: Forward,
    ) -> u16 {
        match (id.port(), port) {
            (Some(service), Some(port))
                if port != service && !forward.maps_ports() && service != 0 =>
            {
                let text = format!(
                    "{address} has port {port}, and {forward} cannot change ports; keepalived takes {service}"
                );
                self.remark(place, text);
                service
            }
            (Some(service), None) => service,
            // A service by mark has no port, and neither has what goes there unchanged.
            (None, Some(_)) if !forward.maps_ports() => 0,
            (_, port) => port.unwrap_or_default(),
        }
    }

    /// A server of this service.
    pub(super) fn admit(&mut self, draft: &mut Draft, written: &Written) {
        let id = draft.server.service.id;
        let forward = written.forward.unwrap_or(draft.server.forward);
        let port = self.port(written.place, id, written.address, written.port, forward);
        let mut lower = written.lower_threshold;
        if lower > written.upper_threshold {
            self.remark(
                written.place,
                format!("lthreshold {lower} is above uthreshold; it is left out"),
            );
            lower = 0;
        }
        let mut check = written.check.clone();
        if let Some(found) = &mut check
            && port == 0
            && found.port.is_none()
            && asks_at_port(&found.kind)
        {
            found.port = written.port;
            if written.port.is_none() {
                self.remark(
                    written.place,
                    format!(
                        "the check of {} has no port to ask; add connect_port. It is left out",
                        written.address
                    ),
                );
                check = None;
            }
        }
        let real = RealServer {
            server: Server {
                address: written.address,
                port,
                forward,
                weight: written.weight,
                upper_threshold: written.upper_threshold,
                lower_threshold: lower,
            },
            maintenance: false,
            check,
        };
        if let Err(why) = draft.admit(real) {
            self.remark(written.place, why);
        }
    }

    pub(super) fn admit_sorry(
        &mut self,
        statement: &Statement,
        draft: &mut Draft,
        (address, port): (IpAddr, Option<u16>),
        forward: Forward,
    ) {
        let port = self.port(
            statement.place,
            draft.server.service.id,
            address,
            port,
            forward,
        );
        let sorry = SorryServer {
            server: Server {
                address,
                port,
                forward,
                weight: 1,
                upper_threshold: 0,
                lower_threshold: 0,
            },
            check: None,
        };
        if let Err(why) = draft.admit_sorry(sorry) {
            self.remark(statement.place, why);
        }
    }
}

/// Whether such a check needs a port.
fn asks_at_port(kind: &CheckKind) -> bool {
    match kind {
        CheckKind::Ping => false,
        CheckKind::Exec(words) => words.iter().any(|word| word.contains("{port}")),
        _ => true,
    }
}
