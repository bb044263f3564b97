//! Checks: the keys of one, where it has them from, and what comes of them.

use std::time::Duration;

use super::check_settings::CheckSettings;
use super::virtual_server::Above;
use super::{Found, Reader};
use crate::config::document::{Item, Layers, Table};
use crate::config::report::Place;
use crate::config::{Check, CheckKind, DnsRecord, HttpQuestion, Trust, keys};
use crate::health::{Check as Asked, HttpCheck, StatusSet};
use crate::model::Server;

/// The check of a virtual server, for its servers to have.
#[derive(Debug)]
pub(super) struct Inherited<'a> {
    /// What a check of their own builds upon, nearest first.
    layers: Vec<Table<'a>>,
    /// The check, if there is one.
    pub(super) value: Result<Option<Check>, Unread>,
}

/// It could not be read, and this has been told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unread;

/// What may stand behind `check`.
#[derive(Debug, Clone, Copy)]
pub(super) enum CheckWord<'a> {
    /// `true`: the one above.
    Inherit,
    /// `false`: none.
    Off,
    /// One of its own.
    Own(Table<'a>),
}

impl Reader<'_> {
    /// The word behind `check` in this table.
    fn check_word<'a>(
        &mut self,
        table: &Table<'a>,
        absent: CheckWord<'a>,
    ) -> Option<CheckWord<'a>> {
        let Some(item) = table.get("check") else {
            return Some(absent);
        };
        match (item.value.as_bool(), item.table()) {
            (Some(true), _) => Some(CheckWord::Inherit),
            (Some(false), _) => Some(CheckWord::Off),
            (None, Some(table)) => {
                table.report_unknown(&keys::CHECK, &mut self.report);
                Some(CheckWord::Own(table))
            }
            (None, None) => {
                self.report.error(
                    item.place,
                    "check is a table of its own, or false for none; write [virtual_server.check] \
                     and type = \"http\" below it",
                );
                None
            }
        }
    }

    /// The check of a virtual server.
    pub(super) fn service_check<'a>(
        &mut self,
        table: &Table<'a>,
        defaults: Option<&Table<'a>>,
    ) -> Inherited<'a> {
        let flat: Vec<Table<'a>> = defaults.copied().into_iter().collect();
        let default = defaults
            .and_then(|defaults| defaults.get("check"))
            .and_then(|item| item.table());
        // Without a type it only says what checks have when they do not say it.
        let typed = default.is_some_and(|check| check.get("type").is_some());
        let word = self.check_word(table, CheckWord::Inherit);
        let layers: Vec<Table<'a>> = match word {
            Some(CheckWord::Own(own)) => [own].into_iter().chain(default).chain(flat).collect(),
            Some(CheckWord::Inherit) if typed => default.into_iter().chain(flat).collect(),
            _ => {
                if let (Some(CheckWord::Inherit), Some(item)) = (word, table.get("check")) {
                    self.nothing_to_inherit(&item);
                }
                return Inherited {
                    layers: default.into_iter().chain(flat).collect(),
                    value: word.map(|_| None).ok_or(Unread),
                };
            }
        };
        let place = layers.first().map_or(table.place, |table| table.place);
        let check = self.check(&Layers(layers.clone()), place);
        Inherited {
            layers,
            value: check.map(Some).ok_or(Unread),
        }
    }

    fn nothing_to_inherit(&mut self, item: &Item<'_>) {
        self.report.error(
            item.place,
            "there is no check to take over; write [virtual_server.check] and type = \"http\" \
             below it",
        );
    }

    /// The check of a server, if it has one.
    pub(super) fn server_check<'a>(
        &mut self,
        table: &Table<'a>,
        above: &Above<'a>,
        absent: CheckWord<'a>,
        server: Option<&Server>,
        place: Place,
    ) -> Result<Option<Check>, Unread> {
        let check = match self.check_word(table, absent).ok_or(Unread)? {
            CheckWord::Off => return Ok(None),
            CheckWord::Own(own) => {
                let layers = [own].into_iter().chain(above.check.layers.iter().copied());
                let check = self.check(&Layers(layers.collect()), own.place);
                Some(check.ok_or(Unread)?)
            }
            CheckWord::Inherit => {
                let check = above.check.value.clone()?;
                if let (None, Some(item)) = (&check, table.get("check")) {
                    self.nothing_to_inherit(&item);
                }
                check
            }
        };
        if let (Some(check), Some(server)) = (&check, server)
            && let Err(error) = Asked::new(check, server)
        {
            self.report
                .error(place, format!("{error}: add port = NUMBER to its check"));
            return Err(Unread);
        }
        Ok(check)
    }

    /// The check that the keys make.
    fn check(&mut self, layers: &Layers<'_>, place: Place) -> Option<Check> {
        let found = self.check_settings(layers);
        let Some(kind) = &found.kind else {
            if layers.find("type").is_none() {
                self.report.error(
                    place,
                    format!(
                        "a check needs a type; write type = \"http\" (or {})",
                        CheckKind::names().get(1..).unwrap_or_default().join(", ")
                    ),
                );
            }
            return None;
        };
        if let Some(own) = layers.0.first() {
            self.report_misplaced(own, kind.value);
        }
        let kind = self.kind(kind.value, layers, &found, place)?;
        let default = Check::new(CheckKind::Tcp);
        let named = |found: Option<Found<Duration>>, default| found.map_or(default, |it| it.value);
        let has = |key| keys::check_kinds(key).is_none_or(|kinds| kinds.contains(&kind.as_str()));
        Some(Check {
            address: found.address.and_then(|found| found.value),
            port: found
                .port
                .map(|found| found.value)
                .filter(|port| *port != 0 && has("port")),
            interval: named(found.interval, default.interval),
            connect_timeout: named(
                found.connect_timeout.filter(|_| has("connect_timeout")),
                default.connect_timeout,
            ),
            timeout: named(found.timeout, default.timeout),
            fall: found.fall.map_or(default.fall, |found| found.value),
            rise: found.rise.map_or(default.rise, |found| found.value),
            retry_interval: named(found.retry_interval, default.retry_interval),
            kind,
        })
    }

    /// Names the keys that this kind of check does not have.
    fn report_misplaced(&mut self, table: &Table<'_>, kind: &str) {
        for item in table.items() {
            if let Some(kinds) = keys::check_kinds(item.key)
                && !kinds.contains(&kind)
            {
                self.report.error(
                    table.key_place(item.key),
                    format!(
                        "{} belongs to a check of type {}, and this one is of type {kind}; take \
                         it out",
                        item.key,
                        kinds.join(" or ")
                    ),
                );
            }
        }
    }

    fn kind(
        &mut self,
        name: &str,
        layers: &Layers<'_>,
        found: &CheckSettings,
        place: Place,
    ) -> Option<CheckKind> {
        let named = |flag: &Option<Found<bool>>| flag.as_ref().map(|found| found.value);
        Some(match name {
            "http" => CheckKind::Http(self.question(layers, found, place)?),
            "https" => CheckKind::Https(
                self.question(layers, found, place)?,
                Trust {
                    verify: named(&found.tls_verify).unwrap_or(true),
                    ca_file: found.ca_file.as_ref().and_then(|it| it.value.clone()),
                },
            ),
            "exec" => {
                if layers.find("command").is_none() {
                    self.report.error(
                        place,
                        "a check of type exec needs a command; write command = \
                         [\"/path/of/program\", \"{address}\"]",
                    );
                }
                CheckKind::Exec(found.command.clone()?)
            }
            "dns" => CheckKind::Dns {
                query: found
                    .query
                    .as_ref()
                    .map_or_else(|| ".".to_owned(), |it| it.value.clone()),
                record: found.record.as_ref().map_or(DnsRecord::Soa, |it| it.value),
            },
            "ping" => CheckKind::Ping,
            "udp" => CheckKind::Udp {
                payload: found
                    .payload
                    .as_ref()
                    .map(|it| it.value.clone())
                    .unwrap_or_default(),
                require_reply: named(&found.require_reply).unwrap_or_default(),
            },
            _ => CheckKind::Tcp,
        })
    }

    fn question(
        &mut self,
        layers: &Layers<'_>,
        found: &CheckSettings,
        place: Place,
    ) -> Option<HttpQuestion> {
        if layers.find("path").is_none() {
            self.report.error(
                place,
                "a check of type http or https needs a path; write path = \"/health.html\"",
            );
        }
        let filled = |text: &Option<Found<String>>| text.clone().filter(|it| !it.value.is_empty());
        let (path, host) = (found.path.as_ref(), filled(&found.virtualhost));
        let path_text = path.map_or("/", |found| found.value.as_str());
        let host_text = host.as_ref().map(|found| found.value.as_str());
        let usual = StatusSet::default;
        // Each by itself: of both together only the first mistake is told.
        for (text, alone) in [
            (path, HttpCheck::new(path_text, None, usual())),
            (host.as_ref(), HttpCheck::new("/", host_text, usual())),
        ] {
            if let (Some(text), Err(error)) = (text, alone) {
                self.report.error(text.place, error.to_string());
            }
        }
        // Statuses that could not be read are not the default.
        if found.status.is_none() && layers.find("status").is_some() {
            return None;
        }
        path?;
        let statuses = found.status.clone().unwrap_or_default();
        Some(HttpQuestion {
            request: HttpCheck::new(path_text, host_text, statuses).ok()?,
            body: filled(&found.body).map(|found| found.value),
        })
    }
}
