//! Drains: servers that somebody took out, until they are let back in, whatever
//! checks say. One file per service beside its state file, so that those who drain
//! and the probe need not know of each other.
//!
//! Who drains writes this file, and the probe only reads it, at each round and
//! after the table. So there are two ways to go, and the probe's lock tells which:
//!
//! - A probe holds it: write the file and leave the table to the probe. It takes the
//!   weight away at its next round, with a sorry server in before if one is called.
//! - Nobody holds it: take it, write the file, then set the weight. A probe that
//!   starts later finds both.
//!
//! Whoever does set the weight beside a probe does no harm if the file was written
//! first: the probe that sees the weight sees the drain, too.
//!
//! The file is replaced by rename and read whole at any time; writers wait for each
//! other at a lock of its own.

use std::fs::{self, File};
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::state::{GREATEST_WEIGHT, file_name};
use crate::model::ServiceId;

/// The format that this program writes and reads.
const VERSION: u32 = 1;
/// The most letters that are kept of a reason or a name.
const LONGEST_TEXT: usize = 500;

/// A server that somebody took out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drain {
    /// Its address.
    pub address: IpAddr,
    /// Its port.
    pub port: u16,
    /// Who did it, as [`who`] says it.
    pub by: String,
    /// When, seconds since 1970.
    pub at: u64,
    /// Why; may be empty.
    pub reason: String,
    /// The weight in the table before; none: it was not in it. A probe that finds a
    /// server without a weight takes this one for its own.
    pub weight_before: Option<u32>,
    /// The sorry server comes when no server is left for this drain. Otherwise it
    /// comes only when others fail.
    pub calls_sorry: bool,
}

impl Drain {
    /// The server's name in its service.
    #[must_use]
    pub fn name(&self) -> (IpAddr, u16) {
        (self.address, self.port)
    }
}

#[derive(Serialize, Deserialize)]
struct Form {
    version: u32,
    service: String,
    drains: Vec<Drain>,
}

/// The file of this service's drains.
#[must_use]
pub fn path(directory: &Path, id: &ServiceId) -> PathBuf {
    directory.join(format!("{}.drains", file_name(id)))
}

/// The drains of a service, in the order in which they were made.
///
/// # Errors
/// The file is there and cannot be read, or is damaged.
pub fn read(directory: &Path, id: &ServiceId) -> io::Result<Vec<Drain>> {
    match fs::read(path(directory, id)) {
        Ok(text) => parse(&text, id).map_err(|reason| {
            let file = path(directory, id);
            let text = format!(
                "{} is damaged ({reason}); remove it and drain anew",
                file.display()
            );
            io::Error::new(io::ErrorKind::InvalidData, text)
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Every service's drains in a directory, with the service's name, sorted by it; what
/// cannot be read is left out. For those who only look.
#[must_use]
pub fn read_all(directory: &Path) -> Vec<(String, Vec<Drain>)> {
    let files = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut all: Vec<_> = files
        .map(|file| file.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "drains"))
        .filter_map(|path| serde_json::from_slice(&fs::read(path).ok()?).ok())
        .filter(|form: &Form| form.version == VERSION)
        .map(|form| (form.service, form.drains))
        .collect();
    all.sort_by(|(one, _), (other, _)| one.cmp(other));
    all
}

/// Drains a server, or says anew why it is drained. When it was drained already, who
/// did that first, when, and the weight before stay; answered is that earlier drain.
///
/// # Errors
/// The file cannot be read or written.
pub fn set(directory: &Path, id: &ServiceId, drain: &Drain) -> io::Result<Option<Drain>> {
    let mut drain = Drain {
        by: drain.by.chars().take(LONGEST_TEXT).collect(),
        reason: drain.reason.chars().take(LONGEST_TEXT).collect(),
        ..drain.clone()
    };
    change(directory, id, |drains| {
        let old = drains.iter_mut().find(|old| old.name() == drain.name());
        if let Some(old) = old {
            drain.by.clone_from(&old.by);
            drain.at = old.at;
            drain.weight_before = old.weight_before;
            return Some(std::mem::replace(old, drain));
        }
        drains.push(drain);
        None
    })
}

/// Ends the drain of a server; answers it, none: it was not drained.
///
/// # Errors
/// The file cannot be read or written.
pub fn clear(directory: &Path, id: &ServiceId, name: (IpAddr, u16)) -> io::Result<Option<Drain>> {
    change(directory, id, |drains| {
        let place = drains.iter().position(|drain| drain.name() == name)?;
        Some(drains.remove(place))
    })
}

/// Reads, changes and replaces the file, one writer at a time.
fn change<T>(
    directory: &Path,
    id: &ServiceId,
    work: impl FnOnce(&mut Vec<Drain>) -> T,
) -> io::Result<T> {
    fs::create_dir_all(directory)?;
    let file = path(directory, id);
    // The kernel drops the lock with the file.
    let lock = File::create(file.with_extension("drains.lock"))?;
    lock.lock()?;
    let mut drains = read(directory, id)?;
    let before = drains.clone();
    let answer = work(&mut drains);
    if drains.is_empty() {
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    } else if drains != before {
        let text = serde_json::to_vec(&Form {
            version: VERSION,
            service: id.to_string(),
            drains,
        })?;
        let new = file.with_extension("drains.new");
        File::create(&new)?.write_all(&text)?;
        fs::rename(&new, &file)?;
    }
    Ok(answer)
}

fn parse(text: &[u8], id: &ServiceId) -> Result<Vec<Drain>, String> {
    let form: Form = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    if form.version != VERSION {
        return Err(format!("its version {} is unknown", form.version));
    }
    if form.service != id.to_string() {
        return Err(format!("it is of {}", form.service.escape_default()));
    }
    let mut names = std::collections::BTreeSet::new();
    for drain in &form.drains {
        if !names.insert(drain.name()) {
            return Err(format!("{} is in it twice", drain.address));
        }
        if drain.weight_before.is_some_and(|w| w > GREATEST_WEIGHT) {
            return Err(format!("{} has an impossible weight", drain.address));
        }
    }
    Ok(form.drains)
}

/// Who works at this terminal, to be told to others: the user behind sudo, else the
/// one that this process runs as. `passwd` is the text of /etc/passwd.
#[must_use]
pub fn who(sudo_user: Option<&str>, user: u32, passwd: &str) -> String {
    // Only root was made root by sudo; anybody may set a variable.
    if let Some(name) = sudo_user.filter(|name| user == 0 && !name.is_empty()) {
        return name.to_owned();
    }
    let name = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(user)).then_some(name)
    });
    name.map_or_else(|| format!("uid {user}"), str::to_owned)
}

#[cfg(test)]
mod tests;
