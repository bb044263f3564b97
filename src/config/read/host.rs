//! The tables that stand once: host, timeouts, sync, probe.

use std::net::IpAddr;

use toml::de::DeValue;

use super::Reader;
use crate::config::document::{Item, Table};
use crate::config::{OnExit, keys, words};
use crate::model::{SyncDaemon, SyncRole, Timeouts};

/// Parameters that have a key of their own.
const FORWARDING: [&str; 2] = ["net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"];
/// Dotted keys are tables in tables; no parameter lies deeper.
const DEEPEST: usize = 16;

impl Reader<'_> {
    pub(super) fn host(&mut self, file: &Table<'_>) {
        let Some(table) = self.single(file, "host") else {
            return;
        };
        table.report_unknown(&keys::HOST, &mut self.report);
        self.config.host.ip_forward = self.get(&table, "ip_forward", words::boolean);
        if let Some(sysctl) = self.subtable(&table, "sysctl") {
            self.parameters(&sysctl, "", 0);
        }
    }

    /// `"net.ipv4.x" = 1`, and the same without quotes, which is a table in a table.
    fn parameters(&mut self, table: &Table<'_>, before: &str, depth: usize) {
        for item in table.items() {
            let name = format!("{before}{}", item.key);
            match item.table() {
                Some(inner) if depth < DEEPEST => {
                    self.parameters(&inner, &format!("{name}."), depth + 1);
                }
                _ => self.parameter(table, &name, &item),
            }
        }
    }

    fn parameter(&mut self, table: &Table<'_>, name: &str, item: &Item<'_>) {
        if let Err(message) = check_parameter(name) {
            self.report.error(table.key_place(item.key), message);
            return;
        }
        let value = match item.value {
            DeValue::Integer(digits) if digits.radix() == 10 => digits.as_str().to_owned(),
            DeValue::Boolean(value) => u8::from(*value).to_string(),
            DeValue::String(text) if !text.contains(char::is_control) => text.to_string(),
            _ => {
                self.report.error(
                    item.place,
                    format!("a value of {name} is a number or a text of one line, as in 1"),
                );
                return;
            }
        };
        // Slashes are for names with a dot in a part; otherwise they mean the same.
        let name = if name.contains('.') {
            name.to_owned()
        } else {
            name.replace('/', ".")
        };
        if self
            .config
            .host
            .sysctl
            .insert(name.clone(), value)
            .is_some()
        {
            self.report.error(
                table.key_place(item.key),
                format!("{name} is there twice; take one of the two out"),
            );
        }
    }

    pub(super) fn timeouts(&mut self, file: &Table<'_>) {
        let Some(table) = self.single(file, "timeouts") else {
            return;
        };
        table.report_unknown(&keys::TIMEOUTS, &mut self.report);
        let mut seconds = |key: &str| -> u32 {
            self.get(&table, key, |item| words::seconds(item, Timeouts::MAX))
                .unwrap_or_default()
        };
        let timeouts = Timeouts {
            tcp: seconds("tcp"),
            tcp_fin: seconds("tcpfin"),
            udp: seconds("udp"),
        };
        self.config.timeouts = timeouts;
    }

    pub(super) fn sync(&mut self, file: &Table<'_>) {
        let Some(table) = self.single(file, "sync") else {
            return;
        };
        table.report_unknown(&keys::SYNC, &mut self.report);
        for role in [SyncRole::Master, SyncRole::Backup] {
            let Some(daemon) = self.subtable(&table, role.as_str()) else {
                continue;
            };
            daemon.report_unknown(&keys::DAEMON, &mut self.report);
            if let Some(daemon) = self.daemon(&daemon, role) {
                self.config.sync.push(daemon);
            }
        }
    }

    fn daemon(&mut self, table: &Table<'_>, role: SyncRole) -> Option<SyncDaemon> {
        if table.get("interface").is_none() {
            self.report.error(
                table.place,
                format!(
                    "the {} daemon has no interface; write interface = \"eth0\"",
                    role.as_str()
                ),
            );
        }
        let interface = self.get(table, "interface", |item| {
            let name = words::text(item, "eth0")?;
            SyncDaemon::check_interface(name)?;
            Ok(name.to_owned())
        });
        let group = self.get(table, "group", |item| {
            let text = words::text(item, "224.0.0.81")?;
            let group: IpAddr = text.parse().map_err(|_| {
                format!(
                    "'{}' is no address; write it as in group = \"224.0.0.81\"",
                    text.escape_debug()
                )
            })?;
            SyncDaemon::check_group(group)?;
            Ok(group)
        });
        Some(SyncDaemon {
            role,
            id: self
                .get(table, "syncid", |item| words::number(item, 0, 255))
                .unwrap_or_default(),
            max_length: self
                .get(table, "maxlen", |item| {
                    words::number(item, 1, SyncDaemon::MAX_LENGTH)
                })
                .unwrap_or_default(),
            group,
            port: self
                .get(table, "port", |item| words::number(item, 1, u16::MAX))
                .unwrap_or_default(),
            ttl: self
                .get(table, "ttl", |item| words::number(item, 1, u8::MAX))
                .unwrap_or_default(),
            interface: interface?,
        })
    }

    pub(super) fn probe(&mut self, file: &Table<'_>) {
        let Some(table) = self.single(file, "probe") else {
            return;
        };
        table.report_unknown(&keys::PROBE, &mut self.report);
        let words = [("keep", OnExit::Keep), ("remove", OnExit::Remove)];
        if let Some(on_exit) = self.get(&table, "on_exit", |item| words::word(item, &words)) {
            self.config.on_exit = on_exit;
        }
    }
}

/// Whether a file may set this parameter.
fn check_parameter(name: &str) -> Result<(), String> {
    let shown = name.escape_debug();
    let separator = if name.contains('/') { '/' } else { '.' };
    let mut parts = name.split(separator);
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && !part.contains(|letter: char| {
                !(letter.is_ascii_alphanumeric() || "-_.:@".contains(letter))
            })
    };
    if !name.split(separator).all(plain) {
        return Err(format!(
            "'{shown}' is no kernel parameter; write it as in \"net.ipv4.vs.conntrack\" = 1"
        ));
    }
    if parts.next() != Some("net") || parts.next().is_none() {
        return Err(format!(
            "'{shown}' does not lie below net; other parameters belong in sysctl.conf(5)"
        ));
    }
    if FORWARDING.contains(&name.replace('/', ".").as_str()) {
        return Err(format!(
            "{shown} has a key of its own; write ip_forward = true in [host]"
        ));
    }
    Ok(())
}
