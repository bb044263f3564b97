//! What the file is today, what shall become of it, and the answers for that.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use crate::cli::SetupArgs;
use crate::config::{Config, System, VirtualServer};
use crate::model::ServiceId;
use crate::wizard::{
    self, Answers, Ask, Change, Given, Interview, Key, Machine, Question, QuestionError, Reply,
    Stopped,
};

use crate::commands::{Error, Result, confirm};

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
            (None, Some(there)) => task(path, there, given, reborrow(&mut ask))?,
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

/// Whoever is asked several times is lent each time.
fn reborrow<'s>(ask: &'s mut Option<&mut dyn Ask>) -> Option<&'s mut dyn Ask> {
    match ask {
        Some(ask) => Some(&mut **ask),
        None => None,
    }
}

fn task(path: &Path, there: &There, given: &Given, mut ask: Option<&mut dyn Ask>) -> Result<Task> {
    let servers = &there.config.virtual_servers;
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

fn title(server: &VirtualServer) -> String {
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
    let endpoint = std::net::SocketAddr::new(address, port);
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
    check: wizard::Validator<'_>,
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

pub(super) fn question_error(error: QuestionError) -> Error {
    match error {
        QuestionError::Stopped(Stopped::Interrupted) => Error::Interrupted,
        QuestionError::Stopped(Stopped::Failed(_)) => Error::Machine(error.to_string()),
        QuestionError::Quit => Error::Stopped(error.to_string()),
        _ => Error::Usage(error.to_string()),
    }
}
