//! What the file is today, what shall become of it, and the answers for that.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use crate::cli::SetupArgs;
use crate::config::{Config, System, VirtualServer};
use crate::wizard::{
    self, Answers, Ask, Change, Given, Interview, Key, Machine, QuestionError, Stopped,
};

use super::existing::{self, reborrow, title};
use crate::commands::{Error, Result};

/// The file as it is.
pub(super) struct There {
    text: String,
    config: Config,
}

/// What shall become of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// There is none.
    New,
    /// A service more.
    Add,
    /// Another instead of this one.
    Change(usize),
    /// A new file.
    Over,
}

/// What was answered, and the file that follows.
pub(super) struct Wanted {
    pub(super) task: Task,
    pub(super) answers: Answers,
    pub(super) server: VirtualServer,
    pub(super) change: Change,
}

/// Why there are none.
pub(super) enum NotWanted {
    /// Nobody can be asked, and these flags are missing.
    Missing(Vec<String>),
    /// Anything else.
    Other(Error),
}

impl From<Error> for NotWanted {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl From<NotWanted> for Error {
    fn from(why: NotWanted) -> Self {
        match why {
            NotWanted::Missing(flags) => question_error(QuestionError::Missing(flags)),
            NotWanted::Other(error) => error,
        }
    }
}

/// Flags, and what a file answers beyond them.
pub(super) fn given(args: &SetupArgs) -> Result<Given> {
    let mut given = match &args.answers {
        None => Given::default(),
        Some(path) => {
            let name = path.display().to_string();
            let text = fs::read_to_string(path)
                .map_err(|error| Error::Usage(format!("cannot read {name}: {error}")))?;
            Given::parse(&name, &text).map_err(Error::Usage)?
        }
    };
    for (key, text) in [
        (Key::Existing, &args.existing),
        (Key::Service, &args.service),
        (Key::Vip, &args.vip),
        (Key::Servers, &args.servers),
        (Key::Method, &args.method),
        (Key::Health, &args.health),
        (Key::Virtualhost, &args.virtualhost),
        (Key::Sorry, &args.sorry),
        (Key::Scheduler, &args.scheduler),
        (Key::Persistence, &args.persistence),
        (Key::Way, &args.way),
        (Key::Boot, &args.boot),
    ] {
        given.flag(key, text.as_deref());
    }
    if let Some(text) = given.text(Key::Boot) {
        wizard::yes_or_no(text).map_err(|why| Error::Usage(format!("boot: {why}")))?;
    }
    Ok(given)
}

/// Reads the file, if there is one; its mistakes end everything.
pub(super) fn there(path: &Path) -> Result<Option<There>> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(Error::Machine(format!(
                "cannot read {}: {error}",
                path.display()
            )));
        }
    };
    let config = Config::parse(path, &bytes, &System)?;
    // It was read, so it is UTF-8.
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(Some(There { text, config }))
}

/// What was typed, for whoever goes back from the plan.
#[derive(Default)]
pub(super) struct Memory {
    task: Option<Task>,
    typed: BTreeMap<Key, String>,
}

impl Memory {
    /// Whether there is a question to go back to.
    pub(super) fn is_empty(&self) -> bool {
        self.typed.is_empty()
    }
}

/// Asks what is to be asked, and puts the answers into the file's text.
pub(super) fn wanted(
    path: &Path,
    there: Option<&There>,
    given: &Given,
    mut ask: Option<&mut dyn Ask>,
    hear: &mut dyn FnMut(&str),
    memory: &mut Memory,
) -> std::result::Result<Wanted, NotWanted> {
    let all = there.map_or(&[][..], |there| &there.config.virtual_servers);
    loop {
        let task = match (memory.task, there) {
            (Some(task), _) => task,
            (None, None) => Task::New,
            (None, Some(_)) if all.is_empty() => Task::Add,
            (None, Some(_)) => existing::task(path, all, given, reborrow(&mut ask))?,
        };
        memory.task = Some(task);
        let (old, today) = match task {
            Task::Change(index) => before(path, all.get(index))?,
            _ => (None, BTreeMap::new()),
        };
        let others = all.iter().filter(|other| match task {
            Task::Add => true,
            Task::Change(_) => Some(*other) != old,
            Task::New | Task::Over => false,
        });
        let others: Vec<VirtualServer> = others.cloned().collect();
        let interview = Interview {
            given,
            today,
            others: &others,
            ask: reborrow(&mut ask),
            look: &mut Machine,
            typed: &mut memory.typed,
            has_before: !all.is_empty() && given.text(Key::Existing).is_none(),
            hear,
        };
        let answers = match interview.answers() {
            Ok(answers) => answers,
            Err(QuestionError::BackOut) => {
                *memory = Memory::default();
                continue;
            }
            Err(QuestionError::Missing(flags)) => return Err(NotWanted::Missing(flags)),
            Err(error) => return Err(question_error(error).into()),
        };
        let server = answers.virtual_server(old);
        let change = change(path, task, there, (old, &server)).map_err(Error::Usage)?;
        return Ok(Wanted {
            task,
            answers,
            server,
            change,
        });
    }
}

/// A service that shall be changed, and today's answers.
fn before<'s>(
    path: &Path,
    old: Option<&'s VirtualServer>,
) -> Result<(Option<&'s VirtualServer>, BTreeMap<Key, String>)> {
    let today = old.and_then(wizard::today).ok_or_else(|| {
        Error::Usage(format!(
            "the questions do not cover {}: they are about tcp and udp services of one address and \
             port; change it in {}, then: lbctl apply",
            old.map_or_else(String::new, title),
            path.display()
        ))
    })?;
    Ok((old, today))
}

/// The file's new text.
fn change(
    path: &Path,
    task: Task,
    there: Option<&There>,
    (old, new): (Option<&VirtualServer>, &VirtualServer),
) -> std::result::Result<Change, String> {
    let text = there.map_or("", |there| there.text.as_str());
    match (task, there, old) {
        (_, Some(there), Some(old)) if old == new => Ok(Change {
            text: there.text.clone(),
            section: String::new(),
            config: there.config.clone(),
        }),
        (Task::Add, ..) => wizard::append(path, text, new, &System),
        (Task::Change(_), Some(there), Some(old)) => {
            wizard::replace(path, text, &there.config, (old, new), &System)
        }
        _ => wizard::fresh(path, new, &System),
    }
}

pub(super) fn question_error(error: QuestionError) -> Error {
    match error {
        QuestionError::Stopped(Stopped::Interrupted) => Error::Interrupted,
        QuestionError::Stopped(Stopped::Failed(_)) => Error::Machine(error.to_string()),
        QuestionError::Quit => Error::Stopped(error.to_string()),
        _ => Error::Usage(error.to_string()),
    }
}
