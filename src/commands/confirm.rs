//! One question before something is taken away.

use crate::wizard::{Ask, Interrupt, Stopped, Terminal};

use super::{Error, Result};

/// Yes or no, no by default; `show` comes before the question. None: there is no
/// terminal to ask on.
pub(super) fn confirm(prompt: &str, show: impl FnOnce() -> Result<()>) -> Result<Option<bool>> {
    let interrupt = watch()?;
    let Some(mut terminal) = Terminal::open(&interrupt) else {
        return Ok(None);
    };
    show()?;
    terminal.confirm(prompt, false).map(Some).map_err(stopped)
}

/// Takes note of signals, so that what was done can be taken back.
pub(super) fn watch() -> Result<Interrupt> {
    Interrupt::watch().map_err(|error| Error::Machine(format!("cannot wait for signals: {error}")))
}

/// What a person who did not answer means, while nothing was done.
pub(super) fn stopped(stopped: Stopped) -> Error {
    match stopped {
        Stopped::Interrupted => Error::Interrupted,
        Stopped::Failed(error) => Error::Machine(format!("cannot ask: {error}")),
    }
}
