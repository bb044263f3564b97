//! `vip`: how packets for a virtual IP address get into IPVS.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::cli::{VipAddArgs, VipArgs, VipDelArgs, VipModeWord, VipVerb};
use crate::model::Gather as _;
use crate::model::{HostStep, Step};
use crate::plumbing::{self, Reason, VipState, Vips, Wanted, WantedMode};
use crate::render::{self, VipByHand, VipLine};

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
        adopt: args.adopt,
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
    let mut vips = context.vips()?;
    vips.by_hand = plumbing::look_by_hand()?;
    let planned = vips.plan_add(address, wanted)?;
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
    let plan: Vec<Step> = steps.into_iter().map(Step::from).collect();
    context.carry_out(&plan)?;
    Ok(Status::Done)
}

fn list(context: &mut Context) -> Result<Status> {
    let vips = context.look()?;
    let lines: Vec<VipLine> = vips.list().iter().map(line).collect();
    let by_hand = by_hand(&vips)?;
    if context.json {
        let json = render::vips_json(&lines, &by_hand).map_err(super::json_error)?;
        context.output.line(&json)?;
    } else if lines.is_empty() && by_hand.is_empty() {
        context.notice("no virtual IP address; add one with: lbctl vip add ADDR");
    } else {
        render::vips(&lines, &by_hand, &mut context.output)?;
    }
    Ok(Status::Done)
}

/// VIPs whose packets somebody else leads to IPVS.
fn by_hand(vips: &Vips) -> Result<Vec<VipByHand>> {
    let theirs = plumbing::look_by_hand()?;
    let all: BTreeSet<IpAddr> = theirs.markings.iter().filter_map(|it| it.address).gather();
    let ours: BTreeSet<IpAddr> = vips.list().iter().map(|it| it.vip.address).gather();
    let lines = all.difference(&ours).filter_map(|address| {
        let way = theirs.way_of(*address)?;
        Some(VipByHand {
            address: *address,
            mark: way.mark,
            rules: way.markings.iter().map(|it| it.rule.text.clone()).collect(),
        })
    });
    Ok(lines.collect())
}

fn line(state: &VipState) -> VipLine {
    VipLine {
        vip: state.vip,
        missing: state.missing(),
    }
}
