//! `timeouts` and `sync`: how long connections are kept, and who else gets them.

use crate::cli::{SyncArgs, SyncStartArgs, SyncVerb, SyncWord, TimeoutsArgs};
use crate::ipvs;
use crate::model::{SettingStep, Step, SyncDaemon, SyncRole, Timeouts};
use crate::reconcile;
use crate::render;

use super::context::Context;
use super::{Error, Result, Status, words};

fn failed(doing: &str) -> impl Fn(ipvs::Error) -> Error {
    move |source| Error::Ipvs {
        doing: doing.to_owned(),
        source,
    }
}

/// `timeouts`.
pub(super) fn timeouts(context: &mut Context, args: &TimeoutsArgs) -> Result<Status> {
    const DOING: &str = "set the timeouts";
    let seconds = |what: &str, text: &Option<String>| -> Result<u32> {
        text.as_deref().map_or(Ok(0), |text| {
            words::number(&format!("{what} timeout"), text, 1, Timeouts::MAX)
        })
    };
    let wanted = Timeouts {
        tcp: seconds("tcp", &args.tcp)?,
        tcp_fin: seconds("tcpfin", &args.tcpfin)?,
        udp: seconds("udp", &args.udp)?,
    };
    if wanted == Timeouts::default() {
        return show_timeouts(context);
    }
    let before = context.ipvs(DOING)?.timeouts().map_err(failed(DOING))?;
    carry_out(context, reconcile::timeouts(before, wanted))
}

/// Shows the timeouts.
pub(super) fn show_timeouts(context: &mut Context) -> Result<Status> {
    const DOING: &str = "read the timeouts";
    let timeouts = context.ipvs(DOING)?.timeouts().map_err(failed(DOING))?;
    if context.json {
        let json = render::timeouts_json(&timeouts).map_err(super::json_error)?;
        context.output.line(&json)?;
    } else {
        render::timeouts(&timeouts, &mut context.output)?;
    }
    Ok(Status::Done)
}

/// `sync start|stop|show`.
pub(super) fn sync(context: &mut Context, args: &SyncArgs) -> Result<Status> {
    match &args.verb {
        SyncVerb::Start(args) => start(context, args),
        SyncVerb::Stop(args) => stop(context, role(args.role)),
        SyncVerb::Show => show_daemons(context),
    }
}

fn role(word: SyncWord) -> SyncRole {
    match word {
        SyncWord::Master => SyncRole::Master,
        SyncWord::Backup => SyncRole::Backup,
    }
}

fn start(context: &mut Context, args: &SyncStartArgs) -> Result<Status> {
    SyncDaemon::check_interface(&args.mcast_interface).map_err(Error::Usage)?;
    let group = match args.mcast_group.as_deref().map(words::literal_address) {
        Some(group) => Some(group?),
        None => None,
    };
    if let Some(group) = group {
        SyncDaemon::check_group(group).map_err(Error::Usage)?;
    }
    // 0 leaves it to the kernel.
    let daemon = SyncDaemon {
        role: role(args.role),
        interface: args.mcast_interface.clone(),
        id: words::number("syncid", &args.syncid, 0, 255)?,
        max_length: match &args.sync_maxlen {
            Some(text) => words::number("sync-maxlen", text, 1, SyncDaemon::MAX_LENGTH)?,
            None => 0,
        },
        group,
        port: match &args.mcast_port {
            Some(text) => words::number("mcast-port", text, 1, u16::MAX)?,
            None => 0,
        },
        ttl: match &args.mcast_ttl {
            Some(text) => words::number("mcast-ttl", text, 1, u8::MAX)?,
            None => 0,
        },
    };
    carry_out(context, Some(SettingStep::StartDaemon(daemon)))
}

fn stop(context: &mut Context, role: SyncRole) -> Result<Status> {
    let doing = format!("stop the {} daemon", role.as_str());
    let running = context.ipvs(&doing)?.daemons().map_err(failed(&doing))?;
    match running.into_iter().find(|daemon| daemon.role == role) {
        Some(daemon) => carry_out(context, Some(SettingStep::StopDaemon(daemon))),
        None => Err(Error::Machine(format!("cannot {doing}: it does not run"))),
    }
}

fn carry_out(context: &mut Context, step: Option<SettingStep>) -> Result<Status> {
    let plan: Vec<Step> = step.into_iter().map(Step::Setting).collect();
    context.carry_out(&plan)?;
    Ok(Status::Done)
}

/// Shows the daemons that run.
pub(super) fn show_daemons(context: &mut Context) -> Result<Status> {
    const DOING: &str = "read the sync daemons";
    let daemons = context.ipvs(DOING)?.daemons().map_err(failed(DOING))?;
    if context.json {
        let json = render::daemons_json(&daemons).map_err(super::json_error)?;
        context.output.line(&json)?;
    } else if daemons.is_empty() {
        context.notice("no sync daemon runs");
    } else {
        render::daemons(&daemons, &mut context.output)?;
    }
    Ok(Status::Done)
}
