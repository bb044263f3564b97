//! What is drawn: a line about everything, headings, the lines that fit, the keys.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::IpAddr;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use crate::health::{ProbeReport, ServerStatus};
use crate::model::{Counters, ServerState, ServiceState, Table};
use crate::render::short;

use super::history::{History, bar};
use super::rows::{Row, active, rows};
use super::view::View;

/// Lines above the first service: about everything, and headings.
const ABOVE: u16 = 2;
/// Lines below the last one: the keys.
const BELOW: u16 = 1;
/// A bar is at most this wide.
const WIDEST_BAR: usize = 30;

const HELP: [&str; 12] = [
    "q, Ctrl-C   quit",
    "s           sort by the next: name, conns/s, bytes in/s, bytes out/s, active",
    "/           show only what contains a text; Enter keeps it, Esc takes it away",
    "p, space    stand still; again to go on",
    "v           services only; again for their servers",
    "up, down    scroll; so do page up, page down, home and end",
    "",
    "Rates are those between two readings of the kernel's counters, which it adds up",
    "every 2 seconds. Behind a service stand its connections per second in the last",
    "minutes, behind a server its share of them. State is what lbctl run believes.",
    "",
    "Any key goes back.",
];

/// Everything that a frame is made of.
#[derive(Debug, Default)]
pub struct Screen {
    table: Table,
    history: History,
    states: HashMap<(String, IpAddr, u16), ServerStatus>,
    /// The time of day, as text.
    pub clock: String,
    pace: String,
    colour: bool,
}

impl Screen {
    /// A screen of a table that is read so often, as text (`2s`).
    #[must_use]
    pub fn new(pace: String, colour: bool) -> Self {
        Self {
            pace,
            colour,
            ..Self::default()
        }
    }

    /// Takes in a reading with its rates, and what the probe believes of it.
    pub fn take(&mut self, table: &Table, report: Option<&ProbeReport>) {
        self.history.take(table);
        self.table.clone_from(table);
        let services = report.into_iter().flat_map(|report| &report.services);
        let states = services.flat_map(|service| {
            let of = |server: &crate::health::ServerReport| {
                let name = (service.service.clone(), server.address, server.port);
                (name, server.state)
            };
            service.servers.iter().map(of)
        });
        self.states = states.collect();
    }

    /// How a server is: what the probe believes, or that it gets nothing.
    fn state(&self, service: &str, state: &ServerState) -> (&'static str, Tone) {
        let (address, port) = state.server.name();
        match self.states.get(&(service.to_owned(), address, port)) {
            Some(ServerStatus::Up) if state.server.weight > 0 => ("up", Tone::Plain),
            Some(ServerStatus::Up) => ("up, out", Tone::Warning),
            Some(ServerStatus::Down) => ("DOWN", Tone::Bad),
            Some(ServerStatus::Unknown) => ("unknown", Tone::Warning),
            Some(ServerStatus::Drained) => ("drained", Tone::Warning),
            Some(ServerStatus::Maintenance) => ("maint", Tone::Warning),
            None if state.server.weight == 0 => ("weight 0", Tone::Warning),
            None => ("", Tone::Plain),
        }
    }

    fn style(&self, tone: Tone) -> Style {
        let style = Style::new();
        match tone {
            Tone::Plain => style,
            Tone::Heading => style.add_modifier(Modifier::REVERSED),
            Tone::Faint => style.add_modifier(Modifier::DIM),
            Tone::Warning if self.colour => style.fg(Color::Yellow),
            Tone::Bad if self.colour => style.fg(Color::Red).add_modifier(Modifier::BOLD),
            Tone::Strong | Tone::Warning | Tone::Bad => style.add_modifier(Modifier::BOLD),
        }
    }

    fn summary(&self, view: &View) -> String {
        let servers: usize = self.table.iter().map(|state| state.servers.len()).sum();
        let sum = |of: fn(&Counters) -> u64| {
            let rates = self.table.iter().map(|state| of(&state.stats.rates));
            short(rates.fold(0, u64::saturating_add))
        };
        // What matters most stands first: a narrow terminal cuts the end off.
        let pace = if view.paused {
            "PAUSED".to_owned()
        } else {
            format!("every {}", self.pace)
        };
        format!(
            "{} {pace}: {}, {}, {} conns/s, in {}B/s, out {}B/s",
            self.clock,
            count(self.table.len(), "service"),
            count(servers, "server"),
            sum(|rates| rates.connections),
            sum(|rates| rates.bytes_in),
            sum(|rates| rates.bytes_out),
        )
    }
}

