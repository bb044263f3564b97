//! A file is there: what shall become of it, and which of its services is meant.

use std::net::SocketAddr;
use std::path::Path;

use crate::config::VirtualServer;
use crate::model::ServiceId;
use crate::wizard::{Ask, Given, Key, Question, QuestionError, Reply, Validator};

use super::task::{Task, question_error};
use crate::commands::{Error, Result, confirm};

/// Whoever is asked several times is lent each time.
pub(super) fn reborrow<'s>(ask: &'s mut Option<&mut dyn Ask>) -> Option<&'s mut dyn Ask> {
    match ask {
        Some(ask) => Some(&mut **ask),
        None => None,
    }
}

/// What is to be done with a file that has services.
pub(super) fn task(
    path: &Path,
    servers: &[VirtualServer],
    given: &Given,
    mut ask: Option<&mut dyn Ask>,
) -> Result<Task> {
    if let Some(ask) = &mut ask {
        ask.say(&format!("{} has:", path.display()));
        for server in servers {
            ask.say(&format!("  {}", title(server)));
        }
    }
    let word = choose(
        Key::Existing,
        given,
        reborrow(&mut ask),
        Some("change"),
        &|text| match text {
            "change" | "add" | "over" | "quit" => Ok(()),
            _ => Err(format!(
                "'{}' is none of change, add, over and quit",
                text.escape_default()
            )),
        },
    )?;
    match word.as_deref() {
        None => Err(Error::Usage(format!(
            "{} is there already; say what shall become of it: --existing change (a service), add \
             (a service) or over (start over)",
            path.display()
        ))),
        Some("add") => Ok(Task::Add),
        Some("over") => Ok(Task::Over),
        Some("change") => which(servers, given, ask).map(Task::Change),
        Some(_) => Err(question_error(QuestionError::Quit)),
    }
}

/// Which service: the one that was named, the one of this VIP, the only one.
fn which(servers: &[VirtualServer], given: &Given, ask: Option<&mut dyn Ask>) -> Result<usize> {
    let find = |text: &str| servers.iter().position(|it| is_called(it, text));
    if given.text(Key::Service).is_none() {
        if let Some(index) = given.text(Key::Vip).and_then(find) {
            return Ok(index);
        }
        if servers.len() == 1 {
            return Ok(0);
        }
    }
    let names: Vec<String> = servers.iter().map(title).collect();
    let unknown = |text: &str| {
        format!(
            "the file has no service '{}'; it has {}",
            text.escape_default(),
            names.join(", ")
        )
    };
    let word = choose(Key::Service, given, ask, None, &|text| {
        find(text).map(|_| ()).ok_or_else(|| unknown(text))
    })?;
    let word = word.ok_or_else(|| {
        Error::Usage(format!(
            "which service? say it with --service: {}",
            names.join(", ")
        ))
    })?;
    find(&word).ok_or_else(|| Error::Usage(unknown(&word)))
}

pub(super) fn title(server: &VirtualServer) -> String {
    let id = server.service.id;
    match &server.name {
        Some(name) => format!("{name} ({id})"),
        None => id.to_string(),
    }
}

/// By its name, as it is shown, or by address and port, of tcp first.
fn is_called(server: &VirtualServer, text: &str) -> bool {
    let ServiceId::Address { address, port, .. } = server.service.id else {
        return server.name.as_deref() == Some(text);
    };
    let endpoint = SocketAddr::new(address, port);
    let id = server.service.id.to_string();
    let protocol = id.split_whitespace().next().unwrap_or_default();
    server.name.as_deref() == Some(text)
        || id == text
        || (text == endpoint.to_string() && protocol == "tcp")
        || text == format!("{endpoint}/{protocol}")
}

/// A word that was given, or is asked for; none if nobody can be asked.
fn choose(
    key: Key,
    given: &Given,
    ask: Option<&mut dyn Ask>,
    default: Option<&str>,
    check: Validator<'_>,
) -> Result<Option<String>> {
    if let Some(text) = given.text(key) {
        check(text).map_err(|why| Error::Usage(format!("{}: {why}", key.flag())))?;
        return Ok(Some(text.to_owned()));
    }
    let Some(ask) = ask else {
        return Ok(None);
    };
    loop {
        let question = Question {
            prompt: key.prompt(),
            help: key.help(),
            default,
        };
        match ask.text(question, check).map_err(confirm::stopped)? {
            Reply::Text(text) => return Ok(Some(text)),
            Reply::Back => ask.say("there is no question before this one; Ctrl-C stops"),
        }
    }
}
