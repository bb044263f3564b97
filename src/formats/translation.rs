//! What comes of a translation from or to another tool's language: the result, and
//! whatever could not be carried over.

use std::fmt::{self, Write as _};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use crate::config::{Check, Config, Notes, RealServer, SorryServer, Spot, VirtualServer};
use crate::model::{Server, ServerChange};

/// Remarks that are told before the rest is only counted, when nothing comes of a file.
const TOLD: usize = 20;

/// Something of a file that was read that lbctl.toml does not have, or that is odd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1; 0 stands for the whole file.
    pub line: usize,
    /// What is left out or odd, and why.
    pub text: String,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Words of the file stand in it: none of them may move a cursor.
        let text: String = self
            .text
            .chars()
            .map(|letter| {
                if letter.is_control() {
                    '\u{fffd}'
                } else {
                    letter
                }
            })
            .collect();
        match self.line {
            0 => write!(f, "{}: {text}", self.file.display()),
            line => write!(f, "{}:{line}: {text}", self.file.display()),
        }
    }
}

/// A file of another tool, translated.
#[derive(Debug, Clone)]
pub struct Imported {
    /// What lbctl.toml would say.
    pub config: Config,
    /// Comments for it: what was assumed, and what is missing.
    pub notes: Notes,
    /// Everything that could not be carried over, by file and line.
    pub remarks: Vec<Remark>,
}

impl Imported {
    /// The translation as lbctl.toml, with its comments.
    #[must_use]
    pub fn to_toml(&self) -> String {
        self.config.to_toml(&self.notes)
    }
}

/// Nothing sensible can be made of a file; at least one remark says why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportError(pub Vec<Remark>);

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The last one says what is wrong with the whole.
        let Some((last, others)) = self.0.split_last() else {
            return Ok(());
        };
        for remark in others.iter().take(TOLD) {
            writeln!(f, "{remark}")?;
        }
        if let Some(more @ 1..) = others.len().checked_sub(TOLD) {
            writeln!(f, "and {more} more like these")?;
        }
        last.fmt(f)
    }
}

impl std::error::Error for ImportError {}

/// A configuration in another tool's language.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exported {
    /// The other tool's file.
    pub text: String,
    /// What its language cannot say.
    pub losses: Vec<String>,
}

/// A virtual server on its way into a [`Config`].
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) server: VirtualServer,
    /// What was assumed about it.
    pub(super) notes: Vec<String>,
}

/// Gathers what a translation leaves out.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) remarks: Vec<Remark>,
}

impl Account {
    pub(super) fn add(&mut self, file: &Path, line: usize, text: impl Into<String>) {
        self.remarks.push(Remark {
            file: file.to_owned(),
            line,
            text: text.into(),
        });
    }

    /// The end of a translation. `header` says of what it is one and what was assumed
    /// for the whole file.
    ///
    /// # Errors
    /// There is no virtual server.
    pub(super) fn finish(
        mut self,
        file: &Path,
        header: &str,
        drafts: Vec<Draft>,
        mut config: Config,
    ) -> Result<Imported, ImportError> {
        // In the order of the lines, whoever was first to see one.
        self.remarks
            .sort_by_key(|remark| (remark.file != file, remark.file.clone(), remark.line));
        self.remarks.dedup();
        if drafts.is_empty() {
            self.add(
                file,
                0,
                "there is no virtual server in it that could be carried over; is it the right file?",
            );
            return Err(ImportError(self.remarks));
        }
        let mut notes = Notes::new();
        notes.above(
            Spot::File,
            &format!("Translated from {} by lbctl import.", file.display()),
        );
        if !header.is_empty() {
            notes.above(Spot::File, header);
        }
        if !self.remarks.is_empty() {
            notes.above(Spot::File, "\nNot carried over, or odd:");
            for remark in &self.remarks {
                notes.above(Spot::File, &remark.to_string());
            }
        }
        for (index, draft) in drafts.into_iter().enumerate() {
            for note in &draft.notes {
                notes.above(Spot::VirtualServer(index), note);
            }
            config.virtual_servers.push(draft.server);
        }
        Ok(Imported {
            config,
            notes,
            remarks: self.remarks,
        })
    }
}

