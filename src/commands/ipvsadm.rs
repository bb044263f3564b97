//! ipvsadm and its two companions: their streams and their exit codes, nothing
//! else. The peer's words are never clap's.

use std::ffi::{OsStr, OsString};
use std::io::{self, BufWriter};
use std::path::Path;
use std::process::ExitCode;

use crate::ipvsadm::{self, Program, SystemNames};

use super::context::Context;
use super::{Error, Result};

/// The name under which lbctl was started, where it is one of ipvsadm's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// `ipvsadm`.
    Ipvsadm,
    /// `ipvsadm-save`.
    Save,
    /// `ipvsadm-restore`.
    Restore,
}

impl Peer {
    /// Whom the first word of the command line names, if anybody.
    #[must_use]
    pub fn called(program: &OsStr) -> Option<Self> {
        match Path::new(program).file_name()?.to_str()? {
            "ipvsadm" => Some(Self::Ipvsadm),
            "ipvsadm-save" => Some(Self::Save),
            "ipvsadm-restore" => Some(Self::Restore),
            _ => None,
        }
    }

    /// Answers as it does.
    #[must_use]
    pub fn run(self, program: &OsStr, words: impl Iterator<Item = OsString>) -> ExitCode {
        let words: Vec<OsString> = words.collect();
        match self.answer(program, &words) {
            Ok(code) => ExitCode::from(code),
            Err(error) => super::report(&error.into()),
        }
    }

    fn answer(self, program: &OsStr, words: &[OsString]) -> io::Result<u8> {
        let name = program.to_string_lossy();
        let base = Path::new(program).file_name().unwrap_or(program);
        let base = base.to_string_lossy();
        let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
        let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
        let streams = Program {
            name: if self == Self::Ipvsadm { &name } else { &base },
            input: &mut io::stdin().lock(),
            output: &mut BufWriter::new(io::stdout().lock()),
            errors: &mut io::stderr().lock(),
            names: &SystemNames::default(),
        };
        match self {
            Self::Ipvsadm => ipvsadm::run(streams, &words),
            Self::Save => ipvsadm::save_table(streams, &words),
            Self::Restore => ipvsadm::restore_table(streams),
        }
    }
}

/// `lbctl ipvsadm ...`; returns the exit code.
///
/// # Errors
/// A global option that ipvsadm has nothing of, or a stream that cannot be read
/// or written.
pub(super) fn run(context: &Context, words: &[OsString]) -> Result<u8> {
    if context.json || context.dry_run {
        return Err(Error::Usage(
            "ipvsadm has neither --json nor --dry-run; lbctl's own verbs have, as in: \
             lbctl list --json, lbctl --dry-run add"
                .to_owned(),
        ));
    }
    Ok(Peer::Ipvsadm.answer(OsStr::new("ipvsadm"), words)?)
}
