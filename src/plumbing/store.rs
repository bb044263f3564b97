//! The file of a record, `state.json`: read, replaced by rename, set aside when
//! it cannot be believed, and locked while a plan is made and run.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use super::place::OWN_NAMESPACE;
use super::record::{Distrust, Record};
use super::{Error, Reason, Result};

const FILE: &str = "state.json";
const LOCK: &str = "lock";

/// How long another lbctl may take before we give up.
const PATIENCE: Duration = Duration::from_secs(10);

/// Something that went right, but that a person should know of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// The record could not be believed and is no longer used.
    SetAside {
        /// Why.
        why: Distrust,
        /// Where it was, or still is when it could not be renamed.
        file: PathBuf,
        /// Where it is now; `None` when it could not be renamed.
        now: Option<PathBuf>,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::SetAside { why, file, now } = self;
        write!(f, "the record {} is not used: {why}; ", file.display())?;
        match now {
            Some(now) => write!(f, "it was set aside as {}", now.display())?,
            None => f.write_str("it is still there")?,
        }
        f.write_str(
            "; VIPs in the kernel are still known, \
             but the kernel parameters from before lbctl are not",
        )
    }
}

/// Reads the record of this directory without changing anything, for those who
/// only look. One that cannot be believed counts as empty, with a warning.
///
/// # Errors
/// The file is there and cannot be read.
pub fn read(directory: &Path) -> Result<(Record, Option<Warning>)> {
    let file = directory.join(FILE);
    let bytes = match fs::read(&file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(Error::new(format!("read {}", file.display()), error)),
    };
    let (mut record, warning) = if bytes.is_empty() && !file.exists() {
        (Record::default(), None)
    } else {
        match Record::parse(&bytes) {
            Ok(record) => (record, None),
            Err(why) => {
                let now = None;
                let warning = Warning::SetAside { why, file, now };
                (Record::default(), Some(warning))
            }
        }
    };
    record.enter(&life()?);
    Ok((record, warning))
}

/// The kernel's name for the time since it was started, and the number of the
/// calling thread's network namespace in it.
fn life() -> Result<String> {
    let boot = super::sysctl::read("kernel.random.boot_id")?.unwrap_or_default();
    let namespace = fs::metadata(OWN_NAMESPACE)
        .map_err(|error| Error::new("tell which network namespace this is", error))?;
    Ok(format!("{boot}/{}", namespace.ino()))
}

/// A directory's record, locked: nobody else plans or changes meanwhile.
#[derive(Debug)]
pub struct Store {
    directory: PathBuf,
    _lock: Flock<File>,
}

impl Store {
    /// Makes the directory if need be, waits for the lock and reads the record.
    /// One that cannot be believed is set aside, with a warning.
    ///
    /// # Errors
    /// The directory cannot be made or written, or [`Reason::Busy`].
    pub fn open(directory: &Path) -> Result<(Self, Record, Option<Warning>)> {
        fs::create_dir_all(directory).map_err(|error| {
            let doing = format!("make the directory {}", directory.display());
            Error::new(doing, error)
        })?;
        let store = Self {
            directory: directory.to_owned(),
            _lock: lock(&directory.join(LOCK))?,
        };
        let (record, mut warning) = read(directory)?;
        if let Some(Warning::SetAside { file, now, .. }) = &mut warning {
            *now = Some(store.set_aside(file)?);
        }
        Ok((store, record, warning))
    }

    fn set_aside(&self, file: &Path) -> Result<PathBuf> {
        let target = (1..1000)
            .map(|number| self.directory.join(format!("{FILE}.damaged-{number}")))
            .find(|target| fs::symlink_metadata(target).is_err())
            .unwrap_or_else(|| self.directory.join(format!("{FILE}.damaged")));
        match fs::rename(file, &target) {
            Ok(()) => Ok(target),
            Err(error) => Err(Error::new(format!("set {} aside", file.display()), error)),
        }
    }

