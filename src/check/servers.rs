//! Findings `no-server`, `no-usable-server`, `servers-full`, `server-unreachable`,
//! `port-closed` and `not-asked`.

use std::collections::BTreeSet;

use super::facts::target;
use super::finding::MACHINE;
use super::reach::Reach;
use super::{Facts, Finding, Fix, Id, Severity, Subject};
use crate::model::{Forward, Protocol, Server, ServerState, ServiceId, ServiceState};

pub(super) fn find(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for state in facts.table() {
        findings.extend(unusable(state));
        for server in &state.servers {
            findings.extend(unreachable(facts, &state.service.id, &server.server));
            findings.extend(closed(facts, &state.service.id, &server.server));
        }
    }
    findings.extend(sorry(facts));
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
                "lbctl list says who is drained, the probe or lbctl status why a check fails; when \
                 they are well: lbctl edit {} -r {} -w 1",
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

/// The file's sorry servers, while they are not in the table: nobody asks them before
/// they are needed.
fn sorry(facts: &Facts) -> Vec<Finding> {
    let Some(file) = &facts.file else {
        return Vec::new();
    };
    let found = file.services.iter().filter_map(|service| {
        let (id, sorry) = (service.service.id, service.sorry.as_ref()?);
        let mut table = facts.table().iter();
        let of_service = table.find(|state| state.service.id == id);
        let mut servers = of_service.map_or(&[][..], |state| &state.servers).iter();
        if servers.any(|state| state.server.name() == sorry.name()) {
            return None;
        }
        let finding = closed(facts, &id, sorry).or_else(|| unreachable(facts, &id, sorry))?;
        Some(Finding {
            severity: Severity::Warning,
            means: "it is the sorry server: when no other is left, it will not answer either"
                .to_owned(),
            fix: Fix::Advice(format!(
                "start what shall listen there, or name where it does in {}: sorry_server = \
                 \"ADDR:PORT\"{}",
                file.path,
                forgotten(&id, sorry)
            )),
            ..finding
        })
    });
    found.collect()
}

/// What a server without a port has, in case that was not meant.
fn forgotten(id: &ServiceId, server: &Server) -> String {
    match id.port() {
        Some(port) if port == server.port => {
            format!("; one that is named without a port has the service's, {port}")
        }
        _ => String::new(),
    }
}

/// Keeps clients from a server that has weight.
fn until(id: &ServiceId, server: &Server, what: &str) -> String {
    if server.weight == 0 {
        return String::new();
    }
    format!(
        "; until {what}: lbctl edit {} -r {} -w 0",
        id.options(),
        server.endpoint()
    )
}

fn closed(facts: &Facts, id: &ServiceId, server: &Server) -> Option<Finding> {
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
            "on the server: start what shall listen, and see it with: ss -ltn sport = :{}{}{}",
            server.port,
            forgotten(id, server),
            until(id, server, "then")
        )),
    })
}

fn unreachable(facts: &Facts, id: &ServiceId, server: &Server) -> Option<Finding> {
    let tcp = matches!(
        id,
        ServiceId::Address {
            protocol: Protocol::Tcp,
            ..
        }
    );
    let (seen, question) = match facts.reach.get(&(target(server), None))? {
        Reach::There | Reach::Refused | Reach::NotAsked => return None,
        // A server of another protocol owes TCP no answer.
        Reach::Silent if !tcp || server.port == 0 => return None,
        Reach::Silent => (
            format!("{} does not answer within 1 s", target(server)),
            format!(
                "is it on, and does its firewall let this machine in to port {}? ",
                server.port
            ),
        ),
        Reach::Unreachable(why) => (
            format!("{} cannot be reached: {why}", server.address),
            String::new(),
        ),
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
            "{question}see the way with: ip route get {}{}",
            server.address,
            until(id, server, "it answers")
        )),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{FileFacts, FileService, Ipvs, findings};
    use super::*;
    use crate::model::{Service, Stats};

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

    #[test]
    fn a_sorry_server_is_asked_before_it_is_needed() {
        let sorry = Server {
            address: [10, 0, 0, 99].into(),
            port: 80,
            forward: Forward::Nat,
            weight: 1,
            upper_threshold: 0,
            lower_threshold: 0,
        };
        let mut facts = facts(&[1], &Reach::There);
        let service = facts.table()[0].service.clone();
        facts.file = Some(FileFacts {
            path: "lbctl.toml".to_owned(),
            differs: Vec::new(),
            services: vec![FileService {
                service,
                checked: true,
                inhibit: true,
                sorry: Some(sorry.clone()),
            }],
        });
        facts.reach.insert((target(&sorry), None), Reach::There);
        assert_eq!(ids(&facts), [""; 0]);
        for (reach, id) in [
            (Reach::Refused, "port-closed"),
            (Reach::Silent, "server-unreachable"),
        ] {
            facts.reach.insert((target(&sorry), None), reach);
            let found = findings(&facts);
            assert_eq!(ids(&facts), [id]);
            assert_eq!(found[0].severity, Severity::Warning);
            let fix = found[0].fix.text();
            assert!(fix.contains("sorry_server = \"ADDR:PORT\"; one that is named without a port has the service's, 80"), "{fix}");
        }
        // Once it is in, it is a server as any other.
        let Ipvs::Table(table) = &mut facts.ipvs else {
            panic!("a table");
        };
        let mut state = table[0].servers[0].clone();
        state.server = sorry;
        table[0].servers.push(state);
        let found = findings(&facts);
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!(found[0].severity, Severity::Critical);
    }
}
