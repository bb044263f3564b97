//! Names into addresses and ports, as users type them, and back. The only place
//! that asks the resolver and /etc/services.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Mutex;
use std::{fs, thread};

use crate::model::{Protocol, SocketName};

/// An address and perhaps a port; host and service names are looked up.
///
/// # Errors
/// A sentence that says which word cannot be right, and why.
pub fn socket(text: &str, protocol: Option<Protocol>) -> Result<(IpAddr, Option<u16>), String> {
    // What most are, in saved tables and files: nothing to look up.
    if let Ok(plain) = text.parse::<SocketAddr>() {
        return Ok((plain.ip(), Some(plain.port())));
    }
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

/// The name of the host that has this address, from /etc/hosts or the name servers.
#[must_use]
pub fn host_name(address: IpAddr) -> Option<String> {
    dns_lookup::lookup_addr(&address).ok()
}

/// The names of many hosts, several asked for at a time: a name server that does
/// not answer costs seconds for each.
#[must_use]
pub fn host_names(addresses: impl IntoIterator<Item = IpAddr>) -> HashMap<IpAddr, String> {
    const AT_A_TIME: usize = 32;
    let mut addresses: Vec<IpAddr> = addresses.into_iter().collect();
    addresses.sort_unstable();
    addresses.dedup();
    let found = Mutex::new(HashMap::new());
    thread::scope(|scope| {
        for share in addresses.chunks(addresses.len().div_ceil(AT_A_TIME).max(1)) {
            let found = &found;
            scope.spawn(move || {
                for address in share {
                    if let (Some(name), Ok(mut found)) = (host_name(*address), found.lock()) {
                        found.insert(*address, name);
                    }
                }
            });
        }
    });
    found.into_inner().unwrap_or_default()
}

/// The names of ports in /etc/services.
#[derive(Debug, Default)]
pub struct PortNames(HashMap<(u16, String), String>);

impl PortNames {
    /// Reads the file; without it ports have no names.
    #[must_use]
    pub fn read() -> Self {
        Self::parse(&fs::read_to_string("/etc/services").unwrap_or_default())
    }

    fn parse(text: &str) -> Self {
        let mut names = HashMap::new();
        for line in text.lines() {
            let mut words = line
                .split('#')
                .next()
                .unwrap_or_default()
                .split_whitespace();
            let (Some(name), Some(port)) = (words.next(), words.next()) else {
                continue;
            };
            if let Some((port, protocol)) = port.split_once('/')
                && let Ok(port) = port.parse()
            {
                // The first counts.
                let entry = names.entry((port, protocol.to_owned()));
                entry.or_insert_with(|| name.to_owned());
            }
        }
        Self(names)
    }

    /// The service on this port, if it has a name.
    #[must_use]
    pub fn get(&self, port: u16, protocol: Protocol) -> Option<&str> {
        let name = self.0.get(&(port, protocol.to_string()))?;
        Some(name)
    }
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
    fn the_first_name_of_a_port_counts() {
        let text = "# c\nhttp\t\t80/tcp\t\twww # web\ndomain 53/udp\nweb 80/tcp\n";
        let names = PortNames::parse(text);
        assert_eq!(names.get(80, Protocol::Tcp), Some("http"));
        assert_eq!(names.get(53, Protocol::Tcp), None);
    }

    #[test]
    fn the_loopback_has_a_name() {
        let address = IpAddr::from([127, 0, 0, 1]);
        let names = host_names([address, address]);
        assert_eq!(names.get(&address).map(String::as_str), Some("localhost"));
    }

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
