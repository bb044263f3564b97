//! Finding `vip-not-local`: packets for a service are not delivered locally, so
//! IPVS never sees them.

use std::collections::BTreeSet;

use super::facts::WayIn;
use super::{Facts, Finding, Fix, Severity};
use crate::model::ServiceId;

pub(super) fn find(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut told = BTreeSet::new();
    for (id, way) in &facts.ways {
        let WayIn::Closed { why, mend } = way else {
            continue;
        };
        // Services of one address share its way: it is said once.
        if !told.insert(why) {
            continue;
        }
        let fix = match (id, mend.is_empty()) {
            (ServiceId::Address { address, .. }, false) => Fix::Safe {
                command: format!("lbctl vip add {address}"),
                steps: mend.clone(),
            },
            (ServiceId::Address { address, .. }, true) => Fix::Advice(format!(
                "see what is in the way: ip rule; ip route get {address}"
            )),
            (ServiceId::Fwmark { mark, .. }, _) => Fix::Advice(format!(
                "for each address whose packets shall have it: lbctl vip add ADDR --mark {mark}"
            )),
        };
        findings.push(Finding {
            id: "vip-not-local",
            severity: Severity::Critical,
            subject: id.to_string(),
            seen: why.clone(),
            means: "its packets never reach IPVS; they are routed on or dropped, clients time out"
                .to_owned(),
            fix,
        });
    }
    findings
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
            let why = "192.0.2.10 is on no interface".to_owned();
            let mend = Vec::new();
            facts.ways.insert(id, WayIn::Closed { why, mend });
        }
        let found: Vec<_> = findings(&facts)
            .into_iter()
            .filter(|finding| finding.id == "vip-not-local")
            .collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].subject, "tcp 192.0.2.10:80");
    }
}
