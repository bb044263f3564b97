//! One answer each: words into values, and what is said to words that cannot be
//! right.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use super::answers::{Health, Method};
use crate::config::{Surroundings as _, System, Trust, VipWay};
use crate::health::{HttpCheck, StatusSet};
use crate::lookup;
use crate::model::{Family, Protocol, Scheduler, Service, parse_duration};

type Parsed<T> = Result<T, String>;

/// `192.0.2.10:80`, `192.0.2.10:53/udp`.
pub(super) fn vip(text: &str) -> Parsed<(SocketAddr, Protocol)> {
    let (rest, protocol) = match text.rsplit_once(['/', ' ']) {
        Some((rest, "tcp")) => (rest, Protocol::Tcp),
        Some((rest, "udp")) => (rest, Protocol::Udp),
        Some((_, other)) => {
            return Err(format!(
                "'{}' is neither tcp nor udp; write it as in 192.0.2.10:53/udp",
                other.escape_default()
            ));
        }
        None => (text, Protocol::Tcp),
    };
    let (address, port) = lookup::socket(rest.trim(), Some(protocol))?;
    match port {
        None | Some(0) => Err("a port is needed, as in 192.0.2.10:80".to_owned()),
        Some(_) if !is_unicast(address) => Err(format!(
            "{address} is no address that clients can connect to"
        )),
        Some(port) => Ok((SocketAddr::new(address, port), protocol)),
    }
}

fn is_unicast(address: IpAddr) -> bool {
    let broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    !(address.is_unspecified() || address.is_loopback() || address.is_multicast() || broadcast)
}

fn server(text: &str, vip: SocketAddr, protocol: Protocol) -> Parsed<SocketAddr> {
    let (address, port) = lookup::socket(text, Some(protocol))?;
    if address == vip.ip() {
        return Err(format!("{address} is the virtual IP address itself"));
    }
    if Family::of(address) != Family::of(vip.ip()) {
        return Err(format!(
            "{address} is of another address family than {}",
            vip.ip()
        ));
    }
    match port.unwrap_or(vip.port()) {
        0 => Err("port 0 is not a port".to_owned()),
        _ if !is_unicast(address) => Err(format!("{address} is no server's address")),
        port => Ok(SocketAddr::new(address, port)),
    }
}

pub(super) fn servers(text: &str, vip: SocketAddr, protocol: Protocol) -> Parsed<Vec<SocketAddr>> {
    let mut servers = Vec::new();
    for word in text.split([',', ' ']).filter(|word| !word.is_empty()) {
        let server = server(word, vip, protocol)?;
        if servers.contains(&server) {
            return Err(format!("{server} is named twice"));
        }
        servers.push(server);
    }
    if servers.is_empty() {
        return Err("at least one server is needed, as in 10.0.0.11, 10.0.0.12".to_owned());
    }
    Ok(servers)
}

pub(super) fn method(text: &str, vip: SocketAddr, servers: &[SocketAddr]) -> Parsed<Method> {
    let method = match text {
        "nat" => return Ok(Method::Nat),
        "dr" => Method::Dr,
        "tun" => Method::Tun,
        _ => {
            return Err(format!(
                "'{}' is no method; say nat, dr or tun",
                text.escape_default()
            ));
        }
    };
    match servers.iter().find(|server| server.port() != vip.port()) {
        None => Ok(method),
        Some(server) => Err(format!(
            "{text} leaves the port as it is: {server} would have to listen on {}; say nat, or go \
             back and leave the port out",
            vip.port()
        )),
    }
}

