//! Large tables, up to 50,000 servers: nothing is missing, nothing stands twice, and what is equal is
//! not written again.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use libtest_mimic::Failed;
use serde_json::Value;

use super::Test;
use super::lab::{self, Namespace};

/// They keep the machine busy.
pub const ALONE: &[Test] = &[
    ("large::many_services", many_services),
    ("large::one_service", one_service),
];

/// Save text of so many services with as many servers each, as `save` writes it.
fn text(services: usize, servers: usize) -> String {
    let mut text = String::from("--set 900 120 300\n");
    for service in 0..services {
        let vip = format!("10.200.{}.{}:80", service / 250, service % 250);
        writeln!(text, "-A -t {vip} -s rr").unwrap();
        for server in 0..servers {
            let (high, middle, low) = (server / 62_500, server / 250 % 250, server % 250 + 1);
            let high = high + service % 10;
            writeln!(text, "-a -t {vip} -r 10.{high}.{middle}.{low}:80 -m -w 1").unwrap();
        }
    }
    text
}

fn many_services() -> Result<(), Failed> {
    round_trip("large-many", 500, 100)
}

/// The kernel walks all servers of a service to add one (`ip_vs_lookup_dest`): this
/// many take it a second, 50,000 take most of a minute.
fn one_service() -> Result<(), Failed> {
    round_trip("large-one", 1, 10_000)
}

fn round_trip(name: &str, services: usize, servers: usize) -> Result<(), Failed> {
    let ns = Namespace::new(name);
    let lbctl = lab::lbctl();
    let restore = |words: &[&str], text: &str| {
        let words = words.iter().map(std::convert::AsRef::as_ref);
        ns.run_with(std::iter::once(lbctl.as_os_str()).chain(words), text)
            .ok()
    };
    let text = text(services, servers);
    restore(&["restore"], &text);

    let listed: Value = serde_json::from_str(&ns.lbctl("list --json").ok())?;
    assert_eq!(listed["services"].as_array().map(Vec::len), Some(services));
    let names = names(&listed);
    assert_eq!(names.len(), services * servers);
    let once: BTreeSet<_> = names.iter().collect();
    assert_eq!(once.len(), names.len());

    // Not shown by assert_eq, which would print both.
    assert!(ns.lbctl("save").ok() == text, "saved as it was restored");
    assert_eq!(restore(&["restore", "--dry-run"], &text), "");

    let last = text.lines().last().ok_or("no lines")?;
    let edited = last.replace("-w 1", "-w 9");
    let changed = text.replace(last, &edited);
    let edit = edited.replace("-a ", "-e ");
    assert_eq!(
        restore(&["restore", "--dry-run"], &changed),
        format!("ipvsadm {edit}\n")
    );
    restore(&["restore"], &changed);
    assert!(ns.lbctl("save").ok() == changed, "one weight is different");

    ns.lbctl("clear --yes").ok();
    assert_eq!(ns.lbctl("list --json").ok(), "{\"services\":[]}\n");
    Ok(())
}

/// Service, address and port of each server that a list shows.
fn names(listed: &Value) -> Vec<(&str, &str, u64)> {
    let services = listed["services"].as_array().into_iter().flatten();
    services
        .flat_map(|service| {
            let vip = service["address"].as_str().unwrap();
            let servers = service["servers"].as_array().into_iter().flatten();
            servers.map(move |server| {
                let address = server["address"].as_str().unwrap();
                (vip, address, server["port"].as_u64().unwrap())
            })
        })
        .collect()
}
