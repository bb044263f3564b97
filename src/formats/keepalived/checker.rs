//! The checkers of a server. lbctl has one check a server: of several the one that
//! tells most is taken.

use std::path::Path;
use std::time::Duration;

use super::Importer;
use super::block::Statement;
use super::quote::escaped_words;
use super::timers::{Timers, seconds};
use crate::config::{Check, CheckKind, DnsRecord};

/// What the checkers have in common, and where they ask.
#[derive(Debug, Default)]
struct Common {
    timers: Timers,
    address: Option<std::net::IpAddr>,
    port: Option<u16>,
}

impl Importer {
    /// The check that says most of several.
    pub(super) fn check_of(&mut self, checkers: &[&Statement], timers: &Timers) -> Option<Check> {
        let mut best: Option<(u8, &Statement, Check)> = None;
        for checker in checkers {
            let Some((rank, check)) = self.checker(checker, timers) else {
                continue;
            };
            let better = best.as_ref().is_none_or(|(other, ..)| rank > *other);
            let loser = if better {
                best.as_ref().map(|(_, loser, _)| *loser)
            } else {
                Some(*checker)
            };
            if let Some(loser) = loser {
                self.left_out(
                    loser,
                    "lbctl has one check a server, and another one tells more",
                );
            }
            if better {
                best = Some((rank, checker, check));
            }
        }
        best.map(|(.., check)| check)
    }

    /// A checker, and how much it tells.
    fn checker(&mut self, statement: &Statement, timers: &Timers) -> Option<(u8, Check)> {
        let mut common = Common {
            timers: timers.clone(),
            ..Common::default()
        };
        let own: Vec<&Statement> = statement
            .inside()
            .iter()
            .filter(|inner| !self.common(inner, &mut common))
            .collect();
        let (rank, kind, retry, pause) = match statement.keyword() {
            "HTTP_GET" => (7, self.http(statement, &own, &common.timers, false)?, 1, 3),
            "SSL_GET" => (7, self.http(statement, &own, &common.timers, true)?, 1, 3),
            "MISC_CHECK" => return Some((6, self.misc(statement, &own, common)?)),
            "DNS_CHECK" => (5, self.dns(&own)?, 3, 0),
            "SMTP_CHECK" => {
                self.left_out(
                    statement,
                    "lbctl does not speak SMTP; the check asks for a connection instead",
                );
                (4, CheckKind::Tcp, 1, 1)
            }
            "TCP_CHECK" => {
                self.all_odd(&own);
                (3, CheckKind::Tcp, 1, 1)
            }
            "UDP_CHECK" => (2, self.udp(&own), 1, 1),
            "PING_CHECK" => {
                self.all_odd(&own);
                (1, CheckKind::Ping, 1, 1)
            }
            "BFD_CHECK" => {
                self.left_out(statement, "lbctl has no BFD");
                return None;
            }
            "FILE_CHECK" => {
                self.left_out(
                    statement,
                    "lbctl has no file checks; see maintenance in lbctl.toml(5)",
                );
                return None;
            }
            _ => {
                self.left_out(statement, "keepalived has no such checker");
                return None;
            }
        };
        Some((rank, finished(kind, &common, retry, pause)))
    }

    fn all_odd(&mut self, own: &[&Statement]) {
        for statement in own {
            self.odd(statement);
        }
    }

    /// Takes what all checkers have; whether it was that.
    fn common(&mut self, statement: &Statement, common: &mut Common) -> bool {
        match statement.keyword() {
            "connect_ip" => match statement.word(1).map(str::parse) {
                Some(Ok(address)) => common.address = Some(address),
                _ => self.left_out(statement, "it is no IP address"),
            },
            "connect_port" => match statement.word(1).map(str::parse) {
                Some(Ok(port @ 1..)) => common.port = Some(port),
                _ => self.left_out(statement, "it is no port"),
            },
            "bindto" | "bind_if" | "bind_port" | "fwmark" => {
                self.left_out(
                    statement,
                    "lbctl's checks leave by the way that the machine chooses",
                );
            }
            // Of SMTP_CHECK, and of old files.
            "host" => {
                for inner in statement.inside() {
                    if !self.common(inner, common) {
                        self.odd(inner);
                    }
                }
            }
            _ => return self.timer(statement, &mut common.timers),
        }
        true
    }

