//! Kernel parameters by name, read and written under /proc/sys. Those below
//! `net` are the calling thread's network namespace's.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Error, Reason, Result};

/// Where the kernel shows its parameters.
const ROOT: &str = "/proc/sys";

/// The file of a parameter named as sysctl(8) names it: parts between dots, or
/// between slashes where a part may hold a dot (`net/ipv4/conf/eth0.5/forwarding`).
fn path(name: &str) -> std::result::Result<PathBuf, Reason> {
    let separator = if name.contains('/') { '/' } else { '.' };
    let mut path = Path::new(ROOT).to_path_buf();
    for part in name.split(separator) {
        if part.is_empty() || part == "." || part == ".." || part.contains('\0') {
            return Err(Reason::BadName);
        }
        path.push(part);
    }
    Ok(path)
}

/// The value, without the line's end; `None` when the kernel has no such parameter.
///
/// # Errors
/// The file cannot be read.
pub fn read(name: &str) -> Result<Option<String>> {
    let doing = || format!("read the kernel parameter {name}");
    let path = path(name).map_err(|reason| Error::new(doing(), reason))?;
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.trim_end().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::new(doing(), error)),
    }
}

/// Gives the parameter a value.
///
/// # Errors
/// The kernel has no such parameter, or refuses the value.
pub fn write(name: &str, value: &str) -> Result<()> {
    let doing = || format!("set the kernel parameter {name} to {value}");
    let path = path(name).map_err(|reason| Error::new(doing(), reason))?;
    // One write call, without O_CREAT: a missing parameter is ENOENT, not EPERM.
    fs::OpenOptions::new()
        .write(true)
        .open(path)
        .and_then(|mut file| io::Write::write_all(&mut file, value.as_bytes()))
        .map_err(|error| Error::new(doing(), error))
}

/// The names of the parameters `PARENT/*/LEAF`, with slashes.
///
/// # Errors
/// The directory cannot be read. A missing one has no parameters.
pub(super) fn of_each(parent: &str, leaf: &str) -> Result<Vec<String>> {
    let doing = || format!("list the kernel parameters below {parent}");
    let path = path(parent).map_err(|reason| Error::new(doing(), reason))?;
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::new(doing(), error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| Error::new(doing(), error))?;
        // An interface's name is bytes to the kernel; one that is not UTF-8
        // cannot stand in a plan and is left alone.
        if let Some(part) = entry.file_name().to_str() {
            names.push(format!("{parent}/{part}/{leaf}"));
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_written_with_dots_or_slashes() {
        let of = |name| path(name).unwrap().display().to_string();
        assert_eq!(of("net.ipv4.ip_forward"), "/proc/sys/net/ipv4/ip_forward");
        assert_eq!(
            of("net/ipv4/conf/eth0.5/forwarding"),
            "/proc/sys/net/ipv4/conf/eth0.5/forwarding"
        );
        for name in ["", "net..x", "/etc/passwd", "net/../../etc/passwd", "a/."] {
            assert!(path(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_missing_parameter_has_no_value_and_takes_none() {
        assert_eq!(read("net.ipv4.no_such_thing").unwrap(), None);
        let error = write("net.ipv4.no_such_thing", "1").unwrap_err();
        assert!(error.to_string().contains("net.ipv4.no_such_thing"));
    }

    #[test]
    fn a_value_comes_without_the_end_of_its_line() {
        let release = read("kernel.osrelease").unwrap().unwrap();
        assert!(!release.is_empty() && !release.ends_with('\n'));
    }
}
