//! What a virtual server asks its servers, and the check that comes of it.

use std::path::Path;
use std::time::Duration;

use super::lines::Entry;
use super::{Globals, Importer};
use crate::config::{Check, CheckKind, DnsRecord, HttpQuestion, Trust};
use crate::formats::translation::{is_pattern, with_placeholders};
use crate::health::HttpCheck;
use crate::model::{Protocol, Server, ServiceId};

/// Services by the port of the virtual server, as ldirectord guesses them.
const SERVICES: [(u16, &str); 16] = [
    (21, "ftp"),
    (25, "smtp"),
    (53, "dns"),
    (80, "http"),
    (110, "pop"),
    (119, "nntp"),
    (143, "imap"),
    (389, "ldap"),
    (443, "https"),
    (587, "submission"),
    (636, "ldaps"),
    (993, "imaps"),
    (995, "pops"),
    (3306, "mysql"),
    (5060, "sip"),
    (5432, "pgsql"),
];

/// The longest times when nothing says them, in seconds.
const CHECK_TIMEOUT: u64 = 5;
const NEGOTIATE_TIMEOUT: u64 = 30;

/// What is said about checks.
#[derive(Debug)]
pub(super) struct Asked {
    globals: Globals,
    kind: String,
    service: Option<String>,
    request: String,
    receive: String,
    host: Option<String>,
    port: Option<u16>,
    command: Option<String>,
    interval: u64,
    check_timeout: Option<u64>,
    negotiate_timeout: Option<u64>,
    failures: u32,
}

impl Asked {
    pub(super) fn new(globals: &Globals) -> Self {
        Self {
            globals: globals.clone(),
            kind: "negotiate".to_owned(),
            service: None,
            request: "/".to_owned(),
            receive: String::new(),
            host: None,
            port: None,
            command: None,
            interval: globals.interval,
            check_timeout: None,
            negotiate_timeout: None,
            failures: globals.failures,
        }
    }

    /// Either timeout stands in for the other.
    fn timeout(&self, negotiate: bool) -> Duration {
        let (own, other) = (self.check_timeout, self.negotiate_timeout);
        let (all, all_other) = (self.globals.check_timeout, self.globals.negotiate_timeout);
        Duration::from_secs(if negotiate {
            other
                .or(own)
                .or(all_other)
                .or(all)
                .unwrap_or(NEGOTIATE_TIMEOUT)
        } else {
            own.or(other).or(all).or(all_other).unwrap_or(CHECK_TIMEOUT)
        })
    }

    fn finished(&self, kind: CheckKind, negotiate: bool) -> Check {
        let timeout = self.timeout(negotiate);
        let default = Check::new(kind);
        let connects = matches!(
            default.kind,
            CheckKind::Http(_) | CheckKind::Https(..) | CheckKind::Tcp
        );
        let interval = Duration::from_secs(self.interval);
        Check {
            port: self.port.filter(|_| default.kind != CheckKind::Ping),
            interval,
            connect_timeout: if connects {
                timeout
            } else {
                default.connect_timeout
            },
            timeout,
            fall: self.failures,
            rise: 1,
            // It asks again in the next round.
            retry_interval: interval,
            ..default
        }
    }
}

