//! Big IPVS tables to work on, loaded by ipvsadm: the peer that every bench of
//! the table has anyway.

use std::fmt::Write as _;

use super::lab::Namespace;

/// The address and port of the service of this number, from 0 on.
pub fn service(number: usize) -> String {
    format!("10.1.{}.{}:80", number / 250, number % 250 + 1)
}

/// The address and port of the server of this number, of any service.
pub fn server(number: usize) -> String {
    format!("10.2.{}.{}:8080", number / 250, number % 250 + 1)
}

/// So many services with so many servers each, as `ipvsadm -S` writes them. The
/// services are wlc, the servers NAT with weight 1.
pub fn text(services: usize, servers: usize) -> String {
    let mut text = String::new();
    for service in (0..services).map(service) {
        let _ = writeln!(text, "-A -t {service} -s wlc");
        for server in (0..servers).map(server) {
            let _ = writeln!(text, "-a -t {service} -r {server} -m -w 1");
        }
    }
    text
}

/// The same as a configuration file; the services need no way in.
pub fn config(services: usize, servers: usize) -> String {
    let mut text = "[defaults]\nprotocol = \"tcp\"\nscheduler = \"wlc\"\nmethod = \"nat\"\nvip = \"none\"\n\n[host]\nip_forward = true\n\n".to_owned();
    for service in (0..services).map(service) {
        let _ = writeln!(text, "[[virtual_server]]\nlisten = \"{service}\"");
        for server in (0..servers).map(server) {
            let _ = writeln!(
                text,
                "[[virtual_server.real_server]]\naddress = \"{server}\"\nweight = 1"
            );
        }
    }
    text
}

/// A namespace with that table.
pub fn loaded(name: &str, services: usize, servers: usize) -> Namespace {
    let namespace = Namespace::new(name);
    namespace
        .run_with(["ipvsadm", "-R"], &text(services, servers))
        .ok();
    let there = namespace.line("ipvsadm -Sn").ok().lines().count();
    assert_eq!(there, services * (servers + 1), "lines of ipvsadm -Sn");
    namespace
}
