//! What a `virtual_server` says of itself, keyword by keyword.

use super::Importer;
use super::block::Statement;
use super::timers::Timers;
use crate::model::{Family, Forward, Protocol, Scheduler, Server, Service};

/// keepalived's persistence when it names no time, in seconds.
const PERSISTENCE: u32 = 360;
/// The longest name in lbctl.toml, in characters.
const LONGEST_NAME: usize = 100;

/// What a virtual server says, before it is known of which service.
#[derive(Debug, Default)]
pub(super) struct Settings {
    pub(super) timers: Timers,
    pub(super) name: Option<String>,
    pub(super) scheduler: Option<Scheduler>,
    pub(super) flags: Vec<String>,
    pub(super) forward: Option<Forward>,
    pub(super) sorry_forward: Option<Forward>,
    pub(super) persistence: Option<u32>,
    pub(super) granularity: Option<String>,
    pub(super) engine: Option<String>,
    pub(super) protocol: Option<Protocol>,
    pub(super) family: Option<Family>,
    pub(super) one_packet: bool,
    pub(super) inhibit: bool,
    pub(super) quorum: Option<u32>,
    pub(super) hysteresis: u32,
    pub(super) weight: Option<u32>,
}

impl Importer {
    /// Takes a statement of a virtual server; whether it is one.
    pub(super) fn setting(&mut self, statement: &Statement, settings: &mut Settings) -> bool {
        let word = statement.word(1);
        match statement.keyword() {
            // Read once the settings are known.
            "real_server" | "sorry_server" => {}
            "lvs_sched" | "lb_algo" => match word.unwrap_or_default().parse() {
                Ok(scheduler) => settings.scheduler = Some(scheduler),
                Err(_) => self.left_out(statement, "keepalived does not know it and takes wlc"),
            },
            "flag-1" | "flag-2" | "flag-3" | "sh-port" | "sh-fallback" | "mh-port"
            | "mh-fallback" => settings.flags.push(statement.keyword().to_owned()),
            "lvs_method" | "lb_kind" => settings.forward = self.method(statement),
            "sorry_server_lvs_method" => settings.sorry_forward = self.method(statement),
            "ops" => settings.one_packet = true,
            "inhibit_on_failure" => settings.inhibit = true,
            "persistence_engine" => {
                match Service::parse_persistence_engine(word.unwrap_or_default()) {
                    Ok(engine) => settings.engine = Some(engine),
                    Err(why) => self.left_out(statement, &why),
                }
            }
            "persistence_timeout" => match word.map(str::parse) {
                None => settings.persistence = Some(PERSISTENCE),
                Some(Ok(seconds @ 1..=Service::MAX_PERSISTENCE)) => {
                    settings.persistence = Some(seconds);
                }
                Some(_) => self.left_out(statement, "it is no number of seconds up to 31 days"),
            },
            "persistence_granularity" => settings.granularity = word.map(str::to_owned),
            "protocol" => match word.map(str::to_ascii_uppercase).as_deref() {
                Some("TCP") => settings.protocol = Some(Protocol::Tcp),
                Some("UDP") => settings.protocol = Some(Protocol::Udp),
                Some("SCTP") => settings.protocol = Some(Protocol::Sctp),
                _ => self.left_out(statement, "keepalived does not know it and takes UDP"),
            },
            "ip_family" => {
                settings.family = match word {
                    Some("inet6") => Some(Family::Ipv6),
                    _ => Some(Family::Ipv4),
                };
            }
            "quorum" => match word.map(str::parse) {
                Some(Ok(quorum @ 1..=0x7fff_ffff)) => settings.quorum = Some(quorum),
                _ => self.left_out(statement, "it is no number from 1 on; 1 is taken"),
            },
            "hysteresis" => match word.map(str::parse) {
                Some(Ok(hysteresis)) => settings.hysteresis = hysteresis,
                _ => self.left_out(statement, "it is no number; 0 is taken"),
            },
            "weight" => settings.weight = self.weight(statement),
            "snmp_name" => self.name(statement, settings),
            _ => return false,
        }
        true
    }

    /// Names what lbctl does not have, with the reason.
    pub(super) fn odd(&mut self, statement: &Statement) {
        let why = match statement.keyword() {
            "notify_up" | "notify_down" | "quorum_up" | "quorum_down" => {
                "lbctl runs no scripts when a state changes"
            }
            "smtp_alert" => "lbctl sends no mail",
            "ha_suspend" => "lbctl has no VRRP: checks run on every director",
            "omega" => "lbctl runs no scripts when it stops",
            "sorry_server_inhibit" => "lbctl takes the sorry server out of the table",
            "snmp_name" => "lbctl has no SNMP",
            _ => "keepalived knows no such keyword here",
        };
        self.left_out(statement, why);
    }

    /// What SNMP calls a service is the one name that keepalived has for it.
    fn name(&mut self, statement: &Statement, settings: &mut Settings) {
        let name = statement.word(1).unwrap_or_default();
        let fits =
            (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.contains(char::is_control);
        let other = self
            .drafts
            .iter()
            .any(|draft| draft.server.name.as_deref() == Some(name));
        if !fits {
            self.left_out(statement, "a name has 1 to 100 printable characters");
        } else if other {
            self.left_out(statement, "another virtual server has this name");
        } else {
            settings.name = Some(name.to_owned());
        }
    }

    pub(super) fn weight(&mut self, statement: &Statement) -> Option<u32> {
        let weight = statement.word(1).and_then(|word| word.parse().ok());
        let weight = weight.filter(|weight| *weight <= Server::MAX_WEIGHT);
        if weight.is_none() {
            self.left_out(statement, "it is no number from 0 to 2147483647");
        }
        weight
    }
}
