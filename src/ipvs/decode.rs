//! IPVS attributes into values. Pure. Attributes are told apart by type, never
//! by order; those that older kernels lack are optional.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::model::{
    Counters, Family, Forward, Netmask, Protocol, Scheduler, SchedulerFlags, Server, ServerState,
    Service, ServiceId, Stats, Tunnel, TunnelChecksum, TunnelKind,
};
use crate::netlink::{Attribute, Attributes, Error, Message, Result};

use super::wire::{self, dest, flag, method, service, stats, top, tunnel};

/// A service message: its settings and statistics.
pub(super) fn service(message: &Message<'_>) -> Result<(Service, Stats)> {
    let attribute = message
        .attributes(wire::GENL_HEADER)?
        .find(top::SERVICE)?
        .ok_or(Error::Malformed("a service message without a service"))?;
    let mut parts = ServiceParts::default();
    for attribute in attribute.nested() {
        parts.take(attribute?)?;
    }
    parts.finish()
}

/// A destination message: a real server of a service of this family.
pub(super) fn server(message: &Message<'_>, service_family: Family) -> Result<ServerState> {
    let attribute = message
        .attributes(wire::GENL_HEADER)?
        .find(top::DEST)?
        .ok_or(Error::Malformed("a server message without a server"))?;
    let mut parts = ServerParts::default();
    for attribute in attribute.nested() {
        parts.take(attribute?)?;
    }
    parts.finish(service_family)
}

fn family(number: u16) -> Result<Family> {
    match i32::from(number) {
        libc::AF_INET => Ok(Family::Ipv4),
        libc::AF_INET6 => Ok(Family::Ipv6),
        _ => Err(Error::Malformed(
            "an address family other than IPv4 and IPv6",
        )),
    }
}

/// A service's protocol (`IPPROTO_*`).
pub(super) fn protocol(number: u16) -> Protocol {
    match number {
        6 => Protocol::Tcp,
        17 => Protocol::Udp,
        132 => Protocol::Sctp,
        number => Protocol::Other(number),
    }
}

/// The method among these flags of a server's connections.
pub(super) fn forward(flags: u32, tunnel: Tunnel) -> Forward {
    match flags & method::MASK {
        method::NAT => Forward::Nat,
        method::LOCAL => Forward::Local,
        method::DR => Forward::Dr,
        method::BYPASS => Forward::Bypass,
        method::TUN => Forward::Tun(tunnel),
        // Masked to three bits above.
        number => Forward::Unknown(u8::try_from(number).unwrap_or(u8::MAX)),
    }
}

fn address(attribute: Attribute<'_>, family: Family) -> Result<IpAddr> {
    let short = Error::Malformed("an address is too short");
    match family {
        Family::Ipv4 => {
            let bytes = attribute.payload.first_chunk::<4>().ok_or(short)?;
            Ok(Ipv4Addr::from(*bytes).into())
        }
        Family::Ipv6 => {
            let bytes = attribute.payload.first_chunk::<16>().ok_or(short)?;
            Ok(Ipv6Addr::from(*bytes).into())
        }
    }
}

#[derive(Default)]
struct ServiceParts<'a> {
    family: Option<Family>,
    protocol: u16,
    address: Option<Attribute<'a>>,
    port: u16,
    mark: u32,
    scheduler: &'a str,
    flags: u32,
    timeout: u32,
    netmask: Option<Attribute<'a>>,
    engine: Option<&'a str>,
    stats: StatsParts<'a>,
}

impl<'a> ServiceParts<'a> {
    fn take(&mut self, attribute: Attribute<'a>) -> Result<()> {
        match attribute.kind {
            service::AF => self.family = Some(family(attribute.u16()?)?),
            service::PROTOCOL => self.protocol = attribute.u16()?,
            service::ADDR => self.address = Some(attribute),
            service::PORT => self.port = attribute.be16()?,
            service::FWMARK => self.mark = attribute.u32()?,
            service::SCHED_NAME => self.scheduler = attribute.string()?,
            service::FLAGS => self.flags = attribute.u32()?,
            service::TIMEOUT => self.timeout = attribute.u32()?,
            service::NETMASK => self.netmask = Some(attribute),
            service::PE_NAME => self.engine = Some(attribute.string()?),
            service::STATS => self.stats.narrow = Some(attribute),
            service::STATS64 => self.stats.wide = Some(attribute),
            _ => {}
        }
        Ok(())
    }

    fn finish(self) -> Result<(Service, Stats)> {
        let family = self
            .family
            .ok_or(Error::Malformed("a service without address family"))?;
        let id = if self.mark == 0 {
            let bytes = self
                .address
                .ok_or(Error::Malformed("a service without address"))?;
            ServiceId::Address {
                protocol: protocol(self.protocol),
                address: address(bytes, family)?,
                port: self.port,
            }
        } else {
            ServiceId::Fwmark {
                mark: self.mark,
                family,
            }
        };
        let has = |bit: u32| self.flags & bit != 0;
        let settings = Service {
            id,
            scheduler: Scheduler::from_kernel(self.scheduler),
            scheduler_flags: SchedulerFlags {
                first: has(flag::SCHED_1),
                second: has(flag::SCHED_2),
                third: has(flag::SCHED_3),
            },
            persistence_timeout: has(flag::PERSISTENT).then_some(self.timeout),
            netmask: netmask(self.netmask, family)?,
            persistence_engine: self.engine.map(str::to_owned),
            one_packet: has(flag::ONE_PACKET),
        };
        Ok((settings, self.stats.finish()?))
    }
}

