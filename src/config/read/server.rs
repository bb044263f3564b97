//! Real servers and the sorry server.

use std::net::Ipv4Addr;

use rustc_hash::FxHashMap;

use super::check::CheckWord;
use super::virtual_server::Above;
use super::{Reader, advice, routable, settings};
use crate::config::document::{Item, Layers, Table};
use crate::config::report::Place;
use crate::config::{RealServer, SorryServer, keys, words};
use crate::health::ProbeError;
use crate::model::{Family, Forward, Impossible, Server, ServerChange, ServiceId, TunnelChange};

impl Reader<'_> {
    /// The servers of a virtual server, of which there has to be one.
    pub(super) fn real_servers(&mut self, table: &Table<'_>, above: &Above<'_>) -> Vec<RealServer> {
        let none = "a virtual server needs a server; add [[virtual_server.real_server]] and \
                    address = \"ADDRESS:PORT\" below it";
        let Some(item) = table.get("real_server") else {
            self.report.error(table.place, none);
            return Vec::new();
        };
        if item.elements().is_some_and(|mut all| all.next().is_none()) {
            self.report.error(item.place, none);
        }
        let mut places = FxHashMap::default();
        let mut servers = Vec::new();
        for table in self.tables(&item, "virtual_server.real_server") {
            table.report_unknown(&keys::REAL_SERVER, &mut self.report);
            let maintenance = self.get(&table, "maintenance", words::boolean);
            let Some((server, place)) = self.server(&table, above) else {
                // Its check may be wrong as well.
                let _ = self.server_check(&table, above, CheckWord::Inherit, None, table.place);
                continue;
            };
            if let Some(first) = places.insert(server.name(), place) {
                self.report.twice(
                    place,
                    format!("the server {} is there twice", server.endpoint()),
                    first,
                    "take one of the two out",
                );
            }
            let check = self.server_check(&table, above, CheckWord::Inherit, Some(&server), place);
            if let Ok(None) = check
                && above.check_required
            {
                self.report.error(
                    place,
                    format!(
                        "{} has no check, and check_required asks for one; add \
                         [virtual_server.check], or take check_required out",
                        server.endpoint()
                    ),
                );
            }
            servers.push(RealServer {
                server,
                maintenance: maintenance.unwrap_or_default(),
                check: check.unwrap_or_default(),
            });
        }
        servers
    }

    /// The sorry server: an address, a table, or `false` for none.
    pub(super) fn sorry_server(
        &mut self,
        layers: &Layers<'_>,
        above: &Above<'_>,
        servers: &[RealServer],
    ) -> Option<SorryServer> {
        let (_, item) = layers.find("sorry_server")?;
        if item.value.as_bool() == Some(false) {
            return None;
        }
        let (server, check, place) = if let Some(table) = item.table() {
            table.report_unknown(&keys::SORRY_SERVER, &mut self.report);
            let found = self.server(&table, above);
            let place = found.as_ref().map_or(table.place, |(_, place)| *place);
            let server = found.map(|(server, _)| server);
            let check = self.server_check(&table, above, CheckWord::Off, server.as_ref(), place);
            (server?, check.ok()?, place)
        } else {
            let (server, place) = self.named_server(&item, None, above)?;
            (server, None, place)
        };
        if servers
            .iter()
            .any(|other| other.server.name() == server.name())
        {
            self.report.error(
                place,
                format!(
                    "{}; take it out here or there",
                    ProbeError::SorryTwice(server.endpoint())
                ),
            );
        }
        Some(SorryServer { server, check })
    }

    /// What the kernel is told of a server, and where its address stands.
    fn server(&mut self, table: &Table<'_>, above: &Above<'_>) -> Option<(Server, Place)> {
        let Some(item) = table.get("address") else {
            self.report.error(
                table.place,
                "a server needs an address; write address = \"ADDRESS:PORT\"",
            );
            return None;
        };
        self.named_server(&item, Some(table), above)
    }

    fn named_server(
        &mut self,
        address: &Item<'_>,
        table: Option<&Table<'_>>,
        above: &Above<'_>,
    ) -> Option<(Server, Place)> {
        let layers = Layers(table.copied().into_iter().collect());
        let mut change = self.server_change(&layers);
        let surroundings = self.surroundings;
        let found = self.read(address, |item| {
            let text = words::text(item, "10.0.0.11:80")?;
            let (ip, port) = surroundings.socket(text, above.protocol)?;
            routable(ip, text)?;
            Ok((ip, port))
        });
        // A method that could not be read is not the virtual server's, nor is that.
        let unread = change.method.is_none() && layers.find("method").is_some();
        let forward = above.forward.filter(|_| !unread);
        let mut complete = found.is_some() && above.id.is_some() && forward.is_some();
        // What is left is read beside a service that everything goes with.
        let (ip, port) = found.unwrap_or((Ipv4Addr::LOCALHOST.into(), None));
        let id = above.id.filter(|_| complete).unwrap_or(ServiceId::Fwmark {
            mark: 1,
            family: Family::of(ip),
        });
        if forward.is_none() {
            change.tunnel = TunnelChange::default();
        }
        let server = Server {
            address: ip,
            port: port.or(id.port()).unwrap_or(0),
            forward: forward.unwrap_or(Forward::Nat),
            weight: 1,
            upper_threshold: 0,
            lower_threshold: 0,
        };
        let place_of = |key: &str| {
            layers
                .find(key)
                .map_or(address.place, |(_, item)| item.place)
        };
        loop {
            let why = match change.apply(&server, &id) {
                Ok(server) => return complete.then_some((server, address.place)),
                Err(why) => why,
            };
            let place = match why {
                Impossible::Thresholds { .. } => {
                    change.lower_threshold = None;
                    place_of("lower_threshold")
                }
                Impossible::TunnelOptions(_)
                | Impossible::IpipOptions
                | Impossible::GuePort
                | Impossible::GrePort
                | Impossible::GreRemote
                    if change.tunnel != TunnelChange::default() =>
                {
                    change.tunnel = TunnelChange::default();
                    place_of("tunnel")
                }
                _ => {
                    self.report.error(address.place, advice::advice(&why));
                    return None;
                }
            };
            self.report.error(place, advice::advice(&why));
            // Without what is wrong now, the next thing wrong is found.
            complete = false;
        }
    }

    fn server_change(&mut self, layers: &Layers<'_>) -> ServerChange {
        let mut number = |key: &str| {
            self.find(layers, key, |item| {
                words::number(item, 0, Server::MAX_WEIGHT)
            })
            .map(|found| found.value)
        };
        let weight = number("weight");
        let upper_threshold = number("upper_threshold");
        let lower_threshold = number("lower_threshold");
        // Against a limit that could not be read nothing is too high.
        let limit_unread = upper_threshold.is_none() && layers.find("upper_threshold").is_some();
        ServerChange {
            method: self
                .find(layers, "method", settings::method)
                .map(|found| found.value),
            tunnel: self
                .tunnel(layers)
                .map(|found| found.value)
                .unwrap_or_default(),
            weight,
            upper_threshold,
            lower_threshold: lower_threshold.filter(|_| !limit_unread),
        }
    }
}