fn count(number: usize, what: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {what}{s}")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tone {
    Plain,
    Strong,
    Heading,
    Faint,
    Warning,
    Bad,
}

/// The columns behind the names, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Weight,
    Active,
    Inactive,
    Connections,
    PacketsIn,
    PacketsOut,
    BytesIn,
    BytesOut,
    State,
    Bar,
}

impl Column {
    const ORDER: [Self; 10] = [
        Self::Weight,
        Self::Active,
        Self::Inactive,
        Self::Connections,
        Self::PacketsIn,
        Self::PacketsOut,
        Self::BytesIn,
        Self::BytesOut,
        Self::State,
        Self::Bar,
    ];

    /// Which ones a narrow screen has first.
    const NEEDED: [Self; 10] = [
        Self::Connections,
        Self::State,
        Self::Weight,
        Self::Active,
        Self::BytesIn,
        Self::BytesOut,
        Self::Bar,
        Self::Inactive,
        Self::PacketsIn,
        Self::PacketsOut,
    ];

    fn heading(self) -> &'static str {
        match self {
            Self::Weight => "Weight",
            Self::Active => "Active",
            Self::Inactive => "Inact",
            Self::Connections => "Conns/s",
            Self::PacketsIn => "PktIn/s",
            Self::PacketsOut => "PktOu/s",
            Self::BytesIn => "In B/s",
            Self::BytesOut => "Out B/s",
            Self::State => "State",
            Self::Bar => "Share",
        }
    }

    fn width(self) -> usize {
        match self {
            Self::Weight | Self::Active | Self::Inactive | Self::BytesIn => 6,
            Self::Connections | Self::PacketsIn | Self::PacketsOut | Self::BytesOut => 7,
            Self::State | Self::Bar => 8,
        }
    }

    fn is_text(self) -> bool {
        matches!(self, Self::State | Self::Bar)
    }
}

/// Draws a frame, and lets the view scroll no further than there are lines.
pub fn draw(frame: &mut Frame<'_>, screen: &Screen, view: &mut View) {
    let area = frame.area();
    let mut lines = Lines { frame, area };
    lines.put(0, &screen.summary(view), screen.style(Tone::Strong));
    if view.help {
        for (line, text) in (1..).zip(HELP) {
            lines.put(line, text, Style::new());
        }
        return;
    }
    let rows = rows(&screen.table, view);
    let page = page(area.height);
    view.offset = view.offset.min(rows.len().saturating_sub(page));
    let seen: Vec<Line<'_>> = rows
        .iter()
        .skip(view.offset)
        .take(page)
        .filter_map(|row| Line::of(*row, screen))
        .collect();
    let columns = Columns::fit(usize::from(area.width), &seen);
    lines.put(1, &columns.headings(), screen.style(Tone::Heading));
    if seen.is_empty() {
        let text = if screen.table.is_empty() {
            "the table is empty"
        } else {
            "nothing contains this text; Esc takes the filter away"
        };
        lines.put(ABOVE, text, Style::new());
    }
    for (number, line) in (ABOVE..).zip(&seen) {
        lines.put(number, &columns.line(line, screen), screen.style(line.tone));
    }
    lines.put(
        area.height.saturating_sub(BELOW),
        &keys(view, rows.len(), page),
        screen.style(Tone::Faint),
    );
}

/// How many lines of the table a screen of this height has.
#[must_use]
pub fn page(height: u16) -> usize {
    usize::from(height.saturating_sub(ABOVE + BELOW))
}

fn keys(view: &View, rows: usize, page: usize) -> String {
    if view.typing {
        return format!("filter: {}_   Enter keep  Esc none", view.filter);
    }
    let mut text = format!("sorted by {}", view.sort.as_str());
    if !view.filter.is_empty() {
        let _ = write!(text, "  filter: {}", view.filter);
    }
    if rows > page {
        let last = (view.offset + page).min(rows);
        let _ = write!(text, "  {}-{last} of {rows}", view.offset + 1);
    }
    text + "  | q quit  s sort  / filter  p pause  ? help"
}

struct Lines<'a, 'b> {
    frame: &'a mut Frame<'b>,
    area: Rect,
}

