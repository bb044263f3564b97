//! The flags of `probe` that say what is asked, as a check.

use std::path::Path;
use std::time::Duration;

use crate::cli::ProbeArgs;
use crate::commands::{Error, Result, words};
use crate::config::{Surroundings, System};
use crate::health::{
    CheckKind, CheckSpec, DnsRecord, HttpCheck, HttpQuestion, StatusSet, Trust, is_domain_name,
};
use crate::model::parse_duration;

/// The check that the flags describe.
pub(super) fn spec(args: &ProbeArgs) -> Result<CheckSpec> {
    let time = |what: &str, text: &str| -> Result<Duration> {
        parse_duration(text).map_err(|error| Error::Usage(format!("{what}: {error}")))
    };
    let address = match &args.address {
        Some(text) => Some(text.parse().map_err(|_| {
            Error::Usage(format!(
                "--address: '{}' is not an IP address; the port of a check is --port",
                text.escape_default()
            ))
        })?),
        None => None,
    };
    Ok(CheckSpec {
        kind: kind(args)?,
        address,
        port: match &args.port {
            Some(text) => Some(words::number("port", text, 1, u16::MAX)?),
            None => None,
        },
        interval: time("--interval", &args.interval)?,
        connect_timeout: time("--connect-timeout", &args.connect_timeout)?,
        timeout: time("--timeout", &args.timeout)?,
        fall: words::number("--fall", &args.fall, 1, 1000)?,
        rise: words::number("--rise", &args.rise, 1, 1000)?,
        retry_interval: time("--retry-interval", &args.retry_interval)?,
    })
}

fn kind(args: &ProbeArgs) -> Result<CheckKind> {
    if let Some(path) = &args.http {
        return Ok(CheckKind::Http(question(args, path)?));
    }
    if let Some(path) = &args.https {
        let trust = Trust {
            verify: true,
            ca_file: None,
        };
        return Ok(CheckKind::Https(question(args, path)?, trust));
    }
    if !args.exec.is_empty() {
        return exec(&args.exec);
    }
    if let Some(name) = &args.dns {
        if !is_domain_name(name) {
            return Err(Error::Usage(format!(
                "--dns: '{}' is no domain name; write it as in example.com",
                name.escape_default()
            )));
        }
        return Ok(CheckKind::Dns {
            query: name.clone(),
            record: DnsRecord::Soa,
        });
    }
    if args.ping {
        return Ok(CheckKind::Ping);
    }
    if args.udp {
        return Ok(CheckKind::Udp {
            payload: Vec::new(),
            require_reply: false,
        });
    }
    if args.tcp {
        return Ok(CheckKind::Tcp);
    }
    Err(Error::Usage(
        "which check? say --http PATH, --https PATH, --tcp, --exec CMD, --dns NAME, --ping or \
         --udp"
            .to_owned(),
    ))
}

fn question(args: &ProbeArgs, path: &str) -> Result<HttpQuestion> {
    let status = args.status.as_deref().unwrap_or("200");
    let body = match &args.body {
        Some(pattern) => {
            regex_lite::Regex::new(pattern).map_err(|error| {
                Error::Usage(format!(
                    "--body is no regular expression: {error}; put a \\ before a character that \
                     stands for itself"
                ))
            })?;
            Some(pattern.clone())
        }
        None => None,
    };
    Ok(HttpQuestion {
        body,
        ..page(path, args.virtualhost.as_deref(), status)?
    })
}

/// A page to ask for, from its words.
pub(in crate::commands) fn page(
    path: &str,
    virtualhost: Option<&str>,
    status: &str,
) -> Result<HttpQuestion> {
    let status: StatusSet = status
        .parse()
        .map_err(|error| Error::Usage(format!("--status: {error}")))?;
    let request = HttpCheck::new(path, virtualhost, status)
        .map_err(|error| Error::Usage(error.to_string()))?;
    Ok(HttpQuestion {
        request,
        body: None,
    })
}

fn exec(words: &[String]) -> Result<CheckKind> {
    let program = words.first().map(String::as_str).unwrap_or_default();
    let usage = |why: &str| Error::Usage(format!("--exec: {}: {why}", program.escape_default()));
    if !program.starts_with('/') {
        return Err(usage("write the whole path of the program, from / on"));
    }
    System
        .command(Path::new(program))
        .map_err(|why| usage(&why))?;
    Ok(CheckKind::Exec(words.to_vec()))
}
