//! What the user named: the settings to change, and no others. Applied to what
//! is there (`edit`) or to the defaults (`add`, `replace`) it gives what shall be.

use super::{
    Family, Forward, Impossible, Netmask, Protocol, Scheduler, SchedulerFlags, Server, Service,
    ServiceId, Tunnel, TunnelChecksum, TunnelKind,
};

/// Settings of a virtual service that were named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceChange {
    /// The scheduler.
    pub scheduler: Option<Scheduler>,
    /// Scheduler flags as a comma list; what it means depends on the scheduler.
    pub scheduler_flags: Option<String>,
    /// Seconds, or not persistent.
    pub persistence_timeout: Option<Option<u32>>,
    /// The persistence mask.
    pub netmask: Option<Netmask>,
    /// The persistence engine, or none.
    pub persistence_engine: Option<Option<String>>,
    /// One-packet scheduling.
    pub one_packet: Option<bool>,
}

impl ServiceChange {
    /// Whether nothing was named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The service with these settings changed.
    ///
    /// # Errors
    /// The result cannot work: see [`Impossible`].
    pub fn apply(&self, service: &Service) -> Result<Service, Impossible> {
        let mut changed = service.clone();
        if let Some(scheduler) = &self.scheduler {
            // The flags of one scheduler mean nothing to another.
            if *scheduler != service.scheduler {
                changed.scheduler_flags = SchedulerFlags::default();
            }
            changed.scheduler = scheduler.clone();
        }
        if let Some(words) = &self.scheduler_flags {
            changed.scheduler_flags = SchedulerFlags::parse(words, &changed.scheduler)
                .map_err(Impossible::SchedulerFlags)?;
        }
        if let Some(timeout) = self.persistence_timeout {
            changed.persistence_timeout = timeout;
        }
        if let Some(netmask) = self.netmask {
            changed.netmask = netmask;
        }
        if let Some(engine) = &self.persistence_engine {
            changed.persistence_engine.clone_from(engine);
        }
        if let Some(one_packet) = self.one_packet {
            changed.one_packet = one_packet;
        }
        check_service(&changed)?;
        Ok(changed)
    }
}

/// Whether a service can work as it is.
///
/// # Errors
/// It cannot: see [`Impossible`].
pub fn check_service(service: &Service) -> Result<(), Impossible> {
    if let ServiceId::Address { protocol, port, .. } = service.id {
        if port == 0 && service.persistence_timeout.is_none() {
            return Err(Impossible::AllPorts);
        }
        if service.one_packet && protocol != Protocol::Udp {
            return Err(Impossible::OnePacket(protocol));
        }
    }
    Ok(())
}

/// A forwarding method that was named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Network address translation.
    Nat,
    /// Direct routing.
    Dr,
    /// Tunnelling.
    Tun,
}

/// Settings of a tunnel that were named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TunnelChange {
    /// The encapsulation.
    pub kind: Option<TunnelKind>,
    /// The UDP port of gue.
    pub port: Option<u16>,
    /// The outer checksum.
    pub checksum: Option<TunnelChecksum>,
}

/// Settings of a real server that were named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerChange {
    /// How packets get there.
    pub method: Option<Method>,
    /// How they are tunnelled.
    pub tunnel: TunnelChange,
    /// Its share.
    pub weight: Option<u32>,
    /// The upper connection threshold.
    pub upper_threshold: Option<u32>,
    /// The lower connection threshold.
    pub lower_threshold: Option<u32>,
}

impl ServerChange {
    /// Whether nothing was named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The server of this service with these settings changed.
    ///
    /// # Errors
    /// The result cannot work: see [`Impossible`].
    pub fn apply(&self, server: &Server, service: &ServiceId) -> Result<Server, Impossible> {
        let mut changed = server.clone();
        changed.forward = self.forward(server.forward)?;
        if let Some(weight) = self.weight {
            changed.weight = weight;
        }
        if let Some(threshold) = self.upper_threshold {
            changed.upper_threshold = threshold;
        }
        if let Some(threshold) = self.lower_threshold {
            changed.lower_threshold = threshold;
        }
        check_server(&changed, service)?;
        Ok(changed)
    }

    /// How packets get to a server whose method was `before`, with this method and
    /// tunnel named.
    ///
    /// # Errors
    /// Tunnel options without a tunnel, or those of another kind of tunnel.
    pub fn forward(&self, before: Forward) -> Result<Forward, Impossible> {
        let forward = match (self.method, before) {
            (None, before) => before,
            (Some(Method::Nat), _) => Forward::Nat,
            (Some(Method::Dr), _) => Forward::Dr,
            (Some(Method::Tun), Forward::Tun(tunnel)) => Forward::Tun(tunnel),
            (Some(Method::Tun), _) => Forward::Tun(Tunnel::default()),
        };
        if self.tunnel == TunnelChange::default() {
            return Ok(forward);
        }
        let Forward::Tun(tunnel) = forward else {
            return Err(Impossible::TunnelOptions(forward));
        };
        // Another encapsulation starts afresh: ports and checksums differ in kind.
        let start = match self.tunnel.kind {
            Some(kind) if kind != tunnel.kind => Tunnel {
                kind,
                ..Tunnel::default()
            },
            _ => tunnel,
        };
        let named = Tunnel {
            kind: start.kind,
            port: self.tunnel.port.unwrap_or(start.port),
            checksum: self.tunnel.checksum.unwrap_or(start.checksum),
        };
        check_tunnel(named)?;
        Ok(Forward::Tun(named))
    }
}

