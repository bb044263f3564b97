//! What `setup` shows, to a person as it goes on, to a script as one object at the
//! end.

use std::net::SocketAddr;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use crate::formats;
use crate::model::ServiceId;
use crate::render::{self, Style};
use crate::wizard::{Answer, Answers, Method, Proof, Verdict};

use super::task::{Task, Wanted};
use crate::commands::apply::Pending;
use crate::commands::context::Context;
use crate::commands::{Result, json_error};

/// The object; what did not come about is null or empty.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    file: String,
    text: String,
    changes: Value,
    commands: Vec<String>,
    real_servers: Vec<String>,
    pub(super) health: Value,
    pub(super) findings: Value,
    requests: Vec<RequestLine>,
    works: Option<bool>,
    proven: Option<bool>,
    pub(super) undone: bool,
    pub(super) boot: Option<bool>,
}

#[derive(Debug, Serialize)]
struct RequestLine {
    server: Option<String>,
    answered: bool,
    text: String,
}

/// A blank line and a heading, shown at once: what follows may take its time.
pub(super) fn heading(context: &mut Context, text: &str) -> Result<()> {
    if context.json {
        return Ok(());
    }
    context.output.line("")?;
    context.output.styled(text, Style::Heading)?;
    context.output.flush()?;
    Ok(())
}

/// The plan, the file, the commands by hand, what servers need.
pub(super) fn plan(
    context: &mut Context,
    path: &Path,
    wanted: &Wanted,
    pending: &Pending,
) -> Result<Report> {
    let title = |id: &ServiceId| pending.config().title(id);
    let steps = pending.steps();
    let commands: Vec<String> = steps.iter().flat_map(formats::commands).collect();
    let real_servers = real_setup(&wanted.answers);
    let changes = render::changes_json(steps, &[], &title).map_err(json_error)?;
    let mut changes: Value = serde_json::from_str(&changes).map_err(json_error)?;
    let report = Report {
        file: path.display().to_string(),
        text: wanted.change.text.clone(),
        changes: changes["changes"].take(),
        commands: commands.clone(),
        real_servers: real_servers.clone(),
        ..Report::default()
    };
    if context.json {
        return Ok(report);
    }
    if context.dry_run {
        script(context, path, wanted, &commands)?;
        return Ok(report);
    }
    heading(context, "This will be done:")?;
    for id in &pending.taken_over {
        context.output.styled(
            &format!("  {id} is there already, made by hand: the file says what it is from now on"),
            Style::Warning,
        )?;
    }
    for line in render::change_lines(steps, &title) {
        context.output.line(&format!("  {line}"))?;
    }
    if steps.is_empty() {
        context
            .output
            .line("  nothing on the machine: it is so already")?;
    }
    let part = match wanted.task {
        _ if wanted.change.section.is_empty() => "stays as it is",
        Task::New => "will be",
        Task::Over => "will be, its old text kept beside it",
        Task::Add => "gets, at its end",
        Task::Change(_) => "gets, in its place",
    };
    let end = if wanted.change.section.is_empty() {
        ""
    } else {
        ":"
    };
    heading(context, &format!("{} {part}{end}", path.display()))?;
    for line in wanted.change.section.trim_end().lines() {
        context.output.line(format!("  {line}").trim_end())?;
    }
    heading(context, "The same by hand:")?;
    for command in &commands {
        context
            .output
            .styled(&format!("  {command}"), Style::Faint)?;
    }
    if !real_servers.is_empty() {
        heading(context, "Each real server needs, whenever that is done:")?;
        for line in &real_servers {
            context.output.line(&format!("  {line}"))?;
        }
    }
    context.output.line("")?;
    context.output.flush()?;
    Ok(report)
}

/// What dr and tun servers need: on each, or from here for one without lbctl.
fn real_setup(answers: &Answers) -> Vec<String> {
    let method = match answers.method {
        Method::Nat => return Vec::new(),
        Method::Dr => "",
        Method::Tun => " --method tun",
    };
    let setup = format!("lbctl real setup {}{method}", answers.vip.ip());
    let mut lines = vec![
        setup.clone(),
        "or, where lbctl is not installed:".to_owned(),
    ];
    let servers = answers.servers.iter().map(SocketAddr::ip);
    lines.extend(servers.map(|server| format!("{setup} --script | ssh root@{server} sh")));
    lines
}

/// `--dry-run`: all of it as a shell would take it.
fn script(context: &mut Context, path: &Path, wanted: &Wanted, commands: &[String]) -> Result<()> {
    let output = &mut context.output;
    if let Some(directory) = path.parent().filter(|it| !it.exists()) {
        output.line(&format!("mkdir -p {}", directory.display()))?;
    }
    if wanted.task == Task::Over {
        output.line(&format!("cp -p {0} {0}.old", path.display()))?;
    }
    output.line(&format!("cat > {} <<'END'", path.display()))?;
    for line in wanted.change.text.lines() {
        output.line(line)?;
    }
    output.line("END")?;
    for command in commands {
        output.line(command)?;
    }
    Ok(())
}

/// What the requests came to.
pub(super) fn proof(
    context: &mut Context,
    report: &mut Report,
    proof: &Proof,
    expected: bool,
) -> Result<Verdict> {
    let verdict = proof.verdict(expected);
    for request in &proof.requests {
        let text = request.answer.text();
        report.requests.push(RequestLine {
            server: request.server.clone(),
            answered: matches!(request.answer, Answer::Good(_)),
            text: text.to_owned(),
        });
        if context.json {
            continue;
        }
        let server = request.server.as_deref().unwrap_or("nobody");
        let (line, style) = match (&request.answer, verdict) {
            (Answer::Good(_), _) => (format!("  {server} answered {text}"), Style::Good),
            (_, Verdict::Given) => (
                format!("  given to {server}; no answer was seen here"),
                Style::Warning,
            ),
            _ => (format!("  given to {server}: {text}"), Style::Bad),
        };
        context.output.styled(&line, style)?;
    }
    report.works = Some(verdict != Verdict::Failed);
    report.proven = Some(verdict == Verdict::Answered);
    context.output.flush()?;
    Ok(verdict)
}

impl Report {
    /// Requests were answered, but servers are not well.
    pub(super) fn fails(&mut self) {
        self.works = Some(false);
    }

    /// For a script, at the end.
    pub(super) fn finish(&self, context: &mut Context) -> Result<()> {
        if context.json {
            let text = serde_json::to_string(self).map_err(json_error)?;
            context.output.line(&text)?;
        }
        Ok(())
    }
}
