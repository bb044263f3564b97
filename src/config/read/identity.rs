//! What names a virtual server to the kernel: an address, or a mark.

use super::settings::Settings;
use super::{Reader, routable};
use crate::config::document::{Layers, Table};
use crate::config::words;
use crate::model::{Family, ServiceId};

impl Reader<'_> {
    /// What names the service to the kernel; the file says it once.
    pub(super) fn id(&mut self, table: &Table<'_>, settings: &Settings) -> Option<ServiceId> {
        let listen = table.get("listen");
        let fwmark = table.get("fwmark");
        let (id, place) = match (listen, fwmark) {
            (Some(listen), None) => (self.listen(table, settings), listen.place),
            (None, Some(fwmark)) => (self.mark(table), fwmark.place),
            (Some(_), Some(fwmark)) => {
                self.report.error(
                    fwmark.place,
                    "a virtual server has either listen or fwmark; take one of the two out",
                );
                return None;
            }
            (None, None) => {
                self.report.error(
                    table.place,
                    "a virtual server needs listen = \"ADDRESS:PORT\" (or fwmark = NUMBER)",
                );
                return None;
            }
        };
        let id = id?;
        if let Some(first) = self.services.get(&id) {
            self.report.twice(
                place,
                format!("the service {id} is there twice"),
                *first,
                "put all its servers into one [[virtual_server]]",
            );
        } else {
            self.services.insert(id, place);
        }
        Some(id)
    }

    fn listen(&mut self, table: &Table<'_>, settings: &Settings) -> Option<ServiceId> {
        if let Some(family) = table.get("family") {
            self.report.error(
                family.place,
                "family belongs to fwmark; an address tells its family by itself: take it out",
            );
        }
        if settings.protocol.is_none() && Layers(vec![*table]).find("protocol").is_none() {
            // One in the defaults that cannot be read has been told.
            self.report.error(
                table.place,
                "a virtual server with listen needs a protocol; write protocol = \"tcp\" (or \
                 udp, or sctp)",
            );
        }
        let protocol = settings.protocol.as_ref().map(|found| found.value);
        let surroundings = self.surroundings;
        let (address, port) = self.get(table, "listen", |item| {
            let text = words::text(item, "192.0.2.10:80")?;
            let (address, port) = surroundings.socket(text, protocol)?;
            routable(address, text)?;
            let port = port.ok_or_else(|| {
                format!(
                    "'{}' has no port; write ADDRESS:PORT (port 0 stands for all ports of a \
                     persistent service)",
                    text.escape_debug()
                )
            })?;
            Ok((address, port))
        })?;
        Some(ServiceId::Address {
            protocol: protocol?,
            address,
            port,
        })
    }

    fn mark(&mut self, table: &Table<'_>) -> Option<ServiceId> {
        if let Some(protocol) = table.get("protocol") {
            self.report.error(
                protocol.place,
                "a service by mark has no protocol: the mark decides; take it out",
            );
        }
        let family = match table.get("family") {
            Some(item) => self.read(&item, |item| {
                let all = [Family::Ipv4, Family::Ipv6];
                words::word(item, &all.map(|family| (family.as_str(), family)))
            }),
            None => Some(Family::Ipv4),
        };
        let mark = self.get(table, "fwmark", |item| words::number(item, 1, u32::MAX))?;
        Some(ServiceId::Fwmark {
            mark,
            family: family?,
        })
    }
}
