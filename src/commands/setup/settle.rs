//! Does it work? The checks once, what `check` finds, real requests.

use serde_json::Value;

use crate::check::Finding;
use crate::config::VirtualServer;
use crate::health::{Check, Severity};
use crate::model::{Forward, Protocol, ServiceId};
use crate::plumbing;
use crate::render;
use crate::wizard::{self, Interrupt, Look, Machine, Manner, Proof, Verdict};

use super::show::{self, Report, heading};
use super::task::Wanted;
use crate::commands::context::Context;
use crate::commands::{Error, Result, check, json_error, probe};

/// What came of looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settled {
    /// Requests are answered.
    Works,
    /// They are given to servers, as far as can be told; whether those answer cannot be
    /// seen from here.
    Given,
    /// They are not, or no server is well.
    Fails,
}

/// Checks the servers, looks for what is wrong, sends requests.
pub(super) fn settle(
    context: &mut Context,
    wanted: &Wanted,
    report: &mut Report,
    is_running: bool,
    interrupt: &Interrupt,
) -> Result<Settled> {
    let server = &wanted.server;
    let mut well = true;
    if server.check.is_some() {
        heading(context, "Done. Checking the servers:")?;
        well = health(context, wanted, report, is_running)?;
    }
    if interrupt.came() {
        return Ok(Settled::Fails);
    }
    heading(context, "Looking for what is wrong:")?;
    let findings = check::look(context)?;
    show_findings(context, report, &findings)?;
    if interrupt.came() {
        return Ok(Settled::Fails);
    }
    if server.service.one_packet {
        // No connection is kept, so nothing says which server got a datagram.
        return Ok(if well { Settled::Given } else { Settled::Fails });
    }
    let vip = wanted.answers.vip;
    heading(
        context,
        &format!("Requests to {vip} from a client of its own:"),
    )?;
    let expected = comes_back(server);
    let proof = prove(context, server, vip, expected, interrupt)?;
    let verdict = show::proof(context, report, &proof, expected)?;
    if verdict == Verdict::Failed && !interrupt.came() {
        // Some things show only once somebody tried.
        let again = check::look(context)?;
        let is_new = |finding: &&Finding| !findings.iter().any(|old| old.id == finding.id);
        let new: Vec<Finding> = again.iter().filter(is_new).cloned().collect();
        if !new.is_empty() {
            heading(context, "And after these requests:")?;
            show_findings(context, report, &new)?;
        }
    }
    Ok(match verdict {
        _ if !well => {
            report.fails();
            Settled::Fails
        }
        Verdict::Failed => Settled::Fails,
        Verdict::Given => Settled::Given,
        Verdict::Answered => Settled::Works,
    })
}

/// Whether some server is well.
fn health(
    context: &mut Context,
    wanted: &Wanted,
    report: &mut Report,
    is_running: bool,
) -> Result<bool> {
    if is_running {
        // The service has the lock, and the last word; this only looks.
        let real = wanted.server.real_servers.iter();
        let checks: Vec<Check> = real
            .filter_map(|real| Check::new(real.check.as_ref()?, &real.server).ok())
            .collect();
        let total = checks.len();
        let unwell = Machine.unwell(checks);
        for (server, why) in &unwell {
            context.notice(&format!("lbctl: {server} does not pass its check: {why}"));
        }
        return Ok(unwell.len() < total.max(1));
    }
    let id = wanted.server.service.id;
    let spec = wanted.change.config.services().into_iter();
    let Some(spec) = spec.into_iter().find(|spec| spec.id == id) else {
        return Ok(true);
    };
    let found = probe::once(context, spec)?;
    if context.json {
        report.health = value(&render::probe_json(&found).map_err(json_error)?)?;
    } else {
        probe::show(context, &found)?;
    }
    Ok(found.severity() < Severity::Critical)
}

fn show_findings(context: &mut Context, report: &mut Report, findings: &[Finding]) -> Result<()> {
    if !context.json {
        return check::show(context, findings);
    }
    let new = value(&render::check_json(&check::lines(findings)).map_err(json_error)?)?;
    match (&mut report.findings["findings"], &new["findings"]) {
        (Value::Array(all), Value::Array(new)) => all.extend(new.iter().cloned()),
        _ => report.findings = new,
    }
    Ok(())
}

fn value(text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(json_error)
}

/// Whether a client's answers pass this machine; a datagram need not be answered.
fn comes_back(server: &VirtualServer) -> bool {
    let nat = |forward: Forward| forward == Forward::Nat;
    let mut real = server.real_servers.iter();
    server.service.id.protocol() == Some(Protocol::Tcp) && real.all(|real| nat(real.server.forward))
}

fn prove(
    context: &mut Context,
    server: &VirtualServer,
    vip: std::net::SocketAddr,
    expected: bool,
    interrupt: &Interrupt,
) -> Result<Proof> {
    use crate::config::CheckKind;
    let id = server.service.id;
    let manner = match server.check.as_ref().map(|check| &check.kind) {
        _ if id.protocol() == Some(Protocol::Udp) => Manner::Udp,
        Some(CheckKind::Http(question)) => {
            Manner::Http(question.request.virtualhost().map(str::to_owned))
        }
        _ => Manner::Tcp,
    };
    let client = context.ipvs("prove it")?;
    let mut connections = || connections(client, &id);
    let requests = 2 * server.real_servers.len().clamp(1, 5);
    let proof = wizard::prove(
        vip,
        &manner,
        expected,
        requests,
        &mut connections,
        interrupt,
    );
    proof.map_err(|error: plumbing::Error| Error::Plumbing(error))
}

/// Connections of every server; none while they cannot be read, which only
/// leaves the proof without names.
fn connections(client: &mut crate::ipvs::Client, id: &ServiceId) -> Vec<(String, u64)> {
    let servers = client.servers(id).unwrap_or_default();
    servers
        .into_iter()
        .map(|state| {
            let count = u64::from(state.active) + u64::from(state.inactive);
            (state.server.endpoint(), count)
        })
        .collect()
}
