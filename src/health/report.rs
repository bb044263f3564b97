//! What the probe believes, as plain values to show; how they look is elsewhere.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::record::{Entry, Record, Transitions};
use super::state::State;
use super::verdict::Verdict;

/// How a server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServerStatus {
    /// Its checks pass.
    Up,
    /// Its checks fail.
    Down,
    /// Its checks have not spoken.
    Unknown,
    /// Somebody took its weight away; the checks do not matter.
    Drained,
    /// The file takes it out; the checks do not matter.
    Maintenance,
}

/// What is believed of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerReport {
    /// Its address.
    pub address: IpAddr,
    /// Its port.
    pub port: u16,
    /// How it is.
    pub state: ServerStatus,
    /// Its weight in the table; none: it is not in it.
    pub weight: Option<u32>,
    /// The weight that it shall have now; none: it shall not be in the table.
    pub wanted_weight: Option<u32>,
    /// The weight that the probe wrote last, or took over.
    pub written_weight: Option<u32>,
    /// Its weight while it is well.
    pub configured_weight: u32,
    /// Somebody else set the weight.
    pub foreign: bool,
    /// Whether the file takes it out.
    pub maintenance: bool,
    /// Who drained it.
    pub drain: Option<DrainReport>,
    /// It has come back and its weight grows.
    pub slow_start: Option<SlowStartReport>,
    /// It fails and stays in, since more fail than `depool_threshold` lets go.
    pub kept_in: bool,
    /// It is well and has no weight, since the sorry server answers alone.
    pub replaced: bool,
    /// What the checks say, whatever becomes of it.
    pub verdict: Verdict,
    /// Since when the checks say what they say, seconds since 1970.
    pub since: u64,
    /// How often the checks changed their mind. A service of an older version does
    /// not say.
    #[serde(default)]
    pub transitions: Transitions,
    /// When it was last asked.
    pub checked: Option<u64>,
    /// Whether it passed; none: it was not asked, or this machine could not ask.
    pub passed: Option<bool>,
    /// What it said, or why it failed.
    pub reason: Option<String>,
    /// Equal results in a row.
    pub attempts: u32,
    /// How long the last check took, microseconds.
    pub took_us: Option<u64>,
    /// When the last change was, seconds since 1970.
    pub changed: Option<u64>,
    /// The last change, as it was logged.
    pub change: Option<String>,
}

/// A drain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrainReport {
    /// Who did it.
    pub by: String,
    /// When, seconds since 1970.
    pub at: u64,
    /// Why; may be empty.
    pub reason: String,
    /// Whether the sorry server comes when no server is left for it.
    pub calls_sorry: bool,
}

/// How far a weight has grown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlowStartReport {
    /// Since when it grows, seconds since 1970.
    pub since: u64,
    /// The share of its whole weight that it has, 0 to 100.
    pub percent: u32,
}

impl From<&Record> for ServerReport {
    fn from(record: &Record) -> Self {
        let of = |entry| match entry {
            Some(Entry::Weight(weight)) => Some(weight),
            _ => None,
        };
        let weight = of(record.entry);
        let grown = u64::from(weight.unwrap_or(0)) * 100 / u64::from(record.server.weight.max(1));
        let drained =
            record.drain.is_some() || record.foreign == Some(0) || record.server.weight == 0;
        let last = record.last.as_ref();
        Self {
            address: record.server.address,
            port: record.server.port,
            state: match record.verdict {
                _ if record.maintenance => ServerStatus::Maintenance,
                _ if drained => ServerStatus::Drained,
                Verdict::Up => ServerStatus::Up,
                Verdict::Down => ServerStatus::Down,
                Verdict::Unknown => ServerStatus::Unknown,
            },
            weight,
            wanted_weight: of(record.wanted),
            written_weight: of(record.written),
            configured_weight: record.server.weight,
            foreign: record.foreign.is_some(),
            maintenance: record.maintenance,
            drain: record.drain.as_ref().map(|drain| DrainReport {
                by: drain.by.clone(),
                at: drain.at,
                reason: drain.reason.clone(),
                calls_sorry: drain.calls_sorry,
            }),
            slow_start: record.rising.map(|since| SlowStartReport {
                since,
                percent: u32::try_from(grown.min(100)).unwrap_or(100),
            }),
            kept_in: record.kept_in,
            replaced: record.replaced,
            verdict: record.verdict,
            since: record.since,
            transitions: record.transitions,
            checked: last.map(|last| last.at),
            passed: last.and_then(|last| last.passed),
            reason: last.map(|last| last.text.clone()),
            attempts: last.map_or(0, |last| last.attempts),
            took_us: last.map(|last| last.took_us),
            changed: record.change.as_ref().map(|change| change.at),
            change: record.change.as_ref().map(|change| change.text.clone()),
        }
    }
}

