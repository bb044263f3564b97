//! The file on the disk: written by rename, so that nobody ever reads half of it,
//! and put back as it was.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// A file that was written, and what was there before.
#[derive(Debug)]
pub struct Written {
    path: PathBuf,
    before: Option<Vec<u8>>,
    /// The directory, if it was made for the file.
    directory: Option<PathBuf>,
    /// Where the old text is kept.
    kept: Option<PathBuf>,
}

/// Writes a file; whoever starts over keeps the old text beside it.
///
/// # Errors
/// A sentence; nothing is changed then.
pub fn write(path: &Path, text: &str, keep_old: bool) -> Result<Written, String> {
    let failed = |error: io::Error| format!("cannot write {}: {error}", path.display());
    // A link stays one.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let before = match fs::read(&path) {
        Ok(before) => Some(before),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(failed(error)),
    };
    let mut written = Written {
        path,
        before,
        directory: None,
        kept: None,
    };
    let parent = written
        .path
        .parent()
        .filter(|it| !it.as_os_str().is_empty());
    if let Some(directory) = parent
        && !directory.exists()
    {
        let directory = directory.to_owned();
        fs::create_dir_all(&directory).map_err(failed)?;
        written.directory = Some(directory);
    }
    let done = written
        .keep(keep_old)
        .and_then(|()| replace(&written.path, text.as_bytes()));
    if let Err(error) = done {
        written.forget();
        return Err(failed(error));
    }
    Ok(written)
}

impl Written {
    /// Where the old text is kept.
    #[must_use]
    pub fn kept(&self) -> Option<&Path> {
        self.kept.as_deref()
    }

    /// Puts back what was there.
    ///
    /// # Errors
    /// A sentence.
    pub fn restore(self) -> Result<(), String> {
        let done = match &self.before {
            Some(before) => replace(&self.path, before),
            None => fs::remove_file(&self.path),
        };
        self.forget();
        done.map_err(|error| format!("cannot put {} back: {error}", self.path.display()))
    }

    fn keep(&mut self, keep_old: bool) -> io::Result<()> {
        let (true, Some(before)) = (keep_old, &self.before) else {
            return Ok(());
        };
        for number in 1.. {
            let mut name = self.path.clone().into_os_string();
            name.push(if number == 1 {
                ".old".to_owned()
            } else {
                format!(".old{number}")
            });
            let kept = PathBuf::from(name);
            match OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&kept)
            {
                Ok(mut file) => {
                    self.kept = Some(kept);
                    like(&file, &self.path)?;
                    return file.write_all(before);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// What only this writing needed.
    fn forget(&self) {
        if let Some(kept) = &self.kept {
            let _ = fs::remove_file(kept);
        }
        if let Some(directory) = &self.directory {
            // Only an empty one goes.
            let _ = fs::remove_dir(directory);
        }
    }
}

/// The whole new text first, then the name.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut name = path.to_owned().into_os_string();
    name.push(".new");
    let new = PathBuf::from(name);
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o644)
            .open(&new)?;
        like(&file, path)?;
        file.write_all(text)?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    let done = write();
    if done.is_err() {
        let _ = fs::remove_file(&new);
    }
    done
}

/// Owner and mode of the file that was there.
fn like(file: &File, path: &Path) -> io::Result<()> {
    let Ok(old) = fs::metadata(path) else {
        return Ok(());
    };
    file.set_permissions(fs::Permissions::from_mode(old.mode() & 0o7777))?;
    std::os::unix::fs::fchown(file, Some(old.uid()), Some(old.gid()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_kept_and_restored() {
        let directory = std::env::temp_dir().join(format!("lbctl-file-{}", std::process::id()));
        let path = directory.join("etc").join("lbctl.toml");
        // Not there: it goes again, with its directory.
        write(&path, "one", true).unwrap().restore().unwrap();
        assert!(!directory.join("etc").exists());
        let first = write(&path, "one", true).unwrap();
        assert_eq!(first.kept(), None);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let second = write(&path, "two", true).unwrap();
        let kept = second.kept().unwrap().to_owned();
        assert_eq!(fs::read_to_string(&kept).unwrap(), "one");
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o640);
        // The second time, the name beside it is taken.
        let third = write(&path, "three", true).unwrap();
        assert!(third.kept().unwrap().ends_with("lbctl.toml.old2"));
        third.restore().unwrap();
        second.restore().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        assert!(!kept.exists());
        let no_file = write(&directory, "x", false).unwrap_err();
        assert!(no_file.contains("cannot write"), "{no_file}");
        fs::remove_dir_all(&directory).unwrap();
    }
}
