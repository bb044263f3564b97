//! Whether this machine forwards packets. NAT needs it: the replies of the
//! real servers are forwarded, not delivered.
//!
//! One write changes many parameters (`inet_forward_change` in
//! net/ipv4/devinet.c, `addrconf_forward_change` in net/ipv6/addrconf.c): all
//! interfaces' `forwarding`, the default for new ones, and for IPv4 also
//! `conf/all/accept_redirects`. `swept_by` names them, so that they can be
//! remembered and put back.

use std::fs;

use super::{Error, Reason, Result, sysctl};
use crate::model::{Family, HostStep};

/// The switch of all interfaces.
#[must_use]
pub fn parameter(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "net.ipv4.ip_forward",
        Family::Ipv6 => "net.ipv6.conf.all.forwarding",
    }
}

/// Whether this family's packets are forwarded; `None` when the kernel has no
/// such family.
///
/// # Errors
/// The parameter cannot be read.
pub fn inspect(family: Family) -> Result<Option<bool>> {
    Ok(sysctl::read(parameter(family))?.map(|value| value != "0"))
}

/// What has to be done to switch forwarding on or off: nothing, when it is so.
///
/// # Errors
/// The parameter cannot be read, or the kernel has no such family.
pub fn plan(family: Family, on: bool) -> Result<Vec<HostStep>> {
    let name = parameter(family);
    let Some(before) = sysctl::read(name)? else {
        if !on {
            return Ok(Vec::new());
        }
        return Err(Error::new(
            format!("set the kernel parameter {name}"),
            Reason::NoIpv6,
        ));
    };
    if (before != "0") == on {
        return Ok(Vec::new());
    }
    Ok(vec![HostStep::SetSysctl {
        name: name.to_owned(),
        before,
        after: if on { "1" } else { "0" }.to_owned(),
    }])
}

/// The parameters that the kernel changes along with this one.
///
/// # Errors
/// The interfaces' parameters cannot be listed.
pub(super) fn swept_by(name: &str) -> Result<Vec<String>> {
    let dotted = name.replace('/', ".");
    let (parent, also) = match dotted.as_str() {
        "net.ipv4.ip_forward" | "net.ipv4.conf.all.forwarding" => (
            "net/ipv4/conf",
            Some("net/ipv4/conf/all/accept_redirects".to_owned()),
        ),
        "net.ipv6.conf.all.forwarding" => ("net/ipv6/conf", None),
        _ => return Ok(Vec::new()),
    };
    // conf/all/forwarding is the switch itself; writing it sweeps again.
    let all = format!("{parent}/all/forwarding");
    let mut names = sysctl::of_each(parent, "forwarding")?;
    names.retain(|name| *name != all);
    names.extend(also);
    Ok(names)
}

/// The interfaces whose IPv6 default route would be lost if forwarding were
/// switched on now: routers do not listen to router advertisements, and the
/// kernel drops what it learnt from them, unless the interface's `accept_ra`
/// is 2 (`rt6_purge_dflt_routers`, net/ipv6/route.c).
///
/// # Errors
/// The routes or an interface's parameter cannot be read.
pub fn advertised_defaults() -> Result<Vec<String>> {
    // Not /proc/net: that is the main thread's network namespace.
    let routes = match fs::read_to_string("/proc/thread-self/net/ipv6_route") {
        Ok(routes) => routes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::new("read the IPv6 routes", error)),
    };
    let mut lost = Vec::new();
    for interface in advertised(&routes) {
        let accept = sysctl::read(&format!("net/ipv6/conf/{interface}/accept_ra"))?;
        if accept.as_deref() != Some("2") && !lost.iter().any(|name| name == interface) {
            lost.push(interface.to_owned());
        }
    }
    Ok(lost)
}

/// The interfaces of the default routes that the kernel learnt by itself.
fn advertised(routes: &str) -> impl Iterator<Item = &str> {
    /// `RTF_DEFAULT | RTF_ADDRCONF` of linux/ipv6_route.h.
    const LEARNT: u32 = 0x0001_0000 | 0x0004_0000;
    routes.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        // destination, length, source, length, gateway, metric, references, use, flags, interface
        let [destination, "00", .., flags, interface] = fields.as_slice() else {
            return None;
        };
        let flags = u32::from_str_radix(flags, 16).ok()?;
        let default = destination.bytes().all(|digit| digit == b'0');
        (default && flags & LEARNT != 0).then_some(*interface)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ROUTES: &str = "\
fe800000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000002 00000000 00450003     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 20010db8000000000000000000000001 00000400 00000001 00000000 00000003     eth1
00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo
";

    #[test]
    fn only_routes_that_were_learnt_from_an_advertisement_are_lost() {
        assert_eq!(advertised(ROUTES).collect::<Vec<_>>(), ["eth0"]);
    }

    #[test]
    fn other_parameters_sweep_nothing() {
        assert!(swept_by("net.ipv4.vs.conntrack").unwrap().is_empty());
        let swept = swept_by("net.ipv4.ip_forward").unwrap();
        assert!(swept.contains(&"net/ipv4/conf/default/forwarding".to_owned()));
        assert!(swept.contains(&"net/ipv4/conf/all/accept_redirects".to_owned()));
        assert!(!swept.contains(&"net/ipv4/conf/all/forwarding".to_owned()));
    }

    proptest! {
        #[test]
        fn any_text_of_routes_is_answered(text in "[0-9a-f \n]{0,300}") {
            let _ = advertised(&text).count();
        }
    }
}
