//! The walk over the documents: everything wrong is noted, and what is right
//! becomes the [`Config`].

mod advice;
mod check;
mod check_settings;
mod commands;
mod files;
mod host;
mod identity;
mod server;
mod settings;
mod virtual_server;

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::path::Path;

use rustc_hash::FxHashMap;
use toml::de::DeTable;

pub use files::matching_files;

use super::document::{Item, Layers, Table};
use super::keys;
use super::report::{Place, Report, Source};
use super::{Config, ConfigErrors, Surroundings, VipWay};
use crate::model::ServiceId;

impl Config {
    /// Reads a file of this name and text, and the files that it includes.
    ///
    /// # Errors
    /// Everything that is wrong with them, in their order.
    pub fn parse(
        path: &Path,
        text: &[u8],
        surroundings: &dyn Surroundings,
    ) -> Result<Self, ConfigErrors> {
        let mut report = Report::default();
        let main = files::source(path, text, 0, &mut report);
        let document = document(&main, 0, &mut report);
        let included: Vec<Source> =
            files::included(document.as_ref(), path, surroundings, &mut report)
                .into_iter()
                .enumerate()
                .map(|(number, (path, text))| files::source(&path, &text, number + 1, &mut report))
                .collect();
        let sources: Vec<&Source> = std::iter::once(&main).chain(&included).collect();
        let mut reader = Reader {
            surroundings,
            report,
            config: Self::default(),
            services: FxHashMap::default(),
            names: HashMap::new(),
            vips: HashMap::new(),
            once: BTreeMap::new(),
        };
        if let Some(document) = &document {
            reader.file(&Table::document(0, document), true);
        }
        for (number, source) in included.iter().enumerate() {
            let document = self::document(source, number + 1, &mut reader.report);
            if let Some(document) = &document {
                reader.file(&Table::document(number + 1, document), false);
            }
        }
        if reader.report.is_empty() {
            Ok(reader.config)
        } else {
            Err(reader.report.finish(&sources))
        }
    }
}

/// The document; none if there are mistakes in its syntax, which are noted: whatever
/// else would be said of such a file may follow from them.
fn document<'t>(source: &'t Source, number: usize, report: &mut Report) -> Option<DeTable<'t>> {
    if !source.is_text {
        return None;
    }
    let (document, errors) = DeTable::parse_recoverable(&source.text);
    let valid = errors.is_empty();
    for error in errors {
        let span = error.span().unwrap_or_default();
        let place = Place {
            source: number,
            start: span.start,
            end: span.end,
        };
        report.error(place, files::syntax(error.message()));
    }
    valid.then(|| document.into_inner())
}

/// One reading of a file and those it includes.
struct Reader<'r> {
    surroundings: &'r dyn Surroundings,
    report: Report,
    config: Config,
    /// Where services, names and the ways to an address were first said.
    services: FxHashMap<ServiceId, Place>,
    names: HashMap<String, Place>,
    vips: HashMap<IpAddr, (VipWay, Place)>,
    /// Tables that all files together have once.
    once: BTreeMap<&'static str, Place>,
}

/// A value, where it stands, and in which layer.
#[derive(Debug, Clone)]
struct Found<T> {
    value: T,
    place: Place,
    depth: usize,
}

impl Reader<'_> {
    fn file(&mut self, table: &Table<'_>, main: bool) {
        table.report_unknown(&keys::FILE, &mut self.report);
        if let (Some(item), false) = (table.get("include"), main) {
            self.report.error(
                item.place,
                "an included file cannot include others; name them in the main file",
            );
        }
        let defaults = self.subtable(table, "defaults");
        if let Some(defaults) = &defaults {
            self.defaults(defaults);
        }
        if let Some(item) = table.get("virtual_server") {
            for server in self.tables(&item, "virtual_server") {
                self.virtual_server(&server, defaults.as_ref());
            }
        }
        self.host(table);
        self.timeouts(table);
        self.sync(table);
        self.probe(table);
    }

    /// The table behind a key.
    fn subtable<'a>(&mut self, table: &Table<'a>, key: &str) -> Option<Table<'a>> {
        let item = table.get(key)?;
        let found = item.table();
        if found.is_none() {
            self.report.error(
                item.place,
                format!("{key} is not a table; write [{key}] on a line of its own"),
            );
        }
        found
    }

    /// The table behind a key, of which all files together have one.
    fn single<'a>(&mut self, table: &Table<'a>, key: &'static str) -> Option<Table<'a>> {
        let found = self.subtable(table, key)?;
        if let Some(first) = self.once.get(key) {
            self.report.twice(
                found.place,
                format!("[{key}] is there twice"),
                *first,
                "write both in one",
            );
        } else {
            self.once.insert(key, found.place);
        }
        Some(found)
    }

    /// The tables of an array of tables.
    fn tables<'a>(&mut self, item: &Item<'a>, path: &str) -> Vec<Table<'a>> {
        let Some(elements) = item.elements() else {
            self.report.error(
                item.place,
                format!("there can be several: write [[{path}]], with two brackets on each side"),
            );
            return Vec::new();
        };
        let mut tables = Vec::new();
        for element in elements {
            match element.table() {
                Some(table) => tables.push(table),
                None => self.report.error(
                    element.place,
                    format!(
                        "a {} is a table; write [[{path}]] and its keys below",
                        item.key
                    ),
                ),
            }
        }
        tables
    }

    /// The value of a key, from the nearest layer that has it.
    fn find<'a, T>(
        &mut self,
        layers: &Layers<'a>,
        key: &str,
        read: impl FnOnce(&Item<'a>) -> Result<T, String>,
    ) -> Option<Found<T>> {
        let (depth, item) = layers.find(key)?;
        let value = self.read(&item, read)?;
        Some(Found {
            value,
            place: item.place,
            depth,
        })
    }

    /// The value of a key in this table.
    fn get<'a, T>(
        &mut self,
        table: &Table<'a>,
        key: &str,
        read: impl FnOnce(&Item<'a>) -> Result<T, String>,
    ) -> Option<T> {
        let item = table.get(key)?;
        self.read(&item, read)
    }

    fn read<'a, T>(
        &mut self,
        item: &Item<'a>,
        read: impl FnOnce(&Item<'a>) -> Result<T, String>,
    ) -> Option<T> {
        match read(item) {
            Ok(value) => Some(value),
            Err(message) => {
                self.report.error(item.place, message);
                None
            }
        }
    }
}

/// Whether packets for this address can go to one machine.
fn routable(address: IpAddr, text: &str) -> Result<(), String> {
    let broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    if address.is_unspecified() || address.is_multicast() || broadcast {
        return Err(format!(
            "'{}' is no address of a machine; name the one that is meant",
            text.escape_debug()
        ));
    }
    Ok(())
}
