//! `run`, the service, and `status`, what it believes.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::cli::{RunArgs, StatusArgs};
use crate::config::{Config, OnExit, System};
use crate::health::{Ended, Journal, Level, Probe, ProbeReport, Roster, ServerStatus};
use crate::ipvs::{self, Client};
use crate::plumbing::{Place, run_dir};
use crate::render;
use crate::service::{self, AskError, Manager, StatusSocket};

use super::context::Context;
use super::{Error, Result, Status, advice, apply, drain, probe};

/// `run`.
pub(super) fn run(context: &mut Context, args: &RunArgs) -> Result<Status> {
    if context.dry_run {
        return Err(Error::Usage(
            "run goes on until it is stopped; see what it would begin with: lbctl apply --dry-run"
                .to_owned(),
        ));
    }
    let mut config = Config::load(&args.file, &System)?;
    let directory = Place::here()?.run_directory(&run_dir());
    // Before it changes what the other one keeps.
    if let Ok(id) = service::ask(&directory, drain::WAKE) {
        return Err(Error::Machine(format!(
            "lbctl run runs here already, as process {}; see: lbctl status, or let it read its \
             file again with: lbctl status --reload",
            id.trim_end()
        )));
    }
    apply::take_over(context, &config)?;
    let mut journal = probe::journal(context);
    advise(&config, &mut journal);
    let mut pool = open()?;
    let mut probe =
        Probe::new(config.services(), &directory, &mut pool, &mut journal).map_err(Error::Probe)?;
    let stopper = probe.stopper();
    stopper
        .obey_signals()
        .map_err(|error| Error::Machine(format!("cannot wait for signals: {error}")))?;
    let latest = Latest::default();
    let (shown, reloader) = (latest.clone(), stopper.clone());
    let _socket = StatusSocket::listen(&directory, move |question| match question {
        "status" => Some(shown.status()),
        "metrics" => Some(shown.metrics()),
        "reload" => {
            reloader.reload();
            Some("reloading\n".to_owned())
        }
        // Who drains wants to know whether the probe that was woken is the one that
        // holds the lock.
        drain::WAKE => {
            reloader.wake();
            Some(format!("{}\n", std::process::id()))
        }
        _ => None,
    })
    .map_err(|error| Error::Machine(format!("cannot answer lbctl status: {error}")))?;
    if let Some(address) = args.metrics {
        let shown = latest.clone();
        service::serve_metrics(address, move || shown.metrics()).map_err(|error| {
            Error::Machine(format!("cannot serve metrics at {address}: {error}"))
        })?;
    }
    let mut manager = Manager::of_this_process();
    let mut told = String::new();
    manager.ready(&summary(&probe.report()));
    loop {
        let ended = probe.run_loop(&mut |report| {
            manager.beat();
            let now = summary(&report);
            latest.post(report);
            if now != told {
                manager.status(&now);
                told = now;
            }
        });
        if ended == Ended::Stopped {
            break;
        }
        manager.reloading();
        match reload(context, &args.file, &mut probe) {
            Ok(new) => {
                config = new;
                advise(&config, &mut probe::journal(context));
            }
            Err(error) => probe::journal(context).line(
                Level::Trouble,
                &format!("the file was not taken, all goes on as before: {error}"),
            ),
        }
        manager.ready(&summary(&probe.report()));
    }
    manager.stopping();
    drop(probe);
    if config.on_exit == OnExit::Remove {
        apply::take_away(context)?;
    }
    Ok(Status::Done)
}

fn advise(config: &Config, journal: &mut dyn Journal) {
    for spec in config.services() {
        if let Roster::Listed { service, .. } = &spec.roster {
            advice::say(service, &spec.rules.policy, journal);
        }
    }
}

fn open() -> Result<Client> {
    Client::open().map_err(|source| Error::Ipvs {
        doing: "keep the IPVS table".to_owned(),
        source,
    })
}

fn reload(context: &mut Context, file: &Path, probe: &mut Probe<'_>) -> Result<Config> {
    let config = Config::load(file, &System)?;
    apply::take_over(context, &config)?;
    probe.reload(config.services()).map_err(Error::Probe)?;
    Ok(config)
}

/// `3 services, 7 of 8 servers up`.
fn summary(report: &ProbeReport) -> String {
    let servers = report.services.iter().flat_map(|service| &service.servers);
    let up = servers
        .clone()
        .filter(|server| server.state == ServerStatus::Up)
        .count();
    format!(
        "{} services, {up} of {} servers up",
        report.services.len(),
        servers.count()
    )
}

/// The probe's latest report, for those who ask in other threads.
#[derive(Clone, Default)]
struct Latest(Arc<Mutex<Option<ProbeReport>>>);

impl Latest {
    fn post(&self, report: ProbeReport) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(report);
    }

    fn read(&self) -> ProbeReport {
        let latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        latest.clone().unwrap_or(ProbeReport {
            services: Vec::new(),
            troubles: Vec::new(),
        })
    }

    fn status(&self) -> String {
        render::probe_json(&self.read()).unwrap_or_default() + "\n"
    }

    /// What cannot be read is left out.
    fn metrics(&self) -> String {
        let table = Client::open().and_then(|mut client| client.table());
        let totals = ipvs::totals().unwrap_or_default();
        render::metrics(&table.unwrap_or_default(), &totals, &self.read())
    }
}

/// `status`.
pub(super) fn status(context: &mut Context, args: &StatusArgs) -> Result<Status> {
    let answer = ask(context, args);
    if args.plugin {
        return probe::as_plugin(context, answer);
    }
    answer
}

fn ask(context: &mut Context, args: &StatusArgs) -> Result<Status> {
    let directory = Place::here()?.run_directory(&run_dir());
    let question = if args.reload { "reload" } else { "status" };
    let answer = match service::ask(&directory, question) {
        Ok(answer) => answer,
        Err(AskError::NotRunning) => {
            let text = "lbctl run does not run here; start it with: systemctl start lbctl";
            if args.plugin {
                return Err(Error::Machine(text.to_owned()));
            }
            context.notice(&format!("lbctl: {text}"));
            return Ok(Status::Unknown);
        }
        Err(error) => return Err(Error::Machine(format!("cannot ask lbctl run: {error}"))),
    };
    if args.reload {
        context.notice("lbctl: the service reads its file again; its log says what became of it");
        return Ok(Status::Done);
    }
    let report: ProbeReport = serde_json::from_str(&answer)
        .map_err(|error| Error::Machine(format!("cannot read the service's answer: {error}")))?;
    if context.json {
        context.output.line(answer.trim_end())?;
    } else if args.plugin {
        context.output.line(&render::plugin(&report))?;
    } else {
        render::probe(&report, &mut context.output)?;
        if let Some(line) = heartbeat(&report) {
            context.output.line(&line)?;
        }
    }
    Ok(probe::status(report.severity()))
}

fn heartbeat(report: &ProbeReport) -> Option<String> {
    let service = report.services.iter().max_by_key(|it| it.heartbeat)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
    let age = now.saturating_sub(service.heartbeat);
    Some(format!(
        "lbctl run, process {}, last heard {age}s ago",
        service.pid
    ))
}
