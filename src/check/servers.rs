//! Findings `no-server`, `no-usable-server`, `servers-full`, `server-unreachable`,
//! `port-closed` and `not-asked`.

use std::collections::BTreeSet;

use super::facts::target;
use super::finding::MACHINE;
use super::reach::Reach;
use super::{Facts, Finding, Fix, Id, Severity, Subject};
use crate::model::{Forward, Protocol, ServerState, ServiceId, ServiceState};

pub(super) fn find(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for state in facts.table() {
        findings.extend(unusable(state));
        for server in &state.servers {
            findings.extend(unreachable(facts, &state.service.id, server));
            findings.extend(closed(facts, &state.service.id, server));
        }
    }
    findings.extend(not_asked(facts));
    findings
}

fn unusable(state: &ServiceState) -> Option<Finding> {
    let id = &state.service.id;
    let (name, seen, fix) = match state.servers.first() {
        None => (
            Id::NoServer,
            "it has no servers".to_owned(),
            format!("lbctl add {} -r SERVER -m", id.options()),
        ),
        Some(first) if state.servers.iter().all(|server| server.server.weight == 0) => (
            Id::NoUsableServer,
            "all its servers have weight 0: drained, or failed their checks".to_owned(),
            format!(
                "when they are well: lbctl edit {} -r {} -w 1",
                id.options(),
                first.server.endpoint()
            ),
        ),
        Some(first) if state.servers.iter().all(is_full) => (
            Id::ServersFull,
            "all its servers have as many connections as their upper threshold allows".to_owned(),
            format!(
                "raise it: lbctl edit {} -r {} -x {}",
                id.options(),
                first.server.endpoint(),
                first.server.upper_threshold.saturating_mul(2)
            ),
        ),
        Some(_) => return None,
    };
    Some(Finding {
        id: name,
        severity: Severity::Critical,
        subject: id.to_string().into(),
        seen,
        means: "new connections are refused or time out".to_owned(),
        fix: Fix::Advice(fix),
    })
}

/// Whether it takes no new connections (`IP_VS_DEST_F_OVERLOAD`), or has weight 0.
fn is_full(state: &ServerState) -> bool {
    let server = &state.server;
    let connections = state.active.saturating_add(state.inactive);
    server.weight == 0 || (server.upper_threshold > 0 && connections >= server.upper_threshold)
}

fn not_asked(facts: &Facts) -> Option<Finding> {
    // A server may be asked twice, from either side of this machine.
    let servers = |left: bool| {
        let asked = facts.reach.iter();
        let some = asked.filter(|(_, answer)| !left || **answer == Reach::NotAsked);
        some.map(|((server, _), _)| server)
            .collect::<BTreeSet<_>>()
            .len()
    };
    let (left, all) = (servers(true), servers(false));
    (left > 0).then(|| Finding {
        id: Id::NotAsked,
        severity: Severity::Unknown,
        subject: MACHINE.into(),
        seen: format!("{left} of {all} servers were not asked: the others took too long"),
        means: "whether they answer is not known".to_owned(),
        fix: Fix::Advice("mend the others first, and check again".to_owned()),
    })
}

fn closed(facts: &Facts, id: &ServiceId, state: &ServerState) -> Option<Finding> {
    let server = &state.server;
    let tcp = id.protocol() == Some(Protocol::Tcp);
    let answer = facts.reach.get(&(target(server), None))?;
    // A server of dr or tun may listen on the VIP alone.
    let told = tcp && server.port != 0 && server.forward == Forward::Nat;
    if !told || *answer != Reach::Refused {
        return None;
    }
    let severity = if server.weight == 0 {
        Severity::Warning
    } else {
        Severity::Critical
    };
    Some(Finding {
        id: Id::PortClosed,
        severity,
        subject: Subject::server(server, *id),
        seen: format!("{} refuses connections", target(server)),
        means: "nothing listens there: every client that is given to it is refused".to_owned(),
        fix: Fix::Advice(format!(
            "on the server: start what shall listen, and see it with: ss -ltn sport = :{}; until \
             then: lbctl edit {} -r {} -w 0",
            server.port,
            id.options(),
            server.endpoint()
        )),
    })
}

fn unreachable(facts: &Facts, id: &ServiceId, state: &ServerState) -> Option<Finding> {
    let server = &state.server;
    let tcp = matches!(
        id,
        ServiceId::Address {
            protocol: Protocol::Tcp,
            ..
        }
    );
    let seen = match facts.reach.get(&(target(server), None))? {
        Reach::There | Reach::Refused | Reach::NotAsked => return None,
        // A server of another protocol owes TCP no answer.
        Reach::Silent if !tcp || server.port == 0 => return None,
        Reach::Silent => format!("{} does not answer within 1 s", target(server)),
        Reach::Unreachable(why) => format!("{} cannot be reached: {why}", server.address),
    };
    let (severity, means) = if server.weight == 0 {
        (
            Severity::Warning,
            "it has weight 0, so new clients do not notice",
        )
    } else {
        (
            Severity::Critical,
            "every connection that is given to it times out",
        )
    };
    Some(Finding {
        id: Id::ServerUnreachable,
        severity,
        subject: Subject::server(server, *id),
        seen,
        means: means.to_owned(),
        fix: Fix::Advice(format!(
            "see the way with: ip route get {}; until it answers: lbctl edit {} -r {} -w 0",
            server.address,
            id.options(),
            server.endpoint()
        )),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Ipvs, findings};
    use super::*;
    use crate::model::{Server, Service, Stats};

    fn facts(weights: &[u32], reach: &Reach) -> Facts {
        let id = ServiceId::Address {
            protocol: Protocol::Tcp,
            address: [192, 0, 2, 10].into(),
            port: 80,
        };
        let servers: Vec<ServerState> = (11..)
            .zip(weights)
            .map(|(last, weight)| ServerState {
                server: Server {
                    address: [10, 0, 0, last].into(),
                    port: 80,
                    forward: Forward::Dr,
                    weight: *weight,
                    upper_threshold: 0,
                    lower_threshold: 0,
                },
                active: 0,
                inactive: 0,
                persistent: 0,
                stats: Stats::default(),
            })
            .collect();
        let targets = servers.iter().map(|state| target(&state.server));
        let reach = targets
            .map(|target| ((target, None), reach.clone()))
            .collect();
        Facts {
            reach,
            ..Facts::of(Ipvs::Table(vec![ServiceState {
                service: Service::new(id),
                stats: Stats::default(),
                servers,
            }]))
        }
    }

    fn ids(facts: &Facts) -> Vec<&'static str> {
        findings(facts)
            .iter()
            .map(|finding| finding.id.as_str())
            .collect()
    }

    #[test]
    fn a_service_needs_a_server_with_weight() {
        assert_eq!(ids(&facts(&[], &Reach::There)), ["no-server"]);
        assert_eq!(ids(&facts(&[0, 0], &Reach::There)), ["no-usable-server"]);
        assert_eq!(ids(&facts(&[0, 1], &Reach::There)), [""; 0]);
    }

    #[test]
    fn a_silent_server_is_named() {
        let found = findings(&facts(&[1], &Reach::Silent));
        assert_eq!(found[0].id, Id::ServerUnreachable);
        assert_eq!(
            found[0].subject.to_string(),
            "10.0.0.11:80 of tcp 192.0.2.10:80"
        );
        assert_eq!(found[0].severity, Severity::Critical);
        let gone = Reach::Unreachable("no route".to_owned());
        let found = findings(&facts(&[0, 1], &gone));
        assert_eq!(found[0].severity, Severity::Warning);
        assert_eq!(found[1].severity, Severity::Critical);
    }
}
