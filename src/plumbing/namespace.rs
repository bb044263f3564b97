//! Network namespaces: entering one that has a name, as `ip -n` does, and
//! making ones to try things in. A namespace belongs to a thread, so work in
//! another one is done by a thread of its own.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, setns, unshare};

use super::place::OWN_NAMESPACE;
use super::{Error, Reason, Result};

/// Where named namespaces are bound, as ip-netns(8) has it.
pub(super) const NAMED: &str = "/run/netns";

/// A network namespace, which lives at least as long as this value.
#[derive(Debug)]
pub struct Namespace {
    file: File,
}

impl Namespace {
    /// The calling thread's.
    ///
    /// # Errors
    /// /proc is not mounted.
    pub fn current() -> Result<Self> {
        match File::open(OWN_NAMESPACE) {
            Ok(file) => Ok(Self { file }),
            Err(error) => Err(Error::new("open this network namespace", error)),
        }
    }

    /// The one with this name in /run/netns.
    ///
    /// # Errors
    /// [`Reason::UnknownNamespace`] with the names that there are.
    pub fn named(name: &str) -> Result<Self> {
        let doing = || format!("open the network namespace '{}'", name.escape_default());
        let path = path(name).map_err(|reason| Error::new(doing(), reason))?;
        match File::open(path) {
            Ok(file) => Ok(Self { file }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let known = Self::names()?;
                Err(Error::new(doing(), Reason::UnknownNamespace { known }))
            }
            Err(error) => Err(Error::new(doing(), error)),
        }
    }

    /// A new one without a name, which ends with this value and with the last
    /// thread in it. Its `lo` is down.
    ///
    /// # Errors
    /// The kernel refuses it.
    pub fn anonymous() -> Result<Self> {
        let doing = "make a network namespace";
        in_a_thread(doing, || {
            unshare(CloneFlags::CLONE_NEWNET).map_err(|error| Error::new(doing, error))?;
            Self::current()
        })?
    }

    /// The names in /run/netns, sorted.
    ///
    /// # Errors
    /// The directory is there and cannot be read.
    pub fn names() -> Result<Vec<String>> {
        let doing = "list the network namespaces in /run/netns";
        let entries = match fs::read_dir(NAMED) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::new(doing, error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| Error::new(doing, error))?;
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    /// Makes one with a name, as `ip netns add` does.
    ///
    /// # Errors
    /// The name is taken, or the system refuses it.
    pub fn create(name: &str) -> Result<Self> {
        let doing = || format!("make the network namespace '{}'", name.escape_default());
        let failed = |reason: Reason| Error::new(doing(), reason);
        let path = path(name).map_err(failed)?;
        prepare().map_err(failed)?;
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o000)
            .open(&path)
            .map_err(|error| failed(error.into()))?;
        let made = in_a_thread("make a network namespace", || {
            unshare(CloneFlags::CLONE_NEWNET)?;
            bind(Path::new(OWN_NAMESPACE), &path)
        })?;
        if let Err(error) = made {
            // The empty file would be a name without a namespace.
            let _ = fs::remove_file(&path);
            return Err(failed(error.into()));
        }
        Self::named(name)
    }

    /// Takes the name away, as `ip netns del` does. The namespace ends with
    /// whoever is still in it.
    ///
    /// # Errors
    /// There is no such name, or the system refuses it.
    pub fn delete(name: &str) -> Result<()> {
        let doing = || format!("delete the network namespace '{}'", name.escape_default());
        let path = path(name).map_err(|reason| Error::new(doing(), reason))?;
        match umount2(&path, MntFlags::MNT_DETACH) {
            // EINVAL: the name is there, but nothing is bound to it.
            Ok(()) | Err(Errno::EINVAL) => {}
            Err(Errno::ENOENT) => {
                let known = Self::names()?;
                return Err(Error::new(doing(), Reason::UnknownNamespace { known }));
            }
            Err(error) => return Err(Error::new(doing(), error)),
        }
        fs::remove_file(&path).map_err(|error| Error::new(doing(), error))
    }

    /// Moves the calling thread into it. Sockets that are open stay where they
    /// were opened; threads started later begin in it.
    ///
    /// # Errors
    /// The kernel refuses it.
    pub fn enter(&self) -> Result<()> {
        setns(&self.file, CloneFlags::CLONE_NEWNET).map_err(|error| {
            let reason = match error {
                // More than anything else that is done here (`netns_install`).
                Errno::EPERM => Reason::InTheWay(
                    "operation not permitted; this needs root with CAP_SYS_ADMIN. A service of \
                     systemd is put there by NetworkNamespacePath= instead"
                        .to_owned(),
                ),
                other => other.into(),
            };
            Error::new("enter the network namespace", reason)
        })
    }

    /// Does some work in it, in a thread of its own, and waits for the end.
    ///
    /// # Errors
    /// No thread can be had, or the kernel does not let it in.
    ///
    /// # Panics
    /// When the work does.
    pub fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T> {
        in_a_thread("work in a network namespace", || {
            self.enter().map(|()| work())
        })?
    }
}

impl AsFd for Namespace {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl AsRawFd for Namespace {
    fn as_raw_fd(&self) -> RawFd {
        self.file.as_raw_fd()
    }
}

/// Runs this in a thread and hands its panic on.
fn in_a_thread<T: Send>(doing: &str, work: impl FnOnce() -> T + Send) -> Result<T> {
    thread::scope(|scope| {
        let thread = thread::Builder::new()
            .spawn_scoped(scope, work)
            .map_err(|error| Error::new(doing, error))?;
        match thread.join() {
            Ok(value) => Ok(value),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

fn path(name: &str) -> std::result::Result<PathBuf, Reason> {
    if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\0']) {
        return Err(Reason::BadName);
    }
    Ok(Path::new(NAMED).join(name))
}

/// Makes /run/netns a mount that is shared, so that names made or taken away in
/// one mount namespace are so in all.
fn prepare() -> std::result::Result<(), Reason> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(NAMED)?;
    match share() {
        // Not a mount yet: make it one.
        Err(Errno::EINVAL) => {
            mount(
                Some(NAMED),
                NAMED,
                Some("none"),
                MsFlags::MS_BIND | MsFlags::MS_REC,
                None::<&str>,
            )?;
            Ok(share()?)
        }
        shared => Ok(shared?),
    }
}

fn share() -> nix::Result<()> {
    let flags = MsFlags::MS_SHARED | MsFlags::MS_REC;
    mount(Some(""), NAMED, Some("none"), flags, None::<&str>)
}

fn bind(from: &Path, to: &Path) -> nix::Result<()> {
    mount(Some(from), to, Some("none"), MsFlags::MS_BIND, None::<&str>)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_lead_elsewhere() {
        for name in ["", ".", "..", "../self", "a/b", "a\0"] {
            assert!(path(name).is_err(), "{name:?}");
        }
        assert_eq!(path("blue").unwrap(), Path::new("/run/netns/blue"));
    }

    #[test]
    fn an_unknown_name_is_answered_with_those_there_are() {
        let error = Namespace::named("no-such-namespace").unwrap_err();
        assert!(matches!(error.reason, Reason::UnknownNamespace { .. }));
    }

    #[test]
    fn work_is_done_in_the_namespace_and_its_result_comes_back() {
        // A thread may always enter the namespace that it is in, with privilege;
        // without, the kernel's answer comes back.
        let here = Namespace::current().unwrap();
        match here.run(|| 7) {
            Ok(result) => assert_eq!(result, 7),
            Err(error) => assert!(error.to_string().contains("CAP_NET_ADMIN")),
        }
    }
}
