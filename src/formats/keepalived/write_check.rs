//! A check as one of keepalived's checkers.

use std::fmt::Write as _;
use std::time::Duration;

use super::write::Writer;
use crate::config::{Check, CheckKind, DnsRecord, HttpQuestion};
use crate::formats::translation::{hex, with_placeholders, without_placeholders};
use crate::model::{Server, format_duration};

/// The longest time: as many microseconds as fit a number of 32 bits.
const LONGEST: Duration = Duration::from_micros(u32::MAX as u64);

/// The checker. `port` is the server's as it is written.
pub(super) fn check(writer: &mut Writer, server: &Server, port: u16, check: &Check) {
    let outer = std::mem::take(&mut writer.subject);
    writer.subject = format!("{outer}, check of {}", server.endpoint());
    match &check.kind {
        CheckKind::Http(question) => http(writer, server, port, check, question, "HTTP_GET"),
        CheckKind::Https(question, trust) => {
            if trust.verify {
                writer.loss("tls_verify: keepalived verifies no certificate");
            }
            if trust.ca_file.is_some() {
                writer.loss("ca_file: keepalived verifies no certificate");
            }
            http(writer, server, port, check, question, "SSL_GET");
        }
        CheckKind::Tcp => {
            writer.open("TCP_CHECK");
            common(writer, server, port, check);
            writer.close();
        }
        CheckKind::Exec(words) => exec(writer, server, check, words),
        CheckKind::Dns { query, record } => {
            writer.open("DNS_CHECK");
            if *record != DnsRecord::Soa {
                writer.line(&format!("type {}", record.as_str()));
            }
            if query != "." {
                writer.line(&format!("name {query}"));
            }
            common(writer, server, port, check);
            writer.close();
        }
        CheckKind::Ping => {
            writer.open("PING_CHECK");
            common(writer, server, port, check);
            writer.close();
        }
        CheckKind::Udp {
            payload,
            require_reply,
        } => {
            writer.open("UDP_CHECK");
            if !payload.is_empty() {
                writer.line(&format!("payload {}", hex(payload)));
            }
            if *require_reply {
                writer.line("require_reply");
            }
            common(writer, server, port, check);
            writer.close();
        }
    }
    writer.subject = outer;
}

fn http(
    writer: &mut Writer,
    server: &Server,
    port: u16,
    check: &Check,
    question: &HttpQuestion,
    name: &str,
) {
    let request = &question.request;
    let host = request.virtualhost();
    if [Some(request.path()), host]
        .into_iter()
        .flatten()
        .any(|text| text.contains('"'))
    {
        return writer.loss("path: keepalived cannot quote it; the check is left out");
    }
    writer.open(name);
    if name == "SSL_GET" && host.is_some() {
        writer.line("enable_sni");
    }
    writer.open("url");
    writer.line(&format!("path \"{}\"", request.path()));
    if let Some(host) = host {
        writer.line(&format!("virtualhost \"{host}\""));
    }
    writer.line(&format!(
        "status_code {}",
        request.status().to_string().replace(',', " ")
    ));
    if let Some(body) = &question.body {
        writer.line(&format!("regex \"{}\"", escaped(body)));
    }
    writer.close();
    common(writer, server, port, check);
    writer.close();
}

fn exec(writer: &mut Writer, server: &Server, check: &Check, words: &[String]) {
    let plain = without_placeholders(words, check, server.address, server.port);
    if with_placeholders(plain.clone(), server.address, server.port) != words {
        writer.loss("command: address and port are written as they are");
    }
    if check.address.is_some() || check.port.is_some() {
        writer.loss("address and port stand in the command alone");
    }
    let command: Vec<String> = plain.iter().map(|word| shell_word(word)).collect();
    writer.open("MISC_CHECK");
    writer.line(&format!("misc_path \"{}\"", escaped(&command.join(" "))));
    let seconds = check.timeout.as_secs().clamp(1, LONGEST.as_secs());
    if Duration::from_secs(seconds) != check.timeout {
        writer.loss(&format!(
            "timeout {}: {seconds} s is written",
            format_duration(check.timeout)
        ));
    }
    writer.line(&format!("misc_timeout {seconds}"));
    times(writer, check);
    writer.close();
}

/// Where it asks, and the times, of all checkers but `MISC_CHECK`.
fn common(writer: &mut Writer, server: &Server, port: u16, check: &Check) {
    if let Some(address) = check.address {
        writer.line(&format!("connect_ip {address}"));
    }
    // The server's port is lost where the table has none.
    let lost = Some(server.port).filter(|own| port != *own && check.kind != CheckKind::Ping);
    if let Some(port) = check.port.or(lost) {
        writer.line(&format!("connect_port {port}"));
    }
    let connects = matches!(
        check.kind,
        CheckKind::Http(_) | CheckKind::Https(..) | CheckKind::Tcp
    );
    let connection = if connects {
        check.connect_timeout
    } else {
        check.timeout
    };
    let written = time(writer, "connect_timeout", connection);
    let whole = match check.kind {
        CheckKind::Http(_) | CheckKind::Https(..) => written * 2,
        _ => written,
    };
    if connects && whole != check.timeout {
        writer.loss(&format!(
            "timeout {}: keepalived has none for a whole check",
            format_duration(check.timeout)
        ));
    }
    times(writer, check);
}

fn times(writer: &mut Writer, check: &Check) {
    time(writer, "delay_loop", check.interval);
    writer.line(&format!("retry {}", check.fall.saturating_sub(1)));
    time(writer, "delay_before_retry", check.retry_interval);
    if check.rise > 1 {
        writer.loss(&format!(
            "rise {}: one success brings a server back in keepalived",
            check.rise
        ));
    }
}

/// A time in seconds; returns what is written.
fn time(writer: &mut Writer, keyword: &str, wanted: Duration) -> Duration {
    let micros = u64::try_from(wanted.min(LONGEST).as_micros()).unwrap_or_default();
    let written = Duration::from_micros(micros);
    let (seconds, part) = (micros / 1_000_000, micros % 1_000_000);
    let mut text = seconds.to_string();
    if part != 0 {
        // Writing to a String cannot fail.
        let _ = write!(text, ".{part:06}");
    }
    if written != wanted {
        writer.loss(&format!(
            "{}: {keyword} {text} is written",
            format_duration(wanted)
        ));
    }
    writer.line(&format!("{keyword} {text}"));
    written
}

/// A text between double quotes whose escapes keepalived reads.
fn escaped(text: &str) -> String {
    let mut done = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let begins_name = letters
            .peek()
            .is_some_and(|next| next.is_alphanumeric() || "_{".contains(*next));
        match letter {
            '\\' => done.push_str("\\\\"),
            '$' if begins_name => done.push_str("\\044"),
            '"' => done.push_str("\\042"),
            // Alone it would close the block even in quotes.
            '}' if text == "}" => done.push_str("\\175"),
            _ if letter.is_ascii_control() => {
                // Writing to a String cannot fail.
                let _ = write!(done, "\\{:03o}", u32::from(letter));
            }
            _ => done.push(letter),
        }
    }
    done
}

/// A word of a command inside the quotes of the whole command.
fn shell_word(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_./:=@%+,-".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    let inner = word.chars().fold(String::new(), |mut inner, letter| {
        if letter == '\'' || letter == '\\' || letter == '"' || letter.is_ascii_control() {
            // Writing to a String cannot fail.
            let _ = write!(inner, "\\{:03o}", u32::from(letter));
        } else {
            inner.push(letter);
        }
        inner
    });
    format!("'{inner}'")
}
