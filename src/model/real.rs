//! This machine as a real server for direct routing or a tunnel: what it must
//! have to take packets for a VIP.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::str::FromStr;

use super::Family;

/// What the packets from the director come wrapped in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encapsulation {
    /// IP in IP.
    Ipip,
    /// Generic UDP encapsulation, to this port.
    Gue(u16),
    /// GRE, without key and checksum.
    Gre,
}

impl Encapsulation {
    /// `ipip`, `gue` or `gre`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ipip => "ipip",
            Self::Gue(_) => "gue",
            Self::Gre => "gre",
        }
    }
}

/// The tunnel that ends here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TunnelEnd {
    /// The wrapping.
    pub encapsulation: Encapsulation,
    /// The family of the outer addresses: the one that the director names this
    /// server by.
    pub outer: Family,
}

/// An interface that takes packets out of their wrapping: the one that its module
/// makes in every network namespace, for whatever no other tunnel claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TunnelDevice {
    /// IPv4 in IPv4.
    Tunl0,
    /// IPv6 in IPv6.
    Ip6tnl0,
    /// IPv6 in IPv4.
    Sit0,
    /// GRE over IPv4.
    Gre0,
    /// GRE over IPv6.
    Ip6gre0,
}

impl TunnelDevice {
    /// All there are.
    pub const ALL: [Self; 5] = [
        Self::Tunl0,
        Self::Ip6tnl0,
        Self::Sit0,
        Self::Gre0,
        Self::Ip6gre0,
    ];

    /// The interface's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tunl0 => "tunl0",
            Self::Ip6tnl0 => "ip6tnl0",
            Self::Sit0 => "sit0",
            Self::Gre0 => "gre0",
            Self::Ip6gre0 => "ip6gre0",
        }
    }

    /// The kernel module that makes it.
    #[must_use]
    pub fn module(self) -> &'static str {
        match self {
            Self::Tunl0 => "ipip",
            Self::Ip6tnl0 => "ip6_tunnel",
            Self::Sit0 => "sit",
            Self::Gre0 => "ip_gre",
            Self::Ip6gre0 => "ip6_gre",
        }
    }
}

impl FromStr for TunnelDevice {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut all = Self::ALL.into_iter();
        all.find(|device| device.name() == text).ok_or(())
    }
}

/// A UDP port whose packets are unwrapped (`ip fou add port N gue`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GuePort {
    /// The family of the outer addresses.
    pub family: Family,
    /// The port, from 1.
    pub port: u16,
}

/// A VIP that this machine is a real server of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RealVip {
    /// The VIP.
    pub address: IpAddr,
    /// The tunnel; none with direct routing.
    pub tunnel: Option<TunnelEnd>,
    /// The greatest TCP segment that clients are asked to send; what fits the
    /// interface when none.
    pub mss: Option<u16>,
}

impl RealVip {
    /// The VIP's family.
    #[must_use]
    pub fn family(&self) -> Family {
        Family::of(self.address)
    }

    /// The interface that its tunnel needs. ip6tnl0 unwraps IPv6 only
    /// (`ip6_tnl_init_net` in net/ipv6/ip6_tunnel.c: `IPPROTO_IPV6`), so there is
    /// none for IPv4 in IPv6 but with GRE.
    ///
    /// # Errors
    /// The sentence that says so.
    pub fn device(&self) -> Result<Option<TunnelDevice>, String> {
        let Some(tunnel) = self.tunnel else {
            return Ok(None);
        };
        let device = match (tunnel.encapsulation, self.family(), tunnel.outer) {
            (Encapsulation::Gre, _, Family::Ipv4) => TunnelDevice::Gre0,
            (Encapsulation::Gre, _, Family::Ipv6) => TunnelDevice::Ip6gre0,
            (_, Family::Ipv4, Family::Ipv4) => TunnelDevice::Tunl0,
            (_, Family::Ipv6, Family::Ipv6) => TunnelDevice::Ip6tnl0,
            (_, Family::Ipv6, Family::Ipv4) => TunnelDevice::Sit0,
            (other, Family::Ipv4, Family::Ipv6) => {
                return Err(format!(
                    "the kernel's ip6tnl0 takes only IPv6 out of an {} tunnel over IPv6, and {} is \
                     IPv4; use --tun-type gre, or name the server by an IPv4 address on the \
                     director and leave --outer out",
                    other.as_str(),
                    self.address
                ));
            }
        };
        Ok(Some(device))
    }

