//! `probe`: health checks from flags, once or in a loop.

mod check;
mod hint;

use std::net::IpAddr;

use crate::cli::{OnFailure as OnFailureWord, ProbeArgs};
use crate::health::{
    OnFailure, Policy, Pool, PoolError, Probe, ProbeReport, Roster, Rules, ServerSpec, ServiceSpec,
    Severity,
};
use crate::ipvs::Client;
use crate::model::{Forward, Server, Service, ServiceId, ServiceState, TableStep};
use crate::plumbing::{Place, run_dir};
use crate::reconcile::Table as _;
use crate::render;

use super::context::Context;
use super::log::Log;
use super::rehearsal::{Memory, Rehearsal};
use super::{Error, Result, Status, advice, words};

/// `probe --once` and `probe --loop`.
pub(super) fn run(context: &mut Context, args: &ProbeArgs) -> Result<Status> {
    let answer = probe(context, args);
    if args.plugin {
        return as_plugin(context, answer);
    }
    answer
}

/// Monitoring reads one line on stdout whatever happens, and 3 for every error.
pub(super) fn as_plugin(context: &mut Context, answer: Result<Status>) -> Result<Status> {
    match answer {
        Err(error) if !error.is_closed_pipe() => {
            let line = render::plugin_line(Severity::Unknown, &error.to_string());
            context.output.line(&line)?;
            Ok(Status::Unknown)
        }
        answer => answer,
    }
}

fn probe(context: &mut Context, args: &ProbeArgs) -> Result<Status> {
    if !args.once && !args.forever {
        return Err(Error::Usage(
            "once or for ever? say --once or --loop".to_owned(),
        ));
    }
    if context.dry_run && args.forever {
        return Err(Error::Usage(
            "--dry-run goes with --once: a loop that changes nothing would say the same for ever"
                .to_owned(),
        ));
    }
    let id = words::required_service(&args.selector)?;
    let spec = service_spec(context, args, id)?;
    if context.dry_run {
        return rehearse(context, spec);
    }
    if args.once {
        let report = once(context, spec)?;
        if args.plugin {
            context.output.line(&render::plugin(&report))?;
        } else {
            show(context, &report)?;
            if !context.json {
                context.output.flush()?;
                for hint in hint::hints(&report) {
                    context.notice(&format!("lbctl: {hint}"));
                }
            }
        }
        return Ok(status(report.severity()));
    }
    forever(context, spec)
}

/// Checks a service's servers once, sets weights, and says what was found.
pub(super) fn once(context: &mut Context, spec: ServiceSpec) -> Result<ProbeReport> {
    // `Probe::once` itself is of one lifetime, and this is to be of any.
    #[allow(clippy::redundant_closure_for_method_calls)]
    with_probe(context, spec, |probe| probe.once())
}

/// Checks until a signal comes, which leaves the table as it is.
fn forever(context: &mut Context, spec: ServiceSpec) -> Result<Status> {
    with_probe(context, spec, |mut probe| probe.run_loop(&mut |_| {}))?;
    Ok(Status::Done)
}

