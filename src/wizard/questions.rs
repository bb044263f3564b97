//! The questions of `setup` in their order, each with a default found by looking and
//! checked as it is typed. `back` goes to the one before. Whatever was given
//! beforehand is not asked; where nobody can be asked, the defaults stand in.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

use super::answers::{Answers, Health};
use super::ask::{Ask, Question, Reply, Stopped};
use super::given::Given;
use super::key::Key;
use super::look::{Look, Port};
use super::today::UNCHANGED;
use super::{parse, remarks, suggest};
use crate::config::VirtualServer;
use crate::model::Protocol;

/// Why there are no answers.
#[derive(Debug)]
pub enum QuestionError {
    /// An answer that was given beforehand cannot be right.
    Wrong {
        /// The flag, or the file and its key.
        origin: String,
        /// What is wrong.
        why: String,
    },
    /// Nobody can be asked, and these flags are missing.
    Missing(Vec<String>),
    /// The person stopped.
    Stopped(Stopped),
    /// The person said quit.
    Quit,
    /// The person went back past the first of these questions.
    BackOut,
}

impl fmt::Display for QuestionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong { origin, why } => write!(f, "{origin}: {why}"),
            Self::Missing(flags) => write!(
                f,
                "nobody is asked, and what nobody can guess is missing: {}; name it as a flag, or \
                 in a file of --answers",
                flags.join(", ")
            ),
            Self::Stopped(Stopped::Interrupted) => f.write_str("stopped; nothing was changed"),
            Self::Stopped(Stopped::Failed(error)) => write!(f, "cannot ask: {error}"),
            Self::Quit | Self::BackOut => f.write_str("nothing was changed"),
        }
    }
}

impl std::error::Error for QuestionError {}

/// What the questions are asked with.
pub struct Interview<'a> {
    /// Whatever was given beforehand.
    pub given: &'a Given,
    /// Today's answers, for a service that is changed.
    pub today: BTreeMap<Key, String>,
    /// The other services of the file.
    pub others: &'a [VirtualServer],
    /// Whom to ask; none: nobody.
    pub ask: Option<&'a mut dyn Ask>,
    /// What the machine says.
    pub look: &'a mut dyn Look,
    /// What was typed in an earlier round: the questions before the last of them are
    /// not asked again, unless the person goes back to them.
    pub typed: &'a mut BTreeMap<Key, String>,
    /// Whether a question comes before these.
    pub has_before: bool,
    /// Hears what looking found, where nobody is asked.
    pub hear: &'a mut dyn FnMut(&str),
}

/// What is known in the middle of it.
#[derive(Default)]
struct Progress {
    answers: Answers,
    /// What answered on the servers' ports.
    ports: Vec<(SocketAddr, Port)>,
}

