//! How a check is written: whole, or as what a server's own changes in it.

use std::fmt::Write as _;

use super::text::{Lines, quoted, span};
use crate::config::{Check, CheckKind, DnsRecord, HttpQuestion, keys};
use crate::health::StatusSet;

/// A key, its value, and the value that it has when it is left out.
struct Entry {
    key: &'static str,
    value: String,
    default: Option<String>,
}

/// A check; what it does not say it has from the one above, if there is one.
pub(super) fn write(lines: &mut Lines<'_>, check: &Check, above: Option<&Check>) {
    let above = above.map(entries).unwrap_or_default();
    for entry in entries(check) {
        let inherited = above.iter().find(|other| other.key == entry.key);
        let without = match inherited {
            Some(other) => Some(&other.value),
            None => entry.default.as_ref(),
        };
        if without != Some(&entry.value) {
            lines.key(entry.key, entry.value);
        }
    }
}

/// Every key that a check of this kind has.
fn entries(check: &Check) -> Vec<Entry> {
    let default = Check::new(CheckKind::Tcp);
    let mut all = Vec::new();
    let mut add = |key, value: String, default: Option<String>| {
        all.push(Entry {
            key,
            value,
            default,
        });
    };
    let none = || Some(quoted(""));
    add("type", quoted(check.kind.as_str()), None);
    match &check.kind {
        CheckKind::Http(question) => question_entries(question, &mut add),
        CheckKind::Https(question, trust) => {
            question_entries(question, &mut add);
            add(
                "tls_verify",
                trust.verify.to_string(),
                Some(true.to_string()),
            );
            let file = trust.ca_file.as_ref();
            let file = file.map(|path| path.to_string_lossy()).unwrap_or_default();
            add("ca_file", quoted(&file), none());
        }
        CheckKind::Exec(words) => {
            let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
            add("command", format!("[{}]", words.join(", ")), None);
        }
        CheckKind::Dns { query, record } => {
            add("query", quoted(query), Some(quoted(".")));
            let soa = quoted(DnsRecord::Soa.as_str());
            add("record", quoted(record.as_str()), Some(soa));
        }
        CheckKind::Udp {
            payload,
            require_reply,
        } => {
            let digits = payload.iter().fold(String::new(), |mut digits, byte| {
                // Writing to a String cannot fail.
                let _ = write!(digits, "{byte:02x}");
                digits
            });
            add("payload", quoted(&digits), none());
            let silence = Some(false.to_string());
            add("require_reply", require_reply.to_string(), silence);
        }
        CheckKind::Tcp | CheckKind::Ping => {}
    }
    let address = check.address.map(|address| address.to_string());
    add("address", quoted(&address.unwrap_or_default()), none());
    let port = check.port.unwrap_or_default();
    add("port", port.to_string(), Some(0.to_string()));
    for (key, value, default) in [
        ("interval", check.interval, default.interval),
        (
            "connect_timeout",
            check.connect_timeout,
            default.connect_timeout,
        ),
        ("timeout", check.timeout, default.timeout),
        (
            "retry_interval",
            check.retry_interval,
            default.retry_interval,
        ),
    ] {
        add(key, span(value), Some(span(default)));
    }
    add(
        "fall",
        check.fall.to_string(),
        Some(default.fall.to_string()),
    );
    add(
        "rise",
        check.rise.to_string(),
        Some(default.rise.to_string()),
    );
    let kind = check.kind.as_str();
    all.retain(|entry| keys::check_kinds(entry.key).is_none_or(|kinds| kinds.contains(&kind)));
    all
}

fn question_entries(
    question: &HttpQuestion,
    add: &mut impl FnMut(&'static str, String, Option<String>),
) {
    let none = || Some(quoted(""));
    let request = &question.request;
    add("path", quoted(request.path()), None);
    let host = request.virtualhost().unwrap_or_default();
    add("virtualhost", quoted(host), none());
    let usual = statuses(&StatusSet::default());
    add("status", statuses(request.status()), Some(usual));
    let body = question.body.as_deref().unwrap_or_default();
    add("body", quoted(body), none());
}

/// Numbers stand alone, ranges in quotes.
fn statuses(set: &StatusSet) -> String {
    let text = set.to_string();
    let parts: Vec<String> = text
        .split(',')
        .map(|part| {
            if part.contains('-') {
                quoted(part)
            } else {
                part.to_owned()
            }
        })
        .collect();
    format!("[{}]", parts.join(", "))
}
