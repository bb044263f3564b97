//! What `setup` knows of a service, and the service of the file that follows. What
//! the questions do not ask about stays as it was.

use std::net::{Ipv4Addr, SocketAddr};

use super::key::Key;
use super::today::today;
use crate::config::{
    Check, CheckKind, DnsRecord, HttpQuestion, RealServer, SorryMode, SorryServer, Trust, VipWay,
    VirtualServer,
};
use crate::health::{HttpCheck, Policy, StatusSet};
use crate::model::{Forward, Protocol, Scheduler, Server, Service, ServiceId, Tunnel};

/// How a server's health is found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// By a page.
    Page {
        /// Under TLS, and whom that trusts; none: without.
        tls: Option<Trust>,
        /// Its path.
        path: String,
    },
    /// By a connection.
    Tcp,
    /// By asking a name server for the root.
    Dns,
    /// By an echo.
    Ping,
    /// Not at all.
    None,
    /// As the file says it, in a way that is not asked about.
    Unchanged,
}

/// How packets get to the servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// By address translation.
    Nat,
    /// On the same link.
    Dr,
    /// Through a tunnel.
    Tun,
}

impl Method {
    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nat => "nat",
            Self::Dr => "dr",
            Self::Tun => "tun",
        }
    }

    fn forward(self) -> Forward {
        match self {
            Self::Nat => Forward::Nat,
            Self::Dr => Forward::Dr,
            Self::Tun => Forward::Tun(Tunnel::default()),
        }
    }
}

/// All that the questions are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    /// Where clients connect to.
    pub vip: SocketAddr,
    /// Tcp or udp.
    pub protocol: Protocol,
    /// The real servers.
    pub servers: Vec<SocketAddr>,
    /// How packets get to them.
    pub method: Method,
    /// How they are checked.
    pub health: Health,
    /// The host that a page is asked for.
    pub virtualhost: Option<String>,
    /// Who answers when none is left.
    pub sorry: Option<SocketAddr>,
    /// How a server is picked.
    pub scheduler: Scheduler,
    /// How many seconds a client stays with its server.
    pub persistence: Option<u32>,
    /// How packets reach IPVS.
    pub way: VipWay,
}

impl Default for Answers {
    /// Before anything was asked.
    fn default() -> Self {
        Self {
            vip: SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0),
            protocol: Protocol::Tcp,
            servers: Vec::new(),
            method: Method::Nat,
            health: Health::None,
            virtualhost: None,
            sorry: None,
            scheduler: Scheduler::default(),
            persistence: None,
            way: VipWay::default(),
        }
    }
}

impl Answers {
    /// The service.
    #[must_use]
    pub fn id(&self) -> ServiceId {
        ServiceId::Address {
            protocol: self.protocol,
            address: self.vip.ip(),
            port: self.vip.port(),
        }
    }

    pub(super) fn is_page(&self) -> bool {
        matches!(self.health, Health::Page { .. })
    }

    /// The virtual server of the file; of the one that is there, whatever was not
    /// asked about or answered as before stays.
    #[must_use]
    pub fn virtual_server(&self, before: Option<&VirtualServer>) -> VirtualServer {
        before.map_or_else(|| self.fresh(), |before| self.changed(before))
    }

    /// One that was there.
    fn changed(&self, before: &VirtualServer) -> VirtualServer {
        let fresh = self.fresh();
        let today = today(before).unwrap_or_default();
        let same_method = today
            .get(&Key::Method)
            .is_some_and(|method| method == self.method.as_str());
        let forward = if same_method {
            before.forward
        } else {
            fresh.forward
        };
        let check = self.check(before.check.as_ref());
        let kept = |real: &&RealServer, new: &RealServer| real.server.name() == new.server.name();
        let servers = fresh.real_servers.into_iter();
        let real_servers = servers
            .map(|new| {
                let old = before.real_servers.iter().find(|old| kept(old, &new));
                let mut real = old.cloned().unwrap_or(RealServer {
                    check: before.check.clone(),
                    server: Server {
                        forward,
                        ..new.server
                    },
                    ..new
                });
                if !same_method {
                    real.server.forward = forward;
                }
                // A check of its own stays; that of the service changes with it.
                if real.check == before.check {
                    real.check.clone_from(&check);
                }
                real
            })
            .collect();
        let name = |sorry: &SorryServer| sorry.server.name();
        let is_same_sorry = before.sorry.as_ref().map(name) == fresh.sorry.as_ref().map(name);
        let mut sorry = if is_same_sorry {
            before.sorry.clone()
        } else {
            fresh.sorry
        };
        if let (Some(sorry), false) = (&mut sorry, same_method && is_same_sorry) {
            sorry.server.forward = forward;
        }
        VirtualServer {
            service: self.service(&before.service, fresh.service),
            forward,
            vip: self.way,
            sorry,
            check,
            real_servers,
            ..before.clone()
        }
    }

