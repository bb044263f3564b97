//! What lbctl remembers about a network namespace: the VIPs that it serves,
//! what it made for them, and the kernel parameters as they were before.
//! Reading and writing the file is `store`'s.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::applied::Applied;
use super::aside::Aside;
use super::real::{FileReals, RealRecord};
use crate::model::{Family, HandMade, InterfaceName, LocalRoute, PolicyRule, Vip, VipMode};
use crate::reconcile::Owned;

/// The version of the file that this lbctl writes and reads.
const VERSION: u32 = 1;

/// The record of one network namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// The boot and the namespace that rules, routes and parameters belong to.
    /// The VIPs outlive both.
    pub life: String,
    /// The VIPs by address.
    pub vips: BTreeMap<IpAddr, Vip>,
    /// Rules that lbctl made.
    pub rules: BTreeSet<PolicyRule>,
    /// Routes that lbctl made.
    pub routes: BTreeSet<LocalRoute>,
    /// Addresses that lbctl put on interfaces.
    pub addresses: BTreeSet<(InterfaceName, IpAddr)>,
    /// What others made, and was set aside for a VIP.
    pub aside: Vec<(IpAddr, HandMade)>,
    /// Kernel parameters that lbctl changed.
    pub sysctls: BTreeMap<String, Before>,
    /// What was made for a configuration file.
    pub applied: Owned,
    /// The VIPs that this machine is a real server of.
    pub reals: RealRecord,
}

/// A kernel parameter before lbctl changed it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// Its value.
    pub value: String,
    /// The values of those that the kernel changed along with it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub swept: BTreeMap<String, String>,
}

/// Why a record is not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Distrust {
    /// It is not what lbctl writes.
    Damaged(String),
    /// A newer lbctl wrote it.
    Newer(u32),
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(why) => write!(f, "it is damaged ({why})"),
            Self::Newer(version) => write!(
                f,
                "it has version {version} and was written by a newer lbctl"
            ),
        }
    }
}

/// The file's shape, apart from the record's so that the record may change.
#[derive(Serialize, Deserialize)]
struct File {
    version: u32,
    life: String,
    vips: Vec<FileVip>,
    created: Created,
    sysctls: BTreeMap<String, Before>,
    /// Records from before there were files have none.
    #[serde(default)]
    applied: Applied,
    #[serde(default, skip_serializing_if = "FileReals::is_empty")]
    reals: FileReals,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    aside: Vec<Aside>,
}

#[derive(Serialize, Deserialize)]
struct FileVip {
    address: IpAddr,
    mode: FileMode,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    interface: Option<String>,
    mark: u32,
    table: u32,
    priority: u32,
    #[serde(default)]
    ping: bool,
    #[serde(default)]
    snat: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FileMode {
    Fwmark,
    Address,
}

#[derive(Serialize, Deserialize)]
struct Created {
    rules: Vec<FileRule>,
    routes: Vec<FileRoute>,
    #[serde(default)]
    addresses: Vec<FileAddress>,
}

#[derive(Serialize, Deserialize)]
struct FileAddress {
    interface: String,
    address: IpAddr,
}

#[derive(Serialize, Deserialize)]
struct FileRule {
    family: FileFamily,
    priority: u32,
    mark: u32,
    table: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FileFamily {
    Ipv4,
    Ipv6,
}

#[derive(Serialize, Deserialize)]
struct FileRoute {
    address: IpAddr,
    table: u32,
}

/// The one field that is read before all others.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

impl Record {
    /// Reads the file's bytes.
    ///
    /// # Errors
    /// They are not a record, or one of a newer lbctl.
    pub fn parse(bytes: &[u8]) -> Result<Self, Distrust> {
        let damaged = |error: serde_json::Error| Distrust::Damaged(error.to_string());
        let Version { version } = serde_json::from_slice(bytes).map_err(damaged)?;
        if version > VERSION {
            return Err(Distrust::Newer(version));
        }
        let file: File = serde_json::from_slice(bytes).map_err(damaged)?;
        let vips: Result<_, String> = file.vips.iter().map(FileVip::to_model).collect();
        let addresses = file.created.addresses.iter();
        let addresses: Result<_, String> = addresses
            .map(|it| Ok((it.interface.parse()?, it.address)))
            .collect();
        Ok(Self {
            life: file.life,
            vips: vips.map_err(Distrust::Damaged)?,
            addresses: addresses.map_err(Distrust::Damaged)?,
            rules: file.created.rules.iter().map(FileRule::to_model).collect(),
            routes: file
                .created
                .routes
                .iter()
                .map(FileRoute::to_model)
                .collect(),
            sysctls: file.sysctls,
            applied: file.applied.into_model(),
            reals: file.reals.to_model(),
            aside: file.aside.into_iter().map(Aside::into_model).collect(),
        })
    }