impl Draft {
    /// The check that all servers have becomes the virtual server's.
    pub(super) fn gather_checks(&mut self) {
        let mut checks = self
            .server
            .real_servers
            .iter()
            .map(|real| real.check.as_ref());
        let first = checks.next().flatten();
        self.server.check = match first {
            Some(check) if checks.all(|other| other == Some(check)) => Some(check.clone()),
            _ => None,
        };
    }

    /// Adds a server, unless it cannot be one of this service.
    ///
    /// # Errors
    /// Why it cannot, and what to do.
    pub(super) fn admit(&mut self, real: RealServer) -> Result<(), String> {
        self.possible(&real.server)?;
        if self
            .server
            .real_servers
            .iter()
            .any(|other| other.server.name() == real.server.name())
        {
            return Err(format!(
                "the server {} is there twice; the second is left out",
                real.server.endpoint()
            ));
        }
        self.server.real_servers.push(real);
        Ok(())
    }

    /// Takes the sorry server, unless it cannot be one of this service.
    ///
    /// # Errors
    /// Why it cannot, and what to do.
    pub(super) fn admit_sorry(&mut self, sorry: SorryServer) -> Result<(), String> {
        self.possible(&sorry.server)?;
        let name = sorry.server.name();
        if self
            .server
            .real_servers
            .iter()
            .any(|other| other.server.name() == name)
        {
            return Err(format!(
                "the sorry server {} is one of the servers, too; it is left out as sorry server",
                sorry.server.endpoint()
            ));
        }
        self.server.sorry = Some(sorry);
        Ok(())
    }

    fn possible(&self, server: &Server) -> Result<(), String> {
        let address = server.address;
        if address.is_unspecified() || address.is_multicast() {
            return Err(format!(
                "{address} is no address of a machine; it is left out"
            ));
        }
        match ServerChange::default().apply(server, &self.server.service.id) {
            Ok(_) => Ok(()),
            Err(why) => Err(format!("{} is left out: {why}", server.endpoint())),
        }
    }
}

/// The words of a command, with `{address}` and `{port}` where it names the server:
/// then servers can share it.
pub(super) fn with_placeholders(words: Vec<String>, address: IpAddr, port: u16) -> Vec<String> {
    let (address, port) = (address.to_string(), port.to_string());
    let mut after_address = false;
    words
        .into_iter()
        .enumerate()
        .map(|(index, word)| {
            let is_port = after_address && word == port;
            after_address = index > 0 && word == address;
            if after_address {
                "{address}".to_owned()
            } else if is_port {
                "{port}".to_owned()
            } else {
                word
            }
        })
        .collect()
}

/// The words of a command for one server.
pub(super) fn without_placeholders(
    words: &[String],
    check: &Check,
    address: IpAddr,
    port: u16,
) -> Vec<String> {
    let address = check.address.unwrap_or(address).to_string();
    let port = check.port.unwrap_or(port).to_string();
    words
        .iter()
        .map(|word| word.replace("{address}", &address).replace("{port}", &port))
        .collect()
}

/// Whether lbctl.toml can have this pattern.
pub(super) fn is_pattern(text: &str) -> bool {
    regex_lite::Regex::new(text).is_ok()
}

/// What no other tool has about a virtual server.
pub(super) fn losses_of_service(server: &VirtualServer, losses: &mut Vec<String>, subject: &str) {
    let mut loss = |text: &str| losses.push(format!("{subject}: {text}"));
    if server.depool_threshold > 0.0 {
        loss("depool_threshold: only lbctl keeps a share of the servers in");
    }
    if server.slow_start.is_some() {
        loss("slow_start: only lbctl raises weights by and by");
    }
    if server.snat {
        loss("snat: hiding clients from servers is left to a firewall's rules");
    }
    if server.check_required {
        loss("check_required: only lbctl asks for checks");
    }
    let unused = server.check.is_some()
        && server
            .real_servers
            .iter()
            .all(|real| real.check != server.check);
    if unused {
        loss("its check, which none of its servers has, is left out");
    }
}

/// What no other tool has about the machine.
pub(super) fn losses_of_host(config: &Config, losses: &mut Vec<String>) {
    if config.host.ip_forward.is_some() {
        losses.push("ip_forward: sysctl has to set it".to_owned());
    }
    if !config.host.sysctl.is_empty() {
        losses.push("host.sysctl: sysctl has to set these".to_owned());
    }
}

/// Bytes as pairs of hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        // Writing to a String cannot fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}
