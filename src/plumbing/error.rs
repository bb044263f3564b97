//! What can go wrong while packets are led to IPVS. An [`Error`] says what was
//! being done and why it failed; a step of a plan names itself already, so
//! there only the [`Reason`] is handed on.

use std::fmt;
use std::io;
use std::net::IpAddr;

use crate::netlink;

/// A result of this layer.
pub type Result<T> = std::result::Result<T, Error>;

/// Something that was tried and failed.
#[derive(Debug)]
pub struct Error {
    /// What was being done to what, as it stands behind "cannot ".
    pub doing: String,
    /// Why it failed and what to do.
    pub reason: Reason,
}

/// Why something failed. The text is the answer, then what to do about it.
#[derive(Debug)]
pub enum Reason {
    /// The kernel's answer over netlink.
    Netlink(netlink::Error),
    /// The system's answer to a call or a file operation.
    System(io::Error),
    /// The kernel has no nf_tables, or may not load it.
    NoNfTables,
    /// The kernel has no IPv6 here.
    NoIpv6,
    /// IPVS does not show its connections to nat.
    NoConntrack,
    /// The kernel has no parameter of this name.
    NoParameter,
    /// A table of our name is there that is not as lbctl makes it.
    ForeignTable {
        /// Its name, in the family inet.
        table: &'static str,
        /// What is different.
        difference: String,
    },
    /// Another route stands at the place of ours.
    ForeignRoute {
        /// The address it leads to.
        address: IpAddr,
        /// Its table.
        table: u32,
    },
    /// This address can be no VIP.
    Unusable {
        /// The address.
        address: IpAddr,
        /// What it is, as it stands behind "it is ".
        is: &'static str,
    },
    /// A number that cannot be right, as a whole sentence.
    Wrong(String),
    /// A number is in use by somebody else.
    Taken {
        /// `mark`, `table` or `priority`.
        what: &'static str,
        /// The number.
        number: u32,
        /// Who uses it.
        by: String,
        /// One that is free.
        free: Option<u32>,
    },
    /// What is there stands in the way, as a whole sentence.
    InTheWay(String),
    /// All numbers of a kind are in use.
    NoneFree(&'static str),
    /// The VIP is there with other numbers.
    Differs {
        /// What it has.
        vip: crate::model::Vip,
    },
    /// Somebody leads packets for the address to IPVS already.
    ByHand {
        /// The address.
        address: IpAddr,
        /// The mark that they get.
        mark: u32,
        /// Where the rules that set it stand.
        rule: Vec<String>,
    },
    /// No such VIP.
    UnknownVip {
        /// Those that there are.
        known: Vec<IpAddr>,
    },
    /// No such network namespace.
    UnknownNamespace {
        /// Those that there are.
        known: Vec<String>,
    },
    /// No such network interface.
    UnknownInterface,
    /// No interface of this name.
    NoInterface(crate::model::InterfaceName),
    /// Packets that the kernel does not write itself may not be sent.
    NoRawPackets,
    /// A name that no file, namespace or sysctl can have.
    BadName,
    /// Another lbctl holds the lock.
    Busy,
    /// The kernel's text does not have the shape it should have.
    Unreadable(&'static str),
}

impl Error {
    /// What was being done and why it failed.
    pub fn new(doing: impl Into<String>, reason: impl Into<Reason>) -> Self {
        Self {
            doing: doing.into(),
            reason: reason.into(),
        }
    }
}

impl From<netlink::Error> for Reason {
    fn from(error: netlink::Error) -> Self {
        Self::Netlink(error)
    }
}

impl From<io::Error> for Reason {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl From<nix::errno::Errno> for Reason {
    fn from(error: nix::errno::Errno) -> Self {
        Self::System(error.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: {}", self.doing, self.reason)
    }
}

impl std::error::Error for Error {}

impl Reason {
    /// The system's error number, if there is one.
    #[must_use]
    pub fn errno(&self) -> Option<i32> {
        match self {
            Self::Netlink(netlink::Error::Socket { source, .. }) | Self::System(source) => {
                source.raw_os_error()
            }
            Self::Netlink(error) => error.errno(),
            _ => None,
        }
    }

    /// What the kernel lacks, and how to come by it.
    fn lacking(&self) -> &'static str {
        match self {
            Self::NoNfTables => {
                "the kernel has no nf_tables, which marks the packets; load it with: \
                 modprobe nf_tables, or use a kernel built with CONFIG_NF_TABLES"
            }
            Self::NoConntrack => {
                "IPVS has no parameter net.ipv4.vs.conntrack, without which nat does not see its \
                 connections; load the module with: modprobe ip_vs, or use a kernel built with \
                 CONFIG_IP_VS_NFCT"
            }
            Self::NoParameter => {
                "this kernel has no such parameter; see: sysctl -a, or load the module that brings it"
            }
            Self::NoIpv6 => "this kernel has no IPv6, or it was switched off at boot",
            _ => "",
        }
    }

    /// What to do about an answer that does not say so itself.
    fn advice(&self) -> Option<&'static str> {
        Some(match self.errno()? {
            libc::EPERM | libc::EACCES => {
                "run it as root, or with CAP_NET_ADMIN in the user namespace \
                 that owns the network namespace"
            }
            libc::EROFS => {
                "the file system is mounted read-only, as in a container; \
                 set it from outside or give the container write access"
            }
            libc::ENETDOWN => "the interface is down; bring it up with: ip link set lo up",
            libc::EOPNOTSUPP | libc::EAFNOSUPPORT | libc::EPROTONOSUPPORT => {
                "this kernel was built without it; policy routing is \
                 CONFIG_IP_MULTIPLE_TABLES (IPv6: CONFIG_IPV6_MULTIPLE_TABLES), \
                 the inet table family is CONFIG_NF_TABLES_INET"
            }
            _ => return None,
        })
    }
}

/// An operating system's error without the "(os error N)" of the standard library.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((name, _)) => name.to_owned(),
        None => text,
    }
}

