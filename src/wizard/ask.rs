//! How a question reaches a person: the trait, and the terminal behind it.

use std::io;

use dialoguer::{Confirm, Input};

/// The person does not want to go on, or cannot be asked.
#[derive(Debug)]
pub enum Stopped {
    /// Ctrl-C, or the end of the input.
    Interrupted,
    /// The terminal failed.
    Failed(io::Error),
}

/// One question.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// What is asked.
    pub prompt: &'a str,
    /// One line that explains the choice.
    pub help: &'a str,
    /// The answer that Enter gives.
    pub default: Option<&'a str>,
}

/// Says what is wrong with an answer, as it is typed.
pub type Validator<'a> = &'a dyn Fn(&str) -> Result<(), String>;

/// Who can be asked.
pub trait Ask {
    /// Asks until the answer is valid.
    ///
    /// # Errors
    /// See [`Stopped`].
    fn text(&mut self, question: Question<'_>, check: Validator<'_>) -> Result<String, Stopped>;

    /// Asks for yes or no.
    ///
    /// # Errors
    /// See [`Stopped`].
    fn confirm(&mut self, prompt: &str, default: bool) -> Result<bool, Stopped>;
}

/// The person at the terminal. Questions stand on stderr, as dialoguer has it.
#[derive(Debug, Default)]
pub struct Terminal;

impl From<dialoguer::Error> for Stopped {
    fn from(error: dialoguer::Error) -> Self {
        let dialoguer::Error::IO(error) = error;
        match error.kind() {
            io::ErrorKind::Interrupted | io::ErrorKind::UnexpectedEof => Self::Interrupted,
            _ => Self::Failed(error),
        }
    }
}

impl Ask for Terminal {
    fn text(&mut self, question: Question<'_>, check: Validator<'_>) -> Result<String, Stopped> {
        use io::Write as _;
        // A terminal that cannot be written to will fail at the question itself.
        let _ = writeln!(io::stderr(), "\n{}", question.help);
        let mut input = Input::<String>::new()
            .with_prompt(question.prompt)
            .validate_with(|answer: &String| check(answer.trim()));
        if let Some(default) = question.default {
            input = input.default(default.to_owned());
        }
        Ok(input.interact_text()?.trim().to_owned())
    }

    fn confirm(&mut self, prompt: &str, default: bool) -> Result<bool, Stopped> {
        Ok(Confirm::new()
            .with_prompt(prompt)
            .default(default)
            .interact()?)
    }
}