pub(super) fn health(text: &str) -> Parsed<Health> {
    let page = |tls, path: &str| {
        HttpCheck::new(path.trim(), None, StatusSet::default())
            .map(|check| Health::Page {
                tls,
                path: check.path().to_owned(),
            })
            .map_err(|error| error.to_string())
    };
    match text {
        "tcp" => Ok(Health::Tcp),
        "dns" => Ok(Health::Dns),
        "ping" => Ok(Health::Ping),
        "none" => Ok(Health::None),
        _ => match text.split_once(char::is_whitespace) {
            Some(("https", rest)) => {
                let (path, whom) = rest
                    .trim()
                    .split_once(char::is_whitespace)
                    .unwrap_or((rest, ""));
                page(Some(trust(whom.trim())?), path)
            }
            Some(("http", path)) => page(None, path),
            _ if text.starts_with('/') => page(None, text),
            _ => Err(format!(
                "'{}' is no check; say a page as in /health.html, https /health.html, tcp, dns, \
                 ping or none",
                text.escape_default()
            )),
        },
    }
}

/// Nothing, `ca FILE` or `unverified`.
fn trust(text: &str) -> Parsed<Trust> {
    let (verify, ca_file) = match text.split_once(char::is_whitespace) {
        None if text.is_empty() => (true, None),
        None if text == "unverified" => (false, None),
        Some(("ca", file)) => (true, Some(Path::new(file.trim()))),
        _ => {
            return Err(format!(
                "behind the page, '{}' says not whom to trust; say ca FILE, unverified, or nothing",
                text.escape_default()
            ));
        }
    };
    if let Some(file) = ca_file {
        if !file.is_absolute() {
            return Err(format!(
                "'{}' is no whole path; write the CA file's as in /etc/ssl/internal.pem",
                file.display().to_string().escape_default()
            ));
        }
        System.ca_file(file)?;
    }
    Ok(Trust {
        verify,
        ca_file: ca_file.map(Path::to_owned),
    })
}

/// As [`trust`] reads it, with a blank before it if it is not nothing.
pub(super) fn trust_text(trust: &Trust) -> String {
    match (&trust.ca_file, trust.verify) {
        (_, false) => " unverified".to_owned(),
        (Some(file), true) => format!(" ca {}", file.display()),
        (None, true) => String::new(),
    }
}

pub(super) fn virtualhost(text: &str) -> Parsed<Option<String>> {
    if text == "none" {
        return Ok(None);
    }
    HttpCheck::new("/", Some(text), StatusSet::default())
        .map(|_| Some(text.to_owned()))
        .map_err(|error| error.to_string())
}

pub(super) fn sorry(
    text: &str,
    (vip, protocol): (SocketAddr, Protocol),
    servers: &[SocketAddr],
    method: Method,
) -> Parsed<Option<SocketAddr>> {
    if text == "none" {
        return Ok(None);
    }
    let sorry = server(text, vip, protocol)?;
    if servers.contains(&sorry) {
        return Err(format!("{sorry} is one of the real servers"));
    }
    self::method(method.as_str(), vip, &[sorry])?;
    Ok(Some(sorry))
}

pub(super) fn scheduler(text: &str) -> Parsed<Scheduler> {
    text.parse::<Scheduler>().map_err(|error| error.to_string())
}

/// In seconds.
pub(super) fn persistence(text: &str) -> Parsed<Option<u32>> {
    if text == "none" {
        return Ok(None);
    }
    let time = parse_duration(text).map_err(|error| format!("{error}; or none"))?;
    match u32::try_from(time.as_secs()) {
        Ok(seconds @ 1..=Service::MAX_PERSISTENCE) => Ok(Some(seconds)),
        _ => Err("persistence lasts from 1s to 31days".to_owned()),
    }
}

pub(super) fn way(text: &str) -> Parsed<VipWay> {
    match text {
        "fwmark" => Ok(VipWay::Fwmark),
        "address" => Ok(VipWay::Address),
        "none" => Ok(VipWay::None),
        _ => Err(format!(
            "'{}' is no way in; say fwmark, address or none",
            text.escape_default()
        )),
    }
}

