//! Findings `no-module`, `no-privilege`, `no-service`, `scheduler-missing`,
//! `other-manager`: is there an IPVS to look at, and whose is it?

use super::facts::Ipvs;
use super::finding::MACHINE;
use super::{Facts, Finding, Fix, Id, Severity};

pub(super) fn find(facts: &Facts) -> Vec<Finding> {
    let finding = |id, severity, seen: &str, means: &str, fix: &str| Finding {
        id,
        severity,
        subject: MACHINE.into(),
        seen: seen.to_owned(),
        means: means.to_owned(),
        fix: Fix::Advice(fix.to_owned()),
    };
    let mut findings = match &facts.ipvs {
        Ipvs::NoModule => vec![finding(
            Id::NoModule,
            Severity::Critical,
            "the kernel has no IPVS: the module ip_vs is neither built in nor could it be loaded",
            "nothing can be balanced",
            "install the kernel's modules, then: modprobe ip_vs",
        )],
        Ipvs::NoPrivilege => vec![finding(
            Id::NoPrivilege,
            Severity::Unknown,
            "CAP_NET_ADMIN in the initial user namespace is missing",
            "neither the table nor the way in can be looked at",
            "run it as root: sudo lbctl check",
        )],
        Ipvs::Table(table) if table.is_empty() => vec![finding(
            Id::NoService,
            Severity::Warning,
            "the IPVS table is empty",
            "there is nothing to balance yet",
            "lbctl setup, or: lbctl add -t ADDR:PORT -s rr -r SERVER -m",
        )],
        Ipvs::Table(_) => Vec::new(),
    };
    for module in &facts.missing_modules {
        findings.push(finding(
            Id::SchedulerMissing,
            Severity::Critical,
            &format!("the file names a scheduler whose module {module} is not on this machine"),
            "the kernel refuses the services that shall have it",
            "install the rest of the kernel's modules (Debian: linux-modules-extra or the full \
             image), or take another scheduler in the file",
        ));
    }
    if !facts.managers.is_empty() {
        findings.push(finding(
            Id::OtherManager,
            Severity::Warning,
            &format!("{} runs here", facts.managers.join(", ")),
            "if it balances, too, it writes the same table, and each undoes what the other did",
            "let one of them do it: lbctl import reads keepalived's and ldirectord's files",
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::findings;
    use super::*;

    #[test]
    fn each_state_of_the_kernel_has_its_own_finding() {
        for (ipvs, id, severity) in [
            (Ipvs::NoModule, Id::NoModule, Severity::Critical),
            (Ipvs::NoPrivilege, Id::NoPrivilege, Severity::Unknown),
            (Ipvs::Table(Vec::new()), Id::NoService, Severity::Warning),
        ] {
            let found = findings(&Facts::of(ipvs));
            assert_eq!(found.len(), 1);
            assert_eq!((found[0].id, found[0].severity), (id, severity));
        }
    }
}
