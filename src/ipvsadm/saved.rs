//! A whole table as text, complete: what `lbctl save` writes and `lbctl restore`
//! reads. ipvsadm reads it, too, and its own text is read here.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::thread::{self, ScopedJoinHandle};

use rustc_hash::FxHashMap;

use crate::formats;
use crate::model::{ServiceId, ServiceState, TableStep, Timeouts, check_server, check_service};
use crate::reconcile::Wanted;

use super::failure::Failure;
use super::invocation::Invocation;
use super::names::Names;
use super::parse::parse;
use super::restore::split;

/// What a saved text says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SavedTable {
    /// The timeouts, if it names them.
    pub timeouts: Option<Timeouts>,
    /// The services in their order, each once.
    pub services: Vec<Wanted>,
}

/// The lines of a table. The timeouts come first, as `--set`.
#[must_use]
pub fn save(timeouts: &Timeouts, table: &[ServiceState]) -> Vec<String> {
    let mut lines = vec![format!(
        "--set {} {} {}",
        timeouts.tcp, timeouts.tcp_fin, timeouts.udp
    )];
    for state in table {
        lines.push(format!("-A {}", formats::service_options(&state.service)));
        let id = state.service.id.options();
        for server in &state.servers {
            let server = formats::server_options(&server.server);
            lines.push(format!("-a {id} {server}"));
        }
    }
    lines
}

/// Reads a saved text, as lines of ipvsadm's `-A`, `-a`, `--set` and `-C`.
///
/// # Errors
/// Every line that is wrong, by its number from 1 on, and why.
pub fn read_saved(text: &[u8], names: &dyn Names) -> Result<SavedTable, Vec<(usize, String)>> {
    // from_utf8_lossy alone is many times slower, and the text may be large.
    let text = match str::from_utf8(text) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(text),
    };
    let (first, second) = halves(&text);
    let mut reader = Reader::default();
    thread::scope(|scope| {
        let work = || invocations(second, names).collect::<Vec<_>>();
        let other = (!second.is_empty())
            .then(|| thread::Builder::new().spawn_scoped(scope, work))
            .and_then(Result::ok);
        for line in invocations(first, names) {
            reader.line(line);
        }
        let lines = match other.map(ScopedJoinHandle::join) {
            Some(Ok(lines)) => lines,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => work(),
        };
        for line in lines {
            reader.line(line);
        }
    });
    reader.finish()
}

/// Longer texts, in bytes, are read by two threads: of 10,000 servers they have half a
/// megabyte, and a third of all that a restore takes is to read it.
const LONG: usize = 64 * 1024;

/// A text in two, at the end of a line near its middle; the second is empty where one
/// thread is soon done.
fn halves(text: &str) -> (&str, &str) {
    let bytes = text.as_bytes();
    let middle = bytes.len() / 2;
    let end = bytes[middle..].iter().position(|byte| *byte == b'\n');
    match end {
        Some(end) if bytes.len() > LONG => text.split_at(middle + end + 1),
        _ => (text, ""),
    }
}

/// What each line asks for, if it is not empty.
fn invocations<'a>(
    text: &'a str,
    names: &'a dyn Names,
) -> impl Iterator<Item = Option<Result<Invocation, Failure>>> {
    let mut words = Vec::new();
    text.lines().map(move |line| {
        split(line, &mut words);
        (!words.is_empty()).then(|| parse("ipvsadm", &words, names))
    })
}

const WHAT_BELONGS: &str = "only -A, -a, --set and a first -C belong in a saved table";

fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or("wrong usage").to_owned()
}

#[derive(Default)]
struct Reader {
    saved: SavedTable,
    /// Of the line that was read last, from 1 on.
    number: usize,
    places: FxHashMap<ServiceId, usize>,
    /// On which lines the servers of each service stand.
    lines: Vec<Vec<usize>>,
    errors: Vec<(usize, String)>,
}

impl Reader {
    fn line(&mut self, line: Option<Result<Invocation, Failure>>) {
        self.number += 1;
        let taken = match line {
            None => Ok(()),
            Some(Ok(invocation)) => self.take(invocation),
            // ipvsadm points to its own help there.
            Some(Err(failure)) if failure.is_no_command() => Err(WHAT_BELONGS.to_owned()),
            Some(Err(failure)) => Err(first_line(&failure.message)),
        };
        if let Err(why) = taken {
            self.errors.push((self.number, why));
        }
    }

