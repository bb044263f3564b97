//! Waits until drained servers have no connections left that matter.

use std::io::{IsTerminal as _, Write as _, stderr};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::model::{Protocol, ServerState, Service, ServiceId};
use crate::plumbing::sysctl;

use super::super::context::Context;
use super::super::{Error, Result};
use super::site::{Name, Site, endpoint};

/// How often the kernel is asked: it tells nobody that a connection ended.
const PACE: Duration = Duration::from_millis(250);
/// Whether templates of servers without weight are left unused.
const QUIESCENT: &str = "net.ipv4.vs.expire_quiescent_template";

/// The signals that end the waiting.
pub(super) struct Interrupts(Receiver<i32>);

impl Interrupts {
    /// Listens from now on.
    pub fn listen() -> Result<Self> {
        let failed = |error| Error::Machine(format!("cannot wait for signals: {error}"));
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).map_err(failed)?;
        let (sender, receiver) = mpsc::channel();
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                for signal in &mut signals {
                    // Whoever waited may have gone.
                    let _ = sender.send(signal);
                }
            })
            .map_err(failed)?;
        Ok(Self(receiver))
    }

    /// Sleeps, and says which signal came meanwhile.
    fn sleep(&self, time: Duration) -> Option<i32> {
        match self.0.recv_timeout(time) {
            Ok(signal) => Some(signal),
            Err(RecvTimeoutError::Timeout) => None,
            // The thread lives as long as the process.
            Err(RecvTimeoutError::Disconnected) => Some(SIGTERM),
        }
    }
}

/// How the waiting ended.
pub(super) enum End {
    /// Nothing is left.
    Empty,
    /// The time is over; this is left.
    Late(String),
    /// A signal came; this is left.
    Stopped(i32, String),
    /// Somebody let this server back in.
    Undrained(Name),
}

/// Which connections are waited for, besides active ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Matters {
    inactive: bool,
    persistent: bool,
}

impl Matters {
    /// For UDP the kernel counts no connection as active; a firewall mark may bring
    /// UDP. A template brings its client back to a server without weight unless
    /// templates of such servers expire.
    fn of(service: &Service, templates_expire: bool) -> Self {
        let may_be_udp = match service.id {
            ServiceId::Address { protocol, .. } => protocol == Protocol::Udp,
            ServiceId::Fwmark { .. } => true,
        };
        Self {
            inactive: may_be_udp,
            persistent: service.persistence_timeout.is_some() && !templates_expire,
        }
    }

    /// `3 active, 1 persistent`; none: nothing is left that matters.
    fn left(self, state: &ServerState) -> Option<String> {
        let counts = [
            (true, state.active, "active"),
            (self.inactive, state.inactive, "inactive"),
            (self.persistent, state.persistent, "persistent"),
        ];
        let words: Vec<String> = counts
            .into_iter()
            .filter(|(matters, count, _)| *matters && *count > 0)
            .map(|(_, count, word)| format!("{count} {word}"))
            .collect();
        match state.server.weight {
            0 if words.is_empty() => None,
            0 => Some(words.join(", ")),
            // A probe has not made its round yet.
            weight if words.is_empty() => Some(format!("weight {weight}")),
            weight => Some(format!("weight {weight}, {}", words.join(", "))),
        }
    }
}

/// Waits, and shows what is left: in one line of a terminal, else by a line for each
/// change. No limit: as long as it takes.
pub(super) fn wait(
    context: &mut Context,
    site: &mut Site,
    names: &[Name],
    limit: Option<Duration>,
    interrupts: &Interrupts,
) -> Result<End> {
    let begin = Instant::now();
    // A kernel without it uses templates whatever the weight.
    let expire = sysctl::read(QUIESCENT)?.is_some_and(|value| value != "0");
    let mut progress = Progress::new(context);
    let mut warned = false;
    loop {
        site.look_again(context)?;
        if let Some(name) = names.iter().find(|name| site.drain(**name).is_none()) {
            return Ok(End::Undrained(*name));
        }
        let left = left(site, names, expire);
        if left.is_empty() {
            progress.end(context);
            return Ok(End::Empty);
        }
        if !warned && left.contains("persistent") {
            warned = true;
            context.notice(&format!(
                "lbctl: clients of a persistent service come back to a drained server while it \
                 remembers them; to have new connections go elsewhere: sysctl -w {QUIESCENT}=1"
            ));
        }
        progress.show(context, &left);
        let over = limit.map(|limit| limit.saturating_sub(begin.elapsed()));
        if over == Some(Duration::ZERO) {
            return Ok(End::Late(left));
        }
        if let Some(signal) = interrupts.sleep(over.map_or(PACE, |over| over.min(PACE))) {
            return Ok(End::Stopped(signal, left));
        }
    }
}

/// `192.0.2.1:80: 3 active; 192.0.2.2:80: 1 active`; empty: nothing is left.
fn left(site: &Site, names: &[Name], templates_expire: bool) -> String {
    // Connections of a service that is gone lead nowhere.
    let Some(there) = &site.there else {
        return String::new();
    };
    let matters = Matters::of(&there.service, templates_expire);
    let of = |name: &Name| {
        let words = matters.left(site.state(*name)?)?;
        Some(format!("{}: {words}", endpoint(*name)))
    };
    names.iter().filter_map(of).collect::<Vec<_>>().join("; ")
}

/// Shows what is left.
struct Progress {
    terminal: bool,
    shown: String,
}

impl Progress {
    fn new(context: &Context) -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self {
            terminal: stderr().is_terminal() && !dumb && !context.quiet,
            shown: String::new(),
        }
    }

    fn show(&mut self, context: &Context, left: &str) {
        if self.shown == left {
            return;
        }
        left.clone_into(&mut self.shown);
        if self.terminal {
            // The terminal may have gone; the waiting goes on.
            let _ = write!(stderr(), "\r\x1b[Kwaiting for {left}");
            let _ = stderr().flush();
        } else {
            context.notice(&format!("waiting for {left}"));
        }
    }

    fn end(&mut self, context: &Context) {
        self.clear();
        context.notice("no connections are left");
    }

    fn clear(&mut self) {
        if self.terminal && !self.shown.is_empty() {
            let _ = write!(stderr(), "\r\x1b[K");
            self.shown.clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Family, Forward, Server, Stats};

    fn left(protocol: Option<Protocol>, persistent: bool, expire: bool) -> String {
        let id = protocol.map_or(
            ServiceId::Fwmark {
                mark: 1,
                family: Family::Ipv4,
            },
            |protocol| ServiceId::Address {
                protocol,
                address: [192, 0, 2, 1].into(),
                port: 80,
            },
        );
        let service = Service {
            persistence_timeout: persistent.then_some(360),
            ..Service::new(id)
        };
        let state = ServerState {
            server: Server {
                address: [192, 0, 2, 2].into(),
                port: 80,
                forward: Forward::Nat,
                weight: 0,
                upper_threshold: 0,
                lower_threshold: 0,
            },
            active: 0,
            inactive: 2,
            persistent: 3,
            stats: Stats::default(),
        };
        let left = Matters::of(&service, expire).left(&state);
        left.unwrap_or_default()
    }

    #[test]
    fn what_matters_depends_on_the_service() {
        assert_eq!(left(Some(Protocol::Tcp), false, false), "");
        assert_eq!(left(Some(Protocol::Udp), false, false), "2 inactive");
        assert_eq!(left(None, false, false), "2 inactive");
        assert_eq!(left(Some(Protocol::Tcp), true, false), "3 persistent");
        assert_eq!(left(Some(Protocol::Tcp), true, true), "");
    }
}