fn netmask(attribute: Option<Attribute<'_>>, family: Family) -> Result<Netmask> {
    let Some(attribute) = attribute else {
        return Ok(Netmask::host(family));
    };
    match family {
        Family::Ipv4 => Ok(Netmask::V4(attribute.be32()?.into())),
        Family::Ipv6 => u8::try_from(attribute.u32()?)
            .map(Netmask::V6)
            .map_err(|_| Error::Malformed("an IPv6 prefix longer than 255")),
    }
}

#[derive(Default)]
struct ServerParts<'a> {
    family: Option<u16>,
    address: Option<Attribute<'a>>,
    port: u16,
    method: u32,
    weight: u32,
    upper: u32,
    lower: u32,
    active: u32,
    inactive: u32,
    persistent: u32,
    tunnel_kind: u8,
    tunnel_port: u16,
    tunnel_flags: u16,
    stats: StatsParts<'a>,
}

impl<'a> ServerParts<'a> {
    fn take(&mut self, attribute: Attribute<'a>) -> Result<()> {
        match attribute.kind {
            dest::ADDR => self.address = Some(attribute),
            dest::PORT => self.port = attribute.be16()?,
            dest::FWD_METHOD => self.method = attribute.u32()?,
            dest::WEIGHT => self.weight = attribute.u32()?,
            dest::U_THRESH => self.upper = attribute.u32()?,
            dest::L_THRESH => self.lower = attribute.u32()?,
            dest::ACTIVE_CONNS => self.active = attribute.u32()?,
            dest::INACT_CONNS => self.inactive = attribute.u32()?,
            dest::PERSIST_CONNS => self.persistent = attribute.u32()?,
            dest::STATS => self.stats.narrow = Some(attribute),
            dest::STATS64 => self.stats.wide = Some(attribute),
            dest::ADDR_FAMILY => self.family = Some(attribute.u16()?),
            dest::TUN_TYPE => self.tunnel_kind = attribute.u8()?,
            dest::TUN_PORT => self.tunnel_port = attribute.be16()?,
            dest::TUN_FLAGS => self.tunnel_flags = attribute.u16()?,
            _ => {}
        }
        Ok(())
    }

    fn finish(self, service_family: Family) -> Result<ServerState> {
        let family = match self.family {
            // Kernels before 3.18 have servers of the service's family only.
            None | Some(0) => service_family,
            Some(number) => family(number)?,
        };
        let bytes = self
            .address
            .ok_or(Error::Malformed("a server without address"))?;
        let settings = Server {
            address: address(bytes, family)?,
            port: self.port,
            forward: forward(self.method, self.tunnel()),
            weight: self.weight,
            upper_threshold: self.upper,
            lower_threshold: self.lower,
        };
        Ok(ServerState {
            server: settings,
            active: self.active,
            inactive: self.inactive,
            persistent: self.persistent,
            stats: self.stats.finish()?,
        })
    }

    fn tunnel(&self) -> Tunnel {
        Tunnel {
            kind: match self.tunnel_kind {
                tunnel::IPIP => TunnelKind::Ipip,
                tunnel::GUE => TunnelKind::Gue,
                tunnel::GRE => TunnelKind::Gre,
                number => TunnelKind::Unknown(number),
            },
            port: self.tunnel_port,
            checksum: if self.tunnel_flags & tunnel::REMCSUM != 0 {
                TunnelChecksum::Remote
            } else if self.tunnel_flags & tunnel::CSUM != 0 {
                TunnelChecksum::Full
            } else {
                TunnelChecksum::None
            },
        }
    }
}

/// The 64-bit statistics where the kernel has them (4.1), else the 32-bit ones.
#[derive(Default)]
struct StatsParts<'a> {
    narrow: Option<Attribute<'a>>,
    wide: Option<Attribute<'a>>,
}

impl StatsParts<'_> {
    fn finish(&self) -> Result<Stats> {
        match (self.wide, self.narrow) {
            (Some(attribute), _) => statistics(attribute.nested(), |_, value| value.u64()),
            (None, Some(attribute)) => statistics(attribute.nested(), |kind, value| match kind {
                stats::INBYTES | stats::OUTBYTES => value.u64(),
                _ => value.u32().map(u64::from),
            }),
            (None, None) => Ok(Stats::default()),
        }
    }
}

fn statistics(
    attributes: Attributes<'_>,
    read: impl Fn(u16, Attribute<'_>) -> Result<u64>,
) -> Result<Stats> {
    let mut totals = Counters::default();
    let mut rates = Counters::default();
    for attribute in attributes {
        let attribute = attribute?;
        let field = match attribute.kind {
            stats::CONNS => &mut totals.connections,
            stats::INPKTS => &mut totals.packets_in,
            stats::OUTPKTS => &mut totals.packets_out,
            stats::INBYTES => &mut totals.bytes_in,
            stats::OUTBYTES => &mut totals.bytes_out,
            stats::CPS => &mut rates.connections,
            stats::INPPS => &mut rates.packets_in,
            stats::OUTPPS => &mut rates.packets_out,
            stats::INBPS => &mut rates.bytes_in,
            stats::OUTBPS => &mut rates.bytes_out,
            _ => continue,
        };
        *field = read(attribute.kind, attribute)?;
    }
    Ok(Stats { totals, rates })
}

#[cfg(test)]
mod tests;
