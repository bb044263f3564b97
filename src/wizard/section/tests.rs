//! Files before and after: what is not asked about stays letter by letter.

use std::io;
use std::net::IpAddr;

use super::*;
use crate::lookup;
use crate::model::Protocol;
use crate::wizard::{Answers, today};

/// No machine.
struct Nowhere;

impl Surroundings for Nowhere {
    fn socket(
        &self,
        text: &str,
        protocol: Option<Protocol>,
    ) -> Result<(IpAddr, Option<u16>), String> {
        lookup::socket(text, protocol)
    }

    fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
        Ok(OTHER.into())
    }

    fn names(&self, _: &Path) -> io::Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn ca_file(&self, _: &Path) -> Result<(), String> {
        Ok(())
    }

    fn command(&self, _: &Path) -> Result<(), String> {
        Ok(())
    }
}

const OTHER: &str = "[[virtual_server]]\nlisten = \"192.0.2.9:80\"\nprotocol = \"tcp\"\n\
                     real_server = [{ address = \"10.0.0.9\" }]\n";

const FILE: &str = r#"# The shop's balancer.
[host.sysctl]
"net.ipv4.vs.expire_nodest_conn" = 1

# Pages.
[[virtual_server]]
name = "web" # the shop # 1
listen = "192.0.2.1:80"
protocol = "tcp"
quorum = 2
  # asked for by Ann
  [virtual_server.check]
  type = "http"
  path = "/a"
  body = "a#b" # or c
  interval = "3s"

  [[virtual_server.real_server]]
  address = "10.0.0.1"
  weight = 7
  [[virtual_server.real_server]]
  address = "10.0.0.2"

# Names.
[[virtual_server]]
name = "dns"
listen = "192.0.2.1:53"
protocol = "udp"
[[virtual_server.real_server]]
address = "10.0.0.5"

[timeouts]
tcp = "15m" # long
"#;

fn path() -> &'static Path {
    Path::new("/etc/lbctl/lbctl.toml")
}

fn config(text: &str) -> Config {
    Config::parse(path(), text.as_bytes(), &Nowhere).unwrap_or_else(|errors| panic!("{errors}"))
}

fn answers() -> Answers {
    Answers {
        vip: "192.0.2.1:80".parse().unwrap(),
        servers: vec![
            "10.0.0.1:80".parse().unwrap(),
            "10.0.0.3:80".parse().unwrap(),
        ],
        ..Answers::default()
    }
}

#[test]
fn a_new_file_says_what_was_answered() {
    let server = answers().virtual_server(None);
    let change = fresh(path(), &server, &Nowhere).unwrap();
    assert_eq!(change.config.virtual_servers, [server]);
    assert!(
        change.text.starts_with("# Written by lbctl setup."),
        "{}",
        change.text
    );
}

#[test]
fn what_is_appended_leaves_the_rest_as_it_is() {
    let mut new = answers();
    new.vip = "192.0.2.1:81".parse().unwrap();
    let server = new.virtual_server(None);
    let change = append(path(), FILE, &server, &Nowhere).unwrap();
    assert!(change.text.starts_with(FILE), "{}", change.text);
    assert_eq!(change.config.virtual_servers.len(), 3);
    assert_eq!(change.config.virtual_servers[2], server);
    // An empty file, too.
    assert!(append(path(), "", &server, &Nowhere).is_ok());
}

#[test]
fn defaults_that_have_a_say_are_named() {
    let text = "[defaults]\nquorum = 3\n";
    let error = append(path(), text, &answers().virtual_server(None), &Nowhere).unwrap_err();
    assert!(error.contains("[defaults]"), "{error}");
}

#[test]
fn a_section_is_replaced_and_its_comments_are_kept() {
    let text = FILE;
    let before = config(text);
    let old = &before.virtual_servers[0];
    let today = today(old).unwrap();
    assert_eq!(
        today[&crate::wizard::Key::Servers],
        "10.0.0.1:80, 10.0.0.2:80"
    );
    let mut new = answers();
    new.health = crate::wizard::Health::Page {
        tls: None,
        path: "/b".to_owned(),
    };
    let server = new.virtual_server(Some(old));
    let change = replace(path(), text, &before, (old, &server), &Nowhere).unwrap();
    let now = &change.config.virtual_servers[0];
    // Name, quorum, weight and interval were not asked about.
    assert_eq!(now.name.as_deref(), Some("web"));
    assert_eq!(now.policy.quorum, 2);
    assert_eq!(now.real_servers[0].server.weight, 7);
    assert_eq!(now.real_servers[1].server.endpoint(), "10.0.0.3:80");
    let check = now.check.as_ref().unwrap();
    assert_eq!(check.interval.as_secs(), 3);
    assert_eq!(now.real_servers[1].check.as_ref(), Some(check));
    for part in [
        "# The shop's balancer.",
        "# Pages.\n",
        "# the shop # 1\n",
        "\n# or c\n",
        "# asked for by Ann\n",
    ] {
        assert!(change.text.contains(part), "{part}: {}", change.text);
    }
    let tail = &text[text.find("# Names.").unwrap()..];
    assert!(
        change.text.ends_with(&format!("\n\n{tail}")),
        "{}",
        change.text
    );
}

