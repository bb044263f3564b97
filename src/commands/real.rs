//! `real`: this machine as a real server for direct routing or a tunnel.

use std::net::IpAddr;

use crate::cli::{
    OuterFamily, RealArgs, RealCheckArgs, RealMethod, RealOptions, RealSetupArgs, RealUndoArgs,
    RealVerb,
};
use crate::formats;
use crate::model::{Encapsulation, Family, HostStep, RealStep, RealVip, Step, TunnelKind};
use crate::plumbing::{Error as PlumbingError, RealWish, Reals, Reason};
use crate::render::{self, CheckLine, Style};

use super::context::Context;
use super::{Error, Result, Status, words};

/// `real setup|check|undo`.
pub(super) fn run(context: &mut Context, args: &RealArgs) -> Result<Status> {
    match &args.verb {
        RealVerb::Setup(args) => setup(context, args),
        RealVerb::Check(args) => check(context, args),
        RealVerb::Undo(args) => undo(context, args),
    }
}

fn setup(context: &mut Context, args: &RealSetupArgs) -> Result<Status> {
    let (addresses, wish) = (addresses(&args.vips)?, wish(&args.options)?);
    if args.script {
        let vips: Vec<RealVip> = addresses.iter().map(|vip| wish.of(*vip)).collect();
        let script = formats::real_script(&vips).map_err(|why| {
            Error::Usage(format!("cannot write a script for these addresses: {why}"))
        })?;
        for line in script.lines() {
            context.output.line(line)?;
        }
        return Ok(Status::Done);
    }
    let mut reals = context.reals()?;
    let mut plan = Vec::new();
    for vip in chosen(&reals, &addresses, wish)? {
        plan.extend(reals.plan_setup(&vip)?.into_iter().map(Step::from));
    }
    context.carry_out(&plan)?;
    Ok(Status::Done)
}

fn undo(context: &mut Context, args: &RealUndoArgs) -> Result<Status> {
    let mut addresses = addresses(&args.vips)?;
    let mut reals = context.reals()?;
    if args.all {
        addresses = reals.vips().iter().map(|vip| vip.address).collect();
    }
    let known = reals.vips();
    for address in &addresses {
        if !known.iter().any(|vip| vip.address == *address) {
            context.notice(&format!(
                "lbctl: this machine was made no real server of {address}"
            ));
        }
    }
    let steps = reals.plan_undo(&addresses);
    let plan: Vec<Step> = steps.into_iter().map(Step::from).collect();
    context.carry_out(&plan)?;
    Ok(Status::Done)
}

/// Those that were named, or all that were set up.
fn chosen(reals: &Reals, addresses: &[IpAddr], wish: RealWish) -> Result<Vec<RealVip>> {
    if !addresses.is_empty() {
        let vips = addresses.iter().map(|vip| Ok(reals.named(*vip, wish)?));
        return vips.collect();
    }
    let known = reals.vips();
    if known.is_empty() || wish != RealWish::default() {
        return Err(Error::Usage(
            "name the VIP that this machine shall serve, as in: lbctl real setup 192.0.2.10"
                .to_owned(),
        ));
    }
    Ok(known)
}

fn addresses(texts: &[String]) -> Result<Vec<IpAddr>> {
    texts
        .iter()
        .map(|text| words::literal_address(text))
        .collect()
}

/// What the options say, if it can be.
fn wish(options: &RealOptions) -> Result<RealWish> {
    let kind: Option<TunnelKind> = options
        .tun_type
        .as_deref()
        .map(|text| text.parse().map_err(Error::Usage))
        .transpose()?;
    let port: Option<u16> = options
        .tun_port
        .as_deref()
        .map(|text| words::number("tunnel port", text, 1, u16::MAX))
        .transpose()?;
    let mss: Option<u16> = options
        .mss
        .as_deref()
        .map(|text| words::number("segment size", text, 0, 65495))
        .transpose()?;
    let wrong = |text: &str| Err(Error::Usage(text.to_owned()));
    // Every host takes that much (RFC 9293, 3.7.1).
    if mss.is_some_and(|mss| (1..536).contains(&mss)) {
        return wrong("--mss is less than the 536 that every host takes; take more, or 0");
    }
    let tunnel_options = kind.is_some() || port.is_some() || options.outer.is_some();
    let encapsulation = match (options.method, kind, port) {
        (Some(RealMethod::Dr), ..) if tunnel_options => {
            return wrong(
                "--method dr has no tunnel; leave the tunnel options out, or use --method tun",
            );
        }
        (_, Some(TunnelKind::Gue), None) => {
            return wrong("a gue tunnel needs its UDP port, as the director has it (--tun-port)");
        }
        (_, Some(TunnelKind::Gue), Some(port)) => Some(Encapsulation::Gue(port)),
        (_, _, Some(_)) => return wrong("only a gue tunnel has a port; add --tun-type gue"),
        (_, Some(TunnelKind::Gre), None) => Some(Encapsulation::Gre),
        (_, Some(_), None) => Some(Encapsulation::Ipip),
        (None, None, None) if options.outer.is_some() => Some(Encapsulation::Ipip),
        (_, None, None) => None,
    };
    Ok(RealWish {
        tunnelled: options.method.map(|method| method == RealMethod::Tun),
        encapsulation,
        outer: options.outer.map(|family| match family {
            OuterFamily::Ipv4 => Family::Ipv4,
            OuterFamily::Ipv6 => Family::Ipv6,
        }),
        mss,
    })
}

