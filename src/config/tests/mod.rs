//! Files that people write, and what is said to them.

mod checks;
mod combinations;
mod defaults;
pub(crate) mod generate;
mod host;
mod manual;
mod mistakes;
mod places;
mod round_trip;
mod services;
mod values;

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::path::Path;

use super::{Config, Surroundings};
use crate::lookup;
use crate::model::Protocol;

/// A machine of tables.
#[derive(Debug, Default)]
struct Machine {
    /// Files by path; what they hold is text for configuration files and anything for
    /// others.
    files: BTreeMap<&'static str, Vec<u8>>,
}

impl Machine {
    /// One with the programs and certificates that tests name.
    fn new() -> Self {
        Self::default()
            .with("/etc/ssl/internal.pem", "")
            .with("/usr/lib/lbctl/my-check", "")
    }

    fn with(mut self, path: &'static str, text: &str) -> Self {
        self.files.insert(path, text.as_bytes().to_vec());
        self
    }

    fn there(&self, path: &Path) -> Result<(), String> {
        let found = path.to_str().and_then(|path| self.files.get(path));
        found.map(|_| ()).ok_or_else(|| "not there".to_owned())
    }
}

impl Surroundings for Machine {
    fn socket(
        &self,
        text: &str,
        protocol: Option<Protocol>,
    ) -> Result<(IpAddr, Option<u16>), String> {
        let text = text.replace("www.example.com", "192.0.2.10");
        if text.contains(|letter: char| letter.is_alphabetic()) && text.contains(".example") {
            return Err(format!("cannot look up the host '{text}'"));
        }
        lookup::socket(&text, protocol)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let found = path.to_str().and_then(|path| self.files.get(path));
        found.cloned().ok_or(io::ErrorKind::NotFound.into())
    }

    fn names(&self, directory: &Path) -> io::Result<Vec<String>> {
        let below = self
            .files
            .keys()
            .map(Path::new)
            .filter(|path| path.parent() == Some(directory))
            .filter_map(|path| path.file_name()?.to_str());
        Ok(below.rev().map(str::to_owned).collect())
    }

    fn ca_file(&self, path: &Path) -> Result<(), String> {
        self.there(path)
    }

    fn command(&self, path: &Path) -> Result<(), String> {
        self.there(path)
    }
}

/// What a file says.
fn read(text: &str) -> Config {
    match Config::parse(Path::new("lbctl.toml"), text.as_bytes(), &Machine::new()) {
        Ok(config) => config,
        Err(errors) => panic!("{errors}"),
    }
}

/// `LINE:COLUMN: what is wrong` for every mistake in a file.
fn mistakes(text: &str) -> Vec<String> {
    match Config::parse(Path::new("lbctl.toml"), text.as_bytes(), &Machine::new()) {
        Ok(config) => panic!("no mistake: {config:?}"),
        Err(errors) => errors
            .errors()
            .iter()
            .map(|error| match error.position() {
                Some((line, column)) => format!("{line}:{column}: {}", error.message()),
                None => error.message().to_owned(),
            })
            .collect(),
    }
}

/// The walkthrough's virtual server.
const WEB: &str = r#"
[[virtual_server]]
name = "web"
listen = "192.168.100.100:80"
protocol = "tcp"
scheduler = "rr"
sorry_server = "192.168.31.102:80"

  [virtual_server.check]
  type = "http"
  path = "/health.html"
  virtualhost = "example.com"
  interval = "3s"

  [[virtual_server.real_server]]
  address = "192.168.31.100:80"

  [[virtual_server.real_server]]
  address = "192.168.31.101"
"#;