    /// The text of the file.
    ///
    /// # Errors
    /// Never for what stands in a record: numbers and text are always JSON.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let file = File {
            version: VERSION,
            life: self.life.clone(),
            vips: self.vips.values().map(FileVip::of).collect(),
            created: Created {
                rules: self.rules.iter().map(FileRule::of).collect(),
                routes: self.routes.iter().map(FileRoute::of).collect(),
                addresses: self
                    .addresses
                    .iter()
                    .map(|(interface, address)| FileAddress {
                        interface: interface.to_string(),
                        address: *address,
                    })
                    .collect(),
            },
            sysctls: self.sysctls.clone(),
            applied: Applied::of(&self.applied),
            reals: FileReals::of(&self.reals),
            aside: self.aside.iter().map(Aside::of).collect(),
        };
        serde_json::to_string_pretty(&file).map(|text| text + "\n")
    }

    /// Whether there is nothing to remember.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.vips.is_empty()
            && self.rules.is_empty()
            && self.routes.is_empty()
            && self.addresses.is_empty()
            && self.aside.is_empty()
            && self.sysctls.is_empty()
            && self.applied.is_empty()
            && self.reals == RealRecord::default()
    }

    /// Forgets this VIP, unless it has another mode by now.
    pub(super) fn forget(&mut self, vip: &Vip) {
        let address = vip.address;
        if self
            .vips
            .get(&address)
            .is_some_and(|it| it.mode == vip.mode)
        {
            self.vips.remove(&address);
        }
    }

    /// Forgets what ended with another life, by a reboot or with a namespace of
    /// the same name: everything but the VIPs and what was made for a file, which is
    /// made again.
    pub(super) fn enter(&mut self, life: &str) {
        if self.life != life {
            self.rules.clear();
            self.routes.clear();
            self.addresses.clear();
            self.aside.clear();
            self.sysctls.clear();
            self.reals.enter();
            life.clone_into(&mut self.life);
        }
    }
}

impl FileVip {
    fn of(vip: &Vip) -> Self {
        Self {
            address: vip.address,
            mode: match vip.mode {
                VipMode::Fwmark => FileMode::Fwmark,
                VipMode::Address(_) => FileMode::Address,
            },
            interface: vip.interface().map(|interface| interface.to_string()),
            mark: vip.mark,
            table: vip.table,
            priority: vip.priority,
            ping: vip.ping,
            snat: vip.snat,
        }
    }

    fn to_model(&self) -> Result<(IpAddr, Vip), String> {
        let vip = Vip {
            address: self.address,
            mode: match (&self.mode, &self.interface) {
                (FileMode::Fwmark, _) => VipMode::Fwmark,
                (FileMode::Address, Some(name)) => VipMode::Address(name.parse()?),
                (FileMode::Address, None) => {
                    return Err(format!("{} has no interface", self.address));
                }
            },
            mark: self.mark,
            table: self.table,
            priority: self.priority,
            ping: self.ping,
            snat: self.snat,
        };
        Ok((self.address, vip))
    }
}

impl FileRule {
    fn of(rule: &PolicyRule) -> Self {
        Self {
            family: match rule.family {
                Family::Ipv4 => FileFamily::Ipv4,
                Family::Ipv6 => FileFamily::Ipv6,
            },
            priority: rule.priority,
            mark: rule.mark,
            table: rule.table,
        }
    }

    fn to_model(&self) -> PolicyRule {
        PolicyRule {
            family: match self.family {
                FileFamily::Ipv4 => Family::Ipv4,
                FileFamily::Ipv6 => Family::Ipv6,
            },
            priority: self.priority,
            mark: self.mark,
            table: self.table,
        }
    }
}

impl FileRoute {
    fn of(route: &LocalRoute) -> Self {
        Self {
            address: route.address,
            table: route.table,
        }
    }

    fn to_model(&self) -> LocalRoute {
        LocalRoute {
            address: self.address,
            table: self.table,
        }
    }
}

#[cfg(test)]
mod tests;