    fn take(&mut self, invocation: Invocation) -> Result<(), String> {
        match invocation {
            Invocation::Change(TableStep::AddService(service)) => {
                check_service(&service).map_err(|why| why.to_string())?;
                let Entry::Vacant(place) = self.places.entry(service.id) else {
                    return Err(format!("{} is in it twice", service.id));
                };
                place.insert(self.saved.services.len());
                self.saved.services.push(Wanted {
                    service,
                    servers: Vec::new(),
                });
                self.lines.push(Vec::new());
                Ok(())
            }
            Invocation::Change(TableStep::AddServer { service, server }) => {
                let Some(&place) = self.places.get(&service) else {
                    return Err(format!("{service} is not in it before this line"));
                };
                check_server(&server, &service).map_err(|why| why.to_string())?;
                self.saved.services[place].servers.push(server);
                self.lines[place].push(self.number);
                Ok(())
            }
            Invocation::SetTimeouts(timeouts) => {
                self.saved.timeouts = Some(timeouts);
                Ok(())
            }
            // Some files begin so; the table becomes exactly the file's anyway.
            Invocation::Clear if self.saved.services.is_empty() => Ok(()),
            _ => Err(WHAT_BELONGS.to_owned()),
        }
    }

    fn finish(mut self) -> Result<SavedTable, Vec<(usize, String)>> {
        for (Wanted { service, servers }, lines) in self.saved.services.iter().zip(&self.lines) {
            let mut order: Vec<usize> = (0..servers.len()).collect();
            // Stable: of two that are equal the later one is the mistake.
            order.sort_by_key(|&place| servers[place].name());
            for pair in order.windows(2) {
                let [first, second] = [pair[0], pair[1]];
                if servers[first].name() == servers[second].name() {
                    let endpoint = servers[second].endpoint();
                    let why = format!("{endpoint} is in {} twice", service.id);
                    self.errors.push((lines[second], why));
                }
            }
        }
        if self.errors.is_empty() {
            Ok(self.saved)
        } else {
            self.errors.sort();
            Err(self.errors)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::names::NoNames;
    use super::*;
    use crate::model::{Forward, Server, ServerState, Stats};
    use proptest::prelude::*;

    fn errors(text: &str) -> Vec<(usize, String)> {
        read_saved(text.as_bytes(), &NoNames).unwrap_err()
    }

    #[test]
    fn every_wrong_line_is_named_at_once() {
        let text = "\
# a comment
-A -t 10.0.0.1:80 -s rr
-a -t 10.0.0.1:80 -r 10.0.0.2:80 -m -w 1
-a -t 10.0.0.1:80 -r 10.0.0.2:80 -m -w 2
-A -t 10.0.0.1:80 -s wlc

-a -t 10.0.0.9:80 -r 10.0.0.2:80 -m
--bogus
-D -t 10.0.0.1:80
";
        let errors = errors(text);
        let lines: Vec<usize> = errors.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [4, 5, 7, 8, 9]);
        assert!(
            errors[0]
                .1
                .contains("10.0.0.2:80 is in tcp 10.0.0.1:80 twice")
        );
        assert!(errors[2].1.contains("not in it before"));
        assert_eq!(errors[3].1, WHAT_BELONGS);
    }

    /// Two threads read it.
    #[test]
    fn the_lines_of_a_long_text_are_counted_through() {
        let server = |number: usize| {
            let [high, low] = [number / 250, number % 250 + 1];
            format!("-a -t 10.0.0.1:80 -r 10.1.{high}.{low}:80 -m -w 1\n")
        };
        let mut lines: Vec<String> = (0..3000).map(server).collect();
        lines.insert(0, "-A -t 10.0.0.1:80 -s rr\n".to_owned());
        let text = lines.concat();
        assert!(text.len() > LONG);
        let saved = read_saved(text.as_bytes(), &NoNames).unwrap();
        let servers = saved.services[0].servers.iter();
        let wanted = saved.services[0].servers.len();
        assert!(wanted == 3000 && servers.is_sorted_by_key(|server| server.address));
        let wrong = [1, 1499, 1500, 1501, 1502, 2999, 3000];
        for number in wrong {
            lines[number] = "--bogus\n".to_owned();
        }
        let errors = errors(&lines.concat());
        let lines = errors.iter().map(|(line, _)| line - 1);
        assert!(lines.eq(wrong), "{errors:?}");
    }

    #[test]
    fn what_is_saved_is_read() {
        let text = "\
--set 900 120 300
-A -t 10.0.0.1:80 -s sh -p 360 -M 255.255.255.0 -b sh-port
-a -t 10.0.0.1:80 -r 10.0.0.2:8080 -m -w 3 -x 100 -y 50
-a -t 10.0.0.1:80 -r 10.0.0.3:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-nocsum
-A -f 4294967295 -6 -s wlc
";
        let saved = read_saved(text.as_bytes(), &NoNames).unwrap();
        let table: Vec<ServiceState> = saved
            .services
            .iter()
            .map(|wanted| {
                let state = |server: &Server| ServerState {
                    server: server.clone(),
                    active: 0,
                    inactive: 0,
                    persistent: 0,
                    stats: Stats::default(),
                };
                ServiceState {
                    service: wanted.service.clone(),
                    stats: Stats::default(),
                    servers: wanted.servers.iter().map(state).collect(),
                }
            })
            .collect();
        assert_eq!(table[0].servers[0].server.forward, Forward::Nat);
        let again = save(&saved.timeouts.unwrap(), &table).join("\n") + "\n";
        assert_eq!(again, text);
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = read_saved(&text, &NoNames);
        }
    }
}
