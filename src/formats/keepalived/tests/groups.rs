//! Groups and services by mark.

use super::{imported, named};
use crate::model::{Forward, ServiceId, TunnelKind};

#[test]
fn groups_become_services() {
    let found = imported(
        "virtual_server_group G {
            10.0.0.1-3 80
            fd00::1-2 80
            fwmark 7
            10.0.1.0/16 80
        }
        virtual_server group G {
            protocol TCP
            lvs_method TUN type gue port 6080 csum
            real_server 10.0.1.1 80 {
            }
        }
        virtual_server group H {
            real_server 10.0.1.1 80 {
            }
        }",
    );
    let ids: Vec<String> = found
        .config
        .virtual_servers
        .iter()
        .map(|it| it.service.id.to_string())
        .collect();
    assert_eq!(
        ids,
        [
            "tcp 10.0.0.1:80",
            "tcp 10.0.0.2:80",
            "tcp 10.0.0.3:80",
            "tcp [fd00::1]:80",
            "tcp [fd00::2]:80",
            "fwmark 7"
        ]
    );
    let Forward::Tun(tunnel) = found.config.virtual_servers[5].real_servers[0]
        .server
        .forward
    else {
        panic!("{found:?}")
    };
    assert_eq!((tunnel.kind, tunnel.port), (TunnelKind::Gue, 6080));
    named(&found, 5, "longer than 1024");
    named(&found, 13, "no virtual_server_group H");
}

#[test]
fn a_service_by_mark_asks_at_the_port_that_is_written() {
    let found = imported(
        "virtual_server fwmark 3 {
            lvs_method DR
            persistence_timeout
            real_server 10.0.0.1 80 {
                TCP_CHECK {
                }
            }
            real_server 10.0.0.2 {
                TCP_CHECK {
                }
            }
        }",
    );
    let server = &found.config.virtual_servers[0];
    assert!(matches!(
        server.service.id,
        ServiceId::Fwmark { mark: 3, .. }
    ));
    assert_eq!(server.service.persistence_timeout, Some(360));
    let first = &server.real_servers[0];
    assert_eq!(
        (first.server.port, first.check.as_ref().unwrap().port),
        (0, Some(80))
    );
    assert_eq!(server.real_servers[1].check, None);
    named(&found, 8, "no port to ask");
}
