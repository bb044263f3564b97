//! Files that people write for ldirectord.

use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::import;
use crate::config::{CheckKind, OnExit, System};
use crate::formats::{ImportError, Imported};
use crate::health::OnFailure;
use crate::model::Forward;

fn try_import(text: &str) -> Result<Imported, ImportError> {
    import(Path::new("l.cf"), text.as_bytes(), &System)
}

/// A remark at this line with this part.
#[track_caller]
fn named(imported: &Imported, line: usize, part: &str) {
    let found = imported
        .remarks
        .iter()
        .any(|it| it.line == line && it.text.contains(part));
    assert!(found, "line {line}, {part}: {:#?}", imported.remarks);
}

const FILE: &str = "\
# Global
checktimeout=3
checkinterval=5
failurecount = 2
autoreload=yes
quiescent=yes

virtual=192.168.100.100:80
\treal=192.168.31.100:80 masq 2
        real=192.168.31.101->192.168.31.102:8080 masq 1 l:3 u:9 # two of them
\tfallback=192.168.31.103:80 masq
\tservice=http
\trequest=\"health.html\"
\treceive=\"well\"
\tvirtualhost=\"example.com\"
\tscheduler=rr
\tpersistent=600
\tnetmask=255.255.255.0
\tprotocol=tcp
\tchecktype=negotiate
\temailalert=\"root\"

virtual=5
\treal=10.0.0.1 gate
\tchecktype=connect
\tcheckport=22

virtual=192.168.100.100:25
\treal=10.0.0.1:2525 masq 1 \"/x\", \"220\"
\tquiescent=no
\tchecktype=external
\tcheckcommand=\"/bin/check\"

virtual=192.168.100.100:53
\treal=10.0.0.1:53 ipip
\tchecktype=connect
\tfallback=10.0.0.2

virtual=192.168.100.100:81
\treal=10.0.0.1:81 masq
\tchecktype=off
";

#[test]
fn a_file_of_every_kind() {
    let found = try_import(FILE).unwrap();
    let servers = &found.config.virtual_servers;
    assert_eq!(found.config.on_exit, OnExit::Remove);
    let web = &servers[0];
    assert_eq!(web.policy.on_failure, OnFailure::Inhibit);
    assert_eq!(web.service.persistence_timeout, Some(600));
    assert_eq!(web.service.netmask.to_string(), "255.255.255.0");
    let written: Vec<String> = web
        .real_servers
        .iter()
        .map(|it| &it.server)
        .map(|it| {
            format!(
                "{} {} {} {}",
                it.endpoint(),
                it.weight,
                it.lower_threshold,
                it.upper_threshold
            )
        })
        .collect();
    assert_eq!(
        written,
        [
            "192.168.31.100:80 2 0 0",
            "192.168.31.101:8080 1 3 9",
            "192.168.31.102:8080 1 3 9"
        ]
    );
    assert_eq!(
        web.sorry.as_ref().unwrap().server.endpoint(),
        "192.168.31.103:80"
    );
    let check = web.check.as_ref().unwrap();
    let CheckKind::Http(question) = &check.kind else {
        panic!("{check:?}")
    };
    assert_eq!(question.request.path(), "/health.html");
    assert_eq!(question.request.virtualhost(), Some("example.com"));
    assert_eq!(question.body.as_deref(), Some("well"));
    // negotiatetimeout falls back on checktimeout.
    assert_eq!((check.timeout, check.fall), (Duration::from_secs(3), 2));
    assert_eq!(check.interval, Duration::from_secs(5));
    assert_eq!(servers[1].service.id.to_string(), "fwmark 5");
    assert_eq!(servers[1].service.scheduler.as_str(), "wrr");
    assert_eq!(servers[1].forward, Forward::Dr);
    assert_eq!(servers[1].check.as_ref().unwrap().port, Some(22));
    let words = ["/bin/check", "192.168.100.100", "25", "{address}", "{port}"].map(str::to_owned);
    assert_eq!(
        servers[2].check.as_ref().unwrap().kind,
        CheckKind::Exec(words.to_vec())
    );
    assert_eq!(servers[2].policy.on_failure, OnFailure::Remove);
    assert_eq!(servers[3].service.id.to_string(), "udp 192.168.100.100:53");
    assert_eq!(servers[3].check.as_ref().unwrap().kind, CheckKind::Ping);
    assert_eq!(
        servers[3].sorry.as_ref().unwrap().server.forward,
        Forward::Dr
    );
    assert!(servers[4].real_servers[0].maintenance);
    named(&found, 5, "autoreload=yes");
    named(&found, 21, "emailalert");
    named(&found, 37, "says no method");
    assert_eq!(found.remarks.len(), 3, "{:#?}", found.remarks);
}

#[test]
fn defaults_come_out_as_keys() {
    let text = try_import("virtual=10.0.0.100:80\n\treal=10.0.0.1:80 gate\n")
        .unwrap()
        .to_toml();
    for key in [
        "scheduler = \"wrr\"",
        "method = \"dr\"",
        "inhibit_on_failure = false",
        "on_exit = \"remove\"",
        "timeout = \"30s\"",
        "retry_interval = \"10s\"",
        "status = [\"200-299\"]",
        "fall = 1",
    ] {
        assert!(text.contains(key), "{key}\n{text}");
    }
}

#[test]
fn whatever_has_no_place_is_named_with_its_line() {
    let found = try_import(
        "logfile=\"local0\"\nvirtual=10.0.0.100:110\n\treal=10.0.0.1:110 masq\n\treal=10.0.0.2:110 magic\n\
         \treal=10.0.0.9->10.0.0.2:110 masq\n\tpasswd=\"hush\"\n\tnonsense\nvirtual=10.0.0.100:80\n\
         virtual=10.0.0.100:443\n\treal=10.0.0.1:443 masq\n\tchecktype=3\n\treceive=\"(\"\n",
    )
    .unwrap();
    for (line, part) in [
        (1, "logfile"),
        (3, "service=pop"),
        (4, "gate, masq or ipip"),
        (5, "range"),
        (6, "passwd is not"),
        (7, "nonsense"),
        (8, "no real server"),
        (10, "checktype=3"),
        (10, "receive"),
    ] {
        named(&found, line, part);
    }
    assert!(!found.to_toml().contains("hush"));
    let error = try_import("virtual=10.0.0.1:80\n").unwrap_err().to_string();
    assert!(error.contains("l.cf:1: virtual=10.0.0.1:80"), "{error}");
}

proptest! {
    #[test]
    fn any_text_is_answered(text in "([a-z]{1,9}|virtual|[ \\t]real|[ \\t]checktype|fallback)?[ =]([0-9.]{1,9}|10.0.0.1:80 masq 1|10.0.0.1->10.0.0.9|5|\"|\\PC{0,9})") {
        let _ = try_import(&text);
        let _ = try_import(&format!("virtual=7\n\treal=10.0.0.1 gate\n\t{text}\n"));
    }
}