/// Whether a server of this service can work as it is.
///
/// # Errors
/// It cannot: see [`Impossible`].
pub fn check_server(server: &Server, service: &ServiceId) -> Result<(), Impossible> {
    if server.lower_threshold > server.upper_threshold {
        return Err(Impossible::Thresholds {
            lower: server.lower_threshold,
            upper: server.upper_threshold,
        });
    }
    if Family::of(server.address) != service.family() && !matches!(server.forward, Forward::Tun(_))
    {
        return Err(Impossible::Families {
            server: server.endpoint(),
            service: *service,
        });
    }
    if let Some(port) = service.port() {
        if server.port != port && !server.forward.maps_ports() {
            return Err(Impossible::Ports {
                server: server.endpoint(),
                service: *service,
                forward: server.forward,
            });
        }
        if server.port == 0 && port != 0 {
            return Err(Impossible::PortZero(server.endpoint()));
        }
    }
    match server.forward {
        Forward::Tun(tunnel) => check_tunnel(tunnel),
        _ => Ok(()),
    }
}

fn check_tunnel(tunnel: Tunnel) -> Result<(), Impossible> {
    let plain = tunnel.port == 0 && tunnel.checksum == TunnelChecksum::None;
    match tunnel.kind {
        TunnelKind::Ipip if !plain => Err(Impossible::IpipOptions),
        TunnelKind::Gue if tunnel.port == 0 => Err(Impossible::GuePort),
        TunnelKind::Gre if tunnel.port != 0 => Err(Impossible::GrePort),
        TunnelKind::Gre if tunnel.checksum == TunnelChecksum::Remote => Err(Impossible::GreRemote),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    fn web(port: u16) -> ServiceId {
        ServiceId::Address {
            protocol: Protocol::Tcp,
            address: IpAddr::from([192, 0, 2, 10]),
            port,
        }
    }

    fn server(port: u16, forward: Forward) -> Server {
        Server {
            address: IpAddr::from([10, 0, 0, 11]),
            port,
            forward,
            weight: 1,
            upper_threshold: 0,
            lower_threshold: 0,
        }
    }

    #[test]
    fn unnamed_settings_stay() {
        let mut service = Service::new(web(80));
        service.persistence_timeout = Some(600);
        service.persistence_engine = Some("sip".to_owned());
        let change = ServiceChange {
            scheduler: Some("rr".parse().unwrap()),
            ..ServiceChange::default()
        };
        let changed = change.apply(&service).unwrap();
        assert_eq!(changed.persistence_timeout, Some(600));
        assert_eq!(changed.persistence_engine.as_deref(), Some("sip"));

        let mut before = server(8080, Forward::Nat);
        before.upper_threshold = 100;
        let change = ServerChange {
            weight: Some(0),
            ..ServerChange::default()
        };
        let after = change.apply(&before, &web(80)).unwrap();
        assert_eq!(
            (after.forward, after.upper_threshold, after.weight),
            (Forward::Nat, 100, 0)
        );
    }

    #[test]
    fn flags_of_another_scheduler_go() {
        let mut service = Service::new(web(80));
        service.scheduler = "sh".parse().unwrap();
        service.scheduler_flags.second = true;
        let change = ServiceChange {
            scheduler: Some("rr".parse().unwrap()),
            ..ServiceChange::default()
        };
        assert_eq!(
            change.apply(&service).unwrap().scheduler_flags,
            SchedulerFlags::default()
        );
    }

    #[test]
    fn what_the_kernel_would_take_but_cannot_work_is_refused() {
        let none = ServiceChange::default();
        assert!(none.apply(&Service::new(web(0))).is_err());
        let ops = ServiceChange {
            one_packet: Some(true),
            ..ServiceChange::default()
        };
        assert!(ops.apply(&Service::new(web(80))).is_err());

        let keep = ServerChange::default();
        let refused = |server: Server| keep.apply(&server, &web(80)).is_err();
        assert!(refused(server(8080, Forward::Dr)));
        assert!(!refused(server(8080, Forward::Nat)));
        assert!(refused(server(0, Forward::Nat)));
        let mut lower = server(80, Forward::Nat);
        lower.lower_threshold = 5;
        assert!(refused(lower));
        let mut other = server(80, Forward::Nat);
        other.address = "2001:db8::1".parse().unwrap();
        assert!(refused(other.clone()));
        other.forward = Forward::Tun(Tunnel::default());
        assert!(!refused(other));
    }

    #[test]
    fn tunnel_options_need_a_tunnel_of_that_kind() {
        let change = |kind, port, checksum| ServerChange {
            method: Some(Method::Tun),
            tunnel: TunnelChange {
                kind: Some(kind),
                port,
                checksum,
            },
            ..ServerChange::default()
        };
        let tun = server(80, Forward::Dr);
        let apply = |change: ServerChange| change.apply(&tun, &web(80));
        assert!(apply(change(TunnelKind::Gue, Some(6080), None)).is_ok());
        assert!(apply(change(TunnelKind::Gue, None, None)).is_err());
        assert!(apply(change(TunnelKind::Ipip, Some(1), None)).is_err());
        assert!(apply(change(TunnelKind::Gre, None, Some(TunnelChecksum::Remote))).is_err());
        let mut without = change(TunnelKind::Gre, None, None);
        without.method = Some(Method::Nat);
        assert!(apply(without).is_err());
    }
}
