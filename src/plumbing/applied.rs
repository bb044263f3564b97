//! The part of the record's file that tells what was made for a configuration file.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::model::{Family, Protocol, ServiceId, SyncRole};
use crate::reconcile::Owned;

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Applied {
    services: Vec<FileService>,
    daemons: Vec<FileRole>,
    vips: BTreeSet<IpAddr>,
    sysctls: BTreeSet<String>,
}

/// With a protocol, by address and port; else by mark and family.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum FileService {
    Address {
        protocol: FileProtocol,
        address: IpAddr,
        port: u16,
    },
    Fwmark {
        fwmark: u32,
        ipv6: bool,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FileProtocol {
    Tcp,
    Udp,
    Sctp,
    Other(u16),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FileRole {
    Master,
    Backup,
}

impl Applied {
    pub(super) fn of(owned: &Owned) -> Self {
        Self {
            services: owned.services.iter().map(FileService::of).collect(),
            daemons: owned
                .daemons
                .iter()
                .map(|role| match role {
                    SyncRole::Master => FileRole::Master,
                    SyncRole::Backup => FileRole::Backup,
                })
                .collect(),
            vips: owned.vips.clone(),
            sysctls: owned.sysctls.clone(),
        }
    }

    pub(super) fn into_model(self) -> Owned {
        Owned {
            services: self.services.iter().map(FileService::to_model).collect(),
            daemons: self
                .daemons
                .iter()
                .map(|role| match role {
                    FileRole::Master => SyncRole::Master,
                    FileRole::Backup => SyncRole::Backup,
                })
                .collect(),
            vips: self.vips,
            sysctls: self.sysctls,
        }
    }
}

impl FileService {
    fn of(id: &ServiceId) -> Self {
        match *id {
            ServiceId::Address {
                protocol,
                address,
                port,
            } => Self::Address {
                protocol: match protocol {
                    Protocol::Tcp => FileProtocol::Tcp,
                    Protocol::Udp => FileProtocol::Udp,
                    Protocol::Sctp => FileProtocol::Sctp,
                    Protocol::Other(number) => FileProtocol::Other(number),
                },
                address,
                port,
            },
            ServiceId::Fwmark { mark, family } => Self::Fwmark {
                fwmark: mark,
                ipv6: family == Family::Ipv6,
            },
        }
    }

    fn to_model(&self) -> ServiceId {
        match *self {
            Self::Address {
                ref protocol,
                address,
                port,
            } => ServiceId::Address {
                protocol: match *protocol {
                    FileProtocol::Tcp => Protocol::Tcp,
                    FileProtocol::Udp => Protocol::Udp,
                    FileProtocol::Sctp => Protocol::Sctp,
                    FileProtocol::Other(number) => Protocol::Other(number),
                },
                address,
                port,
            },
            Self::Fwmark { fwmark, ipv6 } => ServiceId::Fwmark {
                mark: fwmark,
                family: if ipv6 { Family::Ipv6 } else { Family::Ipv4 },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_owned_is_read_as_it_was_written() {
        let mut owned = Owned::default();
        owned.services.insert(ServiceId::Address {
            protocol: Protocol::Udp,
            address: [192, 0, 2, 1].into(),
            port: 53,
        });
        owned.services.insert(ServiceId::Fwmark {
            mark: u32::MAX,
            family: Family::Ipv6,
        });
        owned.daemons.insert(SyncRole::Backup);
        owned.vips.insert([192, 0, 2, 1].into());
        owned.sysctls.insert("net.ipv4.vs.conntrack".to_owned());
        let text = serde_json::to_string(&Applied::of(&owned)).unwrap();
        let read: Applied = serde_json::from_str(&text).unwrap();
        assert_eq!(read.into_model(), owned);
        let none: Applied = serde_json::from_str("{}").unwrap();
        assert!(none.into_model().is_empty());
    }
}
