//! What the options of one command line say, gathered in the order in which they
//! were typed: values are checked as they come, so that the first wrong one is
//! the one that is named. Whether they fit together is found out in `parse`.

use std::net::IpAddr;

use crate::model::{
    Family, Netmask, Protocol, Scheduler, SchedulerFlags, Service, ServiceId, SyncDaemon, SyncRole,
    TunnelKind,
};

use super::failure::Failure;
use super::group::{Given, Group};
use super::names::Names;
use super::numbers;
use super::option::Name;
use super::place::{self, Port};
use super::value;

/// `-p` without a timeout (the manual of ipvsadm says 300; the program has 360).
const DEFAULT_TIMEOUT: u32 = 360;
/// `IP_VS_SCHEDNAME_MAXLEN` and `IP_VS_IFNAME_MAXLEN`, without the NUL.
const NAME_LENGTH: usize = 15;
/// `IP_VS_PENAME_MAXLEN`.
const ENGINE_LENGTH: usize = 16;
/// ipvsadm's buffer, without the NUL.
const FLAGS_LENGTH: usize = 127;

/// How packets get to a server, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Method {
    /// -m
    Nat,
    /// -g
    #[default]
    Dr,
    /// -i
    Tun,
}

/// Everything that options can say.
#[derive(Debug, Default)]
pub(super) struct Settings<'a> {
    /// Which options there were.
    pub given: Given,
    /// The virtual service.
    pub service: Option<ServiceId>,
    scheduler: &'a str,
    scheduler_flags: &'a str,
    persistence_timeout: Option<u32>,
    netmask: Option<(Netmask, &'a str)>,
    engine: &'a str,
    /// One-packet scheduling.
    pub one_packet: bool,
    /// The real server.
    pub server: Option<(IpAddr, Port<'a>)>,
    /// Its method.
    pub method: Method,
    /// Its weight, if not 1.
    pub weight: Option<u32>,
    /// Its upper threshold.
    pub upper: u32,
    /// Its lower threshold.
    pub lower: u32,
    /// The encapsulation of its tunnel.
    pub tunnel_kind: TunnelKind,
    /// The port of its tunnel.
    pub tunnel_port: u16,
    interface: &'a str,
    syncid: u32,
    sync_maxlen: u16,
    mcast_group: Option<IpAddr>,
    mcast_port: u16,
    mcast_ttl: u8,
}

impl<'a> Settings<'a> {
    /// Takes one option in; false if it is a command, which stands first only.
    pub(super) fn take(
        &mut self,
        name: Name,
        value: Option<&'a str>,
        names: &dyn Names,
    ) -> Result<bool, Failure> {
        let text = value.unwrap_or_default();
        match name {
            Name::TcpService => self.take_service(Protocol::Tcp, text, names)?,
            Name::UdpService => self.take_service(Protocol::Udp, text, names)?,
            Name::SctpService => self.take_service(Protocol::Sctp, text, names)?,
            Name::FwmarkService => self.take_mark(text)?,
            Name::Ipv6 => self.make_ipv6()?,
            Name::Scheduler => {
                self.given.add(Group::Scheduler)?;
                self.scheduler = value::cut(text, NAME_LENGTH);
            }
            Name::Persistent => {
                self.given.add(Group::Persistent)?;
                self.persistence_timeout = Some(match value {
                    Some(text) => value::timeout(text, 1)?,
                    None => DEFAULT_TIMEOUT,
                });
            }
            Name::Netmask => self.take_netmask(text, names)?,
            Name::Ops => {
                self.given.add(Group::Ops)?;
                self.one_packet = true;
            }
            Name::Pe => {
                self.given.add(Group::Pe)?;
                self.engine = value::cut(text, ENGINE_LENGTH);
            }
            Name::SchedFlags => {
                self.given.add(Group::SchedFlags)?;
                self.scheduler_flags = value::cut(text, FLAGS_LENGTH);
            }
            _ => {
                return Ok(self.take_server_option(name, text, names)?
                    || self.take_daemon_option(name, text)?
                    || self.take_view(name)?);
            }
        }
        Ok(true)
    }

    fn take_service(
        &mut self,
        protocol: Protocol,
        text: &str,
        names: &dyn Names,
    ) -> Result<(), Failure> {
        self.given.add(Group::ServiceAddress)?;
        let place = place::parse(text, names).and_then(|(address, port)| {
            let port = port.number(0, protocol, names)?;
            Some((address, port))
        });
        let Some((address, port)) = place else {
            return Err(Failure::usage(
                "illegal virtual server address[:port] specified",
            ));
        };
        self.service = Some(ServiceId::Address {
            protocol,
            address,
            port,
        });
        Ok(())
    }

    fn take_mark(&mut self, text: &str) -> Result<(), Failure> {
        self.given.add(Group::ServiceAddress)?;
        let Some(mark) = numbers::number(text, 1, i64::from(u32::MAX)) else {
            return Err(Failure::usage(format!(
                "invalid fwmark value `{text}' specified"
            )));
        };
        self.service = Some(ServiceId::Fwmark {
            mark,
            family: Family::Ipv4,
        });
        Ok(())
    }

    fn make_ipv6(&mut self) -> Result<(), Failure> {
        match &mut self.service {
            Some(ServiceId::Fwmark { family, .. }) => {
                *family = Family::Ipv6;
                Ok(())
            }
            _ => Err(Failure::usage("-6 used before -f\n")),
        }
    }

    fn take_netmask(&mut self, text: &'a str, names: &dyn Names) -> Result<(), Failure> {
        self.given.add(Group::Netmask)?;
        let mask = match self.service.map(|id| id.family()) {
            Some(Family::Ipv6) => value::prefix(text)?,
            // A prefix length is an address as well, so that -M may come first.
            Some(Family::Ipv4) | None => {
                let mask = numbers::address(text).or_else(|| names.address(text));
                Netmask::V4(mask.ok_or_else(|| {
                    Failure::usage("illegal virtual server persistent mask specified")
                })?)
            }
        };
        self.netmask = Some((mask, text));
        Ok(())
    }

    fn take_daemon_option(&mut self, name: Name, text: &'a str) -> Result<bool, Failure> {
        match name {
            Name::McastInterface => {
                self.given.add(Group::McastInterface)?;
                self.interface = value::cut(text, NAME_LENGTH);
            }
            Name::Syncid => {
                self.given.add(Group::Syncid)?;
                self.syncid = value::number(text, 0, 255, "syncid")?;
            }
            Name::McastGroup => {
                self.given.add(Group::Multicast)?;
                self.mcast_group = Some(value::multicast(text)?);
            }
            Name::McastPort => {
                self.given.add(Group::McastPort)?;
                self.mcast_port = value::small(text, 1, i64::from(u16::MAX), "mcast-port")?;
            }
            Name::McastTtl => {
                self.given.add(Group::McastTtl)?;
                self.mcast_ttl = value::small(text, 1, 255, "mcast-ttl")?;
            }
            Name::SyncMaxlen => {
                self.given.add(Group::SyncMaxlen)?;
                // What is left of a packet behind the headers of IPv4 and UDP.
                self.sync_maxlen = value::small(text, 1, 65535 - 20 - 8, "sync-maxlen")?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn take_view(&mut self, name: Name) -> Result<bool, Failure> {
        let group = match name {
            Name::Connection => Group::Connection,
            Name::Numeric => Group::Numeric,
            Name::Timeout => Group::Timeout,
            Name::Daemon => Group::Daemon,
            Name::Stats => Group::Stats,
            Name::Rate => Group::Rate,
            Name::Thresholds => Group::Thresholds,
            Name::PersistentConn => Group::PersistentConn,
            Name::NoSort => Group::NoSort,
            Name::Exact => Group::Exact,
            Name::TunInfo => Group::TunInfo,
            // Sorted is what a list is; there to be compatible.
            Name::Sort => return Ok(true),
            _ => return Ok(false),
        };
        self.given.add(group)?;
        Ok(true)
    }

    /// The scheduler's flags.
    pub(super) fn scheduler_flags(&self) -> Result<SchedulerFlags, Failure> {
        let mut flags = SchedulerFlags::default();
        if self.scheduler_flags.is_empty() {
            return Ok(flags);
        }
        let scheduler = self.scheduler();
        // As strtok(3): commas in a row are one.
        let words = self.scheduler_flags.split(',');
        for word in words.filter(|word| !word.is_empty()) {
            let of = |owner: &str| {
                if scheduler.as_str() == owner {
                    Ok(true)
                } else {
                    Err(Failure::usage(format!(
                        "incompatible scheduler flag `{word}'"
                    )))
                }
            };
            match word {
                "flag-1" => flags.first = true,
                "flag-2" => flags.second = true,
                "flag-3" => flags.third = true,
                "sh-fallback" => flags.first = of("sh")?,
                "sh-port" => flags.second = of("sh")?,
                "mh-fallback" => flags.first = of("mh")?,
                "mh-port" => flags.second = of("mh")?,
                _ => {
                    return Err(Failure::usage(format!("invalid scheduler flag `{word}'")));
                }
            }
        }
        Ok(flags)
    }

    fn scheduler(&self) -> Scheduler {
        if self.scheduler.is_empty() {
            Scheduler::default()
        } else {
            Scheduler::from_kernel(self.scheduler)
        }
    }

    /// The service of this name with everything that was said about it.
    pub(super) fn whole_service(
        &self,
        id: ServiceId,
        scheduler_flags: SchedulerFlags,
    ) -> Result<Service, Failure> {
        let netmask = match (&self.netmask, id.family()) {
            (None, family) => Netmask::host(family),
            // Typed before the family was known.
            (Some((Netmask::V4(_), text)), Family::Ipv6) => value::prefix(text)?,
            (Some((mask, _)), _) => *mask,
        };
        Ok(Service {
            id,
            scheduler: self.scheduler(),
            scheduler_flags,
            persistence_timeout: self.persistence_timeout,
            netmask,
            persistence_engine: (!self.engine.is_empty()).then(|| self.engine.to_owned()),
            one_packet: self.one_packet,
        })
    }

    /// The daemon of this role with everything that was said about it.
    pub(super) fn daemon(&self, role: SyncRole) -> SyncDaemon {
        let interface = if self.interface.is_empty() {
            "eth0"
        } else {
            self.interface
        };
        SyncDaemon {
            role,
            interface: interface.to_owned(),
            id: self.syncid,
            max_length: self.sync_maxlen,
            group: self.mcast_group,
            port: self.mcast_port,
            ttl: self.mcast_ttl,
        }
    }
}
