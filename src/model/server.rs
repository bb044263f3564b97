//! Real servers: where packets go, and how they get there.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::bracketed;

/// The checksum of a tunnel's outer header (`IP_VS_TUNNEL_ENCAP_FLAG_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum TunnelChecksum {
    /// None.
    #[default]
    None,
    /// A full checksum.
    Full,
    /// Remote checksum offload; gue only.
    Remote,
}

impl TunnelChecksum {
    /// `none`, `full` or `remote`, as JSON has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Full => "full",
            Self::Remote => "remote",
        }
    }
}

/// The encapsulation of tunnelled packets (`IP_VS_CONN_F_TUNNEL_TYPE_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum TunnelKind {
    /// IP in IP.
    #[default]
    Ipip,
    /// Generic UDP encapsulation, Linux 5.2.
    Gue,
    /// GRE, Linux 5.3.
    Gre,
    /// A number that another program wrote; the kernel takes any.
    Unknown(u8),
}

impl TunnelKind {
    /// `ipip`, `gue`, `gre` or `unknown`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ipip => "ipip",
            Self::Gue => "gue",
            Self::Gre => "gre",
            Self::Unknown(_) => "unknown",
        }
    }
}

impl FromStr for TunnelKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "ipip" => Ok(Self::Ipip),
            "gue" => Ok(Self::Gue),
            "gre" => Ok(Self::Gre),
            _ => Err(format!(
                "unknown tunnel type '{}'; there are ipip, gue and gre",
                text.escape_default()
            )),
        }
    }
}

/// How packets are tunnelled to a real server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Tunnel {
    /// The encapsulation.
    pub kind: TunnelKind,
    /// The UDP port that the server listens on; gue only, 0 otherwise.
    pub port: u16,
    /// The outer checksum.
    pub checksum: TunnelChecksum,
}

/// How packets get from the director to a real server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Forward {
    /// Network address translation; replies pass the director.
    Nat,
    /// Direct routing: same link, VIP on the server's lo.
    Dr,
    /// Tunnelling to the server.
    Tun(Tunnel),
    /// The server is this machine; the kernel chooses this itself.
    Local,
    /// Cache bypass; the kernel chooses this itself.
    Bypass,
    /// A number that another program wrote; the kernel takes 5 to 7 too.
    Unknown(u8),
}

impl Forward {
    /// `nat`, `dr`, `tun`, `local`, `bypass` or `unknown`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nat => "nat",
            Self::Dr => "dr",
            Self::Tun(_) => "tun",
            Self::Local => "local",
            Self::Bypass => "bypass",
            Self::Unknown(_) => "unknown",
        }
    }

    /// Whether the server can have a port other than the service's.
    #[must_use]
    pub fn maps_ports(self) -> bool {
        !matches!(self, Self::Dr | Self::Tun(_))
    }
}

impl fmt::Display for Forward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A real server's settings. Address and port name it within its service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Server {
    /// Its address; another family than the service's only with tun.
    pub address: IpAddr,
    /// Its port; 0 keeps the client's (fwmark and port-0 services).
    pub port: u16,
    /// How packets get there.
    pub forward: Forward,
    /// Its share, 0 to 2147483647; 0 takes no new connections.
    pub weight: u32,
    /// From this many connections on it takes no new ones; 0: no limit.
    pub upper_threshold: u32,
    /// Below this many it takes new ones again; 0: three quarters of the upper.
    pub lower_threshold: u32,
}

impl Server {
    /// The greatest weight and threshold: the kernel reads them as `int`.
    pub const MAX_WEIGHT: u32 = 2_147_483_647;

    /// What names it: address and port.
    #[must_use]
    pub fn name(&self) -> (IpAddr, u16) {
        (self.address, self.port)
    }

    /// `192.0.2.1:80` or `[2001:db8::1]:80`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("{}:{}", bracketed(self.address), self.port)
    }
}
