//! Files that people write for keepalived.

mod groups;
mod oddities;

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::import;
use crate::config::{CheckKind, Surroundings, System, VipWay};
use crate::formats::{ImportError, Imported};
use crate::health::OnFailure;
use crate::model::{Forward, Protocol, Service};

/// Files by path.
#[derive(Debug, Default)]
struct Files(BTreeMap<&'static str, &'static str>);

impl Surroundings for Files {
    fn socket(
        &self,
        text: &str,
        protocol: Option<Protocol>,
    ) -> Result<(IpAddr, Option<u16>), String> {
        System.socket(text, protocol)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let found = path.to_str().and_then(|path| self.0.get(path));
        found
            .map(|text| text.as_bytes().to_vec())
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn names(&self, directory: &Path) -> io::Result<Vec<String>> {
        let below = self
            .0
            .keys()
            .map(Path::new)
            .filter(|path| path.parent() == Some(directory));
        Ok(below
            .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
            .collect())
    }

    fn ca_file(&self, _: &Path) -> Result<(), String> {
        Ok(())
    }

    fn command(&self, _: &Path) -> Result<(), String> {
        Ok(())
    }
}

fn try_import(text: &str, files: &[(&'static str, &'static str)]) -> Result<Imported, ImportError> {
    let files = Files(files.iter().copied().collect());
    import(Path::new("/etc/k.conf"), text.as_bytes(), &files)
}

fn imported(text: &str) -> Imported {
    try_import(text, &[]).unwrap()
}

/// The remarks, each a line.
fn remarks(imported: &Imported) -> Vec<String> {
    imported.remarks.iter().map(ToString::to_string).collect()
}

/// A remark at this line with this part.
#[track_caller]
fn named(imported: &Imported, line: usize, part: &str) {
    let found = imported
        .remarks
        .iter()
        .any(|it| it.line == line && it.text.contains(part));
    assert!(found, "line {line}, {part}: {:#?}", remarks(imported));
}

const WALKTHROUGH: &str = "\
! Configuration File for keepalived

global_defs {
   router_id LVS_DEVEL
}

virtual_server 192.168.100.100 80 {
    192.168.100.100 80
}

virtual_server 192.168.100.100 80 {
    delay_loop 3
    lb_algo rr
    lb_kind NAT
    protocol TCP
    inhibit_on_failure

    sorry_server 192.168.31.102

    real_server 192.168.31.100 {
        weight 1
        HTTP_GET {
            url {
              path /health.html
              virtualhost example.com
              status_code 200
            }
            connect_timeout 3
            connect_port 80
            nb_get_retry 1
            delay_before_retry 1
        }
    }
    real_server 192.168.31.101 {
        weight 1
        HTTP_GET {
            url { path /health.html
                  virtualhost example.com
                  status_code 200 }
            connect_timeout 3
            connect_port 80
            nb_get_retry 1
            delay_before_retry 1
        }
    }
}
";

#[test]
fn the_walkthrough_works_and_its_oddities_are_named() {
    let found = imported(WALKTHROUGH);
    let [server] = found.config.virtual_servers.as_slice() else {
        panic!("{:#?}", found.config)
    };
    assert_eq!(server.service.id.to_string(), "tcp 192.168.100.100:80");
    assert_eq!(server.service.scheduler.as_str(), "rr");
    assert_eq!((server.forward, server.vip), (Forward::Nat, VipWay::Fwmark));
    assert_eq!(server.policy.on_failure, OnFailure::Inhibit);
    let endpoints: Vec<String> = server
        .real_servers
        .iter()
        .map(|it| it.server.endpoint())
        .collect();
    assert_eq!(endpoints, ["192.168.31.100:80", "192.168.31.101:80"]);
    assert_eq!(
        server.sorry.as_ref().unwrap().server.endpoint(),
        "192.168.31.102:80"
    );
    let check = server.check.as_ref().unwrap();
    let CheckKind::Http(question) = &check.kind else {
        panic!("{check:?}")
    };
    assert_eq!(question.request.path(), "/health.html");
    assert_eq!(question.request.virtualhost(), Some("example.com"));
    assert_eq!(question.request.status().to_string(), "200");
    assert_eq!(check.interval, Duration::from_secs(3));
    assert_eq!(check.connect_timeout, Duration::from_secs(3));
    assert_eq!(check.timeout, Duration::from_secs(6));
    assert_eq!((check.fall, check.rise, check.port), (2, 1, Some(80)));
    named(&found, 4, "router_id");
    named(&found, 7, "no real server");
    named(&found, 8, "192.168.100.100 80 is not carried over");
    named(&found, 18, "192.168.31.102 has no port");
    named(&found, 20, "192.168.31.100 has no port");
    named(&found, 34, "192.168.31.101 has no port");
    assert_eq!(found.remarks.len(), 6, "{:#?}", remarks(&found));
    let text = found.to_toml();
    for remark in remarks(&found) {
        assert!(text.contains(&format!("# {remark}\n")), "{text}");
    }
}

#[test]
fn keepalived_defaults_come_out_as_keys() {
    let text = imported(
        "virtual_server 10.0.0.100 80 {\n real_server 10.0.0.1 80 {\n HTTP_GET {\n url {\n path /\n }\n }\n }\n}\n",
    )
    .to_toml();
    for key in [
        "protocol = \"udp\"",
        "inhibit_on_failure = false",
        "interval = \"1m\"",
        "connect_timeout = \"5s\"",
        "timeout = \"10s\"",
        "retry_interval = \"3s\"",
        "status = [\"200-299\"]",
        "on_exit = \"remove\"",
        "says no protocol, and keepalived takes UDP",
    ] {
        assert!(text.contains(key), "{key}\n{text}");
    }
}

#[test]
fn every_level_hands_its_times_down() {
    let found = imported(
        "virtual_server 10.0.0.100 80 {
            protocol TCP
            delay_loop 7.5
            retry 4
            virtualhost vs.example
            real_server 10.0.0.1 80 {
                virtualhost rs.example
                TCP_CHECK {
                }
                HTTP_GET {
                    delay_loop 2
                    url {
                        path /a
                    }
                    url {
                        path /b
                    }
                }
            }
            real_server 10.0.0.2 80 {
                DNS_CHECK {
                    name example.com
                }
            }
            real_server 10.0.0.3 80 {
                MISC_CHECK {
                    misc_path \"/bin/check -H 10.0.0.3 'a b'\"
                    misc_timeout 4
                }
            }
        }",
    );
    let reals = &found.config.virtual_servers[0].real_servers;
    let checks: Vec<_> = reals
        .iter()
        .map(|real| real.check.clone().unwrap())
        .collect();
    assert_eq!(
        (checks[0].interval, checks[0].fall),
        (Duration::from_secs(2), 5)
    );
    let CheckKind::Http(question) = &checks[0].kind else {
        panic!("{:?}", checks[0])
    };
    assert_eq!(question.request.virtualhost(), Some("rs.example"));
    assert_eq!(checks[1].interval, Duration::from_millis(7500));
    assert_eq!(checks[1].retry_interval, Duration::from_millis(7500));
    let words = ["/bin/check", "-H", "{address}", "a b"].map(str::to_owned);
    assert_eq!(checks[2].kind, CheckKind::Exec(words.to_vec()));
    assert_eq!(checks[2].timeout, Duration::from_secs(4));
    named(&found, 8, "one check a server");
    named(&found, 15, "one path");
}

