//! `setup`: ask, show, ask once more, do, prove.

use std::io::{IsTerminal, stdin};

use crate::cli::SetupArgs;
use crate::formats;
use crate::health::{CheckKind, CheckSpec, Roster, Rules, ServiceSpec, Severity as Health};
use crate::model::{Forward, ServiceId, Step};
use crate::plumbing;
use crate::render::Style;
use crate::wizard::{
    self, Answers, Ask, Given, Health as HealthAnswer, Proof, QuestionError, Stopped, Terminal,
};

use super::context::Context;
use super::{Error, Result, Status, check, probe, table};

/// `setup`.
pub(super) fn run(context: &mut Context, args: &SetupArgs) -> Result<Status> {
    // What would stop us later is said before anything is asked.
    context
        .ipvs("set up")?
        .services()
        .map_err(|source| Error::Ipvs {
            doing: "set up".to_owned(),
            source,
        })?;
    let mut terminal = stdin().is_terminal().then_some(Terminal);
    let given = Given {
        vip: args.vip.clone(),
        servers: args.servers.clone(),
        health: args.health.clone(),
        virtualhost: args.virtualhost.clone(),
        sorry: args.sorry.clone(),
        scheduler: args.scheduler.clone(),
    };
    let ask = terminal.as_mut().map(|terminal| terminal as &mut dyn Ask);
    let answers = wizard::answers(&given, ask).map_err(question_error)?;
    let plan = plan(context, &answers)?;
    if context.dry_run {
        context.print_plan(&plan)?;
        return Ok(Status::Done);
    }
    show_plan(context, &plan)?;
    if !args.yes && !confirmed(terminal.as_mut())? {
        context.notice("nothing was changed");
        return Ok(Status::Done);
    }
    context.carry_out(&plan)?;
    heading(context, "Done. Checking the servers:")?;
    match settle(context, &answers) {
        Ok(true) => {
            finish(context, &answers)?;
            Ok(Status::Done)
        }
        Ok(false) => {
            let keep = match terminal.as_mut() {
                Some(terminal) => terminal
                    .confirm("It does not work yet. Keep it, to mend it by hand?", false)
                    .map_err(|stopped| question_error(QuestionError::Stopped(stopped)))?,
                None => false,
            };
            if !keep {
                context.take_back(&plan)?;
                return Err(Error::Machine(
                    "it did not work; everything was taken back".to_owned(),
                ));
            }
            Ok(Status::Warning)
        }
        Err(error) => {
            context.take_back(&plan)?;
            Err(error)
        }
    }
}

fn question_error(error: QuestionError) -> Error {
    match error {
        QuestionError::Stopped(Stopped::Interrupted) => Error::Interrupted,
        QuestionError::Stopped(Stopped::Failed(_)) => Error::Machine(error.to_string()),
        _ => Error::Usage(error.to_string()),
    }
}

fn plan(context: &mut Context, answers: &Answers) -> Result<Vec<Step>> {
    let id = answers.id();
    let doing = format!("set up {id}");
    let there = table::read(context, &doing, &id)?;
    let mut vips = context.vips()?;
    wizard::steps(answers, there.as_ref(), &mut vips).map_err(|error| match error {
        wizard::PlanError::Plumbing(error) => Error::Plumbing(error),
        wizard::PlanError::Request(why) => Error::Request { doing, why },
    })
}

fn show_plan(context: &mut Context, plan: &[Step]) -> Result<()> {
    heading(context, "This will be done:")?;
    for (number, step) in (1..).zip(plan) {
        context.output.line(&format!("  {number}. {step}"))?;
    }
    heading(context, "The same by hand:")?;
    for command in plan.iter().flat_map(formats::commands) {
        context
            .output
            .styled(&format!("  {command}"), Style::Faint)?;
    }
    context.output.flush()?;
    Ok(())
}

/// A blank line and a heading, shown at once: what follows may take its time.
fn heading(context: &mut Context, text: &str) -> Result<()> {
    context.output.line("")?;
    context.output.styled(text, Style::Heading)?;
    context.output.flush()?;
    Ok(())
}

fn confirmed(terminal: Option<&mut Terminal>) -> Result<bool> {
    match terminal {
        Some(terminal) => terminal
            .confirm("Do this now?", true)
            .map_err(|stopped| question_error(QuestionError::Stopped(stopped))),
        None => Err(Error::Usage(
            "there is no terminal to ask on; say --yes".to_owned(),
        )),
    }
}

/// Checks the servers, sends requests, and says whether all of that worked.
fn settle(context: &mut Context, answers: &Answers) -> Result<bool> {
    let report = probe::once(context, spec(answers)?)?;
    probe::show(context, &report)?;
    let mut works = report.severity() < Health::Critical;
    heading(context, "Looking for what is wrong:")?;
    let findings = check::look(context)?;
    check::show(context, &findings)?;
    heading(
        context,
        &format!("Requests to {} from a client of its own:", answers.vip),
    )?;
    let proof = prove(context, answers)?;
    for request in &proof.requests {
        let server = request.server.as_deref().unwrap_or("nobody");
        let (text, style) = match &request.answer {
            Ok(answer) => (format!("  {server} answered {answer}"), Style::Good),
            Err(why) => (format!("  given to {server}: {why}"), Style::Bad),
        };
        context.output.styled(&text, style)?;
    }
    works &= proof.holds();
    context.output.flush()?;
    Ok(works)
}

fn prove(context: &mut Context, answers: &Answers) -> Result<Proof> {
    let id = answers.id();
    let (http, host) = match &answers.health {
        HealthAnswer::Tcp => (false, None),
        HealthAnswer::Http { virtualhost, .. } => (true, virtualhost.as_deref()),
    };
    let client = context.ipvs("prove it")?;
    let mut connections = || connections(client, &id);
    let requests = 2 * answers.servers.len().clamp(1, 5);
    let proof = wizard::prove(answers.vip, host, http, requests, &mut connections);
    proof.map_err(|error: plumbing::Error| Error::Plumbing(error))
}

/// Connections of every server; none while they cannot be read, which only
/// leaves the proof without names.
fn connections(client: &mut crate::ipvs::Client, id: &ServiceId) -> Vec<(String, u32)> {
    let servers = client.servers(id).unwrap_or_default();
    servers
        .into_iter()
        .map(|state| {
            let count = state.active.saturating_add(state.inactive);
            (state.server.endpoint(), count)
        })
        .collect()
}

fn spec(answers: &Answers) -> Result<ServiceSpec> {
    let kind = match &answers.health {
        HealthAnswer::Tcp => CheckKind::Tcp,
        HealthAnswer::Http { path, virtualhost } => {
            CheckKind::Http(probe::page(path, virtualhost.as_deref(), "200")?)
        }
    };
    Ok(ServiceSpec {
        id: answers.id(),
        name: None,
        roster: Roster::Table {
            check: Some(CheckSpec::new(kind)),
        },
        sorry: answers
            .sorry
            .map(|sorry| probe::unchecked(sorry.ip(), sorry.port(), Forward::Nat)),
        rules: Rules::default(),
    })
}

fn finish(context: &mut Context, answers: &Answers) -> Result<()> {
    heading(context, "It works. Next:")?;
    let output = &mut context.output;
    for (command, what) in [
        (wizard::probe_line(answers), "keeps checking the servers"),
        ("lbctl list --rate".to_owned(), "shows the traffic"),
        ("lbctl check".to_owned(), "says why, when it does not work"),
    ] {
        output.line(&format!("  {command}"))?;
        output.styled(&format!("      {what}"), Style::Faint)?;
    }
    Ok(())
}
