//! The kernel parameters of a real server: who answers ARP, and what is filtered.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::Reals;
use crate::model::{Family, HostStep, RealVip, TunnelDevice};

pub(super) const IGNORE: &str = "arp_ignore";
const ANNOUNCE: &str = "arp_announce";
pub(super) const FILTER: &str = "rp_filter";
/// The IPv4 parameters of each interface that matter here.
pub(super) const PARAMETERS: [&str; 3] = [IGNORE, ANNOUNCE, FILTER];
pub(super) const ALL: &str = "all";
const DEFAULT: &str = "default";

/// The parameter of an interface, as sysctl(8) names it.
pub(super) fn parameter(interface: &str, leaf: &str) -> String {
    if interface.contains('.') {
        format!("net/ipv4/conf/{interface}/{leaf}")
    } else {
        format!("net.ipv4.conf.{interface}.{leaf}")
    }
}

/// The interface and the leaf of a parameter that [`parameter`] named.
pub(super) fn parameter_parts(name: &str) -> Option<(&str, &str)> {
    let separator = if name.contains('/') { '/' } else { '.' };
    let parts: Vec<&str> = name.split(separator).collect();
    match parts.as_slice() {
        ["net", "ipv4", "conf", interface, leaf] if PARAMETERS.contains(leaf) => {
            Some((interface, leaf))
        }
        _ => None,
    }
}

impl Reals {
    /// The parameters that no VIP of the rest needs, back to what they were. Those
    /// of `all` come first: what it stood for was given to each interface.
    pub(super) fn parameters_back(
        &self,
        rest: &BTreeMap<IpAddr, RealVip>,
        devices: &BTreeSet<TunnelDevice>,
    ) -> Vec<HostStep> {
        let mut four = rest.values().filter(|vip| vip.family() == Family::Ipv4);
        let tunnels = four.clone().any(|vip| vip.tunnel.is_some());
        let any = four.next().is_some();
        let mut back: Vec<(bool, HostStep)> = Vec::new();
        for (name, original) in &self.originals {
            let Some((interface, leaf)) = parameter_parts(name) else {
                continue;
            };
            let needed = match interface.parse::<TunnelDevice>() {
                Ok(device) => tunnels && devices.contains(&device),
                Err(()) if leaf == FILTER => tunnels,
                Err(()) => any,
            };
            if !needed {
                let before = self.parameters.get(name).unwrap_or(original);
                let step = HostStep::SetSysctl {
                    name: name.clone(),
                    before: before.clone(),
                    after: original.clone(),
                };
                back.push((interface != ALL, step));
            }
        }
        back.sort_by_key(|(later, _)| *later);
        back.into_iter().map(|(_, step)| step).collect()
    }

    /// The steps that keep the machine from answering ARP for the VIP, and from
    /// asking in its name.
    pub(super) fn silence(&self) -> Vec<HostStep> {
        let mut steps = Vec::new();
        if !(1..=2).contains(&self.value(ALL, IGNORE)) {
            steps.push(self.set(ALL, IGNORE, 1));
        }
        // Greater than ours, and yet they answer for what is on lo.
        for interface in self.interfaces_with(IGNORE) {
            if (3..8).contains(&self.value(interface, IGNORE)) {
                steps.push(self.set(interface, IGNORE, 1));
            }
        }
        if self.value(ALL, ANNOUNCE) < 2 {
            steps.push(self.set(ALL, ANNOUNCE, 2));
        }
        steps
    }

    /// The steps that let unwrapped packets in: their source is not reached through
    /// the tunnel, and an interface without an address gets no loose check either
    /// (`__fib_validate_source` in net/ipv4/fib_frontend.c). The greater of `all` and
    /// the interface's counts, so `all` has to be off; every other interface gets
    /// what it stood for. Not `default`: what is written there, the kernel gives to
    /// every interface whose own was never written (`devinet_copy_dflt_conf`).
    pub(super) fn unfilter(&self, device: TunnelDevice) -> Vec<HostStep> {
        let mut steps = Vec::new();
        let all = self.value(ALL, FILTER);
        if all > 0 {
            for interface in self.interfaces_with(FILTER) {
                if interface.parse::<TunnelDevice>().is_err() && self.value(interface, FILTER) < all
                {
                    steps.push(self.set(interface, FILTER, all));
                }
            }
            steps.push(self.set(ALL, FILTER, 0));
        }
        // A device that is not there yet will begin with the default.
        let name = device.name();
        let is_there = self.parameters.contains_key(&parameter(name, FILTER));
        let begins = self.value(if is_there { name } else { DEFAULT }, FILTER);
        if begins > 0 {
            steps.push(self.set(name, FILTER, 0));
        }
        steps
    }

    fn set(&self, interface: &str, leaf: &str, value: u32) -> HostStep {
        HostStep::SetSysctl {
            name: parameter(interface, leaf),
            before: self.value(interface, leaf).to_string(),
            after: value.to_string(),
        }
    }

    /// 0 where it is not there: then nothing is filtered or ignored.
    fn value(&self, interface: &str, leaf: &str) -> u32 {
        let value = self.parameters.get(&parameter(interface, leaf));
        value.and_then(|value| value.parse().ok()).unwrap_or(0)
    }

    /// All but `all` and `default`.
    fn interfaces_with(&self, leaf: &str) -> impl Iterator<Item = &str> {
        let parts = self.parameters.keys();
        let parts = parts.filter_map(|name| parameter_parts(name));
        let parts = parts.filter(move |(interface, found)| {
            *found == leaf && ![ALL, DEFAULT].contains(interface)
        });
        parts.map(|(interface, _)| interface)
    }
}
