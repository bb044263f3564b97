//! What a refusal of the kernel's IPVS means, by operation and error number
//! (net/netfilter/ipvs/ip_vs_ctl.c), and what to do about it.

use std::fmt;

use crate::model::{Forward, Service, ServiceId, SettingStep, TableStep, TunnelKind};
use crate::netlink;

/// A result of this room.
pub type Result<T> = std::result::Result<T, Error>;

/// Why IPVS did not do what it was asked for.
#[derive(Debug)]
pub enum Error {
    /// The kernel has no IPVS, or its module could not be loaded.
    NoModule {
        /// What modprobe(8) answered, where it was tried.
        modprobe: Option<String>,
    },
    /// CAP_NET_ADMIN is missing.
    NoPrivilege,
    /// A step of a plan was refused.
    Step {
        /// The step.
        step: Box<TableStep>,
        /// The kernel's answer.
        refusal: netlink::Refusal,
    },
    /// A step stands behind one that was refused, and was left out.
    NotTried,
    /// The named service is not there.
    NoService(ServiceId),
    /// The synchronisation daemon runs already.
    DaemonRuns,
    /// The synchronisation daemon does not run.
    NoDaemon,
    /// There is no interface of this name.
    NoInterface(String),
    /// The conversation failed.
    Netlink(netlink::Error),
}

impl Error {
    /// Finds the meaning of an error that is not about a step.
    pub(super) fn from_netlink(error: netlink::Error) -> Self {
        match error.errno() {
            Some(libc::EPERM) => Self::NoPrivilege,
            _ => Self::Netlink(error),
        }
    }

    /// Finds the meaning of a refused step.
    pub(super) fn from_step(step: &TableStep, refusal: netlink::Refusal) -> Self {
        if refusal.errno == libc::EPERM {
            return Self::NoPrivilege;
        }
        Self::Step {
            step: Box::new(step.clone()),
            refusal,
        }
    }
}

impl Error {
    /// Finds the meaning of a refused setting.
    pub(super) fn from_setting(step: &SettingStep, error: Self) -> Self {
        let errno = match &error {
            Self::Netlink(error) => error.errno(),
            _ => None,
        };
        match (step, errno) {
            (SettingStep::StartDaemon(_), Some(libc::EEXIST)) => Self::DaemonRuns,
            (SettingStep::StartDaemon(daemon), Some(libc::ENODEV)) => {
                Self::NoInterface(daemon.interface.clone())
            }
            (SettingStep::StopDaemon(_), Some(libc::ESRCH)) => Self::NoDaemon,
            _ => error,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoModule { modprobe } => {
                f.write_str(
                    "this kernel has no IPVS: the module ip_vs is neither built in nor could it \
                     be loaded; install the kernel's modules and try: modprobe ip_vs",
                )?;
                match modprobe {
                    Some(answer) => write!(f, " ({answer})"),
                    None => Ok(()),
                }
            }
            Self::NoPrivilege => f.write_str(
                "permission denied: the IPVS table needs CAP_NET_ADMIN in the initial user \
                 namespace; run it as root (root of a user namespace or a rootless container \
                 is not enough)",
            ),
            Self::Step { step, refusal } => f.write_str(&sentence(step, refusal)),
            Self::NotTried => f.write_str("a step before it was refused"),
            Self::NoService(id) => f.write_str(&no_service(id)),
            Self::DaemonRuns => f.write_str("it runs already; see: lbctl sync show"),
            Self::NoDaemon => f.write_str("it does not run"),
            Self::NoInterface(name) => {
                write!(f, "there is no interface {}", name.escape_default())
            }
            Self::Netlink(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

fn no_service(id: &ServiceId) -> String {
    format!(
        "no such service; add it with: lbctl add {} -s rr",
        id.options()
    )
}

fn of_service(service: &Service, refusal: &netlink::Refusal) -> Option<String> {
    match refusal.errno {
        libc::EEXIST => Some(format!(
            "it is there already; change it with: lbctl edit {0}, or make it exactly \
                     so with: lbctl replace {0}",
            service.id.options()
        )),
        libc::ESRCH => Some(no_service(&service.id)),
        // The kernel answers ENOENT for a missing scheduler and for a
        // missing persistence engine alike.
        libc::ENOENT => Some(match &service.persistence_engine {
            Some(engine) => format!(
                "the kernel has no scheduler '{}' or no persistence engine '{engine}': \
                         the module {} or ip_vs_pe_{engine} is missing",
                service.scheduler,
                service.scheduler.module()
            ),
            None => format!(
                "the kernel has no scheduler '{}': the module {} is missing",
                service.scheduler,
                service.scheduler.module()
            ),
        }),
        _ => None,
    }
}

fn sentence(step: &TableStep, refusal: &netlink::Refusal) -> String {
    let known = match step {
        TableStep::AddService(service) => of_service(service, refusal),
        TableStep::EditService { after, .. } => of_service(after, refusal),
        TableStep::DeleteService(_) => {
            (refusal.errno == libc::ESRCH).then(|| "no such service; see: lbctl list".to_owned())
        }
        TableStep::AddServer { service, server } => match refusal.errno {
            libc::ESRCH => Some(no_service(service)),
            libc::EEXIST => Some(format!(
                "it is there already; change it with: lbctl edit {0} -r {1}, or make it exactly \
                 so with: lbctl replace {0} -r {1}",
                service.options(),
                server.endpoint()
            )),
            libc::EINVAL => Some(match server.forward {
                Forward::Tun(tunnel) if tunnel.kind == TunnelKind::Gue && tunnel.port == 0 => {
                    "a gue tunnel needs the server's port (--tun-port)".to_owned()
                }
                _ => format!(
                    "the kernel takes only unicast addresses, and another family than the service's \
                     only with --forward tun; {} is not one (in a network namespace where lo was \
                     never up, none is)",
                    server.address
                ),
            }),
            _ => None,
        },
        TableStep::EditServer { service, .. } | TableStep::DeleteServer { service, .. } => {
            match refusal.errno {
                libc::ESRCH => Some(no_service(service)),
                libc::ENOENT => Some(format!(
                    "no such server; see: lbctl list {}",
                    service.options()
                )),
                _ => None,
            }
        }
    };
    known.unwrap_or_else(|| refusal.to_string())
}
