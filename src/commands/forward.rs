//! `forward`: whether this machine passes packets on, which nat needs for the
//! way back.

use crate::cli::{FamilyArgs, ForwardArgs, ForwardVerb};
use crate::model::{Family, Step};
use crate::plumbing::forwarding;
use crate::render;

use super::context::Context;
use super::{Error, Result, Status};

const BOTH: [Family; 2] = [Family::Ipv4, Family::Ipv6];

/// `forward on|off|status`.
pub(super) fn run(context: &mut Context, args: &ForwardArgs) -> Result<Status> {
    match args.verb {
        ForwardVerb::On(which) => switch(context, which, true),
        ForwardVerb::Off(which) => switch(context, which, false),
        ForwardVerb::Status => status(context),
    }
}

fn families(which: FamilyArgs) -> Vec<Family> {
    match which {
        FamilyArgs { ipv4: true, .. } => vec![Family::Ipv4],
        FamilyArgs { ipv6: true, .. } => vec![Family::Ipv6],
        FamilyArgs { .. } => BOTH.to_vec(),
    }
}

fn switch(context: &mut Context, which: FamilyArgs, on: bool) -> Result<Status> {
    let mut plan = Vec::new();
    for family in families(which) {
        // A family that the kernel does not have needs no switching, unless it
        // was asked for by name.
        if !which.ipv4 && !which.ipv6 && forwarding::inspect(family)?.is_none() {
            continue;
        }
        let steps = forwarding::plan(family, on)?;
        if family == Family::Ipv6
            && on
            && !steps.is_empty()
            && !keeps_default_route(context, which)?
        {
            continue;
        }
        plan.extend(steps.into_iter().map(Step::from));
    }
    context.carry_out(&plan)?;
    Ok(Status::Done)
}

/// Whether IPv6 forwarding can be switched on without losing the way out. If it
/// was asked for by name this is an error, otherwise a notice.
fn keeps_default_route(context: &Context, which: FamilyArgs) -> Result<bool> {
    let lost = forwarding::advertised_defaults()?;
    let Some(interface) = lost.first() else {
        return Ok(true);
    };
    let text = format!(
        "IPv6 forwarding would drop the default route that {interface} learnt from router \
         advertisements; keep it with: sysctl -w net.ipv6.conf.{interface}.accept_ra=2, then run \
         this again"
    );
    if which.ipv6 {
        return Err(Error::Machine(text));
    }
    context.notice(&format!("lbctl: left IPv6 forwarding off: {text}"));
    Ok(false)
}

fn status(context: &mut Context) -> Result<Status> {
    let mut states = Vec::new();
    for family in BOTH {
        states.push((family, forwarding::inspect(family)?));
    }
    if context.json {
        let json = render::forwarding_json(&states).map_err(super::json_error)?;
        context.output.line(&json)?;
        return Ok(Status::Done);
    }
    for (family, state) in states {
        let word = match state {
            Some(true) => "on",
            Some(false) => "off",
            None => "not in this kernel",
        };
        context
            .output
            .line(&format!("{}  {word}", family.as_str()))?;
    }
    Ok(Status::Done)
}
