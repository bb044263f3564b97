//! Comments of a file that is written, each with its place.

use std::collections::BTreeMap;

/// A place in a file that can have a comment above it. Virtual servers and real
/// servers are named by their number in the [`crate::config::Config`], from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spot {
    /// The top of the file.
    File,
    /// A virtual server.
    VirtualServer(usize),
    /// Its check.
    Check(usize),
    /// Its sorry server, where that has a table of its own.
    SorryServer(usize),
    /// The sorry server's own check.
    SorryServerCheck(usize),
    /// A real server of a virtual server.
    RealServer(usize, usize),
    /// The real server's own check.
    RealServerCheck(usize, usize),
    /// A table that stands once: `host`, `host.sysctl`, `timeouts`, `sync.master`,
    /// `sync.backup`, `probe`.
    Table(&'static str),
}

/// The comments of a file that is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes(BTreeMap<(Spot, Option<String>), Vec<String>>);

impl Notes {
    /// No comments.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A comment above a table. Each line of the text becomes one of its own; more
    /// comments for one place follow each other.
    pub fn above(&mut self, spot: Spot, text: &str) {
        self.add(spot, None, text);
    }

    /// A comment above a key of a table. If the key is left out, because its value is
    /// the default, the comment goes above the table.
    pub fn above_key(&mut self, spot: Spot, key: &str, text: &str) {
        self.add(spot, Some(key.to_owned()), text);
    }

    fn add(&mut self, spot: Spot, key: Option<String>, text: &str) {
        let lines = self.0.entry((spot, key)).or_default();
        lines.extend(text.lines().map(str::to_owned));
    }

    /// The lines above a table.
    pub(super) fn of_table(&self, spot: Spot) -> impl Iterator<Item = &str> {
        self.of(spot, None)
    }

    /// The lines above a key.
    pub(super) fn of_key(&self, spot: Spot, key: &str) -> impl Iterator<Item = &str> {
        self.of(spot, Some(key))
    }

    /// The keys of a table that have comments.
    pub(super) fn keys(&self, spot: Spot) -> impl Iterator<Item = &str> {
        self.0
            .range((spot, None)..)
            .take_while(move |((other, _), _)| *other == spot)
            .filter_map(|((_, key), _)| key.as_deref())
    }

    fn of(&self, spot: Spot, key: Option<&str>) -> impl Iterator<Item = &str> {
        let lines = self.0.get(&(spot, key.map(str::to_owned)));
        lines.into_iter().flatten().map(String::as_str)
    }
}
