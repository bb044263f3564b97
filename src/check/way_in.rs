//! Findings `vip-not-local`, `rule-in-the-way`, `mark-bits`, `service-without-mark`,
//! `mark-without-service` and `local-default`: whether packets for a service are
//! delivered locally, so that IPVS sees them.

use std::collections::BTreeSet;

use super::facts::{Obstacle, WayIn};
use super::finding::MACHINE;
use super::{Facts, Finding, Fix, Id, Severity};
use crate::model::{Family, ServiceId};
use crate::plumbing::Vips;
use crate::plumbing::route::{RouteKind, TABLE_LOCAL};

pub(super) fn find(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(local_default(facts));
    let mut told = BTreeSet::new();
    for (id, way) in &facts.ways {
        let WayIn::Closed {
            obstacle,
            why,
            mend,
            commands,
        } = way
        else {
            continue;
        };
        // Services of one address share its way: it is said once.
        if !told.insert(why) {
            continue;
        }
        let fix = match (id, obstacle) {
            _ if !commands.is_empty() => Fix::Commands {
                commands: commands.clone(),
                mind: "if whoever made that rule can do without it".to_owned(),
            },
            (ServiceId::Address { address, .. }, _) if !mend.is_empty() => Fix::Safe {
                command: format!("lbctl vip add {address}"),
                steps: mend.clone(),
            },
            (ServiceId::Address { .. }, Obstacle::OtherMark) => Fix::Advice(
                "look for the rule that adds bits to the mark: nft -a list ruleset; have it leave \
                 packets for this address alone"
                    .to_owned(),
            ),
            (ServiceId::Address { address, .. }, _) => Fix::Advice(format!(
                "see what is in the way: ip rule; ip route get {address}"
            )),
            (ServiceId::Fwmark { mark, .. }, Obstacle::OtherMark) => Fix::Advice(format!(
                "have the rule that marks set the whole mark (nft: meta mark set {mark}; \
                 iptables: --set-mark {mark}), not single bits of it"
            )),
            (ServiceId::Fwmark { mark, .. }, _) => Fix::Advice(format!(
                "for each address whose packets shall have it: lbctl vip add ADDR --mark {mark}"
            )),
        };
        findings.push(Finding {
            id: match obstacle {
                Obstacle::Missing => Id::VipNotLocal,
                Obstacle::RuleBefore => Id::RuleInTheWay,
                Obstacle::OtherMark => Id::MarkBits,
                Obstacle::NoMark => Id::ServiceWithoutMark,
            },
            severity: Severity::Critical,
            subject: id.to_string().into(),
            seen: why.clone(),
            means: match (obstacle, id) {
                (Obstacle::OtherMark, ServiceId::Fwmark { .. }) => {
                    "its packets are delivered locally, but IPVS does not \
                    know them; clients time out"
                }
                _ => {
                    "its packets never reach IPVS; they are routed on or dropped, clients time \
                    out"
                }
            }
            .to_owned(),
            fix,
        });
    }
    findings.extend(without_service(facts));
    findings
}

/// Everything that carries the mark is taken for local, its sources too, once they
/// are looked up by mark (`src_valid_mark`).
fn local_default(facts: &Facts) -> Option<Finding> {
    let routes = facts.vips.iter().flat_map(|vips| &vips.routes);
    let mut routes = routes.filter(|route| {
        route.kind == RouteKind::Local
            && route.length == 0
            && route.table != TABLE_LOCAL
            && route.family() == Family::Ipv4
    });
    let route = routes.next()?;
    let valid = |name: &str| facts.is_set(&format!("net/ipv4/conf/{name}/src_valid_mark"), "1");
    let links = facts.links.iter().map(|link| link.device.name.as_str());
    let stops = links.chain(["all"]).any(valid);
    Some(Finding {
        id: Id::LocalDefault,
        severity: if stops {
            Severity::Critical
        } else {
            Severity::Warning
        },
        subject: MACHINE.into(),
        seen: format!(
            "table {} has the route local 0.0.0.0/0, and src_valid_mark is {}",
            route.table,
            u8::from(stops)
        ),
        means: if stops {
            "sources of marked packets are looked up there, too, and taken for this machine's \
             own: all packets for the VIP are dropped"
        } else {
            "as soon as src_valid_mark is 1, which WireGuard sets, all packets for the VIP are \
             dropped"
        }
        .to_owned(),
        fix: Fix::Commands {
            commands: replacements(facts, route.table),
            mind: String::new(),
        },
    })
}

/// A route for each VIP of the table's mark, then away with the default.
fn replacements(facts: &Facts, table: u32) -> Vec<String> {
    let services = facts.table().iter().map(|state| &state.service.id);
    let addresses: BTreeSet<_> = services
        .flat_map(|id| facts.addresses(id))
        .filter(std::net::IpAddr::is_ipv4)
        .filter(|address| {
            let routes = facts.vips.iter().flat_map(|vips| &vips.routes);
            let mut routes = routes.filter(|route| route.table == table && route.is_local_host());
            !routes.any(|route| route.destination == *address)
        })
        .collect();
    addresses
        .into_iter()
        .map(|address| format!("ip route add local {address}/32 dev lo table {table}"))
        .chain([format!("ip route del local 0.0.0.0/0 dev lo table {table}")])
        .collect()
}

fn without_service(facts: &Facts) -> Vec<Finding> {
    // An empty table is said already.
    if facts.table().is_empty() {
        return Vec::new();
    }
    let takes = |address, mark, family| {
        let mut services = facts.table().iter().map(|state| state.service.id);
        services.any(|id| match id {
            ServiceId::Address { address: own, .. } => own == address,
            ServiceId::Fwmark { .. } => id == ServiceId::Fwmark { mark, family },
        })
    };
    let states = facts.vips.iter().flat_map(Vips::list);
    states
        .filter(|state| state.mark.is_there())
        .map(|state| state.vip)
        .filter(|vip| !takes(vip.address, vip.mark, vip.family()))
        .map(|vip| Finding {
            id: Id::MarkWithoutService,
            severity: Severity::Warning,
            subject: vip.address.to_string().into(),
            seen: format!(
                "its packets get mark {}, but neither it nor the mark has a service",
                vip.mark
            ),
            means: "its packets end here, clients time out".to_owned(),
            fix: Fix::command(
                format!("lbctl vip del {}", vip.address),
                format!(
                    "or give it a service: lbctl add -t {}:PORT -s rr -r SERVER -m",
                    vip.address
                ),
            ),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Ipvs, findings};
    use super::*;
    use crate::model::Protocol;

    #[test]
    fn the_way_of_an_address_is_told_once() {
        let mut facts = Facts::of(Ipvs::Table(Vec::new()));
        for port in [80, 443] {
            let id = ServiceId::Address {
                protocol: Protocol::Tcp,
                address: [192, 0, 2, 10].into(),
                port,
            };
            let way = WayIn::Closed {
                obstacle: Obstacle::Missing,
                why: "192.0.2.10 is on no interface".to_owned(),
                mend: Vec::new(),
                commands: Vec::new(),
            };
            facts.ways.insert(id, way);
        }
        let found: Vec<_> = findings(&facts)
            .into_iter()
            .filter(|finding| finding.id == Id::VipNotLocal)
            .collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].subject.to_string(), "tcp 192.0.2.10:80");
    }
}