/// What is believed of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceReport {
    /// Its name, `tcp 192.0.2.1:80`.
    pub service: String,
    /// What people call it.
    pub name: Option<String>,
    /// The process that says so.
    pub pid: u32,
    /// When it last said that it lives, seconds since 1970.
    pub heartbeat: u64,
    /// The servers.
    pub servers: Vec<ServerReport>,
    /// The sorry server; its weight says whether it is in.
    pub sorry: Option<ServerReport>,
}

impl From<&State> for ServiceReport {
    fn from(state: &State) -> Self {
        Self {
            service: state.service.clone(),
            name: state.name.clone(),
            pid: state.pid,
            heartbeat: state.heartbeat,
            servers: state.servers.iter().map(ServerReport::from).collect(),
            sorry: state.sorry.as_ref().map(ServerReport::from),
        }
    }
}

/// How things are, as a monitoring plugin says it; the numbers are its exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Every server is up, or drained on purpose.
    Well = 0,
    /// Some are not.
    Warning = 1,
    /// A service has no usable server left.
    Critical = 2,
    /// A server could not be judged, or the table not be kept.
    Unknown = 3,
}

/// What is believed of all services.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeReport {
    /// The services.
    pub services: Vec<ServiceReport>,
    /// What could not be done.
    pub troubles: Vec<String>,
}

impl ProbeReport {
    /// The worst that is the case: critical, then unknown, then warning.
    #[must_use]
    pub fn severity(&self) -> Severity {
        let mut worst = if self.troubles.is_empty() {
            Severity::Well
        } else {
            Severity::Unknown
        };
        for service in &self.services {
            worst = match (worst, service.severity()) {
                (Severity::Critical, _) | (_, Severity::Critical) => Severity::Critical,
                (one, other) => one.max(other),
            };
        }
        worst
    }
}

impl ServiceReport {
    /// How the service is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        let is = |state| self.servers.iter().any(|server| server.state == state);
        let usable = |server: &ServerReport| {
            server.weight.unwrap_or(0) > 0 && server.state != ServerStatus::Down
        };
        if !self.servers.iter().any(usable) {
            Severity::Critical
        } else if is(ServerStatus::Unknown) {
            Severity::Unknown
        } else if is(ServerStatus::Down) {
            Severity::Warning
        } else {
            Severity::Well
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Family, Forward, Server, ServiceId};

    fn report(servers: &[(Verdict, u32, Option<u32>)]) -> Severity {
        let id = ServiceId::Fwmark {
            mark: 1,
            family: Family::Ipv4,
        };
        let mut state = State::new(&id, 0);
        for (port, (verdict, weight, foreign)) in (1..).zip(servers) {
            let server = Server {
                address: [192, 0, 2, 1].into(),
                port,
                forward: Forward::Nat,
                weight: 1,
                upper_threshold: 0,
                lower_threshold: 0,
            };
            state.servers.push(Record {
                verdict: *verdict,
                foreign: *foreign,
                entry: Some(Entry::Weight(*weight)),
                ..Record::new(server, 0)
            });
        }
        let services = vec![ServiceReport::from(&state)];
        let troubles = Vec::new();
        ProbeReport { services, troubles }.severity()
    }

    #[test]
    fn severity_is_that_of_a_monitoring_plugin() {
        let up = (Verdict::Up, 1, None);
        let down = (Verdict::Down, 0, None);
        let drained = (Verdict::Up, 0, Some(0));
        assert_eq!(report(&[up, up]), Severity::Well);
        assert_eq!(report(&[up, drained]), Severity::Well);
        assert_eq!(report(&[up, down]), Severity::Warning);
        assert_eq!(report(&[down, down]), Severity::Critical);
        assert_eq!(report(&[drained, down]), Severity::Critical);
        assert_eq!(
            report(&[up, (Verdict::Unknown, 1, None)]),
            Severity::Unknown
        );
    }
}
