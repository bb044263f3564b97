//! Where results go: one locked handle of stdout that knows whether to colour.
//! A closed pipe comes back as an error of kind `BrokenPipe`.

use std::borrow::Cow;
use std::io::{self, Write};

use colored::Colorize as _;

/// How a line is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// As it is.
    Plain,
    /// A heading.
    Heading,
    /// A service.
    Strong,
    /// All is well.
    Good,
    /// Look here.
    Warning,
    /// This is wrong.
    Bad,
    /// Less important.
    Faint,
}

/// Results, line by line.
pub struct Output {
    stream: Box<dyn Write>,
    colour: bool,
}

impl Output {
    /// Standard output.
    #[must_use]
    pub fn stdout(colour: bool) -> Self {
        Self {
            stream: Box::new(io::BufWriter::with_capacity(64 * 1024, io::stdout().lock())),
            colour,
        }
    }

    /// Any stream, for tests.
    #[must_use]
    pub fn to(stream: Box<dyn Write>, colour: bool) -> Self {
        Self { stream, colour }
    }

    /// Whether colours are written.
    #[must_use]
    pub fn colour(&self) -> bool {
        self.colour
    }

    /// Writes a line.
    ///
    /// # Errors
    /// The stream's; so too below.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        self.styled(text, Style::Plain)
    }

    /// Writes a line in a style.
    ///
    /// # Errors
    /// The stream's.
    pub fn styled(&mut self, text: &str, style: Style) -> io::Result<()> {
        self.stream
            .write_all(paint(text, style, self.colour).as_bytes())?;
        self.stream.write_all(b"\n")
    }

    /// Writes bytes as they are: files of our own making.
    ///
    /// # Errors
    /// The stream's.
    pub fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Makes everything written so far visible.
    ///
    /// # Errors
    /// The stream's.
    pub fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// The text in its style, with control characters of foreign text escaped.
#[must_use]
fn paint(text: &str, style: Style, colour: bool) -> Cow<'_, str> {
    let safe = escape(text);
    if !colour {
        return safe;
    }
    let painted = match style {
        Style::Plain => return safe,
        Style::Heading | Style::Strong => safe.bold(),
        Style::Good => safe.green(),
        Style::Warning => safe.yellow(),
        Style::Bad => safe.red().bold(),
        Style::Faint => safe.dimmed(),
    };
    painted.to_string().into()
}

/// A terminal obeys control characters; a name or a server's answer must not
/// reach it with them.
fn escape(text: &str) -> Cow<'_, str> {
    // Folded, not asked byte by byte: sixteen at a time.
    let plain = |so_far, byte| so_far & (b' '..=b'~').contains(&byte);
    if text.bytes().fold(true, plain) || !text.chars().any(char::is_control) {
        return text.into();
    }
    text.chars()
        .flat_map(|character| {
            let escaped: Vec<char> = if character.is_control() {
                character.escape_default().collect()
            } else {
                vec![character]
            };
            escaped
        })
        .collect()
}

#[cfg(test)]
pub(super) mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::*;

    /// A stream that is kept.
    #[derive(Clone, Default)]
    struct Kept(Rc<RefCell<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is written to an output without colour.
    pub(in super::super) fn written(write: impl FnOnce(&mut Output) -> io::Result<()>) -> String {
        let kept = Kept::default();
        write(&mut Output::to(Box::new(kept.clone()), false)).unwrap();
        String::from_utf8(kept.0.take()).unwrap()
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(paint("a\u{1b}[2Jb", Style::Plain, false), "a\\u{1b}[2Jb");
        assert_eq!(paint("größe → ok", Style::Plain, false), "größe → ok");
    }
}
