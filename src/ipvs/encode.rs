//! Values into IPVS attributes. Pure.

use std::net::IpAddr;

use crate::model::{
    Family, Forward, Netmask, Protocol, Server, Service, ServiceId, TableStep, Tunnel,
    TunnelChecksum, TunnelKind,
};
use crate::netlink::{AttributeWriter, Batch, Request};

use super::wire::{self, command, dest, flag, method, service, top, tunnel};

/// An IPVS command without attributes, for the family's id.
pub(super) fn request(family: u16, command: u8) -> Request {
    Request::new(family, &header(command))
}

/// `struct genlmsghdr`.
fn header(command: u8) -> [u8; 4] {
    [command, wire::VERSION, 0, 0]
}

/// A command on the named service.
pub(super) fn on_service(family: u16, command: u8, id: &ServiceId) -> Request {
    let mut request = request(family, command);
    put_service(request.attributes(), id, None);
    request
}

/// The message that carries out a step.
pub(super) fn step(family: u16, step: &TableStep) -> Request {
    let mut request = request(family, step_command(step));
    put_step(request.attributes(), step);
    request
}

/// The same, behind others.
pub(super) fn add_step(batch: &mut Batch, family: u16, step: &TableStep) {
    batch.add(family, &header(step_command(step)), |attributes| {
        put_step(attributes, step);
    });
}

fn step_command(step: &TableStep) -> u8 {
    match step {
        TableStep::AddService(_) => command::NEW_SERVICE,
        TableStep::EditService { .. } => command::SET_SERVICE,
        TableStep::DeleteService(_) => command::DEL_SERVICE,
        TableStep::AddServer { .. } => command::NEW_DEST,
        TableStep::EditServer { .. } => command::SET_DEST,
        TableStep::DeleteServer { .. } => command::DEL_DEST,
    }
}

fn put_step(attributes: &mut AttributeWriter, step: &TableStep) {
    match step {
        TableStep::AddService(settings) => put_service(attributes, &settings.id, Some(settings)),
        TableStep::EditService { after, .. } => put_service(attributes, &after.id, Some(after)),
        TableStep::DeleteService(settings) => put_service(attributes, &settings.id, None),
        TableStep::AddServer { service, server } => put_server(attributes, service, server, true),
        TableStep::EditServer { service, after, .. } => {
            put_server(attributes, service, after, true);
        }
        TableStep::DeleteServer { service, server } => {
            put_server(attributes, service, server, false);
        }
    }
}

/// A service, by its name alone or whole.
fn put_service(attributes: &mut AttributeWriter, id: &ServiceId, settings: Option<&Service>) {
    attributes.nest(top::SERVICE, |attributes| {
        put_id(attributes, id);
        if let Some(settings) = settings {
            put_settings(attributes, settings);
        }
    });
}

/// A server of a service, by its name alone or whole.
fn put_server(attributes: &mut AttributeWriter, id: &ServiceId, server: &Server, whole: bool) {
    put_service(attributes, id, None);
    attributes.nest(top::DEST, |attributes| {
        put_address(attributes, dest::ADDR, server.address);
        attributes.be16(dest::PORT, server.port).u16(
            dest::ADDR_FAMILY,
            address_family(Family::of(server.address)),
        );
        if whole {
            put_server_settings(attributes, server);
        }
    });
}

fn address_family(family: Family) -> u16 {
    let number = match family {
        Family::Ipv4 => libc::AF_INET,
        Family::Ipv6 => libc::AF_INET6,
    };
    // 2 and 10.
    u16::try_from(number).unwrap_or(0)
}

/// `IPPROTO_*` of a protocol.
pub(super) fn protocol_number(protocol: Protocol) -> u16 {
    match protocol {
        Protocol::Tcp => 6,
        Protocol::Udp => 17,
        Protocol::Sctp => 132,
        Protocol::Other(number) => number,
    }
}

fn put_address(attributes: &mut AttributeWriter, kind: u16, address: IpAddr) {
    let mut bytes = [0; 16];
    match address {
        IpAddr::V4(address) => bytes[..4].copy_from_slice(&address.octets()),
        IpAddr::V6(address) => bytes = address.octets(),
    }
    attributes.bytes(kind, &bytes);
}

fn put_id(attributes: &mut AttributeWriter, id: &ServiceId) {
    attributes.u16(service::AF, address_family(id.family()));
    match *id {
        ServiceId::Address {
            protocol,
            address,
            port,
        } => {
            attributes.u16(service::PROTOCOL, protocol_number(protocol));
            put_address(attributes, service::ADDR, address);
            attributes.be16(service::PORT, port);
        }
        ServiceId::Fwmark { mark, .. } => {
            attributes.u32(service::FWMARK, mark);
        }
    }
}

fn put_settings(attributes: &mut AttributeWriter, settings: &Service) {
    let flags = settings.scheduler_flags;
    let bits = [
        (settings.persistence_timeout.is_some(), flag::PERSISTENT),
        (settings.one_packet, flag::ONE_PACKET),
        (flags.first, flag::SCHED_1),
        (flags.second, flag::SCHED_2),
        (flags.third, flag::SCHED_3),
    ]
    .into_iter()
    .filter_map(|(set, bit)| set.then_some(bit))
    .fold(0, |bits, bit| bits | bit);
    let mut flags_and_mask = [0; 8];
    flags_and_mask[..4].copy_from_slice(&bits.to_ne_bytes());
    flags_and_mask[4..].copy_from_slice(&flag::OURS.to_ne_bytes());

    attributes
        .string(service::SCHED_NAME, settings.scheduler.as_str())
        .bytes(service::FLAGS, &flags_and_mask)
        .u32(service::TIMEOUT, settings.persistence_timeout.unwrap_or(0));
    match settings.netmask {
        Netmask::V4(mask) => attributes.bytes(service::NETMASK, &mask.octets()),
        Netmask::V6(length) => attributes.u32(service::NETMASK, u32::from(length)),
    };
    if let Some(engine) = &settings.persistence_engine {
        attributes.string(service::PE_NAME, engine);
    }
}

fn put_server_settings(attributes: &mut AttributeWriter, server: &Server) {
    let forward = match server.forward {
        Forward::Nat => method::NAT,
        Forward::Dr => method::DR,
        Forward::Tun(_) => method::TUN,
        Forward::Local => method::LOCAL,
        Forward::Bypass => method::BYPASS,
        Forward::Unknown(number) => u32::from(number),
    };
    attributes
        .u32(dest::FWD_METHOD, forward)
        .u32(dest::WEIGHT, server.weight)
        .u32(dest::U_THRESH, server.upper_threshold)
        .u32(dest::L_THRESH, server.lower_threshold);
    if let Forward::Tun(settings) = server.forward {
        put_tunnel(attributes, settings);
    }
}

fn put_tunnel(attributes: &mut AttributeWriter, settings: Tunnel) {
    let kind = match settings.kind {
        TunnelKind::Ipip => tunnel::IPIP,
        TunnelKind::Gue => tunnel::GUE,
        TunnelKind::Gre => tunnel::GRE,
        TunnelKind::Unknown(number) => number,
    };
    let flags = match settings.checksum {
        TunnelChecksum::None => 0,
        TunnelChecksum::Full => tunnel::CSUM,
        TunnelChecksum::Remote => tunnel::REMCSUM,
    };
    attributes
        .u8(dest::TUN_TYPE, kind)
        .be16(dest::TUN_PORT, settings.port)
        .u16(dest::TUN_FLAGS, flags);
}