impl Interview<'_> {
    /// Asks whatever was not given.
    ///
    /// # Errors
    /// See [`QuestionError`].
    pub fn answers(mut self) -> Result<Answers, QuestionError> {
        if self.ask.is_none() {
            let missing: Vec<String> = Key::REQUIRED
                .into_iter()
                .filter(|key| self.given.text(*key).is_none() && !self.today.contains_key(key))
                .map(Key::flag)
                .collect();
            if !missing.is_empty() {
                return Err(QuestionError::Missing(missing));
            }
        }
        let mut progress = Progress::default();
        let mut resume = self.typed.last_key_value().map(|(key, _)| *key);
        let mut trail: Vec<usize> = Vec::new();
        let mut at = 0;
        while let Some(key) = Key::ASKED.get(at).copied() {
            if !applies(key, &progress.answers) {
                progress.answers.virtualhost = None;
                at += 1;
                continue;
            }
            if let (Some(last), Some(text)) = (resume, self.typed.get(&key).cloned())
                && key < last
                && self.take(key, &text, &mut progress).is_ok()
            {
                trail.push(at);
                at += 1;
                continue;
            }
            if self.given.get(key).is_none() {
                resume = None;
            }
            match self.one(key, &mut progress)? {
                Done::Given => {}
                Done::Asked => trail.push(at),
                Done::Back => {
                    match trail.pop() {
                        Some(before) => at = before,
                        None if self.has_before => return Err(QuestionError::BackOut),
                        None => self.say("this is the first question; Ctrl-C stops"),
                    }
                    continue;
                }
            }
            for remark in remarks::after(key, &progress.answers, &progress.ports, self.look) {
                self.say(&remark);
            }
            at += 1;
        }
        Ok(progress.answers)
    }

    fn say(&mut self, text: &str) {
        match &mut self.ask {
            Some(ask) => ask.say(text),
            None => (self.hear)(text),
        }
    }

    /// One answer: given, else asked, else the default.
    fn one(&mut self, key: Key, progress: &mut Progress) -> Result<Done, QuestionError> {
        let wrong = |origin: String| move |why| QuestionError::Wrong { origin, why };
        if let Some(answer) = self.given.get(key) {
            self.take(key, &answer.text, progress)
                .map_err(wrong(answer.origin.clone()))?;
            return Ok(Done::Given);
        }
        let default = self.default(key, progress);
        let Some(ask) = self.ask.as_deref_mut() else {
            let text = default.ok_or_else(|| QuestionError::Missing(vec![key.flag()]))?;
            self.take(key, &text, progress).map_err(wrong(key.flag()))?;
            return Ok(Done::Given);
        };
        let (answers, others) = (&progress.answers, self.others);
        let may_stay = self.today.get(&key).is_some_and(|it| it == UNCHANGED);
        let reply = ask
            .text(
                Question {
                    prompt: key.prompt(),
                    help: key.help(),
                    default: default.as_deref(),
                },
                &|text| answer(key, text, answers.clone(), others, may_stay).map(|_| ()),
            )
            .map_err(QuestionError::Stopped)?;
        let Reply::Text(text) = reply else {
            return Ok(Done::Back);
        };
        // It was checked as it was typed; a name may resolve differently by now.
        self.take(key, &text, progress).map_err(wrong(key.flag()))?;
        self.typed.insert(key, text);
        Ok(Done::Asked)
    }

    fn take(&mut self, key: Key, text: &str, progress: &mut Progress) -> Result<(), String> {
        let may_stay = self.today.get(&key).is_some_and(|it| it == UNCHANGED);
        let answers = progress.answers.clone();
        progress.answers = answer(key, text, answers, self.others, may_stay)?;
        if key == Key::Servers {
            progress.ports = match progress.answers.protocol {
                Protocol::Tcp => self.look.ports(&progress.answers.servers),
                _ => Vec::new(),
            };
        }
        Ok(())
    }

    /// What was typed before, else today's answer, else what looking suggests; none of
    /// them if it does not fit what was answered since.
    fn default(&mut self, key: Key, progress: &Progress) -> Option<String> {
        let answers = &progress.answers;
        let may_stay = self.today.get(&key).is_some_and(|it| it == UNCHANGED);
        let fits =
            |text: &&String| answer(key, text, answers.clone(), self.others, may_stay).is_ok();
        let before = self.typed.get(&key).filter(fits);
        let today = self.today.get(&key).filter(fits);
        if let Some(text) = before.or(today) {
            return Some(text.clone());
        }
        suggest::for_question(key, answers, &progress.ports, self.others, self.look)
    }
}

enum Done {
    Given,
    Asked,
    Back,
}

/// Only pages have hosts.
fn applies(key: Key, answers: &Answers) -> bool {
    key != Key::Virtualhost || answers.is_page()
}

/// The answers with one more.
fn answer(
    key: Key,
    text: &str,
    mut answers: Answers,
    others: &[VirtualServer],
    may_stay: bool,
) -> Result<Answers, String> {
    let vip = (answers.vip, answers.protocol);
    match key {
        Key::Vip => {
            (answers.vip, answers.protocol) = parse::vip(text)?;
            let twin = others.iter().find(|other| other.service.id == answers.id());
            if let Some(twin) = twin {
                let name = twin.name.as_ref();
                return Err(format!(
                    "the file has {} already{}; take another port, or change that one",
                    answers.id(),
                    name.map_or_else(String::new, |name| format!(
                        ", as {}",
                        name.escape_default()
                    ))
                ));
            }
        }
        Key::Servers => answers.servers = parse::servers(text, vip.0, vip.1)?,
        Key::Method => answers.method = parse::method(text, vip.0, &answers.servers)?,
        Key::Health if may_stay && text == UNCHANGED => {
            answers.health = Health::Unchanged;
        }
        Key::Health => answers.health = parse::health(text)?,
        Key::Virtualhost => answers.virtualhost = parse::virtualhost(text)?,
        Key::Sorry => {
            answers.sorry = parse::sorry(text, vip, &answers.servers, answers.method)?;
        }
        Key::Scheduler => answers.scheduler = parse::scheduler(text)?,
        Key::Persistence => answers.persistence = parse::persistence(text)?,
        Key::Way => answers.way = parse::way(text)?,
        Key::Existing | Key::Service | Key::Boot => {}
    }
    Ok(answers)
}

#[cfg(test)]
mod tests;
