//! `teardown`: show what lbctl put on this machine, ask, take it away, and look
//! whether it is gone.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::TeardownArgs;
use crate::model::{HostStep, ServiceId, SettingStep, Step};
use crate::plumbing::{Before, Place, Vips, run_dir, state_dir, state_directory, sysctl};
use crate::reconcile::{self, Owned};
use crate::render::{self, Style};
use crate::service;

use super::confirm::confirm;
use super::context::Context;
use super::{Error, Result, Status, drain};

/// Where systemd notes that the service starts at boot.
const ENABLED: &str = "/etc/systemd/system/multi-user.target.wants/lbctl.service";

/// What lbctl put here.
struct Found {
    /// What takes it away.
    plan: Vec<Step>,
    /// Services that nobody recorded.
    foreign: Vec<ServiceId>,
    /// Kernel parameters as they were.
    originals: BTreeMap<String, Before>,
    /// Files that remember all this.
    files: Vec<PathBuf>,
}

impl Found {
    fn is_nothing(&self) -> bool {
        self.plan.is_empty() && self.files.is_empty()
    }
}

/// `teardown`.
pub(super) fn run(context: &mut Context, args: &TeardownArgs) -> Result<Status> {
    let run_directory = Place::here()?.run_directory(&run_dir());
    // They would put it back, or keep what they believe in files that are gone.
    if let Ok(id) = service::ask(&run_directory, drain::WAKE) {
        return Err(Error::Machine(format!(
            "lbctl run runs here, as process {}; stop it first with: systemctl disable --now \
             lbctl, or: kill {0}",
            id.trim_end()
        )));
    }
    if let Some(lock) = held(&run_directory) {
        return Err(Error::Machine(format!(
            "a probe runs here and holds {}; stop it first",
            lock.display()
        )));
    }
    let found = find(context, &run_directory)?;
    if context.dry_run {
        return show(context, &found).map(|()| Status::Done);
    }
    if found.is_nothing() {
        forget(&[]).map_err(Error::Machine)?;
        finish(context, &found, &[])?;
        return Ok(Status::Done);
    }
    if !args.yes && !confirmed(context, &found)? {
        context.notice("nothing was changed");
        return Ok(Status::Done);
    }
    if args.yes && !context.quiet {
        show(context, &found)?;
    }
    let mut left = take_away(context, &found);
    left.extend(remains(context, &found)?);
    if left.is_empty() {
        left.extend(forget(&found.files).err());
    }
    finish(context, &found, &left)?;
    if left.is_empty() {
        return Ok(Status::Done);
    }
    Err(Error::Machine(format!(
        "not all of it could be taken away:\n  {}",
        left.join("\n  ")
    )))
}

/// Looks for all of it. IPVS is only asked where lbctl made something in it: asking
/// loads the module.
fn find(context: &mut Context, run_directory: &Path) -> Result<Found> {
    const DOING: &str = "read the IPVS table";
    let mut vips = context.vips()?;
    let owned = vips.record.applied.clone();
    let originals = vips.record.sysctls.clone();
    let mut plan: Vec<Step> = vips
        .plan_remove_all()?
        .into_iter()
        .map(Step::from)
        .collect();
    let mut foreign = Vec::new();
    let is_there = Path::new("/proc/net/ip_vs").exists();
    if is_there || !owned.services.is_empty() || !owned.daemons.is_empty() {
        let failed = |source| Error::Ipvs {
            doing: DOING.to_owned(),
            source,
        };
        let client = context.ipvs(DOING)?;
        let (ours, others): (Vec<_>, Vec<_>) = client
            .table()
            .map_err(failed)?
            .into_iter()
            .partition(|state| owned.services.contains(&state.service.id));
        plan.extend(reconcile::converge(&ours, &[]).into_iter().map(Step::Table));
        foreign = others.iter().map(|state| state.service.id).collect();
        let daemons = client.daemons().map_err(failed)?.into_iter();
        plan.extend(
            daemons
                .filter(|daemon| owned.daemons.contains(&daemon.role))
                .map(|daemon| Step::Setting(SettingStep::StopDaemon(daemon))),
        );
    }
    // Real servers are set up beside VIPs, and change parameters of their own.
    let mut reals = context.reals()?;
    let real_vips: Vec<_> = reals.vips().iter().map(|vip| vip.address).collect();
    plan.extend(reals.plan_undo(&real_vips).into_iter().map(Step::from));
    plan.extend(parameters_back(&vips, &plan)?);
    let directory = state_directory()?;
    let mut files = ours_in(&directory, |name| {
        ["state.json", "state.json.new"].contains(&name)
    });
    files.extend(ours_in(run_directory, is_of_a_probe));
    Ok(Found {
        plan,
        foreign,
        originals,
        files,
    })
}

/// Those that the way out of the VIPs does not put back already.
fn parameters_back(vips: &Vips, plan: &[Step]) -> Result<Vec<Step>> {
    let parameter = |step: &HostStep| match step {
        HostStep::SetSysctl { name, .. } => Some(name.clone()),
        _ => None,
    };
    let planned: Vec<String> = plan
        .iter()
        .filter_map(|step| match step {
            Step::Host(step) => parameter(step),
            _ => None,
        })
        .collect();
    let is_in_it = |step: &HostStep| parameter(step).is_some_and(|name| planned.contains(&name));
    let steps = vips.plan_parameters_back()?.into_iter();
    Ok(steps
        .filter(|step| !is_in_it(step))
        .map(Step::from)
        .collect())
}

