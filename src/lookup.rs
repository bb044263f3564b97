//! Names into addresses and ports, as users type them. The only place that asks
//! the resolver and /etc/services.

use std::fs;
use std::net::{IpAddr, ToSocketAddrs};

use crate::model::{Protocol, SocketName};

/// An address and perhaps a port; host and service names are looked up.
///
/// # Errors
/// A sentence that says which word cannot be right, and why.
pub fn socket(text: &str, protocol: Option<Protocol>) -> Result<(IpAddr, Option<u16>), String> {
    let name = SocketName::parse(text).map_err(|error| error.to_string())?;
    let port = match name.port {
        Some(port) => Some(self::port(&port, protocol)?),
        None => None,
    };
    Ok((host(&name.host)?, port))
}

fn host(host: &str) -> Result<IpAddr, String> {
    if let Ok(address) = host.parse() {
        return Ok(address);
    }
    if host
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        return Err(format!(
            "'{host}' is not an IPv4 address; write four numbers from 0 to 255"
        ));
    }
    // Port 0 is not used; the lookup wants one.
    let mut found = (host, 0).to_socket_addrs().map_err(|error| {
        format!(
            "cannot look up the host '{}': {error}",
            host.escape_default()
        )
    })?;
    found
        .next()
        .map(|address| address.ip())
        .ok_or_else(|| format!("the host '{}' has no address", host.escape_default()))
}

/// A port by number or by its name in /etc/services.
fn port(text: &str, protocol: Option<Protocol>) -> Result<u16, String> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text
            .parse()
            .map_err(|_| format!("port '{text}' is not a number from 0 to 65535"));
    }
    let wanted = protocol.unwrap_or(Protocol::Tcp).to_string();
    // Without the file only numbers are known.
    let services = fs::read_to_string("/etc/services").unwrap_or_default();
    let port = services.lines().find_map(|line| {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_whitespace();
        let name = words.next()?;
        let (port, protocol) = words.next()?.split_once('/')?;
        let named = name == text || words.any(|alias| alias == text);
        (named && protocol == wanted).then(|| port.parse().ok())?
    });
    port.ok_or_else(|| {
        format!(
            "unknown port '{}'; write a number, or a {wanted} service of /etc/services",
            text.escape_default()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_an_address_is_not_an_address() {
        for text in [
            "10.1",
            "300.1.1.1",
            "1.2.3.4.5",
            "10.0.0.1:99999",
            "10.0.0.1:no-such-port",
        ] {
            assert!(socket(text, None).is_err(), "{text}");
        }
        assert_eq!(socket("10.0.0.1:http", None).unwrap().1, Some(80));
    }
}