    /// The port that its tunnel needs.
    #[must_use]
    pub fn port(&self) -> Option<GuePort> {
        let tunnel = self.tunnel?;
        match tunnel.encapsulation {
            Encapsulation::Gue(port) => Some(GuePort {
                family: tunnel.outer,
                port,
            }),
            Encapsulation::Ipip | Encapsulation::Gre => None,
        }
    }

    /// The greatest segment that still fits an Ethernet frame when it is wrapped; none
    /// with direct routing. The director says that a packet is too big in the VIP's
    /// name, which it cannot do for a VIP that is on no interface: nobody hears it.
    #[must_use]
    pub fn usual_mss(&self) -> Option<u16> {
        const FRAME: u16 = 1500;
        let header = |family| match family {
            Family::Ipv4 => 20,
            Family::Ipv6 => 40,
        };
        let tunnel = self.tunnel?;
        // As much as there can be, with checksums (ip_vs_xmit.c).
        let wrapping = match tunnel.encapsulation {
            Encapsulation::Ipip => 0,
            Encapsulation::Gre => 8,
            Encapsulation::Gue(_) => 20,
        };
        Some(FRAME - header(tunnel.outer) - wrapping - header(self.family()) - 20)
    }

    /// `--method tun --tun-type gue --tun-port 6080`: the options that ask for it.
    #[must_use]
    pub fn options(&self) -> String {
        let mut words = vec!["--method dr".to_owned()];
        if let Some(tunnel) = self.tunnel {
            let kind = tunnel.encapsulation.as_str();
            words = vec![format!("--method tun --tun-type {kind}")];
            if let Encapsulation::Gue(port) = tunnel.encapsulation {
                words.push(format!("--tun-port {port}"));
            }
            if tunnel.outer != self.family() {
                words.push(format!("--outer {}", tunnel.outer.as_str()));
            }
        }
        if self.mss != self.usual_mss() {
            words.push(format!("--mss {}", self.mss.unwrap_or(0)));
        }
        words.join(" ")
    }
}

/// The greatest segments by VIP, as a table of rules has them.
pub type Segments = BTreeMap<IpAddr, u16>;

#[cfg(test)]
mod tests {
    use super::*;

    fn vip(address: &str, encapsulation: Encapsulation, outer: Family) -> RealVip {
        RealVip {
            address: address.parse().unwrap(),
            tunnel: Some(TunnelEnd {
                encapsulation,
                outer,
            }),
            mss: None,
        }
    }

    #[test]
    fn a_tunnel_has_the_interface_that_the_kernel_ends_it_at() {
        let of = |address, encapsulation, outer| {
            let device = vip(address, encapsulation, outer).device();
            device.map(|device| device.unwrap().name())
        };
        let (four, six) = ("192.0.2.1", "2001:db8::1");
        for kind in [Encapsulation::Ipip, Encapsulation::Gue(6080)] {
            assert_eq!(of(four, kind, Family::Ipv4), Ok("tunl0"));
            assert_eq!(of(six, kind, Family::Ipv6), Ok("ip6tnl0"));
            assert_eq!(of(six, kind, Family::Ipv4), Ok("sit0"));
            let refused = of(four, kind, Family::Ipv6).unwrap_err();
            assert!(refused.contains("--tun-type gre"), "{refused}");
        }
        assert_eq!(of(four, Encapsulation::Gre, Family::Ipv4), Ok("gre0"));
        assert_eq!(of(four, Encapsulation::Gre, Family::Ipv6), Ok("ip6gre0"));
    }

    #[test]
    fn options_say_only_what_is_not_so_anyway() {
        let usual = |mut vip: RealVip| {
            vip.mss = vip.usual_mss();
            vip
        };
        let mut gue = usual(vip("192.0.2.1", Encapsulation::Gue(6080), Family::Ipv4));
        assert_eq!(gue.mss, Some(1420));
        assert_eq!(gue.options(), "--method tun --tun-type gue --tun-port 6080");
        gue.mss = None;
        assert!(gue.options().ends_with("--tun-port 6080 --mss 0"));
        gue.mss = Some(1400);
        gue.tunnel = None;
        assert_eq!(gue.options(), "--method dr --mss 1400");
        let sit = usual(vip("2001:db8::1", Encapsulation::Ipip, Family::Ipv4));
        assert!(sit.options().ends_with("--tun-type ipip --outer ipv4"));
    }
}
