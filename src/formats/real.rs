//! The steps of a real server in the words of ip, modprobe and nft.

use std::net::IpAddr;

use crate::model::{Family, GuePort, RealStep, Segments};

/// The commands for a step; none for what only lbctl remembers.
pub(super) fn commands(step: &RealStep) -> Vec<String> {
    match step {
        RealStep::Enlist(_) | RealStep::Dismiss(_) => Vec::new(),
        RealStep::AddAddress(address) => vec![address_command("add", *address)],
        RealStep::RemoveAddress(address) => vec![address_command("del", *address)],
        RealStep::LinkUp { device, load } => {
            let load = load.then(|| format!("modprobe {}", device.module()));
            let up = format!("ip link set {} up", device.name());
            load.into_iter().chain([up]).collect()
        }
        RealStep::LinkDown { device } => vec![format!("ip link set {} down", device.name())],
        RealStep::OpenPort { port, load } => {
            let load = load.then(|| "modprobe fou".to_owned());
            let open = format!("{} gue", port_command("add", *port));
            load.into_iter().chain([open]).collect()
        }
        RealStep::ClosePort { port } => vec![port_command("del", *port)],
        RealStep::SetSegments { before, after } => segments(before, after),
    }
}

fn address_command(verb: &str, address: IpAddr) -> String {
    match Family::of(address) {
        Family::Ipv4 => format!("ip address {verb} {address}/32 dev lo"),
        Family::Ipv6 if verb == "add" => format!("ip -6 address add {address}/128 dev lo nodad"),
        Family::Ipv6 => format!("ip -6 address {verb} {address}/128 dev lo"),
    }
}

fn port_command(verb: &str, port: GuePort) -> String {
    let ip = match port.family {
        Family::Ipv4 => "ip",
        Family::Ipv6 => "ip -6",
    };
    format!("{ip} fou {verb} port {}", port.port)
}

fn segments(before: &Segments, after: &Segments) -> Vec<String> {
    if after.is_empty() {
        return vec!["nft delete table inet lbctl_real".to_owned()];
    }
    let mut lines = if before.is_empty() {
        vec![
            "nft add table inet lbctl_real".to_owned(),
            "nft add chain inet lbctl_real output \
             '{ type filter hook output priority mangle; }'"
                .to_owned(),
        ]
    } else {
        vec!["nft flush chain inet lbctl_real output".to_owned()]
    };
    lines.extend(after.iter().map(|(address, mss)| {
        format!(
            "nft add rule inet lbctl_real output {}",
            segment_rule(*address, *mss)
        )
    }));
    lines
}

/// The rule of one VIP.
pub(super) fn segment_rule(address: IpAddr, mss: u16) -> String {
    let family = match Family::of(address) {
        Family::Ipv4 => "ip",
        Family::Ipv6 => "ip6",
    };
    format!(
        "{family} saddr {address} tcp flags '&' syn != 0 tcp option maxseg size set {mss} \
         comment '\"{address} {mss}\"'"
    )
}
