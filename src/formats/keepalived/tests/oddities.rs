//! What is odd, what has no place, and files of several parts.

use super::{imported, named, remarks, try_import};
use crate::config::{CheckKind, OnExit, VipWay};
use crate::model::SyncRole;

#[test]
fn whatever_has_no_place_is_named_with_its_line() {
    let text = "\
global_defs {
    notification_email { root@example.com }
    lvs_timeouts tcp 900 udp 30
    lvs_sync_daemon eth0 id 3
}
vrrp_instance VI_1 {
    virtual_ipaddress {
        10.0.0.100/24 dev eth0
    }
}
@site1 virtual_server 10.9.9.9 80 {
SSL {
    ca /etc/ca.pem
}
virtual_server 10.0.0.100 443 {
    protocol TCP
    lvs_method DR
    ha_suspend
    quorum 9
    hysteresis 3
    quorum_up /bin/up
    weight 2
    warmup 3
    frobnicate yes
    real_server 10.0.0.1 8443 {
        notify_down /bin/down
        lthreshold 5
        SSL_GET {
            url {
                path /
                digest 00
            }
            bindto 10.0.0.9
        }
        BFD_CHECK {
            name x
        }
        FILE_CHECK {
            track_file f
        }
    }
    real_server web.example 443 {
    }
    sorry_server 127.0.0.1 443
    sorry_server_inhibit
}
";
    let found = imported(text);
    for (line, part) in [
        (2, "notification_email"),
        (6, "vrrp_instance VI_1"),
        (11, "@site1"),
        (12, "SSL"),
        (15, "quorum 9 is more than all weights together"),
        (15, "hysteresis 3 is not below"),
        (18, "ha_suspend"),
        (21, "quorum_up /bin/up"),
        (23, "warmup 3"),
        (24, "frobnicate yes"),
        (25, "dr cannot change ports"),
        (25, "lthreshold 5"),
        (26, "notify_down"),
        (31, "digest"),
        (33, "bindto"),
        (35, "BFD_CHECK"),
        (38, "FILE_CHECK"),
        (42, "web.example"),
        (45, "sorry_server_inhibit"),
    ] {
        named(&found, line, part);
    }
    let config = &found.config;
    assert_eq!((config.timeouts.tcp, config.timeouts.udp), (900, 30));
    let roles: Vec<SyncRole> = config.sync.iter().map(|daemon| daemon.role).collect();
    assert_eq!(roles, [SyncRole::Master, SyncRole::Backup]);
    assert_eq!(config.on_exit, OnExit::Remove);
    let server = &config.virtual_servers[0];
    assert_eq!(server.vip, VipWay::None);
    assert_eq!((server.policy.quorum, server.policy.hysteresis), (2, 1));
    assert_eq!(server.real_servers[0].server.port, 443);
    let CheckKind::Https(_, trust) = &server.check.as_ref().unwrap().kind else {
        panic!("{server:?}")
    };
    assert!(!trust.verify);
}

#[test]
fn files_are_included_and_definitions_replaced() {
    let found = try_import(
        "$VIP=10.0.0.100\ninclude conf.d/*.conf\ninclude missing.conf\n",
        &[
            (
                "/etc/conf.d/a.conf",
                "virtual_server ${VIP} 80 {\n protocol TCP\n include ../rs.conf\n}\n",
            ),
            (
                "/etc/conf.d/b.conf",
                "include b.conf\nvirtual_server $VIP 81 {\n oops\n",
            ),
            (
                "/etc/conf.d/../rs.conf",
                "real_server 10.0.0.1 \\\n 80 {  # first\n weight 3 ! three\n}\n",
            ),
        ],
    )
    .unwrap();
    let server = &found.config.virtual_servers[0];
    assert_eq!(server.service.id.to_string(), "tcp 10.0.0.100:80");
    assert_eq!(server.real_servers[0].server.weight, 3);
    let remarks = remarks(&found);
    for part in [
        "/etc/k.conf:3: cannot read /etc/missing.conf",
        "/etc/conf.d/b.conf:1: /etc/conf.d/b.conf includes itself",
        "/etc/conf.d/b.conf:2: the block that begins here is not closed",
        "/etc/conf.d/b.conf:3: oops",
    ] {
        assert!(
            remarks.iter().any(|it| it.starts_with(part)),
            "{part}: {remarks:#?}"
        );
    }
}

#[test]
fn two_blocks_of_one_service_are_one() {
    let found = imported(
        "virtual_server 10.0.0.100 80 {\n protocol TCP\n lb_algo rr\n real_server 10.0.0.1 80 {\n }\n}\n\
         virtual_server 10.0.0.100 80 {\n protocol TCP\n lb_algo lc\n real_server 10.0.0.2 80 {\n }\n real_server 10.0.0.1 80 {\n }\n}\n",
    );
    let [server] = found.config.virtual_servers.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(server.service.scheduler.as_str(), "rr");
    assert_eq!(server.real_servers.len(), 2);
    named(&found, 7, "twice");
    named(&found, 12, "10.0.0.1:80 is there twice");
}

#[test]
fn of_nothing_comes_an_error() {
    for text in [
        "",
        "hello world\n",
        "virtual_server 10.0.0.1 80 {\n}\n",
        "}{",
    ] {
        let error = try_import(text, &[]).unwrap_err().to_string();
        assert!(error.contains("/etc/k.conf"), "{error}");
        assert!(error.ends_with("is it the right file?"), "{error}");
    }
}
