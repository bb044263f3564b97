//! Where the probe says what happens: one line per transition, nothing per
//! attempt unless asked.

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// One attempt; for `-v` only.
    Attempt,
    /// Something changed.
    Transition,
    /// Something could not be done.
    Trouble,
}

/// Takes the lines.
pub trait Journal {
    /// Takes one line, without its end.
    fn line(&mut self, level: Level, text: &str);
}

impl<F: FnMut(Level, &str)> Journal for F {
    fn line(&mut self, level: Level, text: &str) {
        self(level, text);
    }
}
