//! `check`: why does it not work?

use crate::check::{self, Finding, Fix, Severity};
use crate::cli::CheckArgs;
use crate::plumbing::state_directory;
use crate::render::{self, CheckLine};

use super::context::Context;
use super::{Error, Result, Status};

/// `check` and `check --fix`.
pub(super) fn run(context: &mut Context, args: &CheckArgs) -> Result<Status> {
    let mut findings = look()?;
    if args.fix && mend(context, &findings)? && !context.dry_run {
        findings = look()?;
    }
    if context.dry_run {
        return Ok(Status::Done);
    }
    show(context, &findings)?;
    Ok(match check::worst(&findings) {
        None => Status::Done,
        Some(Severity::Warning) => Status::Warning,
        Some(Severity::Critical) => Status::Critical,
        Some(Severity::Unknown) => Status::Unknown,
    })
}

/// Looks for findings.
pub(super) fn look() -> Result<Vec<Finding>> {
    let facts = check::gather(&state_directory()?)
        .map_err(|error| Error::Machine(format!("cannot look: {error}")))?;
    Ok(check::findings(&facts))
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

/// Shows findings.
pub(super) fn show(context: &mut Context, findings: &[Finding]) -> Result<()> {
    let lines: Vec<CheckLine> = findings
        .iter()
        .map(|finding| CheckLine {
            id: finding.id,
            severity: finding.severity.as_str(),
            subject: finding.subject.clone(),
            seen: finding.seen.clone(),
            means: finding.means.clone(),
            fix: finding.fix.text().to_owned(),
            safe: matches!(finding.fix, Fix::Safe { .. }),
        })
        .collect();
    if context.json {
        let json = render::check_json(&lines).map_err(super::json_error)?;
        context.output.line(&json)?;
    } else {
        render::check(&lines, &mut context.output)?;
    }
    Ok(())
}
