//! What a verb can end with, its sentence and its exit code.

use std::fmt;
use std::io;

use crate::config::ConfigErrors;
use crate::health::ProbeError;
use crate::plumbing::{self, Reason};
use crate::reconcile::ApplyError;
use crate::{ipvs, reconcile};

/// Why a verb was not carried out.
#[derive(Debug)]
pub enum Error {
    /// Wrong usage, or a value that cannot be right: exit 2.
    Usage(String),
    /// What was asked for does not fit what is there: exit 1.
    Request {
        /// What was being done, as it stands behind "cannot ".
        doing: String,
        /// Why not.
        why: reconcile::RequestError,
    },
    /// IPVS could not be read or written: exit 1.
    Ipvs {
        /// What was being done, as it stands behind "cannot ".
        doing: String,
        /// Why not.
        source: ipvs::Error,
    },
    /// A plan was refused half way, and undone: exit 1.
    Plan(Box<reconcile::Failure>),
    /// The file is wrong: exit 2.
    Config(ConfigErrors),
    /// A machine is not what a file says: exit 1.
    Apply(Box<ApplyError>),
    /// The way into IPVS could not be read or planned: exit 1, or 2 for a value
    /// that cannot be right.
    Plumbing(plumbing::Error),
    /// The probe cannot start: exit 1.
    Probe(ProbeError),
    /// The person stopped a dialogue: exit 130, as the shell has it for Ctrl-C.
    Interrupted,
    /// The same, where something had been done: what became of it.
    Stopped(String),
    /// Anything else of the machine: exit 1. The sentence is complete.
    Machine(String),
    /// The answer could not be written.
    Output(io::Error),
}

impl Error {
    /// 2 for what a user can only mend by typing something else, 1 otherwise.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_)
            | Self::Config(_)
            | Self::Request {
                why: reconcile::RequestError::Impossible(_) | reconcile::RequestError::NothingNamed,
                ..
            }
            | Self::Plumbing(plumbing::Error {
                reason: Reason::Unusable { .. } | Reason::Wrong(_) | Reason::BadName,
                ..
            }) => 2,
            Self::Interrupted | Self::Stopped(_) => 130,
            _ => 1,
        }
    }

    /// Whether the reader of our output went away.
    #[must_use]
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text) | Self::Machine(text) | Self::Stopped(text) => f.write_str(text),
            Self::Request { doing, why } => write!(f, "cannot {doing}: {why}"),
            Self::Ipvs { doing, source } => write!(f, "cannot {doing}: {source}"),
            Self::Plan(failure) => failure.fmt(f),
            Self::Config(errors) => errors.fmt(f),
            Self::Apply(error) => error.fmt(f),
            Self::Interrupted => f.write_str("stopped; nothing was changed"),
            Self::Plumbing(error) => error.fmt(f),
            Self::Probe(error) => error.fmt(f),
            Self::Output(error) => write!(f, "cannot write the answer: {error}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<ConfigErrors> for Error {
    fn from(errors: ConfigErrors) -> Self {
        Self::Config(errors)
    }
}

impl From<ApplyError> for Error {
    fn from(error: ApplyError) -> Self {
        Self::Apply(Box::new(error))
    }
}

impl From<plumbing::Error> for Error {
    fn from(error: plumbing::Error) -> Self {
        Self::Plumbing(error)
    }
}

impl From<Box<reconcile::Failure>> for Error {
    fn from(failure: Box<reconcile::Failure>) -> Self {
        Self::Plan(failure)
    }
}