impl Importer<'_> {
    /// Takes a line about checks; whether it is one.
    pub(super) fn asked(&mut self, entry: &Entry, asked: &mut Asked) -> bool {
        match entry.key.as_str() {
            "checktype" => entry.value.clone_into(&mut asked.kind),
            "service" => asked.service = Some(entry.unquoted().to_owned()),
            "request" => entry.unquoted().clone_into(&mut asked.request),
            "receive" => entry.unquoted().clone_into(&mut asked.receive),
            "virtualhost" => asked.host = Some(entry.unquoted().to_owned()),
            "checkcommand" => asked.command = Some(entry.unquoted().to_owned()),
            "checkport" => match entry.value.parse() {
                Ok(port @ 1..) => asked.port = Some(port),
                _ => self.left_out(entry, "it is no port"),
            },
            "checktimeout" | "connecttimeout" => asked.check_timeout = self.seconds(entry),
            "negotiatetimeout" => asked.negotiate_timeout = self.seconds(entry),
            "checkinterval" => asked.interval = self.seconds(entry).unwrap_or(asked.interval),
            "failurecount" => asked.failures = self.failures(entry).unwrap_or(asked.failures),
            "httpmethod" if entry.value.eq_ignore_ascii_case("get") => {}
            "httpmethod" => self.left_out(entry, "lbctl sends GET"),
            _ => return false,
        }
        true
    }

    /// A server's check, and whether the server is out altogether.
    pub(super) fn check(
        &mut self,
        entry: &Entry,
        asked: &Asked,
        (server, port): (&Server, u16),
        id: ServiceId,
        own: Option<(&str, &str)>,
    ) -> (Option<Check>, bool) {
        let mut check = match asked.kind.as_str() {
            "off" => return (None, true),
            "on" => None,
            "ping" => Some(asked.finished(CheckKind::Ping, false)),
            // There is no connection to a UDP service: ldirectord pings.
            "connect" if id.protocol() == Some(Protocol::Udp) => {
                Some(asked.finished(CheckKind::Ping, false))
            }
            "connect" => Some(asked.finished(CheckKind::Tcp, false)),
            "external" => self.external(entry, asked, server, id),
            "external-perl" => {
                self.remark(entry.line, "checktype=external-perl is not carried over: lbctl runs no perl; type exec runs any program");
                None
            }
            "negotiate" => self.negotiate(entry, asked, id, own),
            count if count.parse::<u32>().is_ok() => {
                self.remark(
                    entry.line,
                    format!("checktype={count} is not carried over: every check negotiates here"),
                );
                self.negotiate(entry, asked, id, own)
            }
            other => {
                self.remark(
                    entry.line,
                    format!("checktype={other} is not carried over: there is no such type"),
                );
                None
            }
        };
        if server.port == 0
            && let Some(found) = &mut check
            && found.port.is_none()
            && !matches!(found.kind, CheckKind::Ping | CheckKind::Exec(_))
        {
            found.port = Some(port).filter(|port| *port != 0);
            if found.port.is_none() {
                let text = format!(
                    "the check of {} has no port to ask; add checkport. It is left out",
                    server.address
                );
                self.remark(entry.line, text);
                return (None, false);
            }
        }
        (check, false)
    }

    fn external(
        &mut self,
        entry: &Entry,
        asked: &Asked,
        server: &Server,
        id: ServiceId,
    ) -> Option<Check> {
        let program = asked
            .command
            .clone()
            .unwrap_or_else(|| "/bin/true".to_owned());
        if !Path::new(&program).is_absolute() || program.contains(['\0', '{', '}']) {
            self.remark(entry.line, format!("checkcommand={program} is not carried over: a command in lbctl.toml is the whole path of a program"));
            return None;
        }
        let address = match id {
            ServiceId::Address { address, .. } => address.to_string(),
            ServiceId::Fwmark { mark, .. } => mark.to_string(),
        };
        let port = asked.port.unwrap_or(server.port);
        let words = vec![
            program,
            address,
            id.port().unwrap_or_default().to_string(),
            server.address.to_string(),
            port.to_string(),
        ];
        // The virtual server's own address is never the server's.
        let words = with_placeholders(words, server.address, port);
        Some(asked.finished(CheckKind::Exec(words), false))
    }

    fn negotiate(
        &mut self,
        entry: &Entry,
        asked: &Asked,
        id: ServiceId,
        own: Option<(&str, &str)>,
    ) -> Option<Check> {
        let (request, receive) = own.unwrap_or((&asked.request, &asked.receive));
        let guessed = || {
            let port = id.port()?;
            SERVICES
                .iter()
                .find(|(number, _)| *number == port)
                .map(|(_, name)| *name)
        };
        let service = asked.service.as_deref().or_else(guessed).unwrap_or("none");
        match service {
            "http" | "https" => {
                let question = self.question(entry, asked, service, request, receive)?;
                let kind = if service == "http" {
                    CheckKind::Http(question)
                } else {
                    let trust = Trust {
                        verify: false,
                        ca_file: None,
                    };
                    CheckKind::Https(question, trust)
                };
                Some(asked.finished(kind, true))
            }
            "dns" => {
                if !receive.is_empty() {
                    self.remark(
                        entry.line,
                        "receive is not carried over: lbctl takes any answer of a name server",
                    );
                }
                let name = request.trim_start_matches('/').trim_end_matches('.');
                let query = if name.is_empty() { "." } else { name }.to_owned();
                let record = DnsRecord::A;
                Some(asked.finished(CheckKind::Dns { query, record }, true))
            }
            "none" => {
                self.remark(entry.line, format!("{id} has no service that is checked: its servers count as up, as in ldirectord"));
                None
            }
            other => {
                self.remark(entry.line, format!("service={other} is not carried over: lbctl does not speak it; the check asks for a connection instead"));
                Some(asked.finished(CheckKind::Tcp, true))
            }
        }
    }

    fn question(
        &mut self,
        entry: &Entry,
        asked: &Asked,
        service: &str,
        request: &str,
        receive: &str,
    ) -> Option<HttpQuestion> {
        // A request may be a whole URL, whose host then is the virtual host.
        let url = request.trim_start_matches('/');
        let url = url
            .strip_prefix(service)
            .and_then(|it| it.strip_prefix("://"));
        let (path, named) = match url.map(|url| url.split_once('/').unwrap_or((url, ""))) {
            Some((host, path)) => (format!("/{path}"), Some(host.to_owned())),
            None => (format!("/{}", request.trim_start_matches('/')), None),
        };
        let host = asked.host.clone().or(named).filter(|host| !host.is_empty());
        let body = Some(receive).filter(|it| !it.is_empty()).filter(|pattern| {
            let fits = is_pattern(pattern) && !pattern.contains('\0');
            if !fits {
                self.remark(
                    entry.line,
                    format!(
                        "receive=\"{pattern}\" is not carried over: lbctl cannot read this pattern"
                    ),
                );
            }
            fits
        });
        let status = "200-299".parse().unwrap_or_default();
        match HttpCheck::new(&path, host.as_deref(), status) {
            Ok(request) => Some(HttpQuestion {
                request,
                body: body.map(str::to_owned),
            }),
            Err(why) => {
                self.remark(entry.line, format!("its check is left out: {why}"));
                None
            }
        }
    }
}