    /// Replaces the record: by rename, so that it is whole at any moment, and
    /// on the disk before this returns. An empty one removes the file.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub fn write(&self, record: &Record) -> Result<()> {
        let file = self.directory.join(FILE);
        let written = if record.is_empty() {
            match fs::remove_file(&file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            }
        } else {
            self.replace(&file, record)
        };
        written.map_err(|error| Error::new(format!("write {}", file.display()), error))
    }

    fn replace(&self, file: &Path, record: &Record) -> io::Result<()> {
        let text = record.to_json()?;
        // The lock makes this name ours alone; what a kill left is overwritten.
        let temporary = self.directory.join(format!("{FILE}.new"));
        let mut new = File::create(&temporary)?;
        new.write_all(text.as_bytes())?;
        new.sync_all()?;
        fs::rename(&temporary, file)?;
        // The rename itself is on the disk once the directory is.
        File::open(&self.directory)?.sync_all()
    }
}

fn lock(path: &Path) -> Result<Flock<File>> {
    let doing = || format!("lock {}", path.display());
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(|error| Error::new(doing(), error))?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => return Ok(lock),
            Err((again, Errno::EAGAIN | Errno::EINTR)) if Instant::now() < deadline => {
                file = again;
                thread::sleep(Duration::from_millis(20));
            }
            Err((_, Errno::EAGAIN)) => return Err(Error::new(doing(), Reason::Busy)),
            Err((_, error)) => return Err(Error::new(doing(), error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory of its own, removed at the end.
    struct Directory(PathBuf);

    impl Directory {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("lbctl-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            Self(path)
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn record() -> Record {
        let mut record = Record::default();
        record.sysctls.insert(
            "net.ipv4.ip_forward".to_owned(),
            super::super::Before::default(),
        );
        record.enter(&life().unwrap());
        record
    }

    #[test]
    fn an_empty_record_has_no_file() {
        let directory = Directory::new("store-empty");
        let (store, read_back, warning) = Store::open(&directory.0).unwrap();
        assert!(read_back.is_empty() && warning.is_none());
        store.write(&record()).unwrap();
        assert_eq!(read(&directory.0).unwrap(), (record(), None));
        store.write(&Record::default()).unwrap();
        assert!(!directory.0.join(FILE).exists());
        store.write(&Record::default()).unwrap();
    }

    #[test]
    fn every_damaged_file_is_kept() {
        let directory = Directory::new("store-damaged");
        for number in 1..=2 {
            fs::create_dir_all(&directory.0).unwrap();
            fs::write(directory.0.join(FILE), b"{\"version\":").unwrap();
            let (_, looked) = read(&directory.0).unwrap();
            assert!(looked.unwrap().to_string().contains("still there"));
            let (_, record, warning) = Store::open(&directory.0).unwrap();
            assert!(record.is_empty());
            let kept = format!("state.json.damaged-{number}");
            assert!(warning.unwrap().to_string().contains(&kept));
            assert!(directory.0.join(kept).exists());
            assert!(!directory.0.join(FILE).exists());
        }
    }

    #[test]
    fn a_record_of_before_the_reboot_has_no_kernel_parameters() {
        let directory = Directory::new("store-boot");
        let (store, ..) = Store::open(&directory.0).unwrap();
        let mut old = record();
        old.life = "another".to_owned();
        store.write(&old).unwrap();
        assert!(read(&directory.0).unwrap().0.is_empty());
    }

    #[test]
    fn the_second_waits_for_the_first() {
        let directory = Directory::new("store-lock");
        let (first, ..) = Store::open(&directory.0).unwrap();
        let path = directory.0.clone();
        let second = thread::spawn(move || Store::open(&path).map(|_| Instant::now()));
        thread::sleep(Duration::from_millis(100));
        let released = Instant::now();
        drop(first);
        assert!(second.join().unwrap().unwrap() >= released);
    }
}
