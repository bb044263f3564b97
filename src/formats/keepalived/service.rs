//! `virtual_server`: its settings, its servers, and the services it becomes.

use std::net::IpAddr;

use super::Importer;
use super::block::Statement;
use super::group::Member;
use super::server::Written;
use super::timers::Timers;
use crate::config::{SorryMode, VipWay, VirtualServer};
use crate::formats::translation::Draft;
use crate::health::{OnFailure, Policy};
use crate::model::{
    Family, Forward, Netmask, Protocol, Scheduler, SchedulerFlags, Service, ServiceChange,
    ServiceId,
};

/// keepalived's persistence when it names no time, in seconds.
const PERSISTENCE: u32 = 360;
/// The longest name in lbctl.toml, in characters.
const LONGEST_NAME: usize = 100;

/// What a virtual server says, before it is known of which service.
#[derive(Debug, Default)]
pub(super) struct Settings {
    pub(super) timers: Timers,
    name: Option<String>,
    scheduler: Option<Scheduler>,
    flags: Vec<String>,
    pub(super) forward: Option<Forward>,
    pub(super) sorry_forward: Option<Forward>,
    persistence: Option<u32>,
    granularity: Option<String>,
    engine: Option<String>,
    protocol: Option<Protocol>,
    family: Option<Family>,
    one_packet: bool,
    pub(super) inhibit: bool,
    quorum: Option<u32>,
    hysteresis: u32,
    pub(super) weight: Option<u32>,
    notes: Vec<String>,
}

impl Importer {
    pub(super) fn virtual_server(&mut self, statement: &Statement) {
        let members = match self.members(statement) {
            Ok(members) => members,
            Err(why) => return self.left_out(statement, &why),
        };
        let mut settings = Settings::default();
        for inner in statement.inside() {
            if !self.timer(inner, &mut settings.timers) && !self.setting(inner, &mut settings) {
                self.odd(inner);
            }
        }
        let mut servers = Vec::new();
        let mut sorry = None;
        for inner in statement.inside() {
            match inner.keyword() {
                "real_server" => servers.extend(self.real_server(inner, &settings)),
                "sorry_server" => sorry = self.sorry_server(inner),
                _ => {}
            }
        }
        if servers.is_empty() {
            let why = "it has no real server, and keepalived ignores it, too";
            return self.left_out(statement, why);
        }
        if servers
            .iter()
            .any(|server| server.inhibit != settings.inhibit)
        {
            let inhibit = servers.iter().all(|server| server.inhibit);
            settings.inhibit = inhibit;
        }
        for member in members {
            self.service(statement, member, &settings, &servers, sorry.as_ref());
        }
    }

    /// What names the services.
    fn members(&mut self, statement: &Statement) -> Result<Vec<Member>, String> {
        let first = statement.word(1).ok_or("it names no address")?;
        match first {
            "fwmark" => {
                let mark = statement.word(2).and_then(|word| word.parse().ok());
                match mark {
                    Some(mark @ 1..) => Ok(vec![Member::Mark(mark, None)]),
                    _ => Err("a mark is a number from 1 to 4294967295".to_owned()),
                }
            }
            "group" => {
                let name = statement.word(2).unwrap_or_default();
                let group = self
                    .groups
                    .get(name)
                    .ok_or_else(|| format!("there is no virtual_server_group {name}"))?;
                Ok(group.members.clone())
            }
            address => {
                let address = address
                    .parse()
                    .map_err(|_| format!("{address} is no IP address"))?;
                let port = match statement.word(2).map(str::parse) {
                    None => 0,
                    Some(Ok(port)) => port,
                    Some(Err(_)) => return Err("its port is no number from 0 to 65535".to_owned()),
                };
                Ok(vec![Member::Address(address, port)])
            }
        }
    }

    /// Takes a statement of a virtual server; whether it is one.
    fn setting(&mut self, statement: &Statement, settings: &mut Settings) -> bool {
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
        let weight = weight.filter(|weight| *weight <= crate::model::Server::MAX_WEIGHT);
        if weight.is_none() {
            self.left_out(statement, "it is no number from 0 to 2147483647");
        }
        weight
    }

