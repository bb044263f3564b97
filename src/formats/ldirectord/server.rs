//! `real` and `fallback`.

use std::net::{IpAddr, Ipv4Addr};

use super::Importer;
use super::check::Asked;
use super::lines::Entry;
use crate::config::{RealServer, SorryServer};
use crate::formats::translation::Draft;
use crate::model::{Forward, Server, ServiceId, Tunnel};

/// The most servers that one line can stand for.
const MOST: u32 = 1024;

impl Importer<'_> {
    /// `ADDRESS[->ADDRESS][:PORT] gate|masq|ipip [WEIGHT] ["REQUEST", "RECEIVE"] [l:N] [u:N]`.
    pub(super) fn real(&mut self, entry: &Entry, draft: &mut Draft, asked: &Asked) {
        let (place, rest) = match entry.value.split_once(char::is_whitespace) {
            Some((place, rest)) => (place, rest.trim()),
            None => (entry.value.as_str(), ""),
        };
        let id = draft.server.service.id;
        let servers = match self.addresses(place, id) {
            Ok(servers) => servers,
            Err(why) => return self.left_out(entry, &why),
        };
        let (method, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let Some(forward) = forward(method) else {
            return self.left_out(entry, "its forward method has to be gate, masq or ipip");
        };
        let (plain, question) = match rest.split_once('"') {
            Some((plain, behind)) => (plain.to_owned(), Some(behind)),
            None => (rest.to_owned(), None),
        };
        let mut words = plain;
        let mut own = None;
        if let Some(question) = question {
            // "REQUEST", "RECEIVE"
            let parts: Vec<&str> = question.split('"').collect();
            match parts.as_slice() {
                [request, _, receive, behind @ ..] => {
                    own = Some(((*request).to_owned(), (*receive).to_owned()));
                    words.push(' ');
                    words.push_str(&behind.concat());
                }
                _ => return self.left_out(entry, "its request and receive need quotes"),
            }
        }
        let (mut weight, mut lower_threshold, mut upper_threshold) = (1, 0, 0);
        for word in words.split_whitespace() {
            let (target, digits) = match (word.strip_prefix("l:"), word.strip_prefix("u:")) {
                (Some(digits), _) => (&mut lower_threshold, digits),
                (_, Some(digits)) => (&mut upper_threshold, digits),
                _ => (&mut weight, word),
            };
            match digits.parse() {
                Ok(number @ 0..=Server::MAX_WEIGHT) => *target = number,
                _ => return self.left_out(entry, &format!("{word} is no weight and no threshold")),
            }
        }
        for (address, written) in servers {
            let port = self.port(entry.line, id, (address, written), forward);
            let server = Server {
                address,
                port,
                forward,
                weight,
                upper_threshold,
                lower_threshold,
            };
            // The table has no port there, and the check asks at the one that is written.
            let asks_at = written.unwrap_or(port);
            let question = own
                .as_ref()
                .map(|(request, receive)| (request.as_str(), receive.as_str()));
            let (check, maintenance) = self.check(entry, asked, (&server, asks_at), id, question);
            let real = RealServer {
                server,
                maintenance,
                check,
            };
            if let Err(why) = draft.admit(real) {
                self.remark(entry.line, why);
            }
        }
    }

    pub(super) fn fallback(&mut self, entry: &Entry, draft: &mut Draft) {
        let mut words = entry.value.split_whitespace();
        let place = words.next().unwrap_or_default();
        let id = draft.server.service.id;
        let forward = if let Some(word) = words.next() {
            forward(word)
        } else {
            let text = "the fallback says no method, and ldirectord takes gate (dr); write masq if nat is meant";
            self.remark(entry.line, text);
            Some(Forward::Dr)
        };
        let Some(forward) = forward else {
            return self.left_out(entry, "its forward method has to be gate, masq or ipip");
        };
        let (address, port) = match self.surroundings.socket(place, id.protocol()) {
            Ok(found) => found,
            Err(why) => return self.left_out(entry, &why),
        };
        let port = self.port(entry.line, id, (address, port), forward);
        let sorry = SorryServer {
            server: Server {
                address,
                port,
                forward,
                weight: 1,
                upper_threshold: 0,
                lower_threshold: 0,
            },
            check: None,
        };
        if let Err(why) = draft.admit_sorry(sorry) {
            self.remark(entry.line, why);
        }
    }

    /// One server, or a range of them.
    fn addresses(&self, place: &str, id: ServiceId) -> Result<Vec<(IpAddr, Option<u16>)>, String> {
        let range = place.split_once("->").or_else(|| {
            let (first, last) = place.split_once('-')?;
            first.parse::<Ipv4Addr>().is_ok().then_some((first, last))
        });
        let Some((first, last)) = range else {
            return Ok(vec![self.surroundings.socket(place, id.protocol())?]);
        };
        let wrong = || "its range is not ADDRESS->ADDRESS:PORT, IPv4, the smaller first".to_owned();
        let first: Ipv4Addr = first.parse().map_err(|_| wrong())?;
        let (last, port) = self.surroundings.socket(last, id.protocol())?;
        let IpAddr::V4(last) = last else {
            return Err(wrong());
        };
        let (first, last) = (u32::from(first), u32::from(last));
        match last.checked_sub(first) {
            None => Err(wrong()),
            Some(MOST..) => Err(format!("its range is longer than {MOST} servers")),
            Some(_) => Ok((first..=last)
                .map(|it| (Ipv4Addr::from(it).into(), port))
                .collect()),
        }
    }

    /// The port that the table gets: what cannot change ports has the service's.
    fn port(
        &mut self,
        line: usize,
        id: ServiceId,
        (address, port): (IpAddr, Option<u16>),
        forward: Forward,
    ) -> u16 {
        match (id.port(), port) {
            (Some(service), Some(port))
                if port != service && !forward.maps_ports() && service != 0 =>
            {
                self.remark(line, format!("{address} has port {port}, and {forward} cannot change ports; {service} is taken"));
                service
            }
            (Some(service), None) => service,
            (None, Some(_)) if !forward.maps_ports() => 0,
            (_, port) => port.unwrap_or_default(),
        }
    }
}

fn forward(word: &str) -> Option<Forward> {
    match word {
        "gate" => Some(Forward::Dr),
        "masq" => Some(Forward::Nat),
        "ipip" => Some(Forward::Tun(Tunnel::default())),
        _ => None,
    }
}
