//! What right checks mean.

use super::*;
use crate::config::{Check, CheckKind, DnsRecord, Notes};

#[test]
fn a_check_of_a_servers_own_changes_what_it_names() {
    let text = WEB.replace(
        "address = \"192.168.31.101\"",
        "address = \"192.168.31.101\"\ncheck = { port = 8080, virtualhost = \"\", fall = 5 }",
    );
    let config = read(&text);
    let [first, second] = config.virtual_servers[0].real_servers.as_slice() else {
        panic!("{config:?}");
    };
    let (first, second) = (
        first.check.as_ref().unwrap(),
        second.check.as_ref().unwrap(),
    );
    let CheckKind::Http(question) = &second.kind else {
        panic!("{second:?}");
    };
    assert_eq!(question.request.virtualhost(), None);
    assert_eq!(question.request.path(), "/health.html");
    assert_eq!(
        (second.port, second.fall, second.interval),
        (Some(8080), 5, first.interval)
    );
}

#[test]
fn every_kind_of_check() {
    let kind = |lines: &str| {
        let text = format!(
            "[[virtual_server]]\nlisten = \"192.0.2.1:80\"\nprotocol = \"tcp\"\n\
             [virtual_server.check]\n{lines}\n\
             [[virtual_server.real_server]]\naddress = \"10.0.0.1\"\n"
        );
        read(&text).virtual_servers[0].check.clone().unwrap()
    };
    assert_eq!(kind("type = \"tcp\""), Check::new(CheckKind::Tcp));
    let check = kind("type = \"http\"\npath = \"/\"\nstatus = [200, \"301-302\"]\nbody = \"^OK$\"");
    let CheckKind::Http(question) = check.kind else {
        panic!("{check:?}");
    };
    assert_eq!(question.request.status().to_string(), "200,301-302");
    assert_eq!(question.body.as_deref(), Some("^OK$"));
    for status in ["204", "\"204\"", "[204]"] {
        let check = kind(&format!("type = \"http\"\npath = \"/\"\nstatus = {status}"));
        assert!(matches!(&check.kind, CheckKind::Http(it) if it.request.status().contains(204)));
    }
    let check = kind("type = \"https\"\npath = \"/\"\ntls_verify = false");
    assert!(matches!(&check.kind, CheckKind::Https(_, trust) if !trust.verify));
    let words = ["/usr/lib/lbctl/my-check", "{address}", "{\"a\": 1}"];
    let check =
        kind("type = \"exec\"\ncommand = ['/usr/lib/lbctl/my-check', '{address}', '{\"a\": 1}']");
    assert_eq!(
        check.kind,
        CheckKind::Exec(words.map(str::to_owned).to_vec())
    );
    let check = kind("type = \"dns\"\nquery = \"example.com\"\nrecord = \"AAAA\"\nport = 53");
    let dns = CheckKind::Dns {
        query: "example.com".to_owned(),
        record: DnsRecord::Aaaa,
    };
    assert_eq!((check.kind, check.port), (dns, Some(53)));
    let check = kind("type = \"ping\"\naddress = \"10.9.9.9\"");
    assert_eq!(
        (check.kind, check.address),
        (CheckKind::Ping, Some([10, 9, 9, 9].into()))
    );
    let udp = CheckKind::Udp {
        payload: vec![0x0a, 0xff],
        require_reply: true,
    };
    assert_eq!(
        kind("type = \"udp\"\npayload = \"0aFF\"\nrequire_reply = true").kind,
        udp
    );
}

#[test]
fn a_default_check_without_a_type_is_none() {
    let defaults = "[defaults.check]\nfall = 7\n";
    let config = read(&format!("{defaults}{WEB}"));
    assert_eq!(config.virtual_servers[0].check.as_ref().unwrap().fall, 7);
    let check = ["check", "type", "path", "host", "interval"];
    let without: Vec<&str> = WEB
        .lines()
        .filter(|line| !check.iter().any(|word| line.contains(word)))
        .collect();
    let without = without.join("\n");
    let own = "[virtual_server.real_server.check]\ntype = \"tcp\"\n";
    let config = read(&format!("{defaults}{without}\n{own}"));
    let web = &config.virtual_servers[0];
    assert_eq!((&web.check, &web.real_servers[0].check), (&None, &None));
    assert_eq!(web.real_servers[1].check.as_ref().unwrap().fall, 7);
}

#[test]
fn some_checks_need_no_port() {
    for lines in [
        "type = \"ping\"",
        "type = \"exec\"\ncommand = [\"/usr/lib/lbctl/my-check\", \"{address}\"]",
    ] {
        let config = read(&format!(
            "[[virtual_server]]\nfwmark = 1\n[virtual_server.check]\n{lines}\n\
             [[virtual_server.real_server]]\naddress = \"10.0.0.1\"\n"
        ));
        assert!(config.virtual_servers[0].real_servers[0].check.is_some());
        assert!(!config.to_toml(&Notes::new()).contains("vip"));
    }
}
