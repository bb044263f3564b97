//! `virtual`: its settings, its servers, and the service it becomes.

use super::check::Asked;
use super::lines::Entry;
use super::{Importer, why_not};
use crate::config::{SorryMode, VipWay, VirtualServer};
use crate::formats::translation::Draft;
use crate::health::{OnFailure, Policy};
use crate::model::{
    Family, Forward, Netmask, Protocol, Scheduler, SchedulerFlags, Service, ServiceChange,
    ServiceId,
};

/// The longest name in lbctl.toml, in characters.
const LONGEST_NAME: usize = 100;

/// What a virtual server says of itself.
#[derive(Debug, Default)]
struct Settings {
    scheduler: Option<Scheduler>,
    flags: Option<Entry>,
    persistence: Option<u32>,
    netmask: Option<Entry>,
    one_packet: bool,
    quiescent: bool,
    name: Option<String>,
    fallback: Option<Entry>,
}

impl Importer<'_> {
    pub(super) fn virtual_server(&mut self, head: &Entry, entries: &[Entry]) {
        let id = match self.id(head, entries) {
            Ok(id) => id,
            Err(why) => return self.left_out(head, &why),
        };
        if self
            .drafts
            .iter()
            .any(|draft| draft.server.service.id == id)
        {
            return self.left_out(head, "it is there twice; ldirectord refuses that, too");
        }
        let mut settings = Settings {
            quiescent: self.globals.quiescent,
            fallback: self.globals.fallback.clone(),
            ..Settings::default()
        };
        let mut asked = Asked::new(&self.globals);
        for entry in entries {
            if !self.asked(entry, &mut asked) {
                self.setting(entry, &mut settings);
            }
        }
        let service = match self.table_service(id, &settings) {
            Ok(service) => service,
            Err(why) => return self.left_out(head, &why),
        };
        let mut draft = Draft {
            server: VirtualServer {
                name: settings.name.clone(),
                forward: Forward::Nat,
                vip: match id {
                    ServiceId::Address { .. } => VipWay::Fwmark,
                    ServiceId::Fwmark { .. } => VipWay::None,
                },
                sorry: None,
                sorry_mode: SorryMode::Replace,
                policy: Policy {
                    on_failure: if settings.quiescent {
                        OnFailure::Inhibit
                    } else {
                        OnFailure::Remove
                    },
                    ..Policy::default()
                },
                depool_threshold: 0.0,
                slow_start: None,
                check: None,
                snat: false,
                check_required: false,
                real_servers: Vec::new(),
                service,
            },
            notes: Vec::new(),
        };
        let reals = entries
            .iter()
            .filter(|entry| matches!(entry.key.as_str(), "real" | "real6"));
        for entry in reals {
            self.real(entry, &mut draft, &asked);
        }
        if draft.server.real_servers.is_empty() {
            return self.left_out(head, "it has no real server");
        }
        // What most servers have is the virtual server's; ldirectord has no such thing.
        let forwards: Vec<Forward> = draft
            .server
            .real_servers
            .iter()
            .map(|real| real.server.forward)
            .collect();
        let count = |wanted: Forward| forwards.iter().filter(|it| **it == wanted).count();
        if let Some(most) = forwards.iter().copied().rev().max_by_key(|it| count(*it)) {
            draft.server.forward = most;
        }
        if let Some(fallback) = &settings.fallback {
            self.fallback(fallback, &mut draft);
        }
        draft.gather_checks();
        self.drafts.push(draft);
    }

    fn id(&mut self, head: &Entry, entries: &[Entry]) -> Result<ServiceId, String> {
        let value = head.value.as_str();
        let family = match head.key.as_str() {
            "virtual6" => Family::Ipv6,
            _ => Family::Ipv4,
        };
        if !value.is_empty() && value.bytes().all(|it| it.is_ascii_digit()) {
            return match value.parse() {
                Ok(mark @ 1..) => Ok(ServiceId::Fwmark { mark, family }),
                _ => Err("a mark is a number from 1 to 4294967295".to_owned()),
            };
        }
        let protocol = entries.iter().rev().find(|entry| entry.key == "protocol");
        let protocol = match protocol.map(|entry| entry.value.as_str()) {
            Some("udp") => Protocol::Udp,
            None if value.ends_with(":53") || value.ends_with(":domain") => Protocol::Udp,
            Some("tcp") | None => Protocol::Tcp,
            Some(other) => return Err(format!("its protocol {other} is not tcp or udp")),
        };
        let (address, port) = self.surroundings.socket(value, Some(protocol))?;
        let port = port.ok_or("it names no port")?;
        if address.is_unspecified() || address.is_multicast() {
            return Err(format!("{address} is no address of a machine"));
        }
        Ok(ServiceId::Address {
            protocol,
            address,
            port,
        })
    }

    fn setting(&mut self, entry: &Entry, settings: &mut Settings) {
        match entry.key.as_str() {
            // Read by themselves.
            "real" | "real6" | "protocol" => {}
            "scheduler" => match entry.value.parse() {
                Ok(scheduler) => settings.scheduler = Some(scheduler),
                Err(_) => self.left_out(entry, "Linux has no such scheduler; wrr is taken"),
            },
            "schedflags" => settings.flags = Some(entry.clone()),
            "persistent" => match entry.value.parse() {
                Ok(seconds @ 1..=Service::MAX_PERSISTENCE) => settings.persistence = Some(seconds),
                _ => self.left_out(entry, "it is no number of seconds up to 31 days"),
            },
            "netmask" => settings.netmask = Some(entry.clone()),
            "ops" => settings.one_packet = entry.value == "yes",
            "quiescent" => settings.quiescent = entry.value == "yes",
            "fallback" | "fallback6" => settings.fallback = Some(entry.clone()),
            "servicename" => {
                let name = entry.unquoted();
                let fits = (1..=LONGEST_NAME).contains(&name.chars().count());
                let other = self
                    .drafts
                    .iter()
                    .any(|it| it.server.name.as_deref() == Some(name));
                if !fits || name.contains(char::is_control) {
                    self.left_out(entry, "a name has 1 to 100 printable characters");
                } else if other {
                    self.left_out(entry, "another virtual server has this name");
                } else {
                    settings.name = Some(name.to_owned());
                }
            }
            "cleanstop" => {
                self.left_out(entry, "lbctl has on_exit for all virtual servers together");
            }
            key => {
                let why = why_not(key);
                self.left_out(entry, why);
            }
        }
    }

    fn table_service(&mut self, id: ServiceId, settings: &Settings) -> Result<Service, String> {
        let scheduler = match &settings.scheduler {
            Some(scheduler) => scheduler.clone(),
            None => "wrr".parse().unwrap_or_default(),
        };
        let mut flags = None;
        if let Some(entry) = &settings.flags {
            match SchedulerFlags::parse(&entry.value, &scheduler) {
                Ok(_) => flags = Some(entry.value.clone()),
                Err(why) => self.left_out(entry, &why),
            }
        }
        let mut netmask = None;
        if let Some(entry) = &settings.netmask {
            match Netmask::parse(&entry.value, id.family()) {
                Ok(found) if settings.persistence.is_some() => netmask = Some(found),
                Ok(_) => self.left_out(entry, "it has no effect without persistent"),
                Err(why) => self.left_out(entry, &why.to_string()),
            }
        }
        ServiceChange {
            scheduler: Some(scheduler),
            scheduler_flags: flags,
            persistence_timeout: Some(settings.persistence),
            netmask,
            persistence_engine: None,
            // ldirectord passes it on for UDP alone.
            one_packet: Some(settings.one_packet && id.protocol() == Some(Protocol::Udp)),
        }
        .apply(&Service::new(id))
        .map_err(|why| why.to_string())
    }
}
