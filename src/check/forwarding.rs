//! Finding `ip-forward-off`: nat needs forwarding for the servers' replies.

use super::finding::MACHINE;
use super::{Facts, Finding, Fix, Id, Severity};
use crate::model::{Family, Forward, HostStep, ServiceState, Step};
use crate::plumbing::forwarding::parameter;

pub(super) fn find(facts: &Facts) -> Vec<Finding> {
    let replies_pass_here = |state: &ServiceState, family: Family| {
        let mut servers = state.servers.iter();
        state.service.id.family() == family
            && servers.any(|server| server.server.forward == Forward::Nat)
    };
    let mut findings = Vec::new();
    for (family, on) in &facts.forwarding {
        let mut services = facts.table().iter();
        if *on || !services.any(|state| replies_pass_here(state, *family)) {
            continue;
        }
        let name = parameter(*family);
        findings.push(Finding {
            id: Id::IpForwardOff,
            severity: Severity::Critical,
            subject: MACHINE.into(),
            seen: format!("{name} is 0, and services forward by nat"),
            means: "the servers' replies are dropped here; clients connect and time out".to_owned(),
            fix: fix(facts, *family),
        });
    }
    findings
}

fn fix(facts: &Facts, family: Family) -> Fix {
    let command = match family {
        Family::Ipv4 => "lbctl forward on -4",
        Family::Ipv6 => "lbctl forward on -6",
    };
    match facts.advertised_defaults.first() {
        // Not safe: the machine could lose its way out.
        Some(interface) if family == Family::Ipv6 => Fix::Advice(format!(
            "sysctl -w net.ipv6.conf.{interface}.accept_ra=2 keeps the default route; then: {command}"
        )),
        _ => Fix::Safe {
            command: command.to_owned(),
            steps: vec![Step::from(HostStep::SetSysctl {
                name: parameter(family).to_owned(),
                before: "0".to_owned(),
                after: "1".to_owned(),
            })],
        },
    }
}
