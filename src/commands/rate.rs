//! `rate` and `list --watch`: the table again and again, on a terminal as a live
//! screen, elsewhere line by line.

use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event};
use ratatui::crossterm::terminal;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::cli::RateArgs;
use crate::health::{ProbeReport, ServiceReport, read_states};
use crate::live::{Asked, Meter, Screen, draw, page};
use crate::model::{ServiceId, Table};
use crate::plumbing::{Place, run_dir};
use crate::render::{self, ListOptions, Names, View};

use super::context::Context;
use super::{Error, Result, Status, list, words};

/// A probe that has not been heard of for so long says nothing about now.
const SILENT: Duration = Duration::from_mins(1);

/// How long a wait for keys is at most, so that a signal is noticed.
const PATIENCE: Duration = Duration::from_millis(250);

/// What is watched, and how often.
struct Watch<'a> {
    id: Option<&'a ServiceId>,
    view: View,
    interval: u16,
    count: Option<u64>,
    exact: bool,
}

/// `rate`.
pub(super) fn run(context: &mut Context, args: &RateArgs) -> Result<Status> {
    let id = words::service(&args.selector)?;
    let watch = Watch {
        id: id.as_ref(),
        view: View::Rate,
        interval: args.interval,
        count: args.count,
        exact: args.exact,
    };
    watch.run(context)
}

/// `list --watch`.
pub(super) fn watch(
    context: &mut Context,
    id: Option<&ServiceId>,
    view: View,
    interval: u16,
    exact: bool,
) -> Result<Status> {
    let watch = Watch {
        id,
        view,
        interval,
        count: None,
        exact,
    };
    watch.run(context)
}

impl Watch<'_> {
    fn run(&self, context: &mut Context) -> Result<Status> {
        let stop = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&stop))
                .map_err(|error| Error::Machine(format!("cannot wait for signals: {error}")))?;
        }
        // A terminal that does not know its size cannot be drawn on.
        let has_size = || terminal::size().is_ok_and(|(width, height)| width > 0 && height > 0);
        let is_screen = !context.json
            && io::stdout().is_terminal()
            && io::stdin().is_terminal()
            && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
            && has_size();
        if is_screen {
            // What cannot be read is said before the screen is taken.
            let first = self.read(context)?;
            let mut terminal = ratatui::try_init()?;
            let ended = self.screen(context, &mut terminal, first, &stop);
            ratatui::try_restore()?;
            return ended;
        }
        self.lines(context, &stop)
    }

    fn read(&self, context: &mut Context) -> Result<Table> {
        list::read(context, self.id, list::Detail::Everything)
    }

    fn interval(&self) -> Duration {
        Duration::from_secs(self.interval.into())
    }

    fn is_last(&self, readings: u64) -> bool {
        self.count.is_some_and(|count| readings >= count)
    }

    /// The list, or an object, for each reading.
    fn lines(&self, context: &mut Context, stop: &AtomicBool) -> Result<Status> {
        let mut meter = Meter::default();
        let start = Instant::now();
        for reading in 1.. {
            let table = self.read(context)?;
            let table = meter.take(start.elapsed(), table);
            if context.json {
                let json = render::table_json(table, true).map_err(super::json_error)?;
                context.output.line(&json)?;
            } else if table.is_empty() {
                if reading == 1 {
                    context.notice(list::EMPTY);
                }
            } else {
                let names = Names::default();
                let options = ListOptions {
                    view: self.view,
                    exact: self.exact,
                    names: &names,
                };
                if reading > 1 {
                    context.output.line("")?;
                }
                render::list(table, options, &mut context.output)?;
            }
            // Who reads it wants to see it now.
            context.output.flush()?;
            if self.is_last(reading) {
                break;
            }
            let next = start + self.interval() * u32::try_from(reading).unwrap_or(u32::MAX);
            if !wait(next, stop) {
                break;
            }
        }
        Ok(Status::Done)
    }

    fn screen(
        &self,
        context: &mut Context,
        terminal: &mut DefaultTerminal,
        first: Table,
        stop: &AtomicBool,
    ) -> Result<Status> {
        let mut screen = Screen::new(format!("{}s", self.interval), context.output.colour());
        let mut view = crate::live::View::default();
        let mut meter = Meter::default();
        let start = Instant::now();
        let mut next = Some(first);
        for reading in 1.. {
            let table = match next.take() {
                Some(table) => table,
                None => self.read(context)?,
            };
            let table = meter.take(start.elapsed(), table);
            if !view.paused {
                screen.clock = clock();
                screen.take(table, believed().as_ref());
            }
            let until = start + self.interval() * u32::try_from(reading).unwrap_or(u32::MAX);
            if !keys(terminal, &screen, &mut view, until, stop)? || self.is_last(reading) {
                break;
            }
        }
        Ok(Status::Done)
    }
}

/// Draws, and obeys the keys until this moment; false if it shall stop.
fn keys(
    terminal: &mut DefaultTerminal,
    screen: &Screen,
    view: &mut crate::live::View,
    until: Instant,
    stop: &AtomicBool,
) -> Result<bool> {
    terminal.draw(|frame| draw(frame, screen, view))?;
    while !stop.load(Ordering::Relaxed) {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(true);
        }
        if !event::poll(left.min(PATIENCE))? {
            continue;
        }
        match event::read()? {
            Event::Key(key) => {
                let height = terminal.size()?.height;
                if view.key(key, page(height)) == Asked::Quit {
                    return Ok(false);
                }
            }
            Event::Resize(..) => terminal.autoresize()?,
            _ => continue,
        }
        terminal.draw(|frame| draw(frame, screen, view))?;
    }
    Ok(false)
}

/// Waits for a moment; false if a signal came first.
fn wait(until: Instant, stop: &AtomicBool) -> bool {
    while !stop.load(Ordering::Relaxed) {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        std::thread::sleep(left.min(PATIENCE));
    }
    false
}

/// What a probe that runs believes; none if none does.
fn believed() -> Option<ProbeReport> {
    let directory = Place::here().ok()?.run_directory(&run_dir());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
    let states = read_states(&directory).ok()?;
    let fresh = states
        .iter()
        .filter(|state| now.saturating_sub(state.heartbeat) < SILENT.as_secs());
    Some(ProbeReport {
        services: fresh.map(ServiceReport::from).collect(),
        troubles: Vec::new(),
    })
}

/// The time of day in UTC.
fn clock() -> String {
    let now = SystemTime::now();
    let text = humantime::format_rfc3339_seconds(now).to_string();
    text.split_once('T')
        .map_or_else(String::new, |(_, time)| time.to_owned())
}
