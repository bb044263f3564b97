//! `run`, the service, and `status`, what it believes.

use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::cli::{RunArgs, StatusArgs};
use crate::config::{Config, OnExit, System};
use crate::health::{Ended, Journal, Level, Probe, ProbeReport, Roster, ServerStatus};
use crate::ipvs::{self, Client};
use crate::plumbing::{Place, run_dir};
use crate::render;
use crate::service::{self, AskError, Manager, StatusSocket};

use super::context::Context;
use super::log::Log;
use super::{Error, Result, Status, advice, apply, drain, probe};

/// How long `status --reload` waits to hear what became of the file: longer than any
/// file takes.
const RELOAD_PATIENCE: Duration = Duration::from_mins(1);
/// What the service answers when it has taken its file.
const RELOADED: &str = "reloaded\n";

/// `run`.
pub(super) fn run(context: &mut Context, args: &RunArgs) -> Result<Status> {
    if context.dry_run {
        return Err(Error::Usage(
            "run goes on until it is stopped; see what it would begin with: lbctl apply --dry-run"
                .to_owned(),
        ));
    }
    let mut config = load(&args.file)?;
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
    let mut journal = Log::of(context);
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
    let askers = Askers::default();
    let waiting = askers.clone();
    let _socket = StatusSocket::listen(&directory, move |question| match question {
        "status" => Some(shown.status()),
        "metrics" => Some(shown.metrics()),
        "reload" => {
            let (tell, told) = channel();
            waiting.add(tell);
            reloader.reload();
            told.recv().ok()
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
        // Who asks from here on may mean a newer file.
        let asked = askers.take();
        let answer = match reload(context, &args.file, &mut probe) {
            Ok(new) => {
                config = new;
                advise(&config, &mut Log::of(context));
                RELOADED.to_owned()
            }
            Err(error) => {
                let text = format!("the file was not taken, all goes on as before: {error}");
                Log::of(context).line(Level::Trouble, &text);
                format!("{} {text}", error.exit_code())
            }
        };
        for asker in asked {
            // Whoever went away needs no answer.
            let _ = asker.send(answer.clone());
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

fn load(file: &Path) -> Result<Config> {
    let config = Config::load(file, &System)?;
    apply::refuse_empty(&config, file)?;
    Ok(config)
}

fn reload(context: &mut Context, file: &Path, probe: &mut Probe<'_>) -> Result<Config> {
    let config = load(file)?;
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
    let services = match report.services.len() {
        1 => "1 service".to_owned(),
        several => format!("{several} services"),
    };
    format!("{services}, {up} of {} servers up", servers.count())
}

/// Those who wait to hear what became of the file, in other threads.
#[derive(Clone, Default)]
struct Askers(Arc<Mutex<Vec<Sender<String>>>>);

impl Askers {
    fn add(&self, asker: Sender<String>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(asker);
    }

    fn take(&self) -> Vec<Sender<String>> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
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
        // Nothing is known of any service, which is not the same as that all are well.
        latest.clone().unwrap_or_else(|| ProbeReport {
            services: Vec::new(),
            troubles: vec!["lbctl run has only begun; nothing was checked yet".to_owned()],
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
    let answer = if args.reload {
        service::ask_patiently(&directory, "reload", RELOAD_PATIENCE)
    } else {
        service::ask(&directory, "status")
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            let text = match error {
                AskError::NotRunning => {
                    "lbctl run does not run here; start it with: systemctl start lbctl".to_owned()
                }
                AskError::Failed(_) => format!("cannot ask lbctl run: {error}"),
            };
            if args.plugin {
                return Err(Error::Machine(text));
            }
            context.notice(&format!("lbctl: {text}"));
            return Ok(Status::Unknown);
        }
    };
    if args.reload {
        return what_became_of_the_file(context, &answer);
    }
    let report: ProbeReport = serde_json::from_str(&answer)
        .map_err(|error| Error::Machine(format!("cannot read the service's answer: {error}")))?;
    if args.plugin && !context.json {
        context.output.line(&render::plugin(&report))?;
    } else {
        probe::show(context, &report)?;
        if let Some(line) = heartbeat(&report).filter(|_| !context.json) {
            context.output.line(&line)?;
        }
    }
    Ok(probe::status(report.severity()))
}

fn what_became_of_the_file(context: &mut Context, answer: &str) -> Result<Status> {
    match answer.split_once(' ') {
        _ if answer == RELOADED => {
            context.notice("lbctl: the service has read its file again, and it holds");
            Ok(Status::Done)
        }
        Some(("2", why)) => Err(Error::Usage(why.to_owned())),
        Some((_, why)) => Err(Error::Machine(why.to_owned())),
        None => Err(Error::Machine(
            "the service ended before it read its file again".to_owned(),
        )),
    }
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
