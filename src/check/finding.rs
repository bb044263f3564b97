//! One thing that is wrong: what is seen, what it means, what mends it.

use super::Id;
use crate::model::Step;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// A name for scripts that never changes.
    pub id: Id,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about: a service, a server, the machine.
    pub subject: String,
    /// What is seen.
    pub seen: String,
    /// How that shows to a client.
    pub means: String,
    /// What mends it.
    pub fix: Fix,
}

/// What findings about the whole machine are about.
pub(super) const MACHINE: &str = "this machine";
