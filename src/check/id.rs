//! The names of all findings. They never change: scripts rely on them, and the
//! README's table has each.

macro_rules! ids {
    ($($(#[doc = $about:literal])* $variant:ident = $name:literal;)*) => {
        /// Names a finding.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Id {
            $($(#[doc = $about])* $variant,)*
        }

        impl Id {
            /// All of them, as a packet meets them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name to scripts.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

ids! {
    /// The kernel has no IPVS.
    NoModule = "no-module";
    /// `CAP_NET_ADMIN` is missing.
    NoPrivilege = "no-privilege";
    /// The table is empty.
    NoService = "no-service";
    /// The file names a scheduler that the kernel has no module for.
    SchedulerMissing = "scheduler-missing";
    /// Another program writes the table, too.
    OtherManager = "other-manager";
    /// The file and the machine differ.
    FileDiffers = "file-differs";
    /// Nothing brings the table back after a reboot.
    NotAtBoot = "not-at-boot";
    /// `local 0/0` for marked packets.
    LocalDefault = "local-default";
    /// Packets for a service are not delivered locally.
    VipNotLocal = "vip-not-local";
    /// A rule before ours takes the packets elsewhere.
    RuleInTheWay = "rule-in-the-way";
    /// Packets get a mark with other bits than the service's.
    MarkBits = "mark-bits";
    /// Nothing sets the mark of a service.
    ServiceWithoutMark = "service-without-mark";
    /// A VIP's packets are marked, but no service takes them.
    MarkWithoutService = "mark-without-service";
    /// The firewall stops clients' packets.
    FirewallInput = "firewall-input";
    /// The firewall has rules that are not understood.
    FirewallUnclear = "firewall-unclear";
    /// The firewall stops what servers answer to this machine itself.
    FirewallChecks = "firewall-checks";
    /// A service has no servers.
    NoServer = "no-server";
    /// All servers of a service have weight 0.
    NoUsableServer = "no-usable-server";
    /// All servers of a service are at their upper threshold.
    ServersFull = "servers-full";
    /// A server does not answer at all.
    ServerUnreachable = "server-unreachable";
    /// A server refuses connections to its port.
    PortClosed = "port-closed";
    /// Servers that there was no time to ask.
    NotAsked = "not-asked";
    /// The firewall stops packets from here to a server.
    FirewallOutput = "firewall-output";
    /// A server's answers do not come back this way.
    NoWayBack = "no-way-back";
    /// Connections to a server never come to be.
    NeverEstablished = "never-established";
    /// A server answers ARP requests for the VIP.
    ServerAnswersArp = "server-answers-arp";
    /// Tunnelled packets do not fit the link to a server.
    TunnelMtu = "tunnel-mtu";
    /// Forwarding is off, and servers' replies pass here.
    IpForwardOff = "ip-forward-off";
    /// The firewall stops servers' replies.
    FirewallForward = "firewall-forward";
    /// The reverse path filter drops servers' replies.
    RpFilter = "rp-filter";
    /// Redirects teach servers to answer past this machine.
    SendRedirects = "send-redirects";
    /// Clients that are remembered go on to servers that are out.
    PersistencePins = "persistence-pins";
    /// Connections of removed servers stall.
    RemovedStalls = "removed-stalls";
    /// Flows of UDP stick to servers that are out.
    UdpSticks = "udp-sticks";
    /// The table of the scheduler mh is too small.
    MhTable = "mh-table";
    /// Rates are not computed.
    EstimatorOff = "estimator-off";
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_told_apart() {
        let names: BTreeSet<&str> = Id::ALL.iter().map(|id| id.as_str()).collect();
        assert_eq!(names.len(), Id::ALL.len());
    }

    #[test]
    fn the_readme_explains_every_finding() {
        let readme = include_str!("../../README.md");
        let (_, section) = readme
            .split_once("## Why does it not work")
            .expect("the section");
        for id in Id::ALL {
            assert!(section.contains(&format!("| `{id}` |")), "{id}");
        }
    }
}
