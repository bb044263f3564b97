//! The services and servers of a file as the lines that `ipvsadm -S` writes, and a
//! file from such a table. A table knows nothing of checks.

use std::path::Path;

use super::translation::{
    Account, Draft, Exported, ImportError, Imported, losses_of_host, losses_of_service,
};
use super::{server_options, service_options};
use crate::config::{Config, OnExit, RealServer, SorryMode, VipWay, VirtualServer};
use crate::health::Policy;
use crate::model::{Forward, Server, Service, ServiceId, Timeouts};

/// What a table cannot say.
const HEADER: &str = "
A table has no checks: without [virtual_server.check] servers count as up. It does
not say how packets for an address reach IPVS either: here by a mark (vip).";

/// A file for a table.
///
/// # Errors
/// No service in it has a server.
pub fn import_table(
    path: &Path,
    table: Vec<(Service, Vec<Server>)>,
    timeouts: Option<Timeouts>,
) -> Result<Imported, ImportError> {
    let mut account = Account::default();
    let mut drafts = Vec::new();
    for (service, servers) in table {
        let id = service.id;
        let Some(first) = servers.first() else {
            account.add(
                path,
                0,
                format!("{id} is not carried over: it has no server"),
            );
            continue;
        };
        let mut draft = Draft {
            server: VirtualServer {
                name: None,
                forward: first.forward,
                vip: match id {
                    ServiceId::Address { .. } => VipWay::Fwmark,
                    ServiceId::Fwmark { .. } => VipWay::None,
                },
                sorry: None,
                sorry_mode: SorryMode::Replace,
                policy: Policy::default(),
                depool_threshold: 0.0,
                slow_start: None,
                check: None,
                snat: false,
                check_required: false,
                real_servers: Vec::new(),
                service,
            },
            notes: Vec::new(),
        };
        for server in servers {
            let real = RealServer {
                server,
                maintenance: false,
                check: None,
            };
            if let Err(why) = draft.admit(real) {
                account.add(path, 0, why);
            }
        }
        if draft.server.real_servers.is_empty() {
            account.add(
                path,
                0,
                format!("{id} is not carried over: none of its servers can be"),
            );
            continue;
        }
        drafts.push(draft);
    }
    let config = Config {
        timeouts: timeouts.unwrap_or_default(),
        ..Config::default()
    };
    account.finish(path, HEADER, drafts, config)
}

/// The file's table, in the words of `ipvsadm -S`, thresholds and timeouts too.
#[must_use]
pub fn export_table(config: &Config) -> Exported {
    let mut losses = Vec::new();
    losses_of_host(config, &mut losses);
    if !config.sync.is_empty() {
        losses.push("sync: a saved table names no daemons".to_owned());
    }
    if config.on_exit == OnExit::Remove {
        losses.push("on_exit: nothing runs that could take the table away".to_owned());
    }
    let mut lines = Vec::new();
    let timeouts = config.timeouts;
    if timeouts != Timeouts::default() {
        lines.push(format!(
            "--set {} {} {}",
            timeouts.tcp, timeouts.tcp_fin, timeouts.udp
        ));
    }
    for server in &config.virtual_servers {
        let id = server.service.id;
        let subject = id.to_string();
        losses_of_service(server, &mut losses, &subject);
        let mut loss = |text: &str| losses.push(format!("{subject}: {text}"));
        if server.name.is_some() {
            loss("name: a table has none");
        }
        let usual = match id {
            ServiceId::Address { .. } => VipWay::Fwmark,
            ServiceId::Fwmark { .. } => VipWay::None,
        };
        if server.vip != usual {
            loss("vip: a table does not say how packets reach it");
        }
        if server.real_servers.iter().any(|real| real.check.is_some()) {
            loss("check: a table has no checks");
        }
        if server.sorry.is_some() {
            loss("sorry_server: without checks nothing puts it in");
        }
        if server.policy != Policy::default() {
            loss("quorum, hysteresis and inhibit_on_failure are about checks");
        }
        lines.push(format!("-A {}", service_options(&server.service)));
        let id = id.options();
        for real in &server.real_servers {
            let mut written = real.server.clone();
            if real.maintenance {
                loss(&format!(
                    "{}: maintenance; weight 0 is written",
                    written.endpoint()
                ));
                written.weight = 0;
            }
            if let Forward::Local | Forward::Bypass | Forward::Unknown(_) = written.forward {
                written.forward = Forward::Nat;
            }
            lines.push(format!("-a {id} {}", server_options(&written)));
        }
    }
    lines.push(String::new());
    Exported {
        text: lines.join("\n"),
        losses,
    }
}
