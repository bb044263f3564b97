//! Findings `no-module`, `no-privilege`, `no-service`: is there an IPVS to look at?

use super::facts::Ipvs;
use super::{Facts, Finding, Fix, Severity};

pub(super) fn find(facts: &Facts) -> Vec<Finding> {
    let finding = |id, severity, seen: &str, means: &str, fix: &str| Finding {
        id,
        severity,
        subject: "this machine".to_owned(),
        seen: seen.to_owned(),
        means: means.to_owned(),
        fix: Fix::Advice(fix.to_owned()),
    };
    match &facts.ipvs {
        Ipvs::NoModule => vec![finding(
            "no-module",
            Severity::Critical,
            "the kernel has no IPVS: the module ip_vs is neither built in nor could it be loaded",
            "nothing can be balanced",
            "install the kernel's modules, then: modprobe ip_vs",
        )],
        Ipvs::NoPrivilege => vec![finding(
            "no-privilege",
            Severity::Unknown,
            "CAP_NET_ADMIN in the initial user namespace is missing",
            "neither the table nor the way in can be looked at",
            "run it as root: sudo lbctl check",
        )],
        Ipvs::Table(table) if table.is_empty() => vec![finding(
            "no-service",
            Severity::Warning,
            "the IPVS table is empty",
            "there is nothing to balance yet",
            "lbctl setup, or: lbctl add -t ADDR:PORT -s rr -r SERVER -m",
        )],
        Ipvs::Table(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::findings;
    use super::*;

    #[test]
    fn each_state_of_the_kernel_has_its_own_finding() {
        for (ipvs, id, severity) in [
            (Ipvs::NoModule, "no-module", Severity::Critical),
            (Ipvs::NoPrivilege, "no-privilege", Severity::Unknown),
            (Ipvs::Table(Vec::new()), "no-service", Severity::Warning),
        ] {
            let found = findings(&Facts::of(ipvs));
            assert_eq!(found.len(), 1);
            assert_eq!((found[0].id, found[0].severity), (id, severity));
        }
    }
}
