//! One thing that is wrong: what is seen, what it means, what mends it. And what is
//! wrong with many servers of a service, as one.

use std::collections::HashMap;
use std::fmt;

use super::Id;
use crate::model::{Server, ServiceId, Step};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Traffic flows, but not as it should, or not for long.
    Warning,
    /// It could not be told.
    Unknown,
    /// Traffic stops.
    Critical,
}

impl Severity {
    /// `warning`, `critical` or `unknown`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Critical => "critical",
            Self::Unknown => "unknown",
        }
    }
}

/// What mends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fix {
    /// Steps that harm nobody; `--fix` runs them. With the command line that does
    /// the same.
    Safe {
        /// The command line.
        command: String,
        /// Its steps.
        steps: Vec<Step>,
    },
    /// Commands that mend it, which a person has to decide on.
    Commands {
        /// To be run in this order.
        commands: Vec<String>,
        /// What to mind; may be empty.
        mind: String,
    },
    /// What a person has to do elsewhere or to choose.
    Advice(String),
}

impl Fix {
    /// One command to be decided on.
    pub(super) fn command(command: impl Into<String>, mind: impl Into<String>) -> Self {
        Self::Commands {
            commands: vec![command.into()],
            mind: mind.into(),
        }
    }

    /// The commands or the advice, in one line.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Safe { command, .. } => command.clone(),
            Self::Commands { commands, mind } if mind.is_empty() => commands.join("; "),
            Self::Commands { commands, mind } => format!("{} ({mind})", commands.join("; ")),
            Self::Advice(text) => text.clone(),
        }
    }

    /// The commands, one by one.
    #[must_use]
    pub fn commands(&self) -> Vec<String> {
        match self {
            Self::Safe { command, .. } => vec![command.clone()],
            Self::Commands { commands, .. } => commands.clone(),
            Self::Advice(_) => Vec::new(),
        }
    }
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// By its name: the machine, an interface, a service.
    Named(String),
    /// A server of a service.
    Server {
        /// Its address and port.
        server: String,
        /// The service.
        service: ServiceId,
    },
    /// Servers of a service that have the same trouble.
    Servers {
        /// How many there are.
        count: usize,
        /// The first of them.
        first: Vec<String>,
        /// The service.
        service: ServiceId,
    },
}

impl Subject {
    pub(super) fn server(server: &Server, service: ServiceId) -> Self {
        Self::Server {
            server: server.endpoint(),
            service,
        }
    }
}

impl From<String> for Subject {
    fn from(name: String) -> Self {
        Self::Named(name)
    }
}

impl From<&str> for Subject {
    fn from(name: &str) -> Self {
        Self::Named(name.to_owned())
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name),
            Self::Server { server, service } => write!(f, "{server} of {service}"),
            Self::Servers {
                count,
                first,
                service,
            } => write!(
                f,
                "{count} servers of {service}: {} and {} more",
                first.join(", "),
                count.saturating_sub(first.len())
            ),
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// A name for scripts that never changes.
    pub id: Id,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about: a service, a server, the machine.
    pub subject: Subject,
    /// What is seen.
    pub seen: String,
    /// How that shows to a client.
    pub means: String,
    /// What mends it.
    pub fix: Fix,
}

/// As many servers of a service as are named one by one, for the same trouble.
const FEW: usize = 5;
/// As many as are named of more.
const FIRST: usize = 3;

/// For a person: findings of the same name and severity about many servers of a
/// service as one, in the place of the first, which counts them and speaks of the
/// first. The others stay as they are, in their order.
#[must_use]
pub fn folded(findings: &[Finding]) -> Vec<Finding> {
    let mut groups: HashMap<Key, Group> = HashMap::new();
    for finding in findings {
        if let (Some(key), Subject::Server { server, .. }) = (key(finding), &finding.subject) {
            let group = groups.entry(key).or_default();
            group.count += 1;
            if group.first.len() < FIRST {
                group.first.push(server.clone());
            }
        }
    }
    groups.retain(|_, group| group.count > FEW);
    let mut left = Vec::new();
    for finding in findings {
        let Some((key, group)) = key(finding).and_then(|key| Some((key, groups.get_mut(&key)?)))
        else {
            left.push(finding.clone());
            continue;
        };
        // The first stands for all of them.
        if !std::mem::replace(&mut group.is_told, true) {
            left.push(finding.of_many(key.2, group));
        }
    }
    left
}

