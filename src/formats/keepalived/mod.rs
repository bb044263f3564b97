//! keepalived.conf, as far as it is about virtual servers: read into a [`Config`]
//! and written from one. Its defaults are those of keepalived 2.2; what it says of
//! VRRP, mails and processes is named and left out.
//!
//! ```text
//! text -> lexer -> block -> service, server, checker -> Config -> write -> text
//! ```

mod block;
mod checker;
mod global;
mod group;
mod http;
mod lexer;
mod quote;
mod server;
mod service;
mod settings;
#[cfg(test)]
mod tests;
mod timers;
mod write;
mod write_check;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use self::block::Statement;
use self::group::Group;
use self::lexer::{Lexer, Place};
use super::translation::{Account, Draft, ImportError, Imported};
use crate::config::{Config, OnExit, Surroundings};

pub use write::export;

/// What is assumed for every file.
const HEADER: &str = "
keepalived's own defaults stand here as keys where lbctl's are others. Besides:
keepalived takes its services out of the table when it stops (on_exit); a failed
check is repeated as often as `retry` says, and one success brings a server back
(fall, rise); it has no timeout for a whole HTTP check, only for the connection
and for each answer: timeout is twice connect_timeout. As with `alpha`, lbctl sends
nothing to a new server before its first check.";

/// Reads a keepalived.conf.
///
/// # Errors
/// It has no virtual server that could be carried over.
pub fn import(
    path: &Path,
    text: &[u8],
    surroundings: &dyn Surroundings,
) -> Result<Imported, ImportError> {
    let mut account = Account::default();
    let mut lexer = Lexer::new(&mut account, surroundings);
    lexer.file(path, text);
    let (files, tokens) = (lexer.files, lexer.tokens);
    let (statements, oddities) = block::statements(tokens);
    let mut importer = Importer {
        files,
        account,
        config: Config {
            on_exit: OnExit::Remove,
            ..Config::default()
        },
        groups: BTreeMap::new(),
        announced: BTreeMap::new(),
        drafts: Vec::new(),
    };
    for (place, text) in oddities {
        importer.remark(place, text);
    }
    importer.file(&statements);
    importer
        .account
        .finish(path, HEADER, importer.drafts, importer.config)
}

/// One reading of a file.
struct Importer {
    files: Vec<PathBuf>,
    account: Account,
    config: Config,
    groups: BTreeMap<String, Group>,
    /// Addresses that VRRP or keepalived itself puts on an interface, and where it
    /// says so.
    announced: BTreeMap<IpAddr, Place>,
    drafts: Vec<Draft>,
}

impl Importer {
    fn remark(&mut self, place: Place, text: impl Into<String>) {
        let file = self.files.get(place.file).cloned().unwrap_or_default();
        self.account.add(&file, place.line, text);
    }

    /// Names a statement that is left out.
    fn left_out(&mut self, statement: &Statement, why: &str) {
        let text = format!("{} is not carried over: {why}", statement.text);
        self.remark(statement.place, text);
    }

    fn file(&mut self, statements: &[Statement]) {
        // Groups and addresses may stand below the services that need them.
        for statement in statements {
            match statement.keyword() {
                "virtual_server_group" => self.group(statement),
                "virtual_server" => {}
                _ => self.other(statement),
            }
        }
        for statement in statements {
            if statement.keyword() == "virtual_server" {
                self.virtual_server(statement);
            }
        }
    }
}
