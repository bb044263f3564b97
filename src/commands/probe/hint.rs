//! What to do about a check that fails: said once behind what `probe --once` found.

use crate::health::{ProbeReport, ServerStatus};

/// A line for each kind of failure among servers that are down.
pub(super) fn hints(report: &ProbeReport) -> Vec<String> {
    let servers = report.services.iter().flat_map(|service| &service.servers);
    let down = servers.filter(|server| server.state == ServerStatus::Down);
    let mut hints: Vec<String> = Vec::new();
    for reason in down.filter_map(|server| server.reason.as_deref()) {
        let hint = hint(reason);
        if !hints.iter().any(|known| known == hint) {
            hints.push(hint.to_owned());
        }
    }
    hints
}

fn hint(reason: &str) -> &'static str {
    let begins = |words: &[&str]| words.iter().any(|word| reason.starts_with(word));
    if begins(&["connection refused", "port unreachable"]) {
        "nothing listens on that port: start it on the server, or name the right port with lbctl add \
         ... -r ADDR:PORT; a server that is named without a port has the service's"
    } else if begins(&["status "]) {
        "the server has no such page, or another host has it: see it with curl -i; then name the \
         page (--http /PATH), the host (--virtualhost NAME), or the status that is well (--status)"
    } else if begins(&["body "]) {
        "the page says something else: see it with curl -i; then mend the page, or --body"
    } else if reason.contains("certificate") {
        "see the certificate with openssl s_client -connect ADDR:PORT; name the host that it is for \
         (--virtualhost NAME); one of an authority of your own needs ca_file in lbctl.toml"
    } else {
        "see what is in the way with: lbctl check"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_has_something_to_do() {
        for (reason, part) in [
            ("connection refused", "-r ADDR:PORT"),
            ("port unreachable", "-r ADDR:PORT"),
            ("status 404, wanted 200", "--status"),
            ("body does not match", "--body"),
            ("certificate is not trusted", "ca_file"),
            ("no connection within 3s", "lbctl check"),
            ("host unreachable", "lbctl check"),
        ] {
            assert!(hint(reason).contains(part), "{reason}: {}", hint(reason));
        }
    }
}
