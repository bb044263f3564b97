//! One server's weight changed in a big table: `lbctl edit` beside `ipvsadm -e`.

use super::Bench;
use super::lab::{self, Namespace};
use super::measure::{self, Reach, Row};
use super::table;

pub const BENCH: Bench = ("edit", edit);

const SERVICES: usize = 1000;
const RUNS: usize = 21;

#[derive(Clone, Copy)]
enum Tool {
    Ipvsadm,
    Lbctl,
}

fn edit() {
    let namespace = table::loaded("bench-edit", SERVICES, 1);
    let (service, server) = (table::service(SERVICES / 2), table::server(0));
    let (ipvsadm, lbctl) = (measure::find("ipvsadm"), lab::lbctl());
    // Every run writes a weight that is not there yet.
    let mut weight = 1;
    let mut change = |tool| {
        weight += 1;
        let took = match tool {
            Tool::Ipvsadm => {
                let line = format!("-e -t {service} -r {server} -m -w {weight}");
                measure::whole_process(&ipvsadm, &line)
            }
            Tool::Lbctl => {
                let line = format!("edit -t {service} -r {server} -w {weight}");
                measure::whole_process(&lbctl, &line)
            }
        };
        expect_weight(&namespace, &service, &server, weight);
        took
    };
    let ways = [Tool::Ipvsadm, Tool::Lbctl];
    let [ipvsadm, lbctl] = namespace.enter(|| {
        // Once each, unmeasured: whatever is done only the first time.
        measure::in_turn(1, ways, &mut change);
        measure::in_turn(RUNS, ways, &mut change)
    });
    Row {
        what: "one weight, 1000 services in the table: whole process, ms",
        a: ("ipvsadm -e -w", &ipvsadm),
        b: ("lbctl edit -w", &lbctl),
        reach: Reach::AtMost(1.0),
    }
    .print();
}

/// The command did what it was timed for.
#[track_caller]
fn expect_weight(namespace: &Namespace, service: &str, server: &str, weight: u32) {
    let table = namespace.line(&format!("ipvsadm -Ln -t {service}")).ok();
    let found = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .any(|words| words.starts_with(&["->", server, "Masq", &weight.to_string()]));
    assert!(found, "wanted weight {weight}: {table}");
}
