//! `candidates`: what the completion scripts offer for an option whose values are
//! in the table. It only reads what everybody may read, loads no module, and where
//! nothing is known it says nothing.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use crate::cli::CandidatesArgs;
use crate::ipvs;
use crate::model::Gather as _;
use crate::model::ServiceState;
use crate::plumbing::Namespace;

use super::context::Context;
use super::shells::LIVE;
use super::{Result, Status};

/// `candidates`.
pub(super) fn run(context: &mut Context, args: &CandidatesArgs) -> Result<Status> {
    let words = split(&args.words);
    if let Some(name) = value_of(&words, "--netns") {
        Namespace::named(name)?.enter()?;
    }
    // Not there, or not yet loaded: nothing to offer.
    let table = ipvs::proc_table().unwrap_or_default();
    for value in values(&words, &table) {
        context.output.line(&value)?;
    }
    Ok(Status::Done)
}

/// What may stand behind the last word, in the order of the table.
fn values(words: &[String], table: &[ServiceState]) -> Vec<String> {
    let Some(option) = words.last() else {
        return Vec::new();
    };
    // "-t 192.0.2.1:80", as the service is named on the command line.
    let named = |state: &ServiceState| state.service.id.options();
    if option == "-r" {
        let typed = |state: &&ServiceState| {
            let options = named(state);
            let mut options = options.split(' ');
            let (Some(option), Some(value)) = (options.next(), options.next()) else {
                return false;
            };
            value_of(words, option) == Some(value)
        };
        let mut states: Vec<&ServiceState> = table.iter().filter(typed).collect();
        if states.is_empty() {
            // A new service, or none yet: any server.
            states = table.iter().collect();
        }
        let servers = states.iter().flat_map(|state| &state.servers);
        let ends: BTreeSet<SocketAddr> = servers
            .map(|state| SocketAddr::from(state.server.name()))
            .gather();
        return ends.iter().map(ToString::to_string).collect();
    }
    let mut values: Vec<String> = table
        .iter()
        .filter_map(|state| {
            let options = named(state);
            let (its, value) = options.split_once(' ')?;
            // The -6 behind a mark is a word of its own.
            let value = value.split(' ').next()?;
            (its == option).then(|| value.to_owned())
        })
        .collect();
    values.dedup();
    values
}

/// The words with options and values apart, and options by their short names.
fn split(words: &[String]) -> Vec<String> {
    let mut parts = Vec::with_capacity(words.len());
    for word in words {
        if let Some((long, value)) = word.split_once('=').filter(|_| word.starts_with("--")) {
            parts.extend([short(long), value.to_owned()]);
        } else if let Some((option, value)) = attached(word) {
            parts.extend([option.to_owned(), value.to_owned()]);
        } else {
            parts.push(short(word));
        }
    }
    parts
}

fn short(word: &str) -> String {
    let live = LIVE.iter().find(|(long, _)| *long == word);
    live.and_then(|(_, short)| *short)
        .unwrap_or(word)
        .to_owned()
}

/// `-t192.0.2.1:80` as two.
fn attached(word: &str) -> Option<(&str, &str)> {
    let short = LIVE.iter().filter_map(|(_, short)| *short);
    short
        .filter_map(|short| Some((short, word.strip_prefix(short)?)))
        .find(|(_, value)| !value.is_empty())
}

/// What stands behind this option, the last time that it is there.
fn value_of<'words>(words: &'words [String], option: &str) -> Option<&'words str> {
    let at = words.iter().rposition(|word| word == option)?;
    words.get(at + 1).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Family, Forward, Protocol, Server, ServerState, Service, ServiceId, Stats};

    fn state(id: ServiceId, servers: &[&str]) -> ServiceState {
        let server = |text: &&str| {
            let end: SocketAddr = text.parse().unwrap();
            ServerState {
                server: Server {
                    address: end.ip(),
                    port: end.port(),
                    forward: Forward::Nat,
                    weight: 1,
                    upper_threshold: 0,
                    lower_threshold: 0,
                },
                active: 0,
                inactive: 0,
                persistent: 0,
                stats: Stats::default(),
            }
        };
        ServiceState {
            service: Service::new(id),
            stats: Stats::default(),
            servers: servers.iter().map(server).collect(),
        }
    }

    fn table() -> Vec<ServiceState> {
        let at = |protocol, text: &str| {
            let end: SocketAddr = text.parse().unwrap();
            ServiceId::Address {
                protocol,
                address: end.ip(),
                port: end.port(),
            }
        };
        let mark = |family| ServiceId::Fwmark { mark: 7, family };
        vec![
            state(
                at(Protocol::Tcp, "192.0.2.1:80"),
                &["10.0.0.12:80", "10.0.0.2:80"],
            ),
            state(
                at(Protocol::Tcp, "[2001:db8::1]:80"),
                &["[2001:db8::2]:8080"],
            ),
            state(at(Protocol::Udp, "192.0.2.1:53"), &["10.0.0.2:80"]),
            state(at(Protocol::Sctp, "192.0.2.1:9"), &[]),
            state(mark(Family::Ipv4), &["10.0.0.3:0"]),
            state(mark(Family::Ipv6), &[]),
        ]
    }

    fn offered(line: &str) -> String {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        values(&split(&words), &table()).join(" ")
    }

    #[test]
    fn services_of_the_protocol_are_offered() {
        for (line, values) in [
            ("lbctl drain -t", "192.0.2.1:80 [2001:db8::1]:80"),
            ("lbctl list --tcp-service", "192.0.2.1:80 [2001:db8::1]:80"),
            ("lbctl del -u", "192.0.2.1:53"),
            ("lbctl del --sctp-service", "192.0.2.1:9"),
            // One mark, though two services have it.
            ("lbctl del -f", "7"),
            ("lbctl del --json", ""),
            ("lbctl", ""),
        ] {
            assert_eq!(offered(line), values, "{line}");
        }
    }

    #[test]
    fn servers_are_those_of_the_service_that_was_typed() {
        for (line, values) in [
            ("lbctl drain -t 192.0.2.1:80 -r", "10.0.0.2:80 10.0.0.12:80"),
            ("lbctl drain -t192.0.2.1:80 -r", "10.0.0.2:80 10.0.0.12:80"),
            (
                "lbctl drain --udp-service=192.0.2.1:53 --real-server",
                "10.0.0.2:80",
            ),
            ("lbctl drain -t [2001:db8::1]:80 -r", "[2001:db8::2]:8080"),
            ("lbctl drain -f 7 -r", "10.0.0.3:0"),
            (
                "lbctl add -t 192.0.2.9:80 -r",
                "10.0.0.2:80 10.0.0.3:0 10.0.0.12:80 [2001:db8::2]:8080",
            ),
        ] {
            assert_eq!(offered(line), values, "{line}");
        }
    }
}
