//! The way back: a server's answer to the client.

use super::{Sign, Walk};
use crate::check::facts::target;
use crate::check::firewall::{Device, Fate, Hook, Packet, follow};
use crate::check::reach::Reach;
use crate::check::walls::{IPVS, reply};
use crate::check::ways::ALL_CHAINS;
use crate::model::{Family, Forward, Server, ServiceId};

impl Walk<'_> {
    pub(super) fn back(&mut self, id: &ServiceId, server: &Server, side: &Device) {
        let client = self.client;
        if server.forward != Forward::Nat {
            let text = format!(
                "{} answers {client} itself, as {}, past IPVS",
                server.address,
                id.address().map_or_else(String::new, |vip| vip.to_string())
            );
            self.hop("reply", Sign::Unclear, text);
            return;
        }
        if self.facts.forwarding.get(&Family::of(client)) == Some(&false) {
            let text = format!(
                "this machine does not forward: the answer of {} ends here",
                server.address
            );
            self.hop("reply", Sign::Ends, text);
            return;
        }
        let lost = self.facts.reach.iter().any(|((other, source), answer)| {
            *other == target(server) && source.is_some() && *answer == Reach::Silent
        });
        if lost {
            let text = format!(
                "the answer of {} does not come back through here",
                server.address
            );
            self.hop("reply", Sign::Ends, text);
            return;
        }
        if let Some(way) = self.facts.server_ways.get(&server.address) {
            let mut packet = reply(self.facts, id, server, (&way.device, side));
            packet.target = Some(client);
            let fate = self.forwarded(&packet);
            if !self.firewall("forward", &fate) {
                return;
            }
        }
        let vip = id.address().map_or_else(String::new, |vip| vip.to_string());
        let text = format!(
            "{} answers, IPVS makes it {vip} again, {} carries it to {client}",
            server.address, side.name
        );
        self.hop("reply", Sign::Passes, text);
    }

    fn forwarded(&self, packet: &Packet) -> Fate {
        let mut early = packet.clone();
        early.output = None;
        let early = follow(self.ruleset, &early, Hook::Prerouting, ALL_CHAINS);
        if early.certain().is_some() {
            return early;
        }
        follow(self.ruleset, packet, Hook::Forward, IPVS)
    }
}
