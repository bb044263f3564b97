//! What was typed, understood: names looked up, numbers checked, and a clear
//! sentence where a word cannot be right. Nothing here touches IPVS.

use std::collections::HashSet;
use std::net::IpAddr;
use std::str::FromStr;

use crate::cli::{
    ForwardChoice, ForwardOptions, ServerOptions, ServiceOptions, ServiceSelector, TunnelOptions,
};
use crate::lookup;
use crate::model::{
    Family, Method, Netmask, Protocol, Server, ServerChange, Service, ServiceChange, ServiceId,
    TunnelChange, TunnelChecksum,
};
use crate::reconcile::TableRequest;

use super::{Error, Result};

/// A number between two bounds.
pub(super) fn number<T>(what: &str, text: &str, min: T, max: T) -> Result<T>
where
    T: FromStr + PartialOrd + std::fmt::Display,
{
    match text.parse::<T>() {
        Ok(value) if value >= min && value <= max => Ok(value),
        _ => Err(Error::Usage(format!(
            "{what} '{}' is not a number from {min} to {max}",
            text.escape_default()
        ))),
    }
}

/// A literal address.
pub(super) fn literal_address(text: &str) -> Result<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    bare.parse()
        .map_err(|_| Error::Usage(format!("'{}' is not an IP address", text.escape_default())))
}

/// An address and perhaps a port; host and service names are looked up.
fn socket(text: &str, protocol: Option<Protocol>) -> Result<(IpAddr, Option<u16>)> {
    lookup::socket(text, protocol).map_err(Error::Usage)
}

/// The named service, if one was named.
pub(super) fn service(selector: &ServiceSelector) -> Result<Option<ServiceId>> {
    if let Some(text) = &selector.fwmark_service {
        return Ok(Some(ServiceId::Fwmark {
            mark: number("firewall mark", text, 1, u32::MAX)?,
            family: if selector.ipv6 {
                Family::Ipv6
            } else {
                Family::Ipv4
            },
        }));
    }
    if selector.ipv6 {
        return Err(Error::Usage(
            "-6 belongs to -f MARK; an address tells its family by itself".to_owned(),
        ));
    }
    let (text, protocol) = if let Some(text) = &selector.tcp_service {
        (text, Protocol::Tcp)
    } else if let Some(text) = &selector.udp_service {
        (text, Protocol::Udp)
    } else if let Some(text) = &selector.sctp_service {
        (text, Protocol::Sctp)
    } else {
        return Ok(None);
    };
    let (address, port) = socket(text, Some(protocol))?;
    Ok(Some(ServiceId::Address {
        protocol,
        address,
        port: port.unwrap_or(0),
    }))
}

/// The named service; one has to be.
pub(super) fn required_service(selector: &ServiceSelector) -> Result<ServiceId> {
    service(selector)?.ok_or_else(|| {
        Error::Usage(
            "which service? name it with -t ADDR:PORT, -u ADDR:PORT, --sctp-service ADDR:PORT \
             or -f MARK"
                .to_owned(),
        )
    })
}

/// The named servers; a port that was left out is the service's.
pub(super) fn servers(texts: &[String], id: &ServiceId) -> Result<Vec<(IpAddr, u16)>> {
    let protocol = match id {
        ServiceId::Address { protocol, .. } => Some(*protocol),
        ServiceId::Fwmark { .. } => None,
    };
    let mut servers = Vec::with_capacity(texts.len());
    let mut named = HashSet::with_capacity(texts.len());
    for text in texts {
        let (address, port) = socket(text, protocol)?;
        let server = (address, port.or(id.port()).unwrap_or(0));
        if !named.insert(server) {
            return Err(Error::Usage(format!(
                "the server {} is named twice; name it once",
                text.escape_default()
            )));
        }
        servers.push(server);
    }
    Ok(servers)
}