/// Texts that are nearly a file.
fn nearly() -> impl Strategy<Value = String> {
    let word = proptest::sample::select(vec![
        "virtual_server",
        "group",
        "fwmark",
        "10.0.0.1",
        "fd00::1",
        "80",
        "{",
        "}",
        "{\n",
        "}\n",
        "\n",
        "real_server",
        "sorry_server",
        "HTTP_GET",
        "url",
        "path",
        "\"",
        "\\",
        "$A=",
        "$A",
        "${",
        "#",
        "!",
        "weight",
        "TUN type gue",
        "retry",
        "4294967295",
        "MISC_CHECK",
        "misc_path",
        "'",
        "UDP_CHECK",
        "payload",
        "virtual_server_group",
        "1-9",
        "0.0.0.0/0",
        "::/0",
        "include",
        "~SEQ",
        "@x",
        "quorum",
    ]);
    proptest::collection::vec(word, 0..60).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn any_text_is_answered(text: Vec<u8>) {
        let _ = import(Path::new("k"), &text, &Files::default());
    }

    #[test]
    fn any_text_that_is_nearly_a_file_is_answered(text in nearly()) {
        if let Ok(found) = try_import(&text, &[]) {
            for server in &found.config.virtual_servers {
                prop_assert!(!server.real_servers.is_empty());
                prop_assert!(server.service.persistence_timeout.is_none_or(|it| it <= Service::MAX_PERSISTENCE));
            }
        }
    }
}
