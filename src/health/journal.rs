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

    /// Whether it does anything with lines of this level: attempts are many, and
    /// their lines are made for those only who want them.
    fn hears(&self, _: Level) -> bool {
        true
    }
}

impl<F: FnMut(Level, &str)> Journal for F {
    fn line(&mut self, level: Level, text: &str) {
        self(level, text);
    }
}
