//! The one directory that the demo needs: the servers' pages and the state of
//! the `lbctl` that is shown.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Error, Result};

/// A directory that only we may enter, removed with all it holds when dropped.
#[derive(Debug)]
pub(super) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Makes it where temporary files belong.
    pub fn new() -> Result<Self> {
        let template = std::env::temp_dir().join("lbctl-demo-XXXXXX");
        match nix::unistd::mkdtemp(&template) {
            Ok(path) => Ok(Self { path }),
            Err(error) => Err(Error::system(
                format!("make a directory {}", template.display()),
                error,
            )),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A directory in it.
    pub fn directory(&self, name: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        match fs::create_dir(&path) {
            Ok(()) => Ok(path),
            Err(error) => Err(Error::system(
                format!("make the directory {}", path.display()),
                error,
            )),
        }
    }

    /// Removes it and says whether that went well, which dropping it cannot.
    pub fn remove(self) -> Result<()> {
        fs::remove_dir_all(&self.path)
            .map_err(|error| Error::system(format!("remove {}", self.path.display()), error))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Whoever wants to know of a failure has called `remove`.
        let _ = fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_gone_with_all_it_held() {
        let scratch = Scratch::new().unwrap();
        let path = scratch.path().to_owned();
        let inside = scratch.directory("w1").unwrap();
        fs::write(inside.join("index.html"), "w1\n").unwrap();
        drop(scratch);
        assert!(!path.exists());
        let scratch = Scratch::new().unwrap();
        let path = scratch.path().to_owned();
        scratch.remove().unwrap();
        assert!(!path.exists());
    }
}