/// `a, b and c`, or `none`.
fn listed<T: fmt::Display>(items: &[T]) -> String {
    let texts: Vec<String> = items.iter().map(T::to_string).collect();
    match texts.split_last() {
        None => "none".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Netlink(error) => error.fmt(f)?,
            Self::System(error) => f.write_str(&plain(error))?,
            Self::NoNfTables | Self::NoConntrack | Self::NoParameter | Self::NoIpv6 => {
                f.write_str(self.lacking())?;
            }
            Self::ForeignTable { table, difference } => write!(
                f,
                "the nf_tables table 'inet {table}' is not as lbctl makes it: {difference}; \
                 look at it with: nft list table inet {table}, \
                 and if nobody needs it: nft delete table inet {table}"
            )?,
            Self::ForeignRoute { address, table } => write!(
                f,
                "another route to {address} stands in table {table}; \
                 look at it with: ip route show table {table}, or choose another --table"
            )?,
            Self::Unusable { address, is } => write!(
                f,
                "{address} cannot be a virtual address: it is {is}; \
                 choose a unicast address that is routed to this machine"
            )?,
            Self::Wrong(sentence) | Self::InTheWay(sentence) => f.write_str(sentence)?,
            Self::Taken {
                what,
                number,
                by,
                free,
            } => {
                write!(f, "{what} {number} is in use by {by}")?;
                match free {
                    Some(free) => write!(f, "; leave it out, or take --{what} {free}")?,
                    None => write!(f, "; leave --{what} out")?,
                }
            }
            Self::NoneFree(what) => write!(f, "every {what} is in use; name one with --{what}")?,
            Self::Differs { vip } => {
                match vip.interface() {
                    None => write!(
                        f,
                        "it is there with mark {}, table {} and priority {}",
                        vip.mark, vip.table, vip.priority
                    )?,
                    Some(interface) => write!(f, "it is there on {interface}")?,
                }
                write!(f, "; remove it first with: lbctl vip del {}", vip.address)?;
            }
            Self::ByHand {
                address,
                mark,
                rule,
            } => write!(
                f,
                "its packets reach IPVS already: somebody's rule in nf_tables ({}) gives them \
                 mark {mark}, and that is led on; put lbctl's in its place, while packets flow, \
                 with: lbctl vip add {address} --adopt",
                listed(rule)
            )?,
            Self::UnknownVip { known } => write!(
                f,
                "lbctl put no such address there; it has: {}",
                listed(known)
            )?,
            Self::UnknownNamespace { known } => {
                write!(
                    f,
                    "there is no such network namespace; there is: {}",
                    listed(known)
                )?;
            }
            Self::UnknownInterface => {
                f.write_str("there is no such interface; list them with: ip link")?;
            }
            Self::NoInterface(name) => write!(
                f,
                "there is no interface {name}; list them with: ip link, and name one with \
                 --interface"
            )?,
            Self::NoRawPackets => f.write_str(
                "that needs CAP_NET_RAW; neighbours that knew the address elsewhere find it when \
                 their caches have run out, or after: arping -U",
            )?,
            Self::BadName => f.write_str("nothing can have that name")?,
            Self::Busy => f.write_str(
                "another lbctl is changing this machine and does not come to an end; try again",
            )?,
            Self::Unreadable(what) => write!(f, "the kernel's answer cannot be read: {what}")?,
        }
        match self.advice() {
            Some(advice) => write!(f, "; {advice}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Reason {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_followed_by_what_to_do() {
        let error = Error::new(
            "add the rule",
            netlink::Error::Refused(netlink::Refusal {
                errno: libc::EPERM,
                text: None,
            }),
        );
        let text = error.to_string();
        assert!(text.starts_with("cannot add the rule: Operation not permitted; run it as root"));
        assert!(text.contains("CAP_NET_ADMIN"));
    }

    #[test]
    fn names_are_listed_as_a_person_lists_them() {
        assert_eq!(listed::<u8>(&[]), "none");
        assert_eq!(listed(&[1]), "1");
        assert_eq!(listed(&[1, 2, 3]), "1, 2 and 3");
    }
}
