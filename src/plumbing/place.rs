//! Where lbctl keeps what it must remember, a directory for each network
//! namespace: two directors on one machine never share their state.
//!
//! | namespace | directory |
//! |---|---|
//! | that of process 1 | `/var/lib/lbctl` |
//! | one with a name in /run/netns | `/var/lib/lbctl/netns/NAME` |
//! | any other; it does not survive a reboot | `/run/lbctl/netns/INODE` |

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::namespace::NAMED;
use super::{Error, Result};

/// The calling thread's network namespace; /proc/self is the main thread's.
pub(super) const OWN_NAMESPACE: &str = "/proc/thread-self/ns/net";

/// What survives a reboot: `$LBCTL_STATE_DIR`, or /var/lib/lbctl.
#[must_use]
pub fn state_dir() -> PathBuf {
    from_environment("LBCTL_STATE_DIR", "/var/lib/lbctl")
}

/// What does not survive a reboot: `$LBCTL_RUN_DIR`, or /run/lbctl.
#[must_use]
pub fn run_dir() -> PathBuf {
    from_environment("LBCTL_RUN_DIR", "/run/lbctl")
}

fn from_environment(variable: &str, otherwise: &str) -> PathBuf {
    env::var_os(variable)
        .filter(|value| !value.is_empty())
        .map_or_else(|| PathBuf::from(otherwise), PathBuf::from)
}

/// The directory of the calling thread's network namespace for what survives a
/// reboot, if the namespace does.
///
/// # Errors
/// /proc is not mounted.
pub fn state_directory() -> Result<PathBuf> {
    Ok(Place::here()?.directory(&state_dir(), &run_dir()))
}

/// Which network namespace the calling thread is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// That of process 1.
    Main,
    /// One that /run/netns has a name for.
    Named(OsString),
    /// Any other, known by its inode.
    Nameless(u64),
}

impl Place {
    /// Looks where the calling thread is. Where process 1 is hidden (by `hidepid`), a
    /// namespace without a name counts as the main one.
    ///
    /// # Errors
    /// /proc is not mounted.
    pub fn here() -> Result<Self> {
        let own = fs::metadata(OWN_NAMESPACE).map_err(|error| {
            Error::new(
                "tell which network namespace this is (is /proc mounted?)",
                error,
            )
        })?;
        let same = |other: &fs::Metadata| (own.dev(), own.ino()) == (other.dev(), other.ino());
        let main = is_that_of_process_1();
        if main == Some(true) {
            return Ok(Self::Main);
        }
        // A machine without /run/netns has no named ones.
        let mut names: Vec<OsString> = fs::read_dir(NAMED)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| fs::metadata(entry.path()).is_ok_and(|found| same(&found)))
            .map(|entry| entry.file_name())
            .collect();
        // One namespace may have two names; any order that stays will do.
        names.sort();
        Ok(match (names.into_iter().next(), main) {
            (Some(name), _) => Self::Named(name),
            (None, None) => Self::Main,
            (None, Some(_)) => Self::Nameless(own.ino()),
        })
    }

    /// The directory below `state` (see [`state_dir`]) or `run` (see [`run_dir`]).
    #[must_use]
    pub fn directory(&self, state: &Path, run: &Path) -> PathBuf {
        match self {
            Self::Main => state.to_owned(),
            Self::Named(name) => state.join("netns").join(name),
            Self::Nameless(inode) => run.join("netns").join(inode.to_string()),
        }
    }

    /// The directory of what does not survive a reboot, such as what a running
    /// probe believes.
    #[must_use]
    pub fn run_directory(&self, run: &Path) -> PathBuf {
        self.directory(run, run)
    }
}

/// Whether the calling thread is in process 1's namespace; nothing if that is hidden.
/// Looking at `/proc/1/ns/net` takes all capabilities of process 1, which a service
/// rarely has. A namespace's files below `/proc/PID/net` are there for everybody, and
/// have inodes of their own (`proc_register` and `get_proc_task_net` of fs/proc).
fn is_that_of_process_1() -> Option<bool> {
    let of = |process: &str| fs::metadata(format!("/proc/{process}/net/dev"));
    let (own, main) = (of("thread-self").ok()?, of("1").ok()?);
    Some((own.dev(), own.ino()) == (main.dev(), main.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_namespace_has_a_directory_of_its_own() {
        let (state, run) = (Path::new("/s"), Path::new("/r"));
        let of = |place: Place| place.directory(state, run).display().to_string();
        assert_eq!(of(Place::Main), "/s");
        assert_eq!(of(Place::Named("blue".into())), "/s/netns/blue");
        assert_eq!(of(Place::Nameless(4026)), "/r/netns/4026");
        let named = Place::Named("blue".into()).run_directory(run);
        assert_eq!(named, Path::new("/r/netns/blue"));
    }
}
