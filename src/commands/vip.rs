//! `vip`: how packets for a virtual IP address get into IPVS.

use crate::cli::{VipAddArgs, VipArgs, VipDelArgs, VipModeWord, VipVerb};
use crate::model::{HostStep, Step};
use crate::plumbing::{Reason, VipState, Wanted, WantedMode};
use crate::render::{self, VipLine};

use super::context::Context;
use super::{Error, Result, Status, words};

/// `vip add|del|list`.
pub(super) fn run(context: &mut Context, args: &VipArgs) -> Result<Status> {
    match &args.verb {
        VipVerb::Add(args) => add(context, args),
        VipVerb::Del(args) => delete(context, args),
        VipVerb::List => list(context),
    }
}

fn add(context: &mut Context, args: &VipAddArgs) -> Result<Status> {
    let address = words::literal_address(&args.address)?;
    let any = |what: &str, text: &Option<String>| -> Result<Option<u32>> {
        text.as_deref()
            .map(|text| words::number(what, text, 1, u32::MAX))
            .transpose()
    };
    let wanted = Wanted {
        mark: any("mark", &args.mark)?,
        table: any("table", &args.table)?,
        priority: any("priority", &args.priority)?,
        mode: mode(args)?,
        ping: args.ping.then_some(true),
        snat: args.snat.then_some(true),
    };
    if args.snat {
        // The parameter that it needs comes with IPVS's module.
        context
            .ipvs("masquerade clients")?
            .timeouts()
            .map_err(|source| Error::Ipvs {
                doing: "masquerade clients".to_owned(),
                source,
            })?;
    }
    let planned = context.vips()?.plan_add(address, wanted)?;
    for note in &planned.notes {
        context.notice(&format!("lbctl: {note}"));
    }
    carry_out(context, planned.steps)
}

fn mode(args: &VipAddArgs) -> Result<Option<WantedMode>> {
    let interface = args.interface.as_deref().map(str::parse).transpose();
    let interface =
        interface.map_err(|error: String| Error::Usage(format!("--interface: {error}")))?;
    Ok(match (args.mode, interface) {
        (Some(VipModeWord::Fwmark), Some(_)) => {
            return Err(Error::Usage(
                "in mode fwmark the address is on no interface; leave --interface out, or take \
                 --mode address"
                    .to_owned(),
            ));
        }
        (Some(VipModeWord::Fwmark), None) => Some(WantedMode::Fwmark),
        (None, None) => None,
        (_, interface) => Some(WantedMode::Address(interface)),
    })
}

fn delete(context: &mut Context, args: &VipDelArgs) -> Result<Status> {
    let address = words::literal_address(&args.address)?;
    match context.vips()?.plan_remove(address) {
        Ok(steps) => carry_out(context, steps),
        Err(error) if args.if_exists && matches!(error.reason, Reason::UnknownVip { .. }) => {
            Ok(Status::Done)
        }
        Err(error) => Err(error.into()),
    }
}

fn carry_out(context: &mut Context, steps: Vec<HostStep>) -> Result<Status> {
    let plan: Vec<Step> = steps.into_iter().map(Step::Host).collect();
    context.carry_out(&plan)?;
    Ok(Status::Done)
}

fn list(context: &mut Context) -> Result<Status> {
    let lines: Vec<VipLine> = context.look()?.list().iter().map(line).collect();
    if context.json {
        let json = render::vips_json(&lines).map_err(super::json_error)?;
        context.output.line(&json)?;
    } else if lines.is_empty() {
        context.notice("no virtual IP address; add one with: lbctl vip add ADDR");
    } else {
        render::vips(&lines, &mut context.output)?;
    }
    Ok(Status::Done)
}

fn line(state: &VipState) -> VipLine {
    VipLine {
        vip: state.vip,
        missing: state.missing(),
    }
}