impl Lines<'_, '_> {
    /// Writes a line as far as it fits; what lies below the screen is left out.
    fn put(&mut self, line: u16, text: &str, style: Style) {
        if line < self.area.height {
            let width = usize::from(self.area.width);
            let (x, y) = (self.area.x, self.area.y + line);
            self.frame
                .buffer_mut()
                .set_stringn(x, y, text, width, style);
        }
    }
}

/// A line of the table, before it is laid out.
struct Line<'a> {
    name: String,
    service: &'a ServiceState,
    server: Option<&'a ServerState>,
    state: &'static str,
    tone: Tone,
}

impl<'a> Line<'a> {
    fn of(row: Row, screen: &'a Screen) -> Option<Self> {
        let service = screen.table.get(row.service)?;
        let id = service.service.id.to_string();
        let Some(place) = row.server else {
            return Some(Self {
                name: format!("{id} {}", service.service.scheduler),
                service,
                server: None,
                state: "",
                tone: Tone::Strong,
            });
        };
        let server = service.servers.get(place)?;
        let (state, tone) = screen.state(&id, server);
        Some(Self {
            name: format!("  -> {}", server.server.endpoint()),
            service,
            server: Some(server),
            state,
            tone,
        })
    }

    fn cell(&self, column: Column, width: usize, screen: &Screen) -> String {
        let stats = self.server.map_or(&self.service.stats, |it| &it.stats);
        let rates = &stats.rates;
        match (column, self.server) {
            (Column::Weight, Some(server)) => server.server.weight.to_string(),
            (Column::Weight, None) => String::new(),
            (Column::Active, Some(server)) => short(server.active.into()),
            (Column::Active, None) => short(active(self.service)),
            (Column::Inactive, Some(server)) => short(server.inactive.into()),
            (Column::Inactive, None) => {
                let servers = self.service.servers.iter();
                short(servers.map(|server| u64::from(server.inactive)).sum())
            }
            (Column::Connections, _) => short(rates.connections),
            (Column::PacketsIn, _) => short(rates.packets_in),
            (Column::PacketsOut, _) => short(rates.packets_out),
            (Column::BytesIn, _) => short(rates.bytes_in),
            (Column::BytesOut, _) => short(rates.bytes_out),
            (Column::State, _) => self.state.to_owned(),
            (Column::Bar, Some(_)) => {
                let servers = self.service.servers.iter();
                let all = servers.map(|server| server.stats.rates.connections);
                bar(rates.connections, all.fold(0, u64::saturating_add), width)
            }
            (Column::Bar, None) => screen.history.sparkline(&self.service.service.id, width),
        }
    }
}

/// The columns that fit, and how wide they are.
struct Columns {
    name: usize,
    columns: Vec<(Column, usize)>,
}

impl Columns {
    fn fit(width: usize, lines: &[Line<'_>]) -> Self {
        let names = lines.iter().map(|line| line.name.chars().count());
        let name = names.max().unwrap_or(0).max("Service".len());
        let mut left = width.saturating_sub(name);
        let mut fitting: Vec<Column> = Vec::new();
        for column in Column::NEEDED {
            if let Some(rest) = left.checked_sub(column.width() + 1) {
                left = rest;
                fitting.push(column);
            }
        }
        let wide = |column: Column| match column {
            Column::Bar => (column, (column.width() + left).min(WIDEST_BAR)),
            column => (column, column.width()),
        };
        let order = Column::ORDER.into_iter();
        Self {
            name,
            columns: order.filter(|it| fitting.contains(it)).map(wide).collect(),
        }
    }

    fn headings(&self) -> String {
        let mut text = format!("{:<1$}", "Service", self.name);
        for (column, width) in &self.columns {
            push(&mut text, *column, *width, column.heading());
        }
        text
    }

    fn line(&self, line: &Line<'_>, screen: &Screen) -> String {
        let mut text = format!("{:<1$}", line.name, self.name);
        for (column, width) in &self.columns {
            push(
                &mut text,
                *column,
                *width,
                &line.cell(*column, *width, screen),
            );
        }
        text
    }
}

/// Appends a cell; writing to a String cannot fail.
fn push(text: &mut String, column: Column, width: usize, cell: &str) {
    text.push(' ');
    if column.is_text() {
        let _ = write!(text, "{cell:<width$}");
    } else {
        let _ = write!(text, "{cell:>width$}");
    }
}

#[cfg(test)]
mod tests;
