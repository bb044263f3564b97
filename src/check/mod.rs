//! Why does it not work? Facts are gathered once, by looking only; each finding
//! is a pure reading of them. One file per theme, ordered as a packet travels:
//! the kernel, the way in, the firewall, the servers, the way back, the settings.

use crate::model::Gather as _;
use std::collections::BTreeSet;

mod connections;
mod facts;
mod finding;
mod firewall;
mod forwarding;
mod gather;
mod id;
mod kernel;
mod machine;
mod path;
mod reach;
mod replies;
mod servers;
mod settings;
mod walls;
mod way_in;
mod ways;

pub use facts::{Facts, FileFacts, FileService, Ipvs, Obstacle, WayIn};
pub use finding::{Finding, Fix, Severity, Subject, folded};
pub use gather::{Progress, gather};
pub use id::Id;
pub use path::{Hop, Sign, path};
pub use reach::Reach;

/// What follows from what: where a cause is found, its consequence says nothing new.
const FOLLOWS: &[(Id, &[Id])] = &[
    (
        Id::FirewallOutput,
        &[
            Id::ServerUnreachable,
            Id::PortClosed,
            Id::NoWayBack,
            Id::NeverEstablished,
        ],
    ),
    (Id::ServerUnreachable, &[Id::NeverEstablished]),
    (Id::NoWayBack, &[Id::NeverEstablished]),
    (Id::IpForwardOff, &[Id::NeverEstablished]),
    (Id::FirewallForward, &[Id::NeverEstablished]),
    (Id::RpFilter, &[Id::NeverEstablished]),
    (Id::LocalDefault, &[Id::NeverEstablished]),
    (Id::FirewallChecks, &[Id::ServerUnreachable, Id::NoWayBack]),
];

/// Reads all findings out of the facts, in the order of a packet's way.
#[must_use]
pub fn findings(facts: &Facts) -> Vec<Finding> {
    let mut findings = kernel::find(facts);
    findings.extend(way_in::find(facts));
    findings.extend(walls::find_input(facts));
    findings.extend(walls::find_checks(facts));
    findings.extend(servers::find(facts));
    findings.extend(walls::find_output(facts));
    findings.extend(replies::find_stuck(facts));
    findings.extend(forwarding::find(facts));
    findings.extend(walls::find_forward(facts));
    findings.extend(replies::find(facts));
    findings.extend(settings::find(facts));
    let causes = findings.iter().map(|finding| finding.id).gather();
    without_consequences(&causes, findings)
}

/// The findings that are left after something was mended. Connections that got stuck
/// before stay so for a while, and say nothing new.
#[must_use]
pub fn settled(before: &[Finding], after: Vec<Finding>) -> Vec<Finding> {
    let causes = before.iter().map(|finding| finding.id).gather();
    without_consequences(&causes, after)
}

fn without_consequences(causes: &BTreeSet<Id>, mut findings: Vec<Finding>) -> Vec<Finding> {
    let consequences: BTreeSet<Id> = FOLLOWS
        .iter()
        .filter(|(cause, _)| causes.contains(cause))
        .flat_map(|(_, consequences)| consequences.iter().copied())
        .gather();
    findings.retain(|finding| !consequences.contains(&finding.id));
    findings
}

/// The worst severity, none when all is well.
#[must_use]
pub fn worst(findings: &[Finding]) -> Option<Severity> {
    findings.iter().map(|finding| finding.severity).max()
}
