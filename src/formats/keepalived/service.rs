//! `virtual_server`: its settings, its servers, and the services it becomes.

use std::net::IpAddr;

use super::Importer;
use super::block::Statement;
use super::group::Member;
use super::server::Written;
use super::settings::Settings;
use crate::config::{SorryMode, VipWay, VirtualServer};
use crate::formats::translation::Draft;
use crate::health::{OnFailure, Policy};
use crate::model::{
    Family, Forward, Netmask, Protocol, SchedulerFlags, Service, ServiceChange, ServiceId,
};

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

    /// One service of a virtual server.
    fn service(
        &mut self,
        statement: &Statement,
        member: Member,
        settings: &Settings,
        servers: &[Written],
        sorry: Option<&(IpAddr, Option<u16>)>,
    ) {
        let mut notes = Vec::new();
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
                    snat: false,
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
