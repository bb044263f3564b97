//! Carries command lines out against the kernel. In a restore, changes that
//! follow each other go there together; what each line answers comes out in
//! order all the same.

use std::io::{self, BufRead, Write};

use crate::ipvs::{self, Client, Info};
use crate::model::TableStep;
use crate::reconcile::Table as _;

use super::failure::Failure;
use super::invocation::{Invocation, ListRequest};
use super::message::{Operation, sentence};
use super::names::Names;
use super::parse::parse;
use super::restore::{lines, words};

/// Changes that go to the kernel together.
const BATCH: usize = 128;

/// One run of ipvsadm: its surroundings.
pub struct Program<'a> {
    /// The name it was called by, as messages have it.
    pub name: &'a str,
    /// Standard input.
    pub input: &'a mut dyn BufRead,
    /// Standard output.
    pub output: &'a mut dyn Write,
    /// Standard error.
    pub errors: &'a mut dyn Write,
    /// Names for what is read and written.
    pub names: &'a dyn Names,
}

/// Carries out the words behind the program's name; returns the exit code.
///
/// # Errors
/// What it says cannot be written, or its input cannot be read.
pub fn run(program: Program<'_>, words: &[&str]) -> io::Result<u8> {
    let errors = &mut *program.errors;
    let opened = Client::open().and_then(|mut client| {
        let info = client.info()?;
        Ok((client, info))
    });
    let (client, info) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            if let ipvs::Error::NoModule {
                modprobe: Some(answer),
            } = &error
            {
                writeln!(errors, "{answer}")?;
            }
            writeln!(
                errors,
                "Can't initialize ipvs: {}\nAre you sure that IP Virtual Server is built in the \
                 kernel or as module?",
                sentence(Operation::Other, &error)
            )?;
            return Ok(2);
        }
    };
    let mut session = Session {
        name: program.name,
        client,
        info,
        output: program.output,
        errors,
        names: program.names,
        waiting: Vec::new(),
        code: 0,
    };
    session.command_line(words, program.input)?;
    session.output.flush()?;
    Ok(session.code)
}

/// The conversation of one run.
pub(super) struct Session<'a> {
    pub(super) name: &'a str,
    pub(super) client: Client,
    pub(super) info: Info,
    pub(super) output: &'a mut dyn Write,
    errors: &'a mut dyn Write,
    pub(super) names: &'a dyn Names,
    /// Changes of a restore that have not gone to the kernel yet.
    waiting: Vec<TableStep>,
    /// That of the last line.
    code: u8,
}

/// A command line was not carried out, or nothing can be said about it.
pub(super) enum Stop {
    Failure(Failure),
    Io(io::Error),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Session<'_> {
    fn command_line(&mut self, words: &[&str], input: &mut dyn BufRead) -> io::Result<()> {
        // Nothing is said: the table is shown.
        let invocation = if words.is_empty() {
            Ok(Invocation::List(ListRequest::default()))
        } else {
            parse(self.name, words, self.names)
        };
        match invocation {
            Ok(Invocation::Restore) => self.restore(input),
            invocation => self.answer(invocation).map(|_| ()),
        }
    }

    fn restore(&mut self, input: &mut dyn BufRead) -> io::Result<()> {
        for line in lines(input) {
            let line = line?;
            let words = words(&line);
            if words.is_empty() {
                continue;
            }
            let invocation = match parse(self.name, &words, self.names) {
                // No restore within a restore.
                Ok(Invocation::Restore) => Err(Failure::try_help(self.name)),
                invocation => invocation,
            };
            if let Ok(Invocation::Change(step)) = invocation {
                self.waiting.push(step);
                if self.waiting.len() >= BATCH {
                    self.send()?;
                }
                continue;
            }
            self.send()?;
            if self.answer(invocation)? {
                return Ok(());
            }
        }
        self.send()
    }

    /// Carries out one command line that is no restore, and keeps its exit code;
    /// returns whether the program ends with it.
    fn answer(&mut self, invocation: Result<Invocation, Failure>) -> io::Result<bool> {
        let is_last = matches!(invocation, Ok(Invocation::Help | Invocation::Version));
        let failure = match invocation
            .map_err(Stop::from)
            .and_then(|it| self.carry_out(it))
        {
            Ok(()) => {
                self.code = 0;
                return Ok(is_last);
            }
            Err(Stop::Io(error)) => return Err(error),
            Err(Stop::Failure(failure)) => failure,
        };
        self.errors.write_all(failure.message.as_bytes())?;
        self.code = failure.code;
        Ok(failure.is_final)
    }

    /// Sends the changes that wait, and says which were refused.
    fn send(&mut self) -> io::Result<()> {
        let steps = std::mem::take(&mut self.waiting);
        let Some(last) = steps.len().checked_sub(1) else {
            return Ok(());
        };
        self.code = 0;
        let each: Vec<&TableStep> = steps.iter().collect();
        let Err(mut refused) = self.client.apply(&each) else {
            return Ok(());
        };
        refused.sort_by_key(|(index, _)| *index);
        for (index, error) in refused {
            let Some(step) = steps.get(index) else {
                continue;
            };
            let text = match error.downcast_ref::<ipvs::Error>() {
                Some(error) => sentence(Operation::of(step), error),
                None => error.to_string(),
            };
            writeln!(self.errors, "{text}")?;
            if index == last {
                self.code = Failure::refused("").code;
            }
        }
        Ok(())
    }

    fn carry_out(&mut self, invocation: Invocation) -> Result<(), Stop> {
        let (operation, result) = match invocation {
            Invocation::Help => return Ok(self.help()?),
            Invocation::Version => return Ok(self.version()?),
            Invocation::List(request) => return self.list(&request),
            Invocation::Save { numeric } => return self.save(numeric),
            // Told apart by the caller.
            Invocation::Restore => return Ok(()),
            Invocation::Change(step) => {
                self.waiting.push(step);
                self.send()?;
                return match self.code {
                    0 => Ok(()),
                    // Said already.
                    code => Err(Stop::Failure(Failure {
                        message: String::new(),
                        code,
                        is_final: false,
                    })),
                };
            }
            Invocation::Clear => (Operation::Other, self.client.flush()),
            Invocation::Zero(id) => (Operation::FindService, self.client.zero(id.as_ref())),
            Invocation::SetTimeouts(timeouts) => {
                (Operation::Other, self.client.set_timeouts(&timeouts))
            }
            Invocation::StartDaemon(daemon) => {
                (Operation::StartDaemon, self.client.start_daemon(&daemon))
            }
            Invocation::StopDaemon(role) => (Operation::StopDaemon, self.client.stop_daemon(role)),
        };
        result.map_err(|error| Failure::refused(&sentence(operation, &error)).into())
    }
}
