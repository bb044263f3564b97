//! `diff` and `apply`: what the file says against what the machine is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::cli::{ApplyArgs, DiffArgs, ReachArgs};
use crate::config::{Config, System};
use crate::health::drains::{self, Drain};
use crate::health::{Entry, State, Verdict, read_states};
use crate::model::Gather as _;
use crate::model::{ServiceId, parse_duration};
use crate::plumbing::{Place, run_dir};
use crate::reconcile::{
    self, Actual, ApplyError, Desired, Hold, Holds, Host, HostPlan, HostWish, Machine, Manner,
    Owned, Prepared, StepError, Table,
};
use crate::render;

use super::context::Context;
use super::{Error, Result, Status, wait};

mod pending;

pub(super) use pending::{Pending, Undo};

/// A file that was read, and what it asks for.
struct Wish {
    config: Config,
    desired: Desired,
    holds: Holds,
    manner: Manner,
}

/// `diff`.
pub(super) fn diff(context: &mut Context, args: &DiffArgs) -> Result<Status> {
    // Whoever only looks takes no lock and makes no directory.
    context.dry_run = true;
    let (wish, prepared) = prepare(context, &args.reach)?;
    if args.language.is_some() {
        context.print_plan(&prepared.steps)?;
    } else {
        show(context, &wish, &prepared)?;
    }
    Ok(Status::Code(u8::from(!prepared.steps.is_empty())))
}

/// `apply`.
pub(super) fn apply(context: &mut Context, args: &ApplyArgs) -> Result<Status> {
    let patience = args.wait_healthy.as_deref().map(|text| {
        parse_duration(text).map_err(|error| Error::Usage(format!("--wait-healthy: {error}")))
    });
    let patience = patience.transpose()?;
    let (wish, prepared) = prepare(context, &args.reach)?;
    if context.dry_run {
        context.print_plan(&prepared.steps)?;
        return Ok(Status::Done);
    }
    let Wish {
        desired,
        holds,
        manner,
        ..
    } = &wish;
    let mut machine = ThisMachine {
        context,
        seen: None,
    };
    let applied = reconcile::apply(&mut machine, desired, holds, *manner, &prepared);
    machine.context.tell_unannounced();
    applied?;
    if !context.quiet || context.json {
        show(context, &wish, &prepared)?;
    }
    match patience {
        Some(patience) => wait::until_well(context, &wish.config, patience),
        None => Ok(Status::Done),
    }
}

/// What `apply` would do, in words; changes nothing and takes no lock.
pub(super) fn differences(context: &mut Context, args: &ReachArgs) -> Result<Vec<String>> {
    let was = std::mem::replace(&mut context.dry_run, true);
    let prepared = prepare(context, args);
    context.dry_run = was;
    let (wish, prepared) = prepared?;
    let title = |id: &ServiceId| wish.config.title(id);
    Ok(render::change_lines(&prepared.steps, &title))
}

/// Makes the machine what the file says, for a probe that goes on from there:
/// services that are not there yet begin with the servers that are not checked; the
/// probe lets the others in when their checks pass.
pub(super) fn take_over(context: &mut Context, config: &Config) -> Result<()> {
    let directory = run_directory()?;
    context.lock()?;
    let mut machine = ThisMachine {
        context,
        seen: None,
    };
    let seen = machine.look().map_err(ApplyError::Look)?;
    let mut holds = holds(config, &states(&directory)?);
    let is_there = |id| seen.table.iter().any(|state| state.service.id == id);
    for server in &config.virtual_servers {
        let id = server.service.id;
        if is_there(id) {
            continue;
        }
        let checked = server
            .real_servers
            .iter()
            .filter(|real| real.check.is_some());
        let names = checked.map(|real| (real.server.name(), Hold::Presence));
        holds.entry(id).or_default().extend(names);
    }
    machine.seen = Some(seen);
    carry_out(machine, &desired(config, &directory)?, &holds)
}

/// Takes away all that was made for a file.
pub(super) fn take_away(context: &mut Context) -> Result<()> {
    context.lock()?;
    let machine = ThisMachine {
        context,
        seen: None,
    };
    carry_out(machine, &Desired::default(), &Holds::new())
}

/// Whoever goes on afterwards must not keep others from the machine.
fn carry_out(mut machine: ThisMachine<'_>, desired: &Desired, holds: &Holds) -> Result<()> {
    let manner = Manner::default();
    let prepared = reconcile::prepare(&mut machine, desired, holds, manner);
    let applied = prepared
        .and_then(|prepared| reconcile::apply(&mut machine, desired, holds, manner, &prepared));
    machine.context.tell_unannounced();
    machine.context.unlock();
    Ok(applied?)
}

fn run_directory() -> Result<PathBuf> {
    Ok(Place::here()?.run_directory(&run_dir()))
}

fn states(directory: &Path) -> Result<Vec<State>> {
    read_states(directory)
        .map_err(|error| Error::Machine(format!("cannot read what the probe wrote: {error}")))
}

/// A file that was cut short must not take everything away.
pub(super) fn refuse_empty(config: &Config, file: &Path) -> Result<()> {
    if config.virtual_servers.is_empty() {
        return Err(Error::Usage(format!(
            "{file} names no virtual server; if everything that lbctl made shall go, say so \
             with: lbctl apply --allow-empty {file}",
            file = file.display()
        )));
    }
    Ok(())
}

fn read(args: &ReachArgs) -> Result<Wish> {
    let config = Config::load(&args.file, &System)?;
    if !args.allow_empty {
        refuse_empty(&config, &args.file)?;
    }
    let manner = Manner {
        prune: args.prune,
        keep_weights: args.keep_weights,
    };
    wish(config, manner)
}

