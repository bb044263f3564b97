//! What a virtual server is set to, key by key, from its own table and `[defaults]`.

use std::time::Duration;

use super::{Found, Reader};
use crate::config::document::{Item, Layers, Table};
use crate::config::words::{self, word};
use crate::config::{SorryMode, VipWay, keys};
use crate::health::OnFailure;
use crate::model::{
    Family, Method, Netmask, Protocol, Scheduler, SchedulerFlags, Server, Service, TunnelChange,
    TunnelChecksum, TunnelKind,
};

/// What was named, and no more.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) protocol: Option<Found<Protocol>>,
    pub(super) scheduler: Option<Found<Scheduler>>,
    pub(super) scheduler_flags: Option<Found<String>>,
    pub(super) method: Option<Found<Method>>,
    pub(super) tunnel: Option<Found<TunnelChange>>,
    pub(super) persistence_timeout: Option<Found<Option<u32>>>,
    pub(super) persistence_netmask: Option<Found<String>>,
    pub(super) persistence_engine: Option<Found<Option<String>>>,
    pub(super) one_packet: Option<Found<bool>>,
    pub(super) vip: Option<Found<VipWay>>,
    pub(super) snat: Option<Found<bool>>,
    pub(super) sorry_mode: Option<Found<SorryMode>>,
    pub(super) quorum: Option<Found<u32>>,
    pub(super) hysteresis: Option<Found<u32>>,
    pub(super) depool_threshold: Option<Found<f64>>,
    pub(super) on_failure: Option<Found<OnFailure>>,
    pub(super) slow_start: Option<Found<Option<Duration>>>,
    pub(super) check_required: Option<Found<bool>>,
}