/// Yes or no.
///
/// # Errors
/// It is neither.
pub fn yes_or_no(text: &str) -> Parsed<bool> {
    match text {
        "yes" | "y" => Ok(true),
        "no" | "n" => Ok(false),
        _ => Err(format!("'{}' is neither yes nor no", text.escape_default())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_service_has_an_address_a_port_and_a_protocol() {
        let (address, protocol) = vip("192.0.2.1:53/udp").unwrap();
        assert_eq!(address.to_string(), "192.0.2.1:53");
        assert_eq!(protocol, Protocol::Udp);
        assert_eq!(vip("[2001:db8::1]:80 tcp").unwrap().1, Protocol::Tcp);
        for (text, part) in [
            ("192.0.2.1", "a port is needed"),
            ("192.0.2.1:80/icmp", "neither tcp nor udp"),
            ("127.0.0.1:80", "no address that clients"),
            ("192.0.2.256:80", "four numbers from 0 to 255"),
        ] {
            let why = vip(text).unwrap_err();
            assert!(why.contains(part), "{text}: {why}");
        }
    }

    #[test]
    fn checks_by_word_and_by_page() {
        let page = |tls, path: &str| Health::Page {
            tls,
            path: path.to_owned(),
        };
        let verified = Trust {
            verify: true,
            ca_file: None,
        };
        assert_eq!(health("/x?y=1"), Ok(page(None, "/x?y=1")));
        assert_eq!(health("https /x"), Ok(page(Some(verified), "/x")));
        assert_eq!(health("none"), Ok(Health::None));
        assert!(health("health.html").unwrap_err().contains("a page as in"));
        assert!(health("https x").is_err());
    }

    #[test]
    fn whom_a_page_under_tls_trusts() {
        let file = std::env::temp_dir().join(format!("lbctl-ca-{}.pem", std::process::id()));
        std::fs::write(&file, "-----BEGIN CERTIFICATE-----\n").unwrap();
        for (whom, verify, ca_file) in [
            (String::new(), true, None),
            (" unverified".to_owned(), false, None),
            (format!(" ca {}", file.display()), true, Some(file.clone())),
        ] {
            let trust = Trust { verify, ca_file };
            assert_eq!(trust_text(&trust), whom);
            let path = "/x".to_owned();
            let tls = Some(trust);
            assert_eq!(
                health(&format!("https /x{whom}")),
                Ok(Health::Page { tls, path })
            );
        }
        std::fs::remove_file(&file).unwrap();
        for (text, part) in [
            ("https /x ca", "say ca FILE"),
            ("https /x anybody", "say ca FILE"),
            ("https /x ca internal.pem", "no whole path"),
            ("https /x ca /nonexistent/a.pem", "cannot read the CA file"),
        ] {
            let why = health(text).unwrap_err();
            assert!(why.contains(part), "{text}: {why}");
        }
    }

    #[test]
    fn only_nat_changes_the_port() {
        let vip = "192.0.2.1:80".parse().unwrap();
        let other = ["10.0.0.1:8080".parse().unwrap()];
        assert_eq!(method("nat", vip, &other), Ok(Method::Nat));
        assert!(
            method("dr", vip, &other)
                .unwrap_err()
                .contains("10.0.0.1:8080")
        );
        assert!(method("NAT", vip, &[]).is_err());
    }

    #[test]
    fn persistence_in_seconds() {
        assert_eq!(persistence("6m"), Ok(Some(360)));
        assert_eq!(persistence("none"), Ok(None));
        for text in ["360", "500ms", "32days"] {
            assert!(persistence(text).is_err(), "{text}");
        }
    }

    proptest! {
        // Digits and signs: a word would be looked up.
        #[test]
        fn no_answer_makes_it_panic(text in "[-0-9.:/, \\[\\]%]*") {
            let address: SocketAddr = "192.0.2.1:80".parse().unwrap();
            let _ = vip(&text);
            let _ = servers(&text, address, Protocol::Tcp);
            let _ = (health(&text), persistence(&text), virtualhost(&text));
        }
    }
}