fn wish(config: Config, manner: Manner) -> Result<Wish> {
    let directory = run_directory()?;
    Ok(Wish {
        desired: desired(&config, &directory)?,
        holds: holds(&config, &states(&directory)?),
        manner,
        config,
    })
}

/// What the file wants, with those that are drained at weight 0.
fn desired(config: &Config, directory: &Path) -> Result<Desired> {
    let mut desired = config.desired();
    for wanted in &mut desired.services {
        let drains = drains::read(directory, &wanted.service.id)
            .map_err(|error| Error::Machine(format!("cannot read who is drained: {error}")))?;
        let names: BTreeSet<_> = drains.iter().map(Drain::name).gather();
        let servers = wanted.servers.iter_mut();
        for server in servers.filter(|server| names.contains(&server.name())) {
            server.weight = 0;
        }
    }
    Ok(desired)
}

/// What a probe holds, by what it left in its files; and the sorry servers, which
/// are always the probe's.
fn holds(config: &Config, states: &[State]) -> Holds {
    let mut holds = Holds::new();
    for server in &config.virtual_servers {
        let id = server.service.id;
        let mut of_service: BTreeMap<_, _> = server
            .sorry
            .iter()
            .map(|sorry| (sorry.server.name(), Hold::Presence))
            .gather();
        let name = id.to_string();
        for state in states.iter().filter(|state| state.service == name) {
            for record in &state.servers {
                // Out by hand: the file and the drains say whether it still is.
                if record.is_out() && record.verdict != Verdict::Down {
                    continue;
                }
                let hold = match (record.foreign, record.written) {
                    _ if record.rising.is_some() => Hold::Weight,
                    (Some(0), _) | (None, Some(Entry::Weight(0))) => Hold::Weight,
                    (None, Some(Entry::Absent)) => Hold::Presence,
                    _ => continue,
                };
                of_service.insert(record.server.name(), hold);
            }
        }
        if !of_service.is_empty() {
            holds.insert(id, of_service);
        }
    }
    holds
}

/// Reads the file and, in the meantime, the table: neither needs the other.
fn prepare(context: &mut Context, args: &ReachArgs) -> Result<(Wish, Prepared)> {
    let (wish, locked, seen) = std::thread::scope(|scope| {
        let wish = scope.spawn(|| read(args));
        // Nobody else's apply comes between the look and the steps.
        let locked = context.lock();
        let mut machine = ThisMachine {
            context,
            seen: None,
        };
        let seen = machine.look();
        match wish.join() {
            Ok(wish) => (wish, locked, seen),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    });
    // Who wrote a wrong file wants to know that first, who may not write this next.
    let wish = wish?;
    let seen = seen.map_err(ApplyError::Look)?;
    locked?;
    let prepared = prepare_wish(context, &wish, Some(seen))?;
    Ok((wish, prepared))
}

fn prepare_wish(context: &mut Context, wish: &Wish, seen: Option<Actual>) -> Result<Prepared> {
    let mut machine = ThisMachine { context, seen };
    let Wish {
        desired,
        holds,
        manner,
        ..
    } = wish;
    let prepared = reconcile::prepare(&mut machine, desired, holds, *manner)?;
    if !prepared.foreign.is_empty() && context.verbose {
        let names: Vec<String> = prepared.foreign.iter().map(ToString::to_string).collect();
        context.notice(&format!(
            "lbctl: left alone, since neither the file nor lbctl made them: {}; remove them with \
             --prune",
            names.join(", ")
        ));
    }
    Ok(prepared)
}

fn show(context: &mut Context, wish: &Wish, prepared: &Prepared) -> Result<()> {
    let title = |id: &ServiceId| wish.config.title(id);
    if context.json {
        let json = render::changes_json(&prepared.steps, &prepared.foreign, &title)
            .map_err(super::json_error)?;
        context.output.line(&json)?;
    } else {
        render::changes(&prepared.steps, &title, &mut context.output)?;
    }
    Ok(())
}

/// This machine, as the engine sees it.
struct ThisMachine<'a> {
    context: &'a mut Context,
    /// What was looked at already, for the next look.
    seen: Option<Actual>,
}

impl Machine for ThisMachine<'_> {
    fn look(&mut self) -> std::result::Result<Actual, StepError> {
        if let Some(seen) = self.seen.take() {
            return Ok(seen);
        }
        let client = self.context.ipvs("read the IPVS table")?;
        Ok(Actual {
            table: client.settings_table()?,
            timeouts: client.timeouts()?,
            daemons: client.daemons()?,
        })
    }

    fn plan_host(
        &mut self,
        wish: &HostWish,
        owned: &Owned,
    ) -> std::result::Result<HostPlan, StepError> {
        let planned = self.context.vips()?.plan_wish(wish, owned)?;
        for note in &planned.notes {
            self.context.notice_once(&format!("lbctl: {note}"));
        }
        for error in &planned.skipped {
            self.context
                .notice_once(&format!("lbctl: warning: {error}"));
        }
        if let Some(interface) = &planned.left_off {
            self.context.notice_once(&format!(
                "lbctl: left IPv6 forwarding off: it would drop the default route that \
                 {interface} learnt from router advertisements; keep that with: sysctl -w \
                 net.ipv6.conf.{interface}.accept_ra=2, then apply again"
            ));
        }
        Ok(planned.plan)
    }

    fn owned(&mut self) -> std::result::Result<Owned, StepError> {
        Ok(self.context.vips()?.record.applied)
    }

    fn own(&mut self, owned: &Owned) -> std::result::Result<(), StepError> {
        Ok(self.context.own(owned)?)
    }

    fn hands(&mut self) -> (&mut dyn Table, &mut dyn Host) {
        self.context.hands()
    }
}

#[cfg(test)]
mod tests;