    /// What the kernel is told of it; what goes with a scheduler, with persistence or
    /// with datagrams goes without them.
    fn service(&self, before: &Service, fresh: Service) -> Service {
        let mut service = Service {
            id: fresh.id,
            persistence_timeout: fresh.persistence_timeout,
            ..before.clone()
        };
        if before.scheduler != fresh.scheduler {
            service.scheduler = fresh.scheduler;
            service.scheduler_flags = fresh.scheduler_flags;
        }
        if self.persistence.is_none() || before.id.family() != fresh.id.family() {
            service.netmask = fresh.netmask;
            service.persistence_engine = None;
        }
        service.one_packet &= self.protocol == Protocol::Udp;
        service
    }

    /// One that nobody wrote before.
    fn fresh(&self) -> VirtualServer {
        let forward = self.method.forward();
        let check = self.check(None);
        let server = |address: &SocketAddr| Server {
            address: address.ip(),
            port: address.port(),
            forward,
            weight: 1,
            upper_threshold: 0,
            lower_threshold: 0,
        };
        VirtualServer {
            name: None,
            service: Service {
                scheduler: self.scheduler.clone(),
                persistence_timeout: self.persistence,
                ..Service::new(self.id())
            },
            forward,
            vip: self.way,
            snat: false,
            sorry: self.sorry.as_ref().map(|sorry| SorryServer {
                server: server(sorry),
                check: None,
            }),
            sorry_mode: SorryMode::default(),
            policy: Policy::default(),
            depool_threshold: 0.0,
            slow_start: None,
            real_servers: self
                .servers
                .iter()
                .map(|address| RealServer {
                    server: server(address),
                    maintenance: false,
                    check: check.clone(),
                })
                .collect(),
            check,
            check_required: false,
        }
    }

    /// The check; times, statuses and the like are those from before.
    pub(super) fn check(&self, before: Option<&Check>) -> Option<Check> {
        let kind = match &self.health {
            Health::Unchanged => return before.cloned(),
            Health::None => return None,
            Health::Tcp => CheckKind::Tcp,
            Health::Dns => CheckKind::Dns {
                query: ".".to_owned(),
                record: DnsRecord::Soa,
            },
            Health::Ping => CheckKind::Ping,
            Health::Page { tls, path } => {
                let (body, status, trusted) = match before.map(|before| &before.kind) {
                    Some(CheckKind::Http(old)) => (old.body.clone(), old.request.status(), None),
                    Some(CheckKind::Https(old, trust)) => {
                        (old.body.clone(), old.request.status(), Some(trust))
                    }
                    _ => (None, &StatusSet::default(), None),
                };
                // Path and host were checked as they were typed.
                let request =
                    HttpCheck::new(path, self.virtualhost.as_deref(), status.clone()).ok()?;
                let question = HttpQuestion { request, body };
                match (tls, trusted) {
                    // Whom it would trust stays, where nothing is verified.
                    (Some(Trust { verify: false, .. }), Some(old)) if !old.verify => {
                        CheckKind::Https(question, old.clone())
                    }
                    (Some(trust), _) => CheckKind::Https(question, trust.clone()),
                    (None, _) => CheckKind::Http(question),
                }
            }
        };
        if let Some(before) = before
            && before.kind.as_str() == kind.as_str()
        {
            // A name to look up, a record: what one was asked about stays.
            let kind = match kind {
                CheckKind::Dns { .. } => before.kind.clone(),
                kind => kind,
            };
            return Some(Check {
                kind,
                ..before.clone()
            });
        }
        Some(Check::new(kind))
    }
}
