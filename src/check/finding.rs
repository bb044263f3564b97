//! One thing that is wrong: what is seen, what it means, what mends it.

use crate::model::Step;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Traffic flows, but not as it should.
    Warning,
    /// Traffic stops.
    Critical,
    /// It could not be told.
    Unknown,
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
    /// Steps that harm nobody; `--fix` runs them. With the lbctl command line
    /// that does the same.
    Safe {
        /// The command line.
        command: String,
        /// Its steps.
        steps: Vec<Step>,
    },
    /// What a person has to decide, as a command or a sentence.
    Advice(String),
}

impl Fix {
    /// The command or the advice.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Safe { command, .. } => command,
            Self::Advice(text) => text,
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// A name for scripts that never changes.
    pub id: &'static str,
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
