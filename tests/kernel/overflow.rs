//! Netlink buffers that are too small: answers are lost for real, and the table and
//! what is said about it are right all the same.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use lbctl::ipvs::Client;
use lbctl::model::{Forward, Protocol, Server, Service, ServiceId, TableStep};
use lbctl::netlink::{BATCH_LIMIT, Batch, Socket};
use lbctl::reconcile::Table as _;
use libtest_mimic::Failed;
use neli::consts::socket::NlFamily;

use super::Test;
use super::lab::{self, Namespace};
use super::table::saved;

/// They change the buffers of the whole machine.
pub const ALONE: &[Test] = &[
    (
        "overflow::every_lost_refusal_is_found",
        every_refusal_is_found,
    ),
    (
        "overflow::every_kind_of_step_is_found_out",
        every_kind_of_step,
    ),
    ("overflow::a_plan_is_carried_out_or_undone", whole_plans),
];

/// The smallest buffers that the kernel gives, and no larger ones for the asking,
/// until it is dropped.
struct TinyBuffers(Vec<(&'static str, String)>);

impl TinyBuffers {
    fn new() -> Self {
        let names = ["rmem_max", "rmem_default", "wmem_max", "wmem_default"];
        Self(
            names
                .map(|name| {
                    let path = format!("/proc/sys/net/core/{name}");
                    let before = fs::read_to_string(&path).unwrap();
                    fs::write(&path, "4608").unwrap();
                    (name, before)
                })
                .into(),
        )
    }
}

impl Drop for TinyBuffers {
    fn drop(&mut self) {
        for (name, before) in &self.0 {
            fs::write(format!("/proc/sys/net/core/{name}"), before).unwrap();
        }
    }
}

/// Whether a batch of refusals overflows the receive buffer of a new socket.
fn answers_are_lost() -> bool {
    // To a family that is not there.
    let mut nonsense = Batch::default();
    for _ in 0..BATCH_LIMIT {
        nonsense.add(1023, &[1, 1, 0, 0], |_| ());
    }
    let mut socket = Socket::open(NlFamily::Generic).unwrap();
    let outcome = socket.batch(&mut nonsense).unwrap();
    outcome.answers_lost && outcome.refused.len() < BATCH_LIMIT
}

fn service(port: u16, scheduler: &str) -> Service {
    let id = ServiceId::Address {
        protocol: Protocol::Tcp,
        address: [10, 0, 0, 1].into(),
        port,
    };
    Service {
        scheduler: scheduler.parse().unwrap(),
        ..Service::new(id)
    }
}

fn server(address: [u8; 4], weight: u32) -> Server {
    Server {
        address: address.into(),
        port: 80,
        forward: Forward::Nat,
        weight,
        upper_threshold: 0,
        lower_threshold: 0,
    }
}

fn add(address: [u8; 4]) -> TableStep {
    TableStep::AddServer {
        service: service(80, "rr").id,
        server: server(address, 1),
    }
}

/// A server that the kernel refuses: not unicast.
fn wrong(last: u8) -> TableStep {
    add([224, 0, 0, last])
}

/// Carries out steps and returns the index and the reason of those that were not.
fn apply(ns: &Namespace, steps: &[TableStep]) -> Vec<(usize, String)> {
    ns.enter(|| {
        let mut client = Client::open().unwrap();
        let refused = client
            .apply(&steps.iter().collect::<Vec<_>>())
            .err()
            .unwrap_or_default();
        refused
            .into_iter()
            .map(|(index, reason)| (index, reason.to_string()))
            .collect()
    })
}

fn every_refusal_is_found() -> Result<(), Failed> {
    let ns = Namespace::new("overflow-refused");
    ns.lbctl("add -t 10.0.0.1:80 -s rr").ok();
    let before = saved(&ns);
    let steps: Vec<TableStep> = (1..=200).map(wrong).collect();
    let refused = {
        let _tiny = TinyBuffers::new();
        assert!(answers_are_lost());
        apply(&ns, &steps)
    };
    assert!(refused.iter().map(|(index, _)| *index).eq(0..200));
    for (index, reason) in &refused {
        let wanted = match index {
            0..BATCH_LIMIT => format!("224.0.0.{} is not one", index + 1),
            _ => "a step before it was refused".to_owned(),
        };
        assert!(reason.contains(&wanted), "{index}: {reason}");
    }
    assert_eq!(saved(&ns), before);
    Ok(())
}

fn every_kind_of_step() -> Result<(), Failed> {
    let ns = Namespace::new("overflow-kinds");
    for line in [
        "add -t 10.0.0.1:80 -s rr -r 10.0.1.1 -r 10.0.1.2 -m",
        "add -t 10.0.0.1:81 -s rr",
        "add -t 10.0.0.1:82 -s rr",
    ] {
        ns.lbctl(line).ok();
    }
    let kinds = [
        TableStep::AddService(service(83, "wlc")),
        TableStep::EditService {
            before: Box::new(service(81, "rr")),
            after: Box::new(service(81, "wlc")),
        },
        TableStep::DeleteService(service(82, "rr")),
        add([10, 0, 1, 3]),
        TableStep::EditServer {
            service: service(80, "rr").id,
            before: server([10, 0, 1, 1], 1),
            after: server([10, 0, 1, 1], 7),
        },
        TableStep::DeleteServer {
            service: service(80, "rr").id,
            server: server([10, 0, 1, 2], 1),
        },
        // Of a service that is not there, and a server that is not.
        TableStep::DeleteService(service(99, "rr")),
        TableStep::DeleteServer {
            service: service(80, "rr").id,
            server: server([10, 0, 1, 99], 1),
        },
        TableStep::EditServer {
            service: service(80, "rr").id,
            before: server([10, 0, 1, 99], 1),
            after: server([10, 0, 1, 99], 2),
        },
        TableStep::AddService(service(83, "rr")),
    ];
    // Refusals before, between and behind them, so that nothing of them is heard.
    let mut steps: Vec<TableStep> = (1..=60).map(wrong).collect();
    for (last, step) in (61..).zip(kinds) {
        steps.extend([step, wrong(last)]);
    }
    steps.extend((100..130).map(wrong));
    assert!(steps.len() <= BATCH_LIMIT);
    let refused = {
        let _tiny = TinyBuffers::new();
        assert!(answers_are_lost());
        apply(&ns, &steps)
    };
    assert_eq!(
        saved(&ns),
        "-A -t 10.0.0.1:80 -s rr\n\
         -a -t 10.0.0.1:80 -r 10.0.1.1:80 -m -w 7\n\
         -a -t 10.0.0.1:80 -r 10.0.1.3:80 -m -w 1\n\
         -A -t 10.0.0.1:81 -s wlc\n\
         -A -t 10.0.0.1:83 -s wlc\n"
    );
    let refused: BTreeSet<usize> = refused.into_iter().map(|(index, _)| index).collect();
    // Steps that are not needed, as the table is already as they make it, count as
    // done: the first six, and the two that delete what is not there.
    let done: BTreeSet<usize> = (0..8).map(|kind| 60 + 2 * kind).collect();
    let wanted: BTreeSet<usize> = (0..steps.len())
        .filter(|index| !done.contains(index))
        .collect();
    assert_eq!(refused, wanted);
    Ok(())
}

fn whole_plans() -> Result<(), Failed> {
    let ns = Namespace::new("overflow-restore");
    ns.lbctl("add -t 10.0.0.1:80 -s rr -r 10.0.1.1 -m").ok();
    let before = saved(&ns);
    let mut text = String::from("-A -t 10.0.0.1:80 -s wlc\n");
    for last in 1..=200 {
        writeln!(text, "-a -t 10.0.0.1:80 -r 10.0.2.{last}:80 -m -w 1")?;
    }
    let mut wrong = text.clone();
    for last in 1..=100 {
        writeln!(wrong, "-a -t 10.0.0.1:80 -r 224.0.0.{last}:80 -m -w 1")?;
    }
    let restore = |text: &str| ns.run_with([lab::lbctl().as_os_str(), "restore".as_ref()], text);
    {
        let _tiny = TinyBuffers::new();
        assert!(answers_are_lost());
        let message = restore(&wrong).fails(1);
        assert!(
            message.contains("cannot add 224.0.0.1:80 to tcp 10.0.0.1:80"),
            "{message}"
        );
        assert!(!message.contains("could not be undone"), "{message}");
    }
    assert_eq!(saved(&ns), before);
    {
        let _tiny = TinyBuffers::new();
        restore(&text).ok();
        let listed = ns.lbctl("save").ok();
        assert_eq!(listed.lines().count(), 202);
    }
    let mut lines: Vec<String> = saved(&ns).lines().map(str::to_owned).collect();
    let mut wanted: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(lines, wanted);
    Ok(())
}
