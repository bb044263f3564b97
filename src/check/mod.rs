//! Why does it not work? Facts are gathered once, by looking only; each finding
//! is a pure reading of them. One file per theme, ordered as a packet travels:
//! the kernel, the way in, the servers, the way back.

mod facts;
mod finding;
mod firewall;
mod forwarding;
mod kernel;
mod reach;
mod servers;
mod way_in;

pub use facts::{Facts, Ipvs, WayIn, gather};
pub use finding::{Finding, Fix, Severity};
pub use reach::Reach;

/// Reads all findings out of the facts, in the order of a packet's way.
#[must_use]
pub fn findings(facts: &Facts) -> Vec<Finding> {
    let mut findings = kernel::find(facts);
    findings.extend(way_in::find(facts));
    findings.extend(servers::find(facts));
    findings.extend(forwarding::find(facts));
    findings
}

/// The worst severity, none when all is well.
#[must_use]
pub fn worst(findings: &[Finding]) -> Option<Severity> {
    findings.iter().map(|finding| finding.severity).max()
}
