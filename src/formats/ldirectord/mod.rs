//! ldirectord.cf: read into a [`Config`] and written from one. Its defaults are
//! those of ldirectord 4.12; what it says of mails, logs and processes is named and
//! left out.

mod check;
mod lines;
mod server;
mod service;
#[cfg(test)]
mod tests;
mod write;

use std::path::Path;

use self::lines::{Entry, blocks};
use super::translation::{Account, Draft, ImportError, Imported};
use crate::config::{Config, OnExit, Surroundings};

pub use write::export;

/// What is assumed for every file.
const HEADER: &str = "
ldirectord's own defaults stand here as keys where lbctl's are others. Besides: it
removes failed servers unless quiescent says otherwise, takes its services away when
it stops unless cleanstop says otherwise, verifies no certificates, and one success
brings a server back (inhibit_on_failure, on_exit, tls_verify, rise). lbctl sends
nothing to a new server before its first check.";

/// Reads an ldirectord.cf.
///
/// # Errors
/// It has no virtual server that could be carried over.
pub fn import(
    path: &Path,
    text: &[u8],
    surroundings: &dyn Surroundings,
) -> Result<Imported, ImportError> {
    let (globals, virtuals) = blocks(&String::from_utf8_lossy(text));
    let mut importer = Importer {
        path,
        surroundings,
        account: Account::default(),
        globals: Globals::default(),
        drafts: Vec::new(),
    };
    for entry in &globals {
        importer.global(entry);
    }
    for (head, entries) in &virtuals {
        importer.virtual_server(head, entries);
    }
    let config = Config {
        on_exit: importer.globals.on_exit,
        ..Config::default()
    };
    importer
        .account
        .finish(path, HEADER, importer.drafts, config)
}

/// What holds for every virtual server that does not say it itself.
#[derive(Debug, Clone)]
struct Globals {
    interval: u64,
    check_timeout: Option<u64>,
    negotiate_timeout: Option<u64>,
    failures: u32,
    quiescent: bool,
    fallback: Option<Entry>,
    on_exit: OnExit,
}

impl Default for Globals {
    fn default() -> Self {
        Self {
            interval: 10,
            check_timeout: None,
            negotiate_timeout: None,
            failures: 1,
            quiescent: false,
            fallback: None,
            on_exit: OnExit::Remove,
        }
    }
}

/// One reading of a file.
struct Importer<'i> {
    path: &'i Path,
    surroundings: &'i dyn Surroundings,
    account: Account,
    globals: Globals,
    drafts: Vec<Draft>,
}

impl Importer<'_> {
    fn remark(&mut self, line: usize, text: impl Into<String>) {
        self.account.add(self.path, line, text);
    }

    /// Names a line that is left out; of a secret only the keyword.
    fn left_out(&mut self, entry: &Entry, why: &str) {
        let text = match entry.key.as_str() {
            key @ ("login" | "passwd" | "secret") => format!("{key} is not carried over: {why}"),
            key => format!("{key}={} is not carried over: {why}", entry.value),
        };
        self.remark(entry.line, text);
    }

    fn global(&mut self, entry: &Entry) {
        match entry.key.as_str() {
            "checkinterval" => {
                if let Some(seconds) = self.seconds(entry) {
                    self.globals.interval = seconds;
                }
            }
            "checktimeout" | "connecttimeout" => self.globals.check_timeout = self.seconds(entry),
            "negotiatetimeout" => self.globals.negotiate_timeout = self.seconds(entry),
            "failurecount" => {
                if let Some(count) = self.failures(entry) {
                    self.globals.failures = count;
                }
            }
            "quiescent" => self.globals.quiescent = entry.value == "yes",
            "cleanstop" if entry.value == "no" => self.globals.on_exit = OnExit::Keep,
            "cleanstop" => {}
            "fallback" | "fallback6" => self.globals.fallback = Some(entry.clone()),
            _ => self.left_out(entry, why_not(&entry.key)),
        }
    }

    /// Whole seconds up to a day.
    fn seconds(&mut self, entry: &Entry) -> Option<u64> {
        let seconds = entry
            .value
            .parse()
            .ok()
            .filter(|it| (1..=86_400).contains(it));
        if seconds.is_none() {
            self.left_out(entry, "it is no number of seconds up to a day");
        }
        seconds
    }

    fn failures(&mut self, entry: &Entry) -> Option<u32> {
        let count = entry
            .value
            .parse()
            .ok()
            .filter(|it| (1..=1000).contains(it));
        if count.is_none() {
            self.left_out(entry, "it is no number from 1 to 1000");
        }
        count
    }
}

/// Why lbctl does not have this.
fn why_not(key: &str) -> &'static str {
    match key {
        "emailalert" | "emailalertfrom" | "emailalertfreq" | "emailalertstatus" | "smtp" => {
            "lbctl sends no mail"
        }
        "autoreload" | "callback" => "lbctl reads its file when it is told to",
        "fork" => "lbctl runs its checks side by side",
        "logfile" | "execute" | "supervised" | "monitorfile" | "comment" => {
            "it is about ldirectord itself"
        }
        "fallbackcommand" => "lbctl runs no scripts when a state changes",
        "maintenancedir" => "see maintenance in lbctl.toml(5)",
        "readdquiescent" => "lbctl adds servers when they are well",
        "checkcount" => "a ping check of lbctl is one echo; see fall in lbctl.toml(5)",
        "login" | "passwd" | "database" | "secret" | "load" => {
            "lbctl logs in nowhere; an exec check can"
        }
        _ => "ldirectord knows no such keyword here",
    }
}