    /// One service of a virtual server.
    fn service(
        &mut self,
        statement: &Statement,
        member: Member,
        settings: &Settings,
        servers: &[Written],
        sorry: Option<&(IpAddr, Option<u16>)>,
    ) {
        let mut notes = settings.notes.clone();
        let id = match member {
            Member::Address(address, port) => ServiceId::Address {
                protocol: settings.protocol.unwrap_or(Protocol::Udp),
                address,
                port,
            },
            Member::Mark(mark, family) => {
                let first = servers.first().map(|server| Family::of(server.address));
                ServiceId::Fwmark {
                    mark,
                    family: family.or(settings.family).or(first).unwrap_or(Family::Ipv4),
                }
            }
        };
        if settings.protocol.is_none() && id.protocol().is_some() {
            let text = format!(
                "{id} says no protocol, and keepalived takes UDP then; write TCP if that is meant"
            );
            self.remark(statement.place, text);
        }
        let service = match self.table_service(statement, id, settings) {
            Ok(service) => service,
            Err(why) => return self.left_out(statement, &why),
        };
        let existing = self
            .drafts
            .iter()
            .position(|draft| draft.server.service.id == id);
        let mut draft = match existing {
            Some(index) => {
                let text = format!(
                    "{id} is there twice; the servers of both are taken, the settings of the first"
                );
                self.remark(statement.place, text);
                self.drafts.remove(index)
            }
            None => Draft {
                server: VirtualServer {
                    name: settings.name.clone(),
                    forward: settings.forward.unwrap_or(Forward::Nat),
                    vip: self.vip(id, &mut notes),
                    sorry: None,
                    sorry_mode: SorryMode::Replace,
                    policy: Policy::default(),
                    depool_threshold: 0.0,
                    slow_start: None,
                    check: None,
                    check_required: false,
                    real_servers: Vec::new(),
                    service,
                },
                notes,
            },
        };
        for written in servers {
            self.admit(&mut draft, written);
        }
        if let Some((address, port)) = sorry {
            let forward = settings.sorry_forward.unwrap_or(draft.server.forward);
            self.admit_sorry(statement, &mut draft, (*address, *port), forward);
        }
        if existing.is_none() {
            self.policy(statement, settings, &mut draft);
        }
        draft.gather_checks();
        if draft.server.real_servers.is_empty() {
            return self.left_out(statement, "none of its servers could be carried over");
        }
        self.drafts
            .insert(existing.unwrap_or(self.drafts.len()), draft);
    }

    fn table_service(
        &mut self,
        statement: &Statement,
        id: ServiceId,
        settings: &Settings,
    ) -> Result<Service, String> {
        if let ServiceId::Address { address, .. } = id
            && (address.is_unspecified() || address.is_multicast())
        {
            return Err(format!("{address} is no address of a machine"));
        }
        let scheduler = settings.scheduler.clone().unwrap_or_default();
        let flags = settings.flags.join(",");
        let flags = match SchedulerFlags::parse(&flags, &scheduler) {
            Ok(_) => Some(flags),
            Err(why) => {
                self.remark(
                    statement.place,
                    format!("the scheduler's flags are not carried over: {why}"),
                );
                None
            }
        };
        let netmask = settings.granularity.as_ref().and_then(|text| {
            match Netmask::parse(text, id.family()) {
                Ok(netmask) => Some(netmask),
                Err(why) => {
                    let text = format!("persistence_granularity {text} is not carried over: {why}");
                    self.remark(statement.place, text);
                    None
                }
            }
        });
        let udp = matches!(id.protocol(), None | Some(Protocol::Udp));
        if settings.one_packet && !udp {
            self.remark(
                statement.place,
                "ops is not carried over: it is for UDP alone",
            );
        }
        ServiceChange {
            scheduler: Some(scheduler),
            scheduler_flags: flags,
            persistence_timeout: Some(settings.persistence),
            netmask: netmask.filter(|_| settings.persistence.is_some()),
            persistence_engine: Some(settings.engine.clone()),
            one_packet: Some(settings.one_packet && udp),
        }
        .apply(&Service::new(id))
        .map_err(|why| why.to_string())
    }

    fn vip(&self, id: ServiceId, notes: &mut Vec<String>) -> VipWay {
        let Some(address) = id.address() else {
            return VipWay::None;
        };
        match self.announced.get(&address) {
            Some(place) => {
                let file = self.files.get(place.file).cloned().unwrap_or_default();
                notes.push(format!(
                    "vip: {}:{} has keepalived put the address on an interface. If that ends, \
                     write \"fwmark\" or \"address\".",
                    file.display(),
                    place.line
                ));
                VipWay::None
            }
            None => VipWay::Fwmark,
        }
    }

    fn policy(&mut self, statement: &Statement, settings: &Settings, draft: &mut Draft) {
        let total: u64 = draft
            .server
            .real_servers
            .iter()
            .map(|real| u64::from(real.server.weight))
            .sum();
        let total = u32::try_from(total).unwrap_or(u32::MAX).max(1);
        let mut quorum = settings.quorum.unwrap_or(1);
        if quorum > total {
            let text = format!(
                "quorum {quorum} is more than all weights together; keepalived takes {total}"
            );
            self.remark(statement.place, text);
            quorum = total;
        }
        let mut hysteresis = settings.hysteresis;
        if hysteresis >= quorum {
            if hysteresis > 0 {
                let text = format!(
                    "hysteresis {hysteresis} is not below the quorum; keepalived takes {}",
                    quorum - 1
                );
                self.remark(statement.place, text);
            }
            hysteresis = quorum - 1;
        }
        draft.server.policy = Policy {
            on_failure: if settings.inhibit {
                OnFailure::Inhibit
            } else {
                OnFailure::Remove
            },
            quorum,
            hysteresis,
        };
    }
}
