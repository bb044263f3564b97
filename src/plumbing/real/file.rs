//! The record of a real server as it stands in the file.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::RealRecord;
use crate::model::Gather as _;
use crate::model::{Encapsulation, Family, GuePort, RealVip, TunnelEnd};

/// The file's shape.
#[derive(Default, Serialize, Deserialize)]
pub(in crate::plumbing) struct FileReals {
    vips: Vec<FileVip>,
    addresses: BTreeSet<IpAddr>,
    /// By name.
    devices: Vec<String>,
    ports: Vec<FilePort>,
    segments: BTreeMap<IpAddr, u16>,
}

#[derive(Serialize, Deserialize)]
struct FileVip {
    address: IpAddr,
    tunnel: Option<FileTunnel>,
    mss: Option<u16>,
}

#[derive(Serialize, Deserialize)]
struct FileTunnel {
    kind: FileKind,
    /// Of gue only.
    port: Option<u16>,
    ipv6: bool,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FileKind {
    Ipip,
    Gue,
    Gre,
}

#[derive(Serialize, Deserialize)]
struct FilePort {
    port: u16,
    ipv6: bool,
}

fn family(ipv6: bool) -> Family {
    if ipv6 { Family::Ipv6 } else { Family::Ipv4 }
}

impl FileReals {
    /// Whether it need not be written.
    pub(in crate::plumbing) fn is_empty(&self) -> bool {
        self.to_model() == RealRecord::default()
    }

    /// Of a record.
    pub(in crate::plumbing) fn of(record: &RealRecord) -> Self {
        Self {
            vips: record.vips.values().map(FileVip::of).collect(),
            addresses: record.addresses.clone(),
            devices: record
                .devices
                .iter()
                .map(|device| device.name().to_owned())
                .collect(),
            ports: record
                .ports
                .iter()
                .map(|port| FilePort {
                    port: port.port,
                    ipv6: port.family == Family::Ipv6,
                })
                .collect(),
            segments: record.segments.clone(),
        }
    }

    /// The record. An interface that this lbctl does not know was not its own.
    pub(in crate::plumbing) fn to_model(&self) -> RealRecord {
        RealRecord {
            vips: self
                .vips
                .iter()
                .map(|vip| (vip.address, vip.to_model()))
                .gather(),
            addresses: self.addresses.clone(),
            devices: self
                .devices
                .iter()
                .filter_map(|name| name.parse().ok())
                .collect(),
            ports: self
                .ports
                .iter()
                .map(|port| GuePort {
                    family: family(port.ipv6),
                    port: port.port,
                })
                .gather(),
            segments: self.segments.clone(),
        }
    }
}

impl FileVip {
    fn of(vip: &RealVip) -> Self {
        let tunnel = vip.tunnel.map(|tunnel| {
            let (kind, port) = match tunnel.encapsulation {
                Encapsulation::Ipip => (FileKind::Ipip, None),
                Encapsulation::Gue(port) => (FileKind::Gue, Some(port)),
                Encapsulation::Gre => (FileKind::Gre, None),
            };
            FileTunnel {
                kind,
                port,
                ipv6: tunnel.outer == Family::Ipv6,
            }
        });
        Self {
            address: vip.address,
            tunnel,
            mss: vip.mss,
        }
    }

    fn to_model(&self) -> RealVip {
        let tunnel = self.tunnel.as_ref().map(|tunnel| TunnelEnd {
            encapsulation: match tunnel.kind {
                FileKind::Ipip => Encapsulation::Ipip,
                FileKind::Gue => Encapsulation::Gue(tunnel.port.unwrap_or_default()),
                FileKind::Gre => Encapsulation::Gre,
            },
            outer: family(tunnel.ipv6),
        });
        RealVip {
            address: self.address,
            tunnel,
            mss: self.mss,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TunnelDevice;

    #[test]
    fn what_is_written_is_read() {
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        let kinds = [
            Encapsulation::Ipip,
            Encapsulation::Gue(6080),
            Encapsulation::Gre,
        ];
        for encapsulation in kinds {
            for outer in [Family::Ipv4, Family::Ipv6] {
                let vip = RealVip {
                    address,
                    tunnel: Some(TunnelEnd {
                        encapsulation,
                        outer,
                    }),
                    mss: Some(1400),
                };
                let record = RealRecord {
                    vips: [(address, vip)].into(),
                    addresses: [address].into(),
                    devices: TunnelDevice::ALL.into(),
                    ports: vip.port().into_iter().collect(),
                    segments: [(address, 1400)].into(),
                };
                let text = serde_json::to_string(&FileReals::of(&record)).unwrap();
                let read: FileReals = serde_json::from_str(&text).unwrap();
                assert_eq!(read.to_model(), record);
                assert!(!read.is_empty());
            }
        }
        assert!(FileReals::of(&RealRecord::default()).is_empty());
    }
}
