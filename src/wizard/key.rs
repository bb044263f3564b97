//! The questions by name: as flags, as keys of an answers file, as prompts.

/// What can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// What becomes of a file that is there.
    Existing,
    /// Which of its services.
    Service,
    /// Address, port and protocol.
    Vip,
    /// The real servers.
    Servers,
    /// How packets get to them.
    Method,
    /// How they are checked.
    Health,
    /// The host that a page is asked for.
    Virtualhost,
    /// Who answers when none is left.
    Sorry,
    /// How a server is picked.
    Scheduler,
    /// How long a client stays with its server.
    Persistence,
    /// How packets reach IPVS.
    Way,
    /// Whether all of it comes back after a reboot.
    Boot,
}

impl Key {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Existing,
        Self::Service,
        Self::Vip,
        Self::Servers,
        Self::Method,
        Self::Health,
        Self::Virtualhost,
        Self::Sorry,
        Self::Scheduler,
        Self::Persistence,
        Self::Way,
        Self::Boot,
    ];

    /// Those that describe a service, in their order.
    pub(super) const ASKED: [Self; 9] = [
        Self::Vip,
        Self::Servers,
        Self::Method,
        Self::Health,
        Self::Virtualhost,
        Self::Sorry,
        Self::Scheduler,
        Self::Persistence,
        Self::Way,
    ];

    /// Those that nobody can guess.
    pub(super) const REQUIRED: [Self; 2] = [Self::Vip, Self::Servers];

    /// The key in an answers file; `--` before it makes the flag.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Existing => "existing",
            Self::Service => "service",
            Self::Vip => "vip",
            Self::Servers => "servers",
            Self::Method => "method",
            Self::Health => "health",
            Self::Virtualhost => "virtualhost",
            Self::Sorry => "sorry",
            Self::Scheduler => "scheduler",
            Self::Persistence => "persistence",
            Self::Way => "way",
            Self::Boot => "boot",
        }
    }

    /// The flag.
    #[must_use]
    pub fn flag(self) -> String {
        format!("--{}", self.as_str())
    }

    /// What is asked.
    #[must_use]
    pub fn prompt(self) -> &'static str {
        match self {
            Self::Existing => "Change, add, over or quit",
            Self::Service => "Which service",
            Self::Vip => "Virtual IP address and port",
            Self::Servers => "Real servers",
            Self::Method => "Method",
            Self::Health => "Health check",
            Self::Virtualhost => "Host name to ask for",
            Self::Sorry => "Sorry server",
            Self::Scheduler => "Scheduler",
            Self::Persistence => "Persistence",
            Self::Way => "Way in",
            Self::Boot => "Start it at boot",
        }
    }

    /// The choices, a line each.
    #[must_use]
    pub fn help(self) -> &'static str {
        match self {
            Self::Existing => {
                "change  a service of the file, with today's answers as defaults\n\
                 add     a service to the file\n\
                 over    start over: a new file; the old one is kept beside it\n\
                 quit    change nothing"
            }
            Self::Service => "Its name, or its address and port.",
            Self::Vip => {
                "Clients connect to this address, as in 192.0.2.10:80; UDP is\n\
                 192.0.2.10:53/udp. It need not be on any interface."
            }
            Self::Servers => {
                "They do the work: addresses, separated by commas; with :PORT where it is\n\
                 not the service's."
            }
            Self::Method => {
                "nat  servers need nothing but this machine as their default gateway\n\
                 dr   servers are on this machine's own net and answer clients directly\n\
                 tun  servers are anywhere and answer clients directly, through a tunnel"
            }
            Self::Health => {
                "/PATH        well if this page answers 200\n\
                 https /PATH  the same under TLS; behind it, for an authority of your own,\n\
                 \x20            ca FILE; for certificates that nobody vouches for, unverified\n\
                 tcp          well if it takes connections; also: dns, ping\n\
                 none         always counts as well"
            }
            Self::Virtualhost => {
                "Web servers with several sites, and TLS, need it, as in www.example.com;\n\
                 none: the server's address."
            }
            Self::Sorry => {
                "It answers when no real server is left, as in 10.0.0.9:80;\n\
                 none: clients are refused then."
            }
            Self::Scheduler => {
                "rr   in turn                  wrr  in turn, by weight\n\
                 wlc  fewest connections       sh   same client, same server"
            }
            Self::Persistence => {
                "How long a client comes back to the same server, as in 5m;\n\
                 none: each connection for itself."
            }
            Self::Way => {
                "fwmark   packets for it are delivered here by a mark; it stays on no interface\n\
                 address  this machine gets the address and answers for it on its net\n\
                 none     it is here already, or somebody else sees to it"
            }
            Self::Boot => "After a reboot all of it is there again, and servers are checked.",
        }
    }
}