fn check(context: &mut Context, args: &RealCheckArgs) -> Result<Status> {
    let (addresses, wish) = (addresses(&args.vips)?, wish(&args.options)?);
    let reals = context.look_at_reals()?;
    if addresses.is_empty() && reals.vips().is_empty() {
        context.notice("lbctl: this machine was made a real server of no VIP; name one to check");
        return Ok(Status::Unknown);
    }
    let mut lines = Vec::new();
    let vips = chosen(&reals, &addresses, wish)?;
    for vip in &vips {
        match reals.missing(vip) {
            Ok(steps) => lines.extend(steps.iter().map(|step| lack(vip, step))),
            Err(PlumbingError {
                reason: Reason::InTheWay(why),
                ..
            }) => lines.push(in_the_way(vip, why)),
            Err(error) => return Err(error.into()),
        }
    }
    let status = if lines.is_empty() {
        Status::Done
    } else if lines.iter().any(|line| line.severity == "critical") {
        Status::Critical
    } else {
        Status::Warning
    };
    if context.json {
        let json = render::check_json(&lines).map_err(super::json_error)?;
        context.output.line(&json)?;
    } else {
        show(context, &vips, &lines)?;
    }
    Ok(status)
}

fn show(context: &mut Context, vips: &[RealVip], lines: &[CheckLine]) -> Result<()> {
    if !lines.is_empty() {
        return Ok(render::check(lines, &mut context.output)?);
    }
    for vip in vips {
        let text = format!("all well: packets for {} are taken here", vip.address);
        context.output.styled(&text, Style::Good)?;
    }
    Ok(())
}

fn line(vip: &RealVip, id: &'static str, seen: String, means: String) -> CheckLine {
    let fix = format!("lbctl real setup {} {}", vip.address, vip.options());
    CheckLine {
        id,
        severity: "critical",
        subject: vip.address.to_string(),
        seen,
        means,
        commands: vec![fix.clone()],
        fix,
        safe: false,
    }
}

fn in_the_way(vip: &RealVip, why: String) -> CheckLine {
    let means = "this machine answers its neighbours for the VIP, and they pass the director by";
    let mut line = line(vip, "real-address-elsewhere", why, means.to_owned());
    line.fix = format!("take it off that interface, then: {}", line.fix);
    line
}

/// A missing step, as a person sees it.
fn lack(vip: &RealVip, step: &HostStep) -> CheckLine {
    let address = vip.address;
    match step {
        HostStep::SetSysctl {
            name,
            before,
            after,
        } => {
            let seen = format!("{name} is {before}, not {after}");
            if name.ends_with("arp_ignore") {
                let means = "neighbours that ask for the VIP hear from this machine, and pass the \
                             director by";
                line(vip, "real-arp-answers", seen, means.to_owned())
            } else if name.ends_with("arp_announce") {
                let means = "this machine asks for neighbours in the VIP's name, and they learn \
                             that it is here";
                line(vip, "real-arp-announces", seen, means.to_owned())
            } else {
                let means = "packets out of the tunnel are dropped: their source is not reached \
                             through it";
                line(vip, "real-rp-filter", seen, means.to_owned())
            }
        }
        HostStep::Real(RealStep::OpenPort { port, .. }) => line(
            vip,
            "real-port",
            format!("UDP port {} does not unwrap gue", port.port),
            "wrapped packets are refused; the director hears it, the client waits".to_owned(),
        ),
        HostStep::Real(RealStep::LinkUp { device, load }) => line(
            vip,
            "real-tunnel",
            if *load {
                format!("there is no {}", device.name())
            } else {
                format!("{} is down", device.name())
            },
            "wrapped packets are refused; the director hears it, the client waits".to_owned(),
        ),
        HostStep::Real(RealStep::SetSegments { .. }) => {
            let seen = "no rule lowers the greatest segment of handshakes".to_owned();
            let means = "full segments of clients do not fit when wrapped; where ICMP is lost, \
                         uploads hang";
            CheckLine {
                severity: "warning",
                ..line(vip, "real-mss", seen, means.to_owned())
            }
        }
        _ => line(
            vip,
            "real-address",
            format!("{address} is no address of this machine"),
            "packets for the VIP are not taken here, and the client waits".to_owned(),
        ),
    }
}