impl Reader<'_> {
    /// `[defaults]`, read for its own mistakes.
    pub(super) fn defaults(&mut self, table: &Table<'_>) {
        table.report_unknown(&keys::DEFAULTS, &mut self.report);
        let layers = Layers(vec![*table]);
        self.settings(&layers);
        self.check_settings(&layers);
        let check = table.get("check").and_then(|item| item.table());
        if let Some(check) = check {
            check.report_unknown(&keys::CHECK, &mut self.report);
            self.check_settings(&Layers(vec![check]));
        }
    }

    pub(super) fn settings(&mut self, layers: &Layers<'_>) -> Settings {
        let scheduler = self.find(layers, "scheduler", |item| {
            let text = words::text(item, "wlc")?;
            text.parse::<Scheduler>().map_err(|error| {
                words::meant(error.to_string(), text, Scheduler::known().iter().copied())
            })
        });
        Settings {
            protocol: self.find(layers, "protocol", |item| {
                word(
                    item,
                    &[
                        ("tcp", Protocol::Tcp),
                        ("udp", Protocol::Udp),
                        ("sctp", Protocol::Sctp),
                    ],
                )
            }),
            scheduler_flags: self.scheduler_flags(layers, scheduler.as_ref()),
            scheduler,
            method: self.find(layers, "method", method),
            tunnel: self.tunnel(layers),
            persistence_timeout: self.find(layers, "persistence_timeout", |item| {
                words::seconds_or_off(item, Service::MAX_PERSISTENCE)
            }),
            persistence_netmask: self.find(layers, "persistence_netmask", |item| {
                match item.value.as_integer() {
                    Some(length) if length.radix() == 10 => Ok(length.as_str().to_owned()),
                    _ => words::text(item, "255.255.255.0").map(str::to_owned),
                }
            }),
            persistence_engine: self.find(layers, "persistence_engine", |item| match words::text(
                item, "sip",
            )? {
                "none" => Ok(None),
                name => Service::parse_persistence_engine(name)
                    .map(Some)
                    .map_err(|why| words::meant(why, name, ["sip", "none"])),
            }),
            one_packet: self.find(layers, "one_packet", words::boolean),
            snat: self.find(layers, "snat", words::boolean),
            vip: self.find(layers, "vip", |item| {
                word(
                    item,
                    &[
                        ("fwmark", VipWay::Fwmark),
                        ("address", VipWay::Address),
                        ("none", VipWay::None),
                    ],
                )
            }),
            sorry_mode: self.find(layers, "sorry_mode", |item| {
                word(
                    item,
                    &[("replace", SorryMode::Replace), ("join", SorryMode::Join)],
                )
            }),
            quorum: self.find(layers, "quorum", |item| {
                words::number(item, 1, Server::MAX_WEIGHT)
            }),
            hysteresis: self.find(layers, "hysteresis", |item| {
                words::number(item, 0, Server::MAX_WEIGHT)
            }),
            depool_threshold: self.find(layers, "depool_threshold", words::share),
            on_failure: self.find(layers, "inhibit_on_failure", |item| {
                Ok(if words::boolean(item)? {
                    OnFailure::Inhibit
                } else {
                    OnFailure::Remove
                })
            }),
            slow_start: self.find(layers, "slow_start", words::time_or_off),
            check_required: self.find(layers, "check_required", words::boolean),
        }
    }

    /// The flags as a comma list. Those of a farther layer than the scheduler's are
    /// another scheduler's.
    fn scheduler_flags(
        &mut self,
        layers: &Layers<'_>,
        scheduler: Option<&Found<Scheduler>>,
    ) -> Option<Found<String>> {
        let (depth, item) = layers.find("scheduler_flags")?;
        let named = layers.find("scheduler").map(|(depth, _)| depth);
        if named.is_some_and(|named| named < depth) {
            return None;
        }
        // Of a scheduler that could not be read nothing is known.
        if named.is_some() && scheduler.is_none() {
            return None;
        }
        let default = Scheduler::default();
        let scheduler = scheduler.map_or(&default, |found| &found.value);
        let Some(elements) = item.elements() else {
            self.read(&item, |item| -> Result<(), String> {
                words::wrong_type(item, "a list", "[\"sh-port\"]")
            });
            return None;
        };
        let mut flags = Vec::new();
        for element in elements {
            flags.extend(self.read(&element, |item| {
                let text = words::text(item, "sh-port")?;
                let known = ["sh-port", "sh-fallback", "mh-port", "mh-fallback"];
                SchedulerFlags::parse(text, scheduler)
                    .map_err(|why| words::meant(why, text, known))?;
                Ok(text)
            }));
        }
        Some(Found {
            value: flags.join(","),
            place: item.place,
            depth,
        })
    }

    /// How packets are tunnelled.
    pub(super) fn tunnel(&mut self, layers: &Layers<'_>) -> Option<Found<TunnelChange>> {
        let (depth, item) = layers.find("tunnel")?;
        let Some(table) = item.table() else {
            self.read(&item, |item| -> Result<(), String> {
                words::wrong_type(item, "a table", "{ type = \"gue\", port = 6080 }")
            });
            return None;
        };
        table.report_unknown(&keys::TUNNEL, &mut self.report);
        let kind = self.get(&table, "type", |item| {
            let text = words::text(item, "gue")?;
            text.parse::<TunnelKind>()
                .map_err(|why| words::meant(why, text, ["ipip", "gue", "gre"]))
        });
        let port = self.get(&table, "port", |item| words::number(item, 1, u16::MAX));
        let checksum = self.get(&table, "checksum", |item| {
            let all = [
                TunnelChecksum::None,
                TunnelChecksum::Full,
                TunnelChecksum::Remote,
            ];
            word(item, &all.map(|checksum| (checksum.as_str(), checksum)))
        });
        Some(Found {
            value: TunnelChange {
                kind,
                port,
                checksum,
            },
            place: item.place,
            depth,
        })
    }
}

/// The forwarding method.
pub(super) fn method(item: &Item<'_>) -> Result<Method, String> {
    word(
        item,
        &[
            ("nat", Method::Nat),
            ("dr", Method::Dr),
            ("tun", Method::Tun),
        ],
    )
}

/// The mask, if it fits the family. One that fits the other family and stands in
/// `[defaults]` is for the services of that family.
pub(super) fn netmask(found: &Found<String>, family: Family) -> Result<Option<Netmask>, String> {
    match Netmask::parse(&found.value, family) {
        Ok(netmask) => Ok(Some(netmask)),
        Err(error) => {
            let other = match family {
                Family::Ipv4 => Family::Ipv6,
                Family::Ipv6 => Family::Ipv4,
            };
            let fits_other = Netmask::parse(&found.value, other).is_ok();
            if found.depth > 0 && fits_other {
                Ok(None)
            } else {
                Err(error.to_string())
            }
        }
    }
}
