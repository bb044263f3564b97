//! The keys of a check, each read by itself.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::{Found, Reader, commands};
use crate::config::document::{Item, Layers};
use crate::config::{CheckKind, DnsRecord, words};
use crate::health::StatusSet;

/// The keys of a check that were named; an inner none means "not set after all".
#[derive(Debug)]
pub(super) struct CheckSettings {
    pub(super) kind: Option<Found<&'static str>>,
    pub(super) address: Option<Found<Option<IpAddr>>>,
    pub(super) port: Option<Found<u16>>,
    pub(super) interval: Option<Found<Duration>>,
    pub(super) connect_timeout: Option<Found<Duration>>,
    pub(super) timeout: Option<Found<Duration>>,
    pub(super) fall: Option<Found<u32>>,
    pub(super) rise: Option<Found<u32>>,
    pub(super) retry_interval: Option<Found<Duration>>,
    pub(super) path: Option<Found<String>>,
    pub(super) virtualhost: Option<Found<String>>,
    pub(super) status: Option<StatusSet>,
    pub(super) body: Option<Found<String>>,
    pub(super) tls_verify: Option<Found<bool>>,
    pub(super) ca_file: Option<Found<Option<PathBuf>>>,
    pub(super) command: Option<Vec<String>>,
    pub(super) query: Option<Found<String>>,
    pub(super) record: Option<Found<DnsRecord>>,
    pub(super) payload: Option<Found<Vec<u8>>>,
    pub(super) require_reply: Option<Found<bool>>,
}

impl Reader<'_> {
    /// Every key of a check, whichever kind it belongs to.
    pub(super) fn check_settings(&mut self, layers: &Layers<'_>) -> CheckSettings {
        let surroundings = self.surroundings;
        CheckSettings {
            kind: self.find(layers, "type", |item| {
                let names: Vec<_> = CheckKind::names()
                    .iter()
                    .map(|name| (*name, *name))
                    .collect();
                words::word(item, &names)
            }),
            address: self.find(layers, "address", |item| {
                match words::text(item, "192.0.2.1")? {
                    "" => Ok(None),
                    text => text.parse().map(Some).map_err(|_| {
                        format!(
                            "'{}' is not an IP address; the port of a check is a key of its own",
                            text.escape_debug()
                        )
                    }),
                }
            }),
            port: self.find(layers, "port", |item| words::number(item, 0, u16::MAX)),
            interval: self.find(layers, "interval", words::time),
            connect_timeout: self.find(layers, "connect_timeout", words::time),
            timeout: self.find(layers, "timeout", words::time),
            fall: self.find(layers, "fall", |item| words::number(item, 1, 1000)),
            rise: self.find(layers, "rise", |item| words::number(item, 1, 1000)),
            retry_interval: self.find(layers, "retry_interval", words::time),
            path: self.find(layers, "path", |item| {
                words::text(item, "/health.html").map(str::to_owned)
            }),
            virtualhost: self.find(layers, "virtualhost", |item| {
                words::text(item, "www.example.com").map(str::to_owned)
            }),
            status: self.status(layers),
            body: self.find(layers, "body", |item| {
                let text = words::text(item, "OK")?;
                match regex_lite::Regex::new(text) {
                    Ok(_) => Ok(text.to_owned()),
                    Err(error) => Err(format!(
                        "body is no regular expression: {error}; put a \\ before a character \
                         that stands for itself"
                    )),
                }
            }),
            tls_verify: self.find(layers, "tls_verify", words::boolean),
            ca_file: self.find(layers, "ca_file", |item| {
                let text = words::text(item, "/etc/ssl/certs/internal.pem")?;
                if text.is_empty() {
                    return Ok(None);
                }
                let path = commands::absolute(item.key, text)?;
                surroundings
                    .ca_file(&path)
                    .map_err(|why| format!("{}: {why}", text.escape_debug()))?;
                Ok(Some(path))
            }),
            command: self.command(layers),
            query: self.find(layers, "query", commands::domain),
            record: self.find(layers, "record", |item| {
                words::word(
                    item,
                    &DnsRecord::ALL.map(|record| (record.as_str(), record)),
                )
            }),
            payload: self.find(layers, "payload", commands::hex),
            require_reply: self.find(layers, "require_reply", words::boolean),
        }
    }

    /// The statuses: numbers and ranges, alone or in a list.
    fn status(&mut self, layers: &Layers<'_>) -> Option<StatusSet> {
        let (_, item) = layers.find("status")?;
        let parts: Vec<Item<'_>> = match item.elements() {
            Some(elements) => elements.collect(),
            None => vec![item],
        };
        let mut all = Vec::new();
        for part in parts {
            let text = match part.value.as_integer() {
                Some(number) if number.radix() == 10 => Some(number.as_str()),
                _ => part.value.as_str(),
            };
            all.push(self.read(&part, |part| {
                let Some(text) = text else {
                    return words::wrong_type(part, "statuses", "[200, \"301-302\"]");
                };
                let _: StatusSet = text.parse().map_err(|error| format!("status: {error}"))?;
                Ok(text)
            })?);
        }
        self.read(&item, |_| {
            all.join(",").parse().map_err(|_| {
                "status names none; write those that are well, as in status = [200]".to_owned()
            })
        })
    }
}
