//! What the person at the keys asked for.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// What services and servers are sorted by: names upwards, numbers downwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortKey {
    /// Protocol, address and port.
    #[default]
    Name,
    /// Connections per second.
    Connections,
    /// Bytes from clients per second.
    BytesIn,
    /// Bytes to clients per second.
    BytesOut,
    /// Active connections.
    Active,
}

impl SortKey {
    /// Every key, in the order in which `s` goes through them.
    const ALL: [Self; 5] = [
        Self::Name,
        Self::Connections,
        Self::BytesIn,
        Self::BytesOut,
        Self::Active,
    ];

    /// As the screen says it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Connections => "conns/s",
            Self::BytesIn => "bytes in/s",
            Self::BytesOut => "bytes out/s",
            Self::Active => "active",
        }
    }

    fn next(self) -> Self {
        let place = Self::ALL.iter().position(|key| *key == self).unwrap_or(0);
        Self::ALL.get(place + 1).copied().unwrap_or_default()
    }
}

/// What a key did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Nothing, or only the view is another.
    Look,
    /// To stop.
    Quit,
}

/// What is looked at, and how.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct View {
    /// What it is sorted by.
    pub sort: SortKey,
    /// Only services and servers whose line contains this.
    pub filter: String,
    /// Whether the filter is being typed.
    pub typing: bool,
    /// Whether it stands still.
    pub paused: bool,
    /// Whether the help is shown.
    pub help: bool,
    /// Whether only services are shown.
    pub services_only: bool,
    /// How many lines were scrolled past.
    pub offset: usize,
}

impl View {
    /// Takes a key; `page` is how many lines fit the screen.
    pub fn key(&mut self, key: KeyEvent, page: usize) -> Asked {
        if key.kind == KeyEventKind::Release {
            return Asked::Look;
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('c') {
            return Asked::Quit;
        }
        if self.typing {
            self.type_filter(key.code);
            return Asked::Look;
        }
        if self.help {
            self.help = false;
            return Asked::Look;
        }
        match key.code {
            KeyCode::Char('q') => return Asked::Quit,
            KeyCode::Esc if self.filter.is_empty() => return Asked::Quit,
            KeyCode::Esc => self.filter.clear(),
            KeyCode::Char('s') => self.sort = self.sort.next(),
            KeyCode::Char('/') => self.typing = true,
            KeyCode::Char('p' | ' ') => self.paused = !self.paused,
            KeyCode::Char('v') => self.services_only = !self.services_only,
            KeyCode::Char('?' | 'h') | KeyCode::F(1) => self.help = true,
            KeyCode::Down | KeyCode::Char('j') => self.offset += 1,
            KeyCode::Up | KeyCode::Char('k') => self.offset = self.offset.saturating_sub(1),
            KeyCode::PageDown => self.offset += page,
            KeyCode::PageUp => self.offset = self.offset.saturating_sub(page),
            KeyCode::Home | KeyCode::Char('g') => self.offset = 0,
            KeyCode::End | KeyCode::Char('G') => self.offset = usize::MAX / 2,
            _ => {}
        }
        Asked::Look
    }

    fn type_filter(&mut self, code: KeyCode) {
        match code {
            KeyCode::Enter => self.typing = false,
            KeyCode::Esc => {
                self.filter.clear();
                self.typing = false;
            }
            KeyCode::Backspace => {
                self.filter.pop();
            }
            KeyCode::Char(letter) => self.filter.push(letter),
            _ => {}
        }
        self.offset = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(view: &mut View, keys: &[KeyCode]) -> Asked {
        let mut asked = Asked::Look;
        for code in keys {
            asked = view.key(KeyEvent::new(*code, KeyModifiers::NONE), 10);
        }
        asked
    }

    #[test]
    fn keys_change_the_view() {
        let mut view = View::default();
        let letter = KeyCode::Char;
        typed(&mut view, &[letter('s'), letter('p'), KeyCode::PageDown]);
        assert_eq!((view.sort, view.paused), (SortKey::Connections, true));
        assert_eq!(view.offset, 10);
        typed(&mut view, &[letter('s'); 4]);
        assert_eq!(view.sort, SortKey::Name);
        assert_eq!(typed(&mut view, &[letter('q')]), Asked::Quit);
    }

    #[test]
    fn letters_of_a_filter_are_no_commands() {
        let mut view = View::default();
        let keys = "/qs".chars().map(KeyCode::Char).collect::<Vec<_>>();
        assert_eq!(typed(&mut view, &keys), Asked::Look);
        assert_eq!((view.filter.as_str(), view.typing), ("qs", true));
        typed(&mut view, &[KeyCode::Backspace, KeyCode::Enter]);
        assert_eq!((view.filter.as_str(), view.typing), ("q", false));
        // The first Esc takes the filter away, the second one stops.
        assert_eq!(typed(&mut view, &[KeyCode::Esc]), Asked::Look);
        assert_eq!(typed(&mut view, &[KeyCode::Esc]), Asked::Quit);
    }

    #[test]
    fn control_c_stops_whatever_is_typed() {
        let mut view = View::default();
        typed(&mut view, &[KeyCode::Char('/')]);
        let key = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(view.key(key, 10), Asked::Quit);
    }
}
