//! One probe per service and directory: a lock file beside the state file. The
//! kernel drops the lock with the process, however that ends.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::state::file_name;
use crate::model::ServiceId;

/// Held while the probe of a service runs.
#[derive(Debug)]
pub struct ProbeLock {
    file: File,
}

/// Why a probe may not start.
#[derive(Debug)]
pub enum LockError {
    /// Another one is at work.
    Held {
        /// On this service.
        service: ServiceId,
        /// Its process, if the file says so.
        pid: Option<u32>,
    },
    /// The lock file cannot be had.
    Io {
        /// Its path.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held { service, pid } => {
                write!(f, "{service} is already probed by another lbctl")?;
                match pid {
                    Some(pid) => write!(f, ", process {pid}; stop that one first"),
                    None => f.write_str("; stop that one first"),
                }
            }
            Self::Io { path, error } => {
                write!(f, "cannot lock {}: {error}", path.display())?;
                match error.kind() {
                    io::ErrorKind::PermissionDenied => f.write_str("; run it as root"),
                    _ => Ok(()),
                }
            }
        }
    }
}

impl std::error::Error for LockError {}

impl Drop for ProbeLock {
    /// A child between fork and exec has the file, too, and would hold the lock on.
    fn drop(&mut self) {
        // What cannot be unlocked is unlocked by closing it.
        let _ = self.file.unlock();
    }
}

impl ProbeLock {
    /// Takes the lock of this service; makes the directory if it is not there.
    ///
    /// # Errors
    /// Another probe holds it, or the file cannot be had.
    pub fn take(directory: &Path, id: &ServiceId) -> Result<Self, LockError> {
        let path = directory.join(format!("{}.lock", file_name(id)));
        let failed = |error| LockError::Io {
            path: path.clone(),
            error,
        };
        fs::create_dir_all(directory).map_err(failed)?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let _ = file.take(32).read_to_string(&mut text);
                return Err(LockError::Held {
                    service: *id,
                    pid: text.trim().parse().ok(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        file.set_len(0).map_err(failed)?;
        file.rewind().map_err(failed)?;
        writeln!(file, "{}", std::process::id()).map_err(failed)?;
        Ok(Self { file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Protocol;

    #[test]
    fn a_second_probe_is_refused_and_told_by_whom() {
        let directory = std::env::temp_dir().join(format!("lbctl-lock-{}", std::process::id()));
        let id = |port| ServiceId::Address {
            protocol: Protocol::Tcp,
            address: [192, 0, 2, 1].into(),
            port,
        };
        let held = ProbeLock::take(&directory, &id(80)).unwrap();
        let other = ProbeLock::take(&directory, &id(81));
        let refused = ProbeLock::take(&directory, &id(80)).unwrap_err();
        let pid = std::process::id();
        assert_eq!(
            refused.to_string(),
            format!(
                "tcp 192.0.2.1:80 is already probed by another lbctl, process {pid}; stop that one first"
            )
        );
        let error = io::ErrorKind::PermissionDenied.into();
        let path = directory.join("x.lock");
        let refused = LockError::Io { path, error }.to_string();
        assert!(refused.ends_with("run it as root"), "{refused}");
        // A child that was just forked has it, too.
        let child = held.file.try_clone();
        drop(held);
        let again = ProbeLock::take(&directory, &id(80));
        let _ = fs::remove_dir_all(&directory);
        assert!(other.is_ok() && again.is_ok() && child.is_ok());
    }
}