/// Settings of a service of this family.
fn service_change(options: &ServiceOptions, family: Family) -> Result<ServiceChange> {
    let usage = |why: String| Error::Usage(why);
    let scheduler = match options.scheduler.as_deref() {
        Some(name) => Some(name.parse().map_err(|error| usage(format!("{error}")))?),
        None => None,
    };
    let persistence_timeout = match options.persistent.as_deref() {
        None => None,
        Some("off" | "0") => Some(None),
        Some(text) => Some(Some(number(
            "persistence timeout",
            text,
            1,
            Service::MAX_PERSISTENCE,
        )?)),
    };
    let netmask = match options.netmask.as_deref() {
        Some(text) => Some(Netmask::parse(text, family).map_err(|error| usage(error.to_string()))?),
        None => None,
    };
    let persistence_engine = match options.pe.as_deref() {
        None => None,
        Some("none") => Some(None),
        Some(name) => Some(Some(
            Service::parse_persistence_engine(name).map_err(Error::Usage)?,
        )),
    };
    let one_packet = match (options.ops, options.no_ops) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    };
    Ok(ServiceChange {
        scheduler,
        scheduler_flags: options
            .sched_flags
            .clone()
            .map(|flags| match flags.as_str() {
                "none" => String::new(),
                _ => flags,
            }),
        persistence_timeout,
        netmask,
        persistence_engine,
        one_packet,
    })
}

fn method(options: &ForwardOptions) -> Option<Method> {
    match options.forward {
        Some(ForwardChoice::Nat) => Some(Method::Nat),
        Some(ForwardChoice::Dr) => Some(Method::Dr),
        Some(ForwardChoice::Tun) => Some(Method::Tun),
        None if options.masquerading => Some(Method::Nat),
        None if options.gatewaying => Some(Method::Dr),
        None if options.ipip => Some(Method::Tun),
        None => None,
    }
}

fn tunnel_change(options: &TunnelOptions) -> Result<TunnelChange> {
    let kind = match options.tun_type.as_deref() {
        Some(name) => Some(name.parse().map_err(Error::Usage)?),
        None => None,
    };
    let port = match options.tun_port.as_deref() {
        Some(text) => Some(number("tunnel port", text, 1, u16::MAX)?),
        None => None,
    };
    let checksum = [
        (options.tun_nocsum, TunnelChecksum::None),
        (options.tun_csum, TunnelChecksum::Full),
        (options.tun_remcsum, TunnelChecksum::Remote),
    ]
    .into_iter()
    .find_map(|(named, checksum)| named.then_some(checksum));
    Ok(TunnelChange {
        kind,
        port,
        checksum,
    })
}

fn server_change(options: &ServerOptions) -> Result<ServerChange> {
    let int = |what: &str, text: &Option<String>| -> Result<Option<u32>> {
        text.as_deref()
            .map(|text| number(what, text, 0, Server::MAX_WEIGHT))
            .transpose()
    };
    Ok(ServerChange {
        method: method(&options.forward),
        tunnel: tunnel_change(&options.tunnel)?,
        weight: int("weight", &options.weight)?,
        upper_threshold: int("upper threshold", &options.u_threshold)?,
        lower_threshold: int("lower threshold", &options.l_threshold)?,
    })
}

/// What `add`, `replace` and `edit` are asked for.
pub(super) fn request(
    selector: &ServiceSelector,
    service: &ServiceOptions,
    server: &ServerOptions,
) -> Result<TableRequest> {
    let id = required_service(selector)?;
    let request = TableRequest {
        id,
        service: service_change(service, id.family())?,
        may_add_service: service.scheduler.is_some(),
        servers: servers(&server.real_server, &id)?,
        server: server_change(server)?,
    };
    if request.servers.is_empty() && !request.server.is_empty() {
        return Err(Error::Usage(
            "which server? weight, method and thresholds belong to a server: name it with -r \
             ADDR[:PORT]"
                .to_owned(),
        ));
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_bounds() {
        assert_eq!(number("port", "80", 1, u16::MAX).unwrap(), 80);
        for text in ["0", "65536", "-1", "", "8 0", "0x50"] {
            assert!(number("port", text, 1, u16::MAX).is_err(), "{text}");
        }
    }

    #[test]
    fn a_server_without_port_has_the_services() {
        let id = ServiceId::Address {
            protocol: Protocol::Tcp,
            address: [192, 0, 2, 10].into(),
            port: 8080,
        };
        let texts = ["10.0.0.1".to_owned(), "10.0.0.2:81".to_owned()];
        let ports: Vec<u16> = servers(&texts, &id)
            .unwrap()
            .iter()
            .map(|server| server.1)
            .collect();
        assert_eq!(ports, [8080, 81]);
        assert!(servers(&["10.0.0.1".to_owned(), "10.0.0.1:8080".to_owned()], &id).is_err());
    }
}