fn with_probe<T>(
    context: &mut Context,
    spec: ServiceSpec,
    work: impl FnOnce(Probe<'_>) -> T,
) -> Result<T> {
    let directory = Place::here()?.run_directory(&run_dir());
    let mut journal = Log::of(context);
    let client = context.ipvs("probe")?;
    let (id, policy) = (spec.id, spec.rules.policy);
    // A table that cannot be read is told by the probe.
    if let Ok(Some(there)) = client.service_state(&id) {
        advice::say(&there.service, &policy, &mut journal);
    }
    let probe = Probe::new(vec![spec], &directory, client, &mut journal).map_err(Error::Probe)?;
    probe
        .stopper()
        .stop_on_signals()
        .map_err(|error| Error::Machine(format!("cannot wait for signals: {error}")))?;
    Ok(work(probe))
}

/// Checks, and prints what would be written.
fn rehearse(context: &mut Context, spec: ServiceSpec) -> Result<Status> {
    let directory = Place::here()?.run_directory(&run_dir());
    let memory = Memory::copy(&directory, &spec.id)
        .map_err(|error| Error::Machine(format!("cannot copy the probe's memory: {error}")))?;
    let mut journal = Log::of(context);
    let mut pool = Rehearsal::new(context.ipvs("probe")?);
    let probe =
        Probe::new(vec![spec], memory.path(), &mut pool, &mut journal).map_err(Error::Probe)?;
    let severity = probe.once().severity();
    let commands = pool.commands;
    for command in &commands {
        context.output.line(command)?;
    }
    Ok(status(severity))
}

/// What the flags describe.
fn service_spec(context: &mut Context, args: &ProbeArgs, id: ServiceId) -> Result<ServiceSpec> {
    let check = check::spec(args)?;
    let sorry = match &args.sorry {
        Some(text) => Some(sorry_server(context, text, &id)?),
        None => None,
    };
    Ok(ServiceSpec {
        id,
        name: None,
        roster: Roster::Table { check: Some(check) },
        sorry,
        rules: Rules {
            policy: Policy {
                on_failure: match args.on_failure {
                    OnFailureWord::Inhibit => OnFailure::Inhibit,
                    OnFailureWord::Remove => OnFailure::Remove,
                },
                ..Policy::default()
            },
            ..Rules::default()
        },
    })
}

/// A server that is not checked, as the sorry server is.
pub(super) fn unchecked(address: IpAddr, port: u16, forward: Forward) -> ServerSpec {
    ServerSpec {
        server: Server {
            address,
            port,
            forward,
            weight: 1,
            upper_threshold: 0,
            lower_threshold: 0,
        },
        check: None,
        maintenance: false,
    }
}

/// The sorry server gets its packets as the service's other servers do.
fn sorry_server(context: &mut Context, text: &str, id: &ServiceId) -> Result<ServerSpec> {
    let names = words::servers(std::slice::from_ref(&text.to_owned()), id)?;
    let Some((address, port)) = names.into_iter().next() else {
        return Err(Error::Usage("--sorry names no server".to_owned()));
    };
    let there = context
        .ipvs("probe")?
        .servers(id)
        .map_err(|source| Error::Ipvs {
            doing: format!("read {id}"),
            source,
        })?;
    let forward = there
        .first()
        .map_or(Forward::Nat, |state| state.server.forward);
    Ok(unchecked(address, port, forward))
}

/// Shows what a probe found.
pub(super) fn show(context: &mut Context, report: &ProbeReport) -> Result<()> {
    if context.json {
        let json = render::probe_json(report).map_err(super::json_error)?;
        context.output.line(&json)?;
        return Ok(());
    }
    render::probe(report, &mut context.output)?;
    for trouble in &report.troubles {
        context.notice(&format!("lbctl: {trouble}"));
    }
    Ok(())
}

pub(super) fn status(severity: Severity) -> Status {
    match severity {
        Severity::Well => Status::Done,
        Severity::Warning => Status::Warning,
        Severity::Critical => Status::Critical,
        Severity::Unknown => Status::Unknown,
    }
}

impl Pool for Client {
    fn read(&mut self, id: &ServiceId) -> std::result::Result<Option<ServiceState>, PoolError> {
        Ok(self.service_settings(id)?)
    }

    fn add_service(&mut self, service: &Service) -> std::result::Result<(), PoolError> {
        one(self, TableStep::AddService(service.clone()))
    }

    fn add_server(
        &mut self,
        id: &ServiceId,
        server: &Server,
    ) -> std::result::Result<(), PoolError> {
        one(
            self,
            TableStep::AddServer {
                service: *id,
                server: server.clone(),
            },
        )
    }

    fn edit_server(
        &mut self,
        id: &ServiceId,
        before: &Server,
        after: &Server,
    ) -> std::result::Result<(), PoolError> {
        one(
            self,
            TableStep::EditServer {
                service: *id,
                before: before.clone(),
                after: after.clone(),
            },
        )
    }

    fn delete_server(
        &mut self,
        id: &ServiceId,
        server: &Server,
    ) -> std::result::Result<(), PoolError> {
        one(
            self,
            TableStep::DeleteServer {
                service: *id,
                server: server.clone(),
            },
        )
    }
}

fn one(client: &mut Client, step: TableStep) -> std::result::Result<(), PoolError> {
    match client.apply(&[&step]) {
        Ok(()) => Ok(()),
        Err(refused) => match refused.into_iter().next() {
            Some((_, reason)) => Err(reason),
            None => Ok(()),
        },
    }
}
