//! `HTTP_GET` and `SSL_GET`.

use super::Importer;
use super::block::Statement;
use super::quote::escaped_words;
use super::timers::Timers;
use crate::config::{CheckKind, HttpQuestion, Trust};
use crate::formats::translation::is_pattern;
use crate::health::{HttpCheck, StatusSet};

/// What keepalived takes for well when an HTTP check does not say it.
const STATUSES: (u16, u16) = (200, 299);

impl Importer {
    pub(super) fn http(
        &mut self,
        statement: &Statement,
        own: &[&Statement],
        timers: &Timers,
        tls: bool,
    ) -> Option<CheckKind> {
        let mut question = None;
        for inner in own {
            match inner.keyword() {
                "url" if question.is_none() => question = self.url(inner, timers),
                "url" => self.left_out(
                    inner,
                    "lbctl asks for one path; an exec check can ask for several",
                ),
                "http_protocol" => self.left_out(inner, "lbctl speaks HTTP/1.1"),
                "fast_recovery" => {
                    self.left_out(inner, "lbctl's rise and retry_interval are for this");
                }
                "enable_sni" if tls => {}
                "sni_name" if tls => {
                    self.left_out(inner, "virtualhost is lbctl's name for TLS, too");
                }
                "tls_compliant" if tls => self.left_out(inner, "lbctl has no lax TLS"),
                _ => self.odd(inner),
            }
        }
        let Some(question) = question else {
            self.left_out(
                statement,
                "it has no url that could be carried over; keepalived needs one",
            );
            return None;
        };
        if !tls {
            return Some(CheckKind::Http(question));
        }
        // keepalived verifies no certificate.
        Some(CheckKind::Https(
            question,
            Trust {
                verify: false,
                ca_file: None,
            },
        ))
    }

    fn url(&mut self, statement: &Statement, timers: &Timers) -> Option<HttpQuestion> {
        let (mut path, mut host) = ("/".to_owned(), timers.virtualhost.clone());
        let (mut status, mut body) = (None, None);
        for inner in statement.inside() {
            match inner.keyword() {
                "path" => inner.word(1).unwrap_or("/").clone_into(&mut path),
                "virtualhost" => host = inner.word(1).map(str::to_owned),
                "status_code" => {
                    let list = inner.words.get(1..).unwrap_or_default().join(",");
                    match list.parse::<StatusSet>() {
                        Ok(set) => status = Some(set),
                        Err(why) => self.left_out(inner, &why.to_string()),
                    }
                }
                "regex" => {
                    let pattern = escaped_words(&inner.text).into_iter().nth(1);
                    match pattern.filter(|pattern| is_pattern(pattern) && !pattern.contains('\0')) {
                        Some(pattern) if !pattern.is_empty() => body = Some(pattern),
                        _ => self.left_out(
                            inner,
                            "lbctl cannot read this pattern; see body in lbctl.toml(5)",
                        ),
                    }
                }
                "digest" => self.left_out(inner, "lbctl compares no digests; body takes a pattern"),
                "regex_no_match" | "regex_options" | "regex_stack" | "regex_min_offset"
                | "regex_max_offset" => {
                    self.left_out(inner, "lbctl looks for a pattern anywhere in the body");
                }
                "tls_compliant" => self.left_out(inner, "lbctl has no lax TLS"),
                _ => self.odd(inner),
            }
        }
        let usual = format!("{}-{}", STATUSES.0, STATUSES.1)
            .parse()
            .unwrap_or_default();
        let status = status.unwrap_or(usual);
        match HttpCheck::new(&path, host.as_deref(), status) {
            Ok(request) => Some(HttpQuestion { request, body }),
            Err(why) => {
                self.left_out(statement, &why.to_string());
                None
            }
        }
    }
}