#[test]
fn the_second_service_is_replaced_in_its_place() {
    let text = FILE;
    let before = config(text);
    let old = &before.virtual_servers[1];
    let mut new = answers();
    new.vip = "192.0.2.1:54".parse().unwrap();
    new.protocol = Protocol::Udp;
    let server = new.virtual_server(Some(old));
    let change = replace(path(), text, &before, (old, &server), &Nowhere).unwrap();
    let head = &text[..text.find("# Names.").unwrap()];
    assert!(change.text.starts_with(head), "{}", change.text);
    assert!(
        change
            .text
            .ends_with("\n\n[timeouts]\ntcp = \"15m\" # long\n"),
        "{}",
        change.text
    );
    assert_eq!(change.config.virtual_servers[1], server);
}

#[test]
fn what_cannot_be_replaced_without_loss_is_refused() {
    let text = "include = [\"other.toml\"]\n[[virtual_server]]\nlisten = \"192.0.2.1:80\"\n\
                protocol = \"tcp\"\n[[virtual_server.real_server]]\naddress = \"10.0.0.1\"\n";
    let before = config(text);
    let [own, included] = before.virtual_servers.as_slice() else {
        panic!("{before:?}");
    };
    let mut new = answers();
    new.scheduler = "rr".parse().unwrap();
    let server = new.virtual_server(Some(own));
    assert!(replace(path(), text, &before, (own, &server), &Nowhere).is_ok());
    new.vip = "192.0.2.9:80".parse().unwrap();
    let server = new.virtual_server(Some(included));
    let error = replace(path(), text, &before, (included, &server), &Nowhere).unwrap_err();
    assert!(error.contains("without loss"), "{error}");
}

#[test]
fn what_goes_with_persistence_goes_without_it() {
    let text = "[[virtual_server]]\nlisten = \"192.0.2.1:80\"\nprotocol = \"tcp\"\nmethod = \"tun\"\n\
                tunnel = { type = \"gue\", port = 6080 }\nscheduler = \"sh\"\n\
                scheduler_flags = [\"sh-port\"]\npersistence_timeout = \"6m\"\n\
                persistence_netmask = \"255.255.255.0\"\n\
                [[virtual_server.real_server]]\naddress = \"10.0.0.1\"\n";
    let before = config(text);
    let old = &before.virtual_servers[0];
    let mut new = answers();
    new.method = crate::wizard::Method::Tun;
    new.sorry = Some("10.0.0.9:80".parse().unwrap());
    let server = new.virtual_server(Some(old));
    // The tunnel is not asked about: it stays, for new servers, too.
    assert_eq!(server.real_servers[1].server.forward, old.forward);
    assert_eq!(server.sorry.as_ref().unwrap().server.forward, old.forward);
    let change = replace(path(), text, &before, (old, &server), &Nowhere).unwrap();
    assert_eq!(change.config.virtual_servers, [server]);
    assert!(!change.text.contains("persistence"), "{}", change.text);
    assert!(!change.text.contains("sh-port"), "{}", change.text);
}

#[test]
fn answered_as_before_is_the_same() {
    let config = config(FILE);
    for server in &config.virtual_servers {
        let today = today(server).unwrap();
        let mut given = crate::wizard::Given::default();
        for (key, text) in &today {
            given.flag(*key, Some(text));
        }
        let answers = crate::wizard::Interview {
            given: &given,
            today: today.clone(),
            others: &[],
            ask: None,
            look: &mut crate::wizard::Machine,
            hear: &mut |_| {},
            typed: &mut std::collections::BTreeMap::new(),
            has_before: false,
        };
        let same = answers.answers().unwrap().virtual_server(Some(server));
        assert_eq!(same, *server);
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[\\[\\]a-z_.#\"'\n ]*") {
        for (start, end) in sections(&text) {
            comments(text.get(start..end).unwrap());
        }
    }
}
