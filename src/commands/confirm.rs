//! One question before something is taken away.

use crate::wizard::{Ask, Stopped, Terminal};

use super::{Error, Result};

/// Yes or no, no by default; `show` comes before the question. None: there is no
/// terminal to ask on. Ctrl-C ends the program, which has done nothing yet.
pub(super) fn confirm(prompt: &str, show: impl FnOnce() -> Result<()>) -> Result<Option<bool>> {
    let Some(mut terminal) = Terminal::open(None) else {
        return Ok(None);
    };
    show()?;
    terminal.confirm(prompt, false).map(Some).map_err(stopped)
}

/// What a person who did not answer means, while nothing was done.
pub(super) fn stopped(stopped: Stopped) -> Error {
    match stopped {
        Stopped::Interrupted => Error::Interrupted,
        Stopped::Failed(error) => Error::Machine(format!("cannot ask: {error}")),
    }
}