fn show(context: &mut Context, found: &Found) -> Result<()> {
    if context.json {
        let title = |id: &ServiceId| id.to_string();
        let json = render::changes_json(&found.plan, &found.foreign, &title);
        context.output.line(&json.map_err(super::json_error)?)?;
        return Ok(());
    }
    if context.dry_run {
        context.print_plan(&found.plan)?;
        for file in &found.files {
            context.output.line(&format!("rm {}", file.display()))?;
        }
        return Ok(());
    }
    for step in &found.plan {
        context.output.line(&step.to_string())?;
    }
    for file in &found.files {
        context
            .output
            .line(&format!("remove the file {}", file.display()))?;
    }
    context.output.flush()?;
    Ok(())
}

fn confirmed(context: &mut Context, found: &Found) -> Result<bool> {
    let show = || {
        context
            .output
            .styled("This will be done:", Style::Heading)?;
        show(context, found)
    };
    confirm("Take all of this away?", show)?.ok_or_else(|| {
        Error::Usage(
            "there is no terminal to ask on; say --yes, or see what would be done with --dry-run"
                .to_owned(),
        )
    })
}

/// As much of it as can be: one thing that stays is no reason to keep the rest.
fn take_away(context: &mut Context, found: &Found) -> Vec<String> {
    let of_table = |step: &Step| matches!(step, Step::Table(_));
    let mut left = Vec::new();
    for steps in found
        .plan
        .chunk_by(|one, other| of_table(one) && of_table(other))
    {
        left.extend(
            context
                .carry_out(steps)
                .err()
                .map(|error| error.to_string()),
        );
    }
    if left.is_empty() {
        let forgotten = context.own(&Owned::default());
        left.extend(forgotten.err().map(|error| error.to_string()));
    }
    left
}

/// What a second look finds.
fn remains(context: &mut Context, found: &Found) -> Result<Vec<String>> {
    let again = find(context, Path::new(""))?;
    let mut remains: Vec<String> = again
        .plan
        .iter()
        .map(|step| format!("still to do: {step}"))
        .collect();
    for (name, original) in &found.originals {
        let all = std::iter::once((name, &original.value)).chain(&original.swept);
        for (name, value) in all {
            match sysctl::read(name)? {
                // What went with an interface needs no value.
                None => {}
                Some(current) if current == *value => {}
                Some(current) => remains.push(format!("{name} was {value} and is {current}")),
            }
        }
    }
    Ok(remains)
}

/// Says what came of it, and what is left for others to decide.
fn finish(context: &mut Context, found: &Found, left: &[String]) -> Result<()> {
    if left.is_empty() && !context.json {
        context.output.styled(
            "looked again: nothing of lbctl is left, and what it changed is as it was",
            Style::Good,
        )?;
    }
    if !found.foreign.is_empty() {
        let names: Vec<String> = found.foreign.iter().map(ToString::to_string).collect();
        context.notice(&format!(
            "lbctl: left alone, since no file made them: {}; remove them with: lbctl clear",
            names.join(", ")
        ));
    }
    let directory = state_directory()?;
    for file in ours_in(&directory, |name| name.starts_with("state.json.damaged")) {
        context.notice(&format!(
            "lbctl: a damaged record was set aside as {}; what it remembered of kernel \
             parameters could not be put back",
            file.display()
        ));
    }
    if Place::here()? == Place::Main {
        if Path::new(ENABLED).exists() {
            context.notice(
                "lbctl: the service starts again at boot; prevent it with: systemctl disable lbctl",
            );
        }
        let others = fs::read_dir(state_dir().join("netns"))
            .into_iter()
            .flatten();
        for other in others.flatten() {
            if other.path().join("state.json").exists() {
                let name = other
                    .file_name()
                    .to_string_lossy()
                    .escape_default()
                    .to_string();
                context.notice(&format!(
                    "lbctl: there is more in the network namespace {name}: lbctl --netns {name} \
                     teardown"
                ));
            }
        }
    }
    Ok(())
}

/// Files in a directory by name; a missing directory has none.
fn ours_in(directory: &Path, is_ours: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .filter(|entry| entry.file_name().to_str().is_some_and(&is_ours))
        .map(|entry| entry.path())
        .collect();
    files.sort();
    files
}

/// What a probe, a drain and the service leave, beside the record.
fn is_of_a_probe(name: &str) -> bool {
    let service = ["tcp", "udp", "sctp", "fwm"];
    let ending = [".json", ".drains", ".lock"];
    name == service::SOCKET
        || (service.iter().any(|start| name.starts_with(start))
            && ending.iter().any(|end| name.ends_with(end)))
}

fn is_lock(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|it| it == "lock")
}

/// A lock that somebody holds.
fn held(directory: &Path) -> Option<PathBuf> {
    ours_in(directory, |name| {
        is_of_a_probe(name) && is_lock(name) && !name.contains(".drains.")
    })
    .into_iter()
    .find(|path| {
        let file = fs::File::open(path);
        file.is_ok_and(|file| matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)))
    })
}

/// Removes the files, with the directories that are empty then. The lock of the
/// record goes last: whoever waits for it finds nothing any more.
fn forget(files: &[PathBuf]) -> std::result::Result<(), String> {
    for file in files {
        match fs::remove_file(file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(format!("cannot remove {}: {error}", file.display()));
            }
            _ => {}
        }
    }
    let directory = state_directory().map_err(|error| error.to_string())?;
    // Another's record may have come to be meanwhile; then it stays, and so does its lock.
    if !directory.join("state.json").exists() {
        let _ = fs::remove_file(directory.join("lock"));
    }
    let run = Place::here().map_err(|error| error.to_string())?;
    for directory in [directory, run.run_directory(&run_dir())] {
        // Only an empty one goes.
        let _ = fs::remove_dir(directory);
    }
    Ok(())
}