    fn misc(&mut self, statement: &Statement, own: &[&Statement], common: Common) -> Option<Check> {
        let (mut command, mut timeout) = (Vec::new(), None);
        for inner in own {
            match inner.keyword() {
                "misc_path" => {
                    // In one pair of quotes the words are split once more.
                    let outer = escaped_words(inner.rest());
                    command = match outer.as_slice() {
                        [one] => escaped_words(one),
                        _ => outer,
                    };
                }
                "misc_timeout" => {
                    timeout = inner
                        .word(1)
                        .and_then(seconds)
                        .filter(|time| !time.is_zero());
                }
                "misc_dynamic" => self.left_out(
                    inner,
                    "lbctl sets no weights by exit codes: 0 is up, all else is down",
                ),
                "user" => self.left_out(inner, "lbctl runs checks as itself"),
                _ => self.odd(inner),
            }
        }
        let program = command.first().cloned().unwrap_or_default();
        if !Path::new(&program).is_absolute() || command.iter().any(|word| !is_plain(word)) {
            self.left_out(
                statement,
                "a command in lbctl.toml begins with the whole path of its program",
            );
            return None;
        }
        let mut check = finished(CheckKind::Exec(command), &common, 0, 1);
        check.timeout = timeout.unwrap_or(common.timers.interval());
        Some(check)
    }

    fn dns(&mut self, own: &[&Statement]) -> Option<CheckKind> {
        let (mut query, mut record) = (".".to_owned(), DnsRecord::Soa);
        for inner in own {
            let word = inner.word(1).unwrap_or_default();
            match inner.keyword() {
                "type" => {
                    let found = DnsRecord::ALL
                        .into_iter()
                        .find(|it| it.as_str().eq_ignore_ascii_case(word));
                    match found {
                        Some(found) => record = found,
                        None => self.left_out(
                            inner,
                            "lbctl asks for A, AAAA, CNAME, MX, NS, SOA or TXT; SOA is taken",
                        ),
                    }
                }
                "name" if is_domain(word) => word.clone_into(&mut query),
                "name" => {
                    self.left_out(inner, "it is no domain name; the check is left out");
                    return None;
                }
                _ => self.odd(inner),
            }
        }
        Some(CheckKind::Dns { query, record })
    }

    fn udp(&mut self, own: &[&Statement]) -> CheckKind {
        let (mut payload, mut require_reply) = (Vec::new(), false);
        for inner in own {
            match inner.keyword() {
                "payload" => match bytes(&inner.rest().replace(char::is_whitespace, "")) {
                    Some(bytes) => payload = bytes,
                    None => self.left_out(inner, "it is no hexadecimal number"),
                },
                "require_reply" => {
                    require_reply = true;
                    if inner.word(1).is_some() {
                        self.left_out(inner, "lbctl takes any reply");
                    }
                }
                "min_reply_length" | "max_reply_length" => {
                    self.left_out(inner, "lbctl takes a reply of any length");
                }
                _ => self.odd(inner),
            }
        }
        CheckKind::Udp {
            payload,
            require_reply,
        }
    }
}

/// A check with keepalived's defaults for this checker: so many repetitions after
/// such a pause, in seconds; 0 stands for `delay_loop`.
fn finished(kind: CheckKind, common: &Common, retry: u32, pause: u64) -> Check {
    let timers = &common.timers;
    let default = Check::new(kind);
    let connection = timers.connection();
    let (connect_timeout, timeout) = match &default.kind {
        CheckKind::Http(_) | CheckKind::Https(..) => (connection, connection * 2),
        CheckKind::Tcp => (connection, connection),
        _ => (default.connect_timeout, connection),
    };
    let pause = match pause {
        0 => timers.interval(),
        seconds => Duration::from_secs(seconds),
    };
    Check {
        address: common.address,
        port: common.port.filter(|_| default.kind != CheckKind::Ping),
        interval: timers.interval(),
        connect_timeout,
        timeout,
        fall: timers.retry.unwrap_or(retry) + 1,
        rise: 1,
        retry_interval: timers.delay_before_retry.unwrap_or(pause),
        ..default
    }
}

/// Whether lbctl.toml can have this word in a command: `{word}` would be replaced.
fn is_plain(word: &str) -> bool {
    let replaced = word.split('{').skip(1).any(|part| {
        part.split_once('}').is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|it| it.is_ascii_alphabetic() || it == '_')
        })
    });
    !replaced && !word.contains('\0')
}

fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|it| it.is_ascii_alphanumeric() || it == b'-' || it == b'_')
    };
    let labels = text.strip_suffix('.').unwrap_or(text);
    text == "." || (text.len() <= 253 && labels.split('.').all(label))
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = digits
        .chars()
        .map(|digit| {
            digit
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        })
        .collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    Some(
        digits
            .chunks_exact(2)
            .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
            .collect(),
    )
}
