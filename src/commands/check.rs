//! `check`: why does it not work?

use std::net::{IpAddr, SocketAddr};

use crate::check::{self, Facts, FileFacts, Finding, Fix, Severity, Sign};
use crate::cli::CheckArgs;
use crate::model::ServiceId;
use crate::plumbing::state_directory;
use crate::render::{self, CheckLine, HopLine};

use super::context::Context;
use super::{Error, Result, Status, progress};

mod file;

/// `check`, `check --fix` and `check --path`.
pub(super) fn run(context: &mut Context, args: &CheckArgs) -> Result<Status> {
    let file = file::facts(context, args.file.as_ref())?;
    let facts = gather(context, file)?;
    if let Some(words) = &args.path {
        return follow(context, &facts, words);
    }
    let mut findings = check::findings(&facts);
    if args.fix && mend(context, &findings)? && !context.dry_run {
        let file = file::facts(context, args.file.as_ref())?;
        let after = check::findings(&gather(context, file)?);
        findings = check::settled(&findings, after);
    }
    if context.dry_run {
        return Ok(Status::Done);
    }
    show(context, &findings)?;
    let left = findings.len();
    if args.fix && left > 0 {
        context.notice(&format!(
            "lbctl: left {left} for you: what mends it may harm others, or is to be done elsewhere"
        ));
    }
    Ok(match check::worst(&findings) {
        None => Status::Done,
        Some(Severity::Warning) => Status::Warning,
        Some(Severity::Critical) => Status::Critical,
        Some(Severity::Unknown) => Status::Unknown,
    })
}

/// Looks for findings.
pub(super) fn look(context: &mut Context) -> Result<Vec<Finding>> {
    Ok(check::findings(&gather(context, None)?))
}

fn gather(context: &Context, file: Option<FileFacts>) -> Result<Facts> {
    let bar = progress::line(context, "asking the servers", 0);
    let facts = check::gather(&state_directory()?, file, &mut |done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    facts.map_err(|error| Error::Machine(format!("cannot look: {error}")))
}

/// Runs what is safe to run; whether there was anything.
fn mend(context: &mut Context, findings: &[Finding]) -> Result<bool> {
    let mut mended = false;
    for finding in findings {
        if let Fix::Safe { command, steps } = &finding.fix {
            context.notice(&format!("{}: {command}", finding.id));
            context.carry_out(steps)?;
            mended = true;
        }
    }
    Ok(mended)
}

/// Findings, as they are shown.
pub(super) fn lines(findings: &[Finding]) -> Vec<CheckLine> {
    findings
        .iter()
        .map(|finding| CheckLine {
            id: finding.id.as_str(),
            severity: finding.severity.as_str(),
            subject: finding.subject.to_string(),
            seen: finding.seen.clone(),
            means: finding.means.clone(),
            fix: finding.fix.text(),
            commands: finding.fix.commands(),
            safe: matches!(finding.fix, Fix::Safe { .. }),
        })
        .collect()
}

/// Shows findings; to a person the same trouble of many servers as one.
pub(super) fn show(context: &mut Context, findings: &[Finding]) -> Result<()> {
    if context.json {
        let json = render::check_json(&lines(findings)).map_err(super::json_error)?;
        context.output.line(&json)?;
    } else {
        render::check(&lines(&check::folded(findings)), &mut context.output)?;
    }
    Ok(())
}

/// `check --path CLIENT [VIP:PORT]`.
fn follow(context: &mut Context, facts: &Facts, words: &[String]) -> Result<Status> {
    let cannot = check::findings(facts);
    if facts.table().is_empty() {
        show(context, &cannot)?;
        return Ok(Status::Unknown);
    }
    let [client, rest @ ..] = words else {
        return Err(Error::Usage("--path needs a client's address".to_owned()));
    };
    let client: IpAddr = client.parse().map_err(|_| {
        Error::Usage(format!(
            "--path: '{}' is no address; give the client's, such as 192.0.2.7",
            client.escape_default()
        ))
    })?;
    let aim = match rest.first() {
        Some(word) => word.parse().map_err(|_| {
            Error::Usage(format!(
                "--path: '{}' is not ADDR:PORT; give the address that clients connect to, such \
                 as 192.0.2.1:80",
                word.escape_default()
            ))
        })?,
        None => only_service(facts)?,
    };
    if client.is_ipv4() != aim.is_ipv4() {
        return Err(Error::Usage(format!(
            "--path: {client} and {aim} are of different address families"
        )));
    }
    let hops = check::path(facts, client, aim)?;
    let lines: Vec<HopLine> = hops
        .iter()
        .map(|hop| HopLine {
            place: hop.place,
            sign: hop.sign.as_str(),
            text: hop.text.clone(),
        })
        .collect();
    if context.json {
        let json = render::path_json(&lines).map_err(super::json_error)?;
        context.output.line(&json)?;
    } else {
        render::path(&lines, &mut context.output)?;
    }
    let has = |sign| hops.iter().any(|hop| hop.sign == sign);
    Ok(if has(Sign::Ends) {
        Status::Critical
    } else if has(Sign::Unclear) {
        Status::Unknown
    } else {
        Status::Done
    })
}

/// The address and port of the one service that has them.
fn only_service(facts: &Facts) -> Result<SocketAddr> {
    let services = facts.table().iter().map(|state| state.service.id);
    let mut aims = services.filter_map(|id| match id {
        ServiceId::Address { address, port, .. } => Some(SocketAddr::new(address, port)),
        ServiceId::Fwmark { .. } => None,
    });
    match (aims.next(), aims.next()) {
        (Some(aim), None) => Ok(aim),
        _ => Err(Error::Usage(
            "--path: say which address and port: lbctl check --path CLIENT VIP:PORT".to_owned(),
        )),
    }
}
