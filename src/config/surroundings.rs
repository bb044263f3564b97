//! What reading a file needs to know of the machine, and nothing else.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::lookup;
use crate::model::Protocol;

/// The machine, as far as a file speaks of it. Sentences say what is wrong and what
/// to do, as everywhere.
pub trait Surroundings {
    /// An address and perhaps a port; host and service names are looked up.
    ///
    /// # Errors
    /// A sentence that says which word cannot be right.
    fn socket(
        &self,
        text: &str,
        protocol: Option<Protocol>,
    ) -> Result<(IpAddr, Option<u16>), String>;

    /// The bytes of a configuration file.
    ///
    /// # Errors
    /// It cannot be read.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The names of a directory's files, in any order.
    ///
    /// # Errors
    /// It cannot be read.
    fn names(&self, directory: &Path) -> io::Result<Vec<String>>;

    /// Whether this file holds certificates.
    ///
    /// # Errors
    /// A sentence that says why it does not.
    fn ca_file(&self, path: &Path) -> Result<(), String>;

    /// Whether this program can be run.
    ///
    /// # Errors
    /// A sentence that says why it cannot.
    fn command(&self, path: &Path) -> Result<(), String>;
}

/// The machine that lbctl runs on.
#[derive(Debug, Clone, Copy, Default)]
pub struct System;

impl Surroundings for System {
    fn socket(
        &self,
        text: &str,
        protocol: Option<Protocol>,
    ) -> Result<(IpAddr, Option<u16>), String> {
        lookup::socket(text, protocol)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn names(&self, directory: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(directory)? {
            // A pattern in a file is text, and never matches what is not.
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn ca_file(&self, path: &Path) -> Result<(), String> {
        let text = fs::read(path).map_err(|error| {
            format!("cannot read the CA file: {error}; name a file of PEM certificates")
        })?;
        let mark = b"-----BEGIN CERTIFICATE-----";
        if text.windows(mark.len()).any(|part| part == mark) {
            return Ok(());
        }
        Err("the CA file holds no certificate; it has to be in PEM form".to_owned())
    }

    fn command(&self, path: &Path) -> Result<(), String> {
        let found = fs::metadata(path).map_err(|error| {
            format!("cannot find the command: {error}; name a program of this machine")
        })?;
        if !found.is_file() {
            return Err("the command is not a file; name a program of this machine".to_owned());
        }
        if found.permissions().mode() & 0o111 == 0 {
            return Err(format!(
                "the command is not executable; allow it with: chmod +x {}",
                path.display()
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_answers() {
        let directory = std::env::temp_dir().join(format!("lbctl-config-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let path = directory.join("file");
        let said = |answer: Result<(), String>| answer.unwrap_err();
        assert!(said(System.command(&path)).contains("cannot find the command"));
        assert!(said(System.ca_file(&path)).contains("cannot read the CA file"));
        assert!(System.read(&path).is_err());
        fs::write(&path, "no certificate").unwrap();
        assert!(said(System.command(&path)).contains("chmod +x"));
        assert!(said(System.command(&directory)).contains("not a file"));
        assert!(said(System.ca_file(&path)).contains("holds no certificate"));
        fs::write(&path, "-----BEGIN CERTIFICATE-----\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(
            (System.command(&path), System.ca_file(&path)),
            (Ok(()), Ok(()))
        );
        assert_eq!(System.names(&directory).unwrap(), ["file"]);
        assert_eq!(System.read(&path).unwrap().len(), 28);
        assert_eq!(
            System.socket("192.0.2.1:80", None),
            Ok(([192, 0, 2, 1].into(), Some(80)))
        );
        fs::remove_dir_all(&directory).unwrap();
    }
}
