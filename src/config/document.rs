//! A TOML document with the place of everything in it.

use toml::de::{DeTable, DeValue};

use super::keys::{self, TableKind};
use super::report::{Place, Report};

/// A key and what stands behind it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'a> {
    pub(super) key: &'a str,
    /// Of the value.
    pub(super) place: Place,
    pub(super) value: &'a DeValue<'a>,
}

/// A table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table<'a> {
    /// Of its header, or of the whole where it is written in one line.
    pub(super) place: Place,
    entries: &'a DeTable<'a>,
}

fn place(source: usize, span: std::ops::Range<usize>) -> Place {
    Place {
        source,
        start: span.start,
        end: span.end,
    }
}

impl<'a> Table<'a> {
    /// A whole document.
    pub(super) fn document(source: usize, entries: &'a DeTable<'a>) -> Self {
        Self {
            place: place(source, 0..0),
            entries,
        }
    }

    /// What stands behind a key.
    pub(super) fn get(&self, key: &str) -> Option<Item<'a>> {
        let (key, value) = self.entries.get_key_value(key)?;
        Some(self.item(key.get_ref(), value))
    }

    /// Every key.
    pub(super) fn items(&self) -> impl Iterator<Item = Item<'a>> {
        let table = *self;
        self.entries
            .iter()
            .map(move |(key, value)| table.item(key.get_ref(), value))
    }

    fn item(&self, key: &'a str, value: &'a toml::Spanned<DeValue<'a>>) -> Item<'a> {
        Item {
            key,
            place: place(self.place.source, value.span()),
            value: value.get_ref(),
        }
    }

    /// Where the key itself stands.
    pub(super) fn key_place(&self, key: &str) -> Place {
        self.entries
            .get_key_value(key)
            .map_or(self.place, |(key, _)| place(self.place.source, key.span()))
    }

    /// Names the keys that have no business here.
    pub(super) fn report_unknown(&self, kind: &TableKind, report: &mut Report) {
        for item in self.items() {
            if !kind.keys.contains(&item.key) {
                report.error(self.key_place(item.key), keys::unknown(item.key, kind));
            }
        }
    }
}

impl<'a> Item<'a> {
    /// The table, if it is one.
    pub(super) fn table(&self) -> Option<Table<'a>> {
        let entries = self.value.as_table()?;
        Some(Table {
            place: self.place,
            entries,
        })
    }

    /// The elements, if it is an array; they carry the array's key.
    pub(super) fn elements(&self) -> Option<impl Iterator<Item = Item<'a>> + use<'a>> {
        let item = *self;
        let elements = item.value.as_array()?;
        Some(elements.iter().map(move |element| Item {
            key: item.key,
            place: place(item.place.source, element.span()),
            value: element.get_ref(),
        }))
    }
}

/// Tables of which the nearer ones beat the farther ones.
#[derive(Debug, Clone, Default)]
pub(super) struct Layers<'a>(pub(super) Vec<Table<'a>>);

impl<'a> Layers<'a> {
    /// The nearest table that has this key (0 is the nearest), and what it says.
    pub(super) fn find(&self, key: &str) -> Option<(usize, Item<'a>)> {
        self.0
            .iter()
            .enumerate()
            .find_map(|(depth, table)| Some((depth, table.get(key)?)))
    }
}
