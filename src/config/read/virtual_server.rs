//! A virtual server: what names it, its settings together, its servers.

use super::check::Inherited;
use super::settings::{self, Settings};
use super::{Found, Reader, advice};
use crate::config::document::{Layers, Table};
use crate::config::{SorryMode, VipWay, VirtualServer, keys, words};
use crate::health::Policy;
use crate::model::{
    Forward, Impossible, Method, Protocol, ServerChange, Service, ServiceChange, ServiceId,
};

/// The longest name, in characters.
const LONGEST_NAME: usize = 100;

/// What the servers of a virtual server have from it; none: it could not be read.
#[derive(Debug)]
pub(super) struct Above<'a> {
    pub(super) id: Option<ServiceId>,
    pub(super) protocol: Option<Protocol>,
    pub(super) forward: Option<Forward>,
    pub(super) check: Inherited<'a>,
    pub(super) check_required: bool,
}

impl Reader<'_> {
    pub(super) fn virtual_server(&mut self, table: &Table<'_>, defaults: Option<&Table<'_>>) {
        table.report_unknown(&keys::VIRTUAL_SERVER, &mut self.report);
        let layers = Layers(std::iter::once(*table).chain(defaults.copied()).collect());
        let settings = self.settings(&layers);
        let name = self.name(table);
        let id = self.id(table, &settings);
        let service = id.and_then(|id| self.service(table, id, &settings));
        let vip = self.vip(table, id, &settings);
        let snat = self.snat(vip, &settings);
        let policy = self.policy(&settings);
        let above = Above {
            id,
            protocol: settings.protocol.as_ref().map(|found| found.value),
            forward: self.forward(&layers, &settings),
            check: self.service_check(table, defaults),
            check_required: value(settings.check_required).unwrap_or_default(),
        };
        let real_servers = self.real_servers(table, &above);
        let sorry = self.sorry_server(&layers, &above, &real_servers);
        if let Some(mode) = settings
            .sorry_mode
            .as_ref()
            .filter(|found| found.depth == 0)
            && layers.find("sorry_server").is_none()
        {
            self.report.error(
                mode.place,
                "sorry_mode has no effect without a sorry_server; add sorry_server = \
                 \"ADDRESS:PORT\", or take it out",
            );
        }
        // What could not be read has been told, and no value comes of it.
        let (Some(service), Some(forward), Some(check)) =
            (service, above.forward, above.check.value.ok())
        else {
            return;
        };
        self.config.virtual_servers.push(VirtualServer {
            name,
            service,
            forward,
            vip,
            snat,
            sorry_mode: match &sorry {
                Some(_) => value(settings.sorry_mode).unwrap_or_default(),
                None => SorryMode::default(),
            },
            sorry,
            policy,
            depool_threshold: value(settings.depool_threshold).unwrap_or_default(),
            slow_start: value(settings.slow_start).flatten(),
            check,
            check_required: above.check_required,
            real_servers,
        });
    }

    fn name(&mut self, table: &Table<'_>) -> Option<String> {
        let item = table.get("name")?;
        let name = self.read(&item, |item| {
            let name = words::text(item, "web")?;
            let fits = (1..=LONGEST_NAME).contains(&name.chars().count());
            if fits && !name.contains(char::is_control) {
                return Ok(name.to_owned());
            }
            Err(format!(
                "a name has 1 to {LONGEST_NAME} characters, all of them printable; choose another"
            ))
        })?;
        if let Some(first) = self.names.get(&name) {
            self.report.twice(
                item.place,
                format!("the name '{}' is given twice", name.escape_debug()),
                *first,
                "choose another",
            );
        } else {
            self.names.insert(name.clone(), item.place);
        }
        Some(name)
    }

    fn service(
        &mut self,
        table: &Table<'_>,
        id: ServiceId,
        settings: &Settings,
    ) -> Option<Service> {
        let timeout = settings.persistence_timeout.as_ref();
        let persistent = timeout.is_some_and(|found| found.value.is_some());
        let mut netmask = None;
        if let Some(found) = &settings.persistence_netmask {
            match settings::netmask(found, id.family()) {
                Ok(_) if !persistent && timeout.is_none() && found.depth == 0 => {
                    self.report.error(
                        found.place,
                        "persistence_netmask has no effect without persistence_timeout; add \
                         persistence_timeout = \"6m\", or take it out",
                    );
                }
                Ok(mask) => netmask = mask.filter(|_| persistent),
                Err(message) => self.report.error(found.place, message),
            }
        }
        let mut change = ServiceChange {
            scheduler: value(settings.scheduler.clone()),
            scheduler_flags: value(settings.scheduler_flags.clone()),
            persistence_timeout: timeout.map(|found| found.value),
            netmask,
            persistence_engine: value(settings.persistence_engine.clone()),
            one_packet: value(settings.one_packet.clone()),
        };
        let listen = table.get("listen").map_or(table.place, |item| item.place);
        loop {
            let why = match change.apply(&Service::new(id)) {
                Ok(service) => return Some(service),
                Err(why) => why,
            };
            // Without what is wrong now, the next thing wrong is found.
            let place = match &why {
                Impossible::AllPorts => {
                    change.persistence_timeout = Some(Some(1));
                    Some(listen)
                }
                Impossible::OnePacket(_) => {
                    change.one_packet = None;
                    settings.one_packet.as_ref().map(|found| found.place)
                }
                _ => {
                    self.report.error(table.place, advice::advice(&why));
                    return None;
                }
            };
            self.report
                .error(place.unwrap_or(table.place), advice::advice(&why));
        }
    }

    fn vip(&mut self, table: &Table<'_>, id: Option<ServiceId>, settings: &Settings) -> VipWay {
        let named = settings.vip.as_ref();
        let address = match id {
            Some(ServiceId::Address { address, .. }) => address,
            Some(ServiceId::Fwmark { .. }) => {
                if let Some(found) =
                    named.filter(|found| found.depth == 0 && found.value != VipWay::None)
                {
                    self.report.error(
                        found.place,
                        "a service by mark has no address to lead to IPVS; take vip out, or \
                         write listen instead of fwmark",
                    );
                }
                return VipWay::None;
            }
            None => return VipWay::default(),
        };
        let way = named.map_or_else(VipWay::default, |found| found.value);
        let place = named.map_or(table.place, |found| found.place);
        match self.vips.get(&address) {
            Some((other, first)) if *other != way => {
                self.report.twice(
                    place,
                    format!("{address} reaches IPVS in two ways"),
                    *first,
                    "give both virtual servers the same vip",
                );
            }
            Some(_) => {}
            None => {
                self.vips.insert(address, (way, place));
            }
        }
        way
    }

    /// One in the defaults is for those whose way in is lbctl's.
    fn snat(&mut self, vip: VipWay, settings: &Settings) -> bool {
        let Some(found) = settings.snat.as_ref().filter(|found| found.value) else {
            return false;
        };
        if vip == VipWay::None && found.depth == 0 {
            self.report.error(
                found.place,
                "snat goes by the address whose way in is lbctl's; write listen, and vip = \
                 \"fwmark\" or \"address\"",
            );
        }
        vip != VipWay::None
    }

    fn forward(&mut self, layers: &Layers<'_>, settings: &Settings) -> Option<Forward> {
        // One that was named and could not be read is not the default.
        if settings.method.is_none() && layers.find("method").is_some() {
            return None;
        }
        let method = value(settings.method.clone());
        let tun = method == Some(Method::Tun);
        // One in the defaults is for those that tunnel.
        let tunnel = settings
            .tunnel
            .as_ref()
            .filter(|found| tun || found.depth == 0);
        let change = ServerChange {
            method,
            tunnel: tunnel.map(|found| found.value).unwrap_or_default(),
            ..ServerChange::default()
        };
        match change.forward(Forward::Nat) {
            Ok(forward) => Some(forward),
            Err(why) => {
                let place = tunnel.map(|found| found.place);
                if let Some(place) = place {
                    self.report.error(place, advice::advice(&why));
                }
                None
            }
        }
    }

    fn policy(&mut self, settings: &Settings) -> Policy {
        let default = Policy::default();
        let quorum = value(settings.quorum.clone()).unwrap_or(default.quorum);
        let hysteresis = value(settings.hysteresis.clone()).unwrap_or(default.hysteresis);
        if let Some(found) = &settings.hysteresis
            && hysteresis >= quorum
        {
            self.report.error(
                found.place,
                format!("hysteresis {hysteresis} is not below quorum {quorum}; make it smaller"),
            );
        }
        Policy {
            on_failure: value(settings.on_failure.clone()).unwrap_or(default.on_failure),
            quorum,
            hysteresis,
        }
    }
}

/// The value alone.
fn value<T>(found: Option<Found<T>>) -> Option<T> {
    found.map(|found| found.value)
}
