//! How a command line ends when it cannot be carried out: ipvsadm's sentence, its
//! exit code, and whether the whole run ends with it.

/// A command line that was not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What goes to stderr, line feeds and all.
    pub message: String,
    /// The exit code.
    pub code: u8,
    /// Whether it ends the program even between the lines of a restore.
    pub is_final: bool,
}

impl Failure {
    /// Wrong usage: ends the program with 2.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self {
            message: message.into() + "\n",
            code: 2,
            is_final: true,
        }
    }

    /// Not even a command: ends the program with 255.
    pub(super) fn try_help(program: &str) -> Self {
        Self {
            message: format!("Try `{program} -h' or '{program} --help' for more information.\n"),
            code: 255,
            is_final: true,
        }
    }

    /// Whether there was not even a command.
    pub(super) fn is_no_command(&self) -> bool {
        self.code == 255 && self.is_final
    }

    /// A word that is no option, or an option without its value: this line
    /// ends with 255, a restore goes on.
    pub(super) fn option(word: &str, why: &str) -> Self {
        Self {
            message: format!("{word}: {why}\n"),
            code: 255,
            is_final: false,
        }
    }

    /// The kernel refused: 255, and a restore goes on.
    pub(super) fn refused(message: &str) -> Self {
        Self {
            message: format!("{message}\n"),
            code: 255,
            is_final: false,
        }
    }

    /// Something could not be shown: ends the program with 1.
    pub(super) fn unshown(message: &str) -> Self {
        Self {
            message: if message.is_empty() {
                String::new()
            } else {
                format!("{message}\n")
            },
            code: 1,
            is_final: true,
        }
    }
}
