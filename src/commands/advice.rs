//! What taking servers out will not do: each way of it leaves some clients with a dead
//! server, unless a sysctl says otherwise. It is said once, when a service is taken over.

use crate::health::{Journal, Level, OnFailure, Policy};
use crate::model::{Protocol, Service, ServiceId};
use crate::plumbing::sysctl;

/// Whether connections of a removed server are ended. Their packets then meet the
/// director's own stack, which answers with a reset from an address that it has.
const NODEST: &str = "net.ipv4.vs.expire_nodest_conn";
/// Whether templates of servers without weight are left unused.
const QUIESCENT: &str = "net.ipv4.vs.expire_quiescent_template";

/// Says it of a service that is kept so.
pub(super) fn say(service: &Service, policy: &Policy, journal: &mut dyn Journal) {
    // What cannot be read is not there yet, and then off.
    let is_on = |name: &str| {
        sysctl::read(name)
            .ok()
            .flatten()
            .is_some_and(|it| it != "0")
    };
    if let Some(advice) = advice(service, policy.on_failure, is_on) {
        journal.line(Level::Transition, &format!("{}: {advice}", service.id));
    }
}

fn advice(
    service: &Service,
    on_failure: OnFailure,
    is_on: impl Fn(&str) -> bool,
) -> Option<String> {
    let is_udp = matches!(
        service.id,
        ServiceId::Address {
            protocol: Protocol::Udp,
            ..
        }
    );
    // Each of its packets is scheduled anew.
    if service.one_packet {
        return None;
    }
    match on_failure {
        OnFailure::Remove if !is_on(NODEST) => Some(format!(
            "a server that fails is removed, and the kernel drops the packets of its connections: \
             their clients wait; they are told only with: sysctl -w {NODEST}=1, and the VIP an \
             address of this machine"
        )),
        OnFailure::Inhibit if is_udp => Some(format!(
            "UDP clients of a server that fails stay with it as long as they go on; to have them \
             go elsewhere: inhibit_on_failure = false (--on-failure remove), and sysctl -w {NODEST}=1"
        )),
        OnFailure::Inhibit if service.persistence_timeout.is_some() && !is_on(QUIESCENT) => {
            Some(format!(
                "persistent clients of a server that fails stay with it; to have them go elsewhere: \
             sysctl -w {QUIESCENT}=1"
            ))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::OnFailure::{Inhibit, Remove};
    use super::*;

    fn service(protocol: Protocol) -> Service {
        Service::new(ServiceId::Address {
            protocol,
            address: [192, 0, 2, 1].into(),
            port: 53,
        })
    }

    #[test]
    fn only_what_leaves_clients_behind_is_told() {
        let tcp = service(Protocol::Tcp);
        let udp = service(Protocol::Udp);
        let sticky = Service {
            persistence_timeout: Some(300),
            ..tcp.clone()
        };
        let scattered = Service {
            one_packet: true,
            ..udp.clone()
        };
        for (service, on_failure, on, part) in [
            (&tcp, Inhibit, "", ""),
            (&tcp, Remove, "", "expire_nodest_conn=1"),
            (&tcp, Remove, NODEST, ""),
            (&sticky, Inhibit, "", "expire_quiescent_template=1"),
            (&sticky, Inhibit, QUIESCENT, ""),
            (&udp, Inhibit, NODEST, "inhibit_on_failure = false"),
            (&udp, Remove, NODEST, ""),
            (&scattered, Inhibit, "", ""),
        ] {
            let told = advice(service, on_failure, |name| name == on);
            assert_eq!(told.is_some(), !part.is_empty(), "{told:?}");
            assert!(told.unwrap_or_default().contains(part), "{part}");
        }
    }
}