/// What is told as one.
type Key = (Id, Severity, ServiceId);

fn key(finding: &Finding) -> Option<Key> {
    match finding.subject {
        Subject::Server { service, .. } => Some((finding.id, finding.severity, service)),
        _ => None,
    }
}

#[derive(Default)]
struct Group {
    count: usize,
    first: Vec<String>,
    is_told: bool,
}

impl Finding {
    fn of_many(&self, service: ServiceId, group: &Group) -> Self {
        Self {
            subject: Subject::Servers {
                count: group.count,
                first: group.first.clone(),
                service,
            },
            seen: format!("of the first: {}", self.seen),
            fix: Fix::Advice(format!(
                "of the first: {}; all are named by: lbctl check --json",
                self.fix.text()
            )),
            ..self.clone()
        }
    }
}

/// What findings about the whole machine are about.
pub(super) const MACHINE: &str = "this machine";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Forward, Protocol};

    fn of(id: Id, severity: Severity, port: u16, last: u8) -> Finding {
        let server = Server {
            address: [10, 0, 0, last].into(),
            port: 80,
            forward: Forward::Nat,
            weight: 1,
            upper_threshold: 0,
            lower_threshold: 0,
        };
        let service = ServiceId::Address {
            protocol: Protocol::Tcp,
            address: [192, 0, 2, 10].into(),
            port,
        };
        Finding {
            id,
            severity,
            subject: Subject::server(&server, service),
            seen: format!("10.0.0.{last} is silent"),
            means: "it times out".to_owned(),
            fix: Fix::Advice(format!("look at 10.0.0.{last}")),
        }
    }

    fn silent(port: u16, last: u8) -> Finding {
        of(Id::ServerUnreachable, Severity::Critical, port, last)
    }

    #[test]
    fn many_servers_with_the_same_trouble_are_told_as_one() {
        let named = Finding {
            subject: MACHINE.into(),
            ..silent(80, 1)
        };
        let mut findings = vec![named.clone()];
        findings.extend((1..=6).map(|last| silent(80, last)));
        findings.push(named.clone());
        let left = folded(&findings);
        assert_eq!(left.len(), 3, "{left:#?}");
        assert_eq!((&left[0], &left[2]), (&named, &named));
        let one = &left[1];
        assert_eq!(
            (one.id, one.severity),
            (Id::ServerUnreachable, Severity::Critical)
        );
        assert_eq!(
            one.subject.to_string(),
            "6 servers of tcp 192.0.2.10:80: 10.0.0.1:80, 10.0.0.2:80, 10.0.0.3:80 and 3 more"
        );
        assert_eq!(one.seen, "of the first: 10.0.0.1 is silent");
        assert_eq!(one.means, "it times out");
        assert_eq!(
            one.fix.text(),
            "of the first: look at 10.0.0.1; all are named by: lbctl check --json"
        );
    }

    #[test]
    fn few_servers_and_different_troubles_are_told_one_by_one() {
        let mut findings: Vec<Finding> = (1..=5).map(|last| silent(80, last)).collect();
        // Another service, severity, name: each for itself.
        findings.extend((6..=8).map(|last| silent(81, last)));
        findings
            .extend((9..=10).map(|last| of(Id::ServerUnreachable, Severity::Warning, 80, last)));
        findings.extend((11..=12).map(|last| of(Id::PortClosed, Severity::Critical, 80, last)));
        assert_eq!(folded(&findings), findings);
    }
}
