//! What the steps are made of: run a line and show it, ask as the client, wait
//! until something is seen. Everything that is said to be so has been looked at.

use std::time::{Duration, Instant};

use crate::ipvs;
use crate::model::Table;

use super::client::{Client, Reply};
use super::expect::failed;
use super::load::Tally;
use super::probe::Probe;
use super::snapshot::Snapshot;
use super::teller::Teller;
use super::world::World;
use super::{Error, Interrupt, Result, child};

/// How long is waited for something that takes two or three seconds. It is long
/// because an emulated machine is slow, and reached only when something is wrong.
const LIMIT: Duration = Duration::from_mins(1);
/// Between two looks, unless the probe has something to say.
const LOOK: Duration = Duration::from_millis(100);

/// The world, and what is told of it.
pub(super) struct Story<'a> {
    pub teller: Teller<'a>,
    pub world: &'a World,
    pub client: Client<'a>,
    pub interrupt: &'a Interrupt,
    pub probe: Option<Probe>,
}

impl Story<'_> {
    /// Shows a line, runs it in the director and shows what it answers.
    pub fn lbctl(&mut self, line: &str) -> Result<Vec<String>> {
        self.teller.command("director", line)?;
        let answer = child::lbctl(self.world, line)?;
        for line in &answer.lines {
            self.teller.answer(line)?;
        }
        if answer.status.success() {
            return Ok(answer.lines);
        }
        failed(format!("`{line}` ended with {}", answer.status))
    }

    /// Starts the probe in the background.
    pub fn start_probe(&mut self, line: &str) -> Result<()> {
        self.teller.command("director", &format!("{line} &"))?;
        self.probe = Some(Probe::start(self.world, line)?);
        Ok(())
    }

    /// Asks the probe to end, and shows what it still says.
    pub fn stop_probe(&mut self) -> Result<()> {
        let Some(probe) = self.probe.take() else {
            return Ok(());
        };
        let (status, lines) = probe.stop(LIMIT, self.interrupt)?;
        for line in lines {
            self.teller.log(&line)?;
        }
        if status.success() {
            return Ok(());
        }
        failed(format!("the probe ended with {status}"))
    }

    /// The client asks so many times, and each answer is shown.
    pub fn fetch(&mut self, times: usize) -> Result<Vec<String>> {
        let line = self.client.line();
        let mut pages = Vec::new();
        for _ in 0..times {
            self.teller.command("client", &line)?;
            let page = page(self.client.fetch()?)?;
            self.teller.answer(&page)?;
            pages.push(page);
        }
        Ok(pages)
    }

    /// The client asks again and again, and `done` looks at the answers so far,
    /// until it is satisfied. The probe's log is shown as it comes. Requests that
    /// fail are counted with the others.
    pub fn ask_until(
        &mut self,
        what: &str,
        mut done: impl FnMut(&[String], &Table) -> bool,
    ) -> Result<Tally> {
        let (mut pages, mut tally) = (Vec::new(), Tally::default());
        self.until(what, |story, _| {
            let reply = story.client.ask()?;
            tally.add(reply.clone());
            pages.extend(reply);
            Ok(done(&pages, &story.table()?))
        })?;
        Ok(tally)
    }

    /// Waits until `done` is satisfied. It looks whenever the probe has logged a
    /// line, which is shown and which it sees too, and every now and then.
    pub fn until(
        &mut self,
        what: &str,
        mut done: impl FnMut(&mut Self, Option<&str>) -> Result<bool>,
    ) -> Result<()> {
        let begin = Instant::now();
        loop {
            self.interrupt.check()?;
            let line = if let Some(probe) = &self.probe {
                probe.line(LOOK)?
            } else {
                std::thread::sleep(LOOK);
                None
            };
            if let Some(line) = &line {
                self.teller.log(line)?;
            }
            if done(self, line.as_deref())? {
                return Ok(());
            }
            if begin.elapsed() > LIMIT {
                return failed(format!("after {} s {what}", LIMIT.as_secs()));
            }
        }
    }

    /// The director's IPVS table.
    pub fn table(&self) -> Result<Table> {
        let table = self.world.director.run(|| ipvs::Client::open()?.table())?;
        Ok(table?)
    }

    /// All of the director that lbctl may change.
    pub fn snapshot(&self) -> Result<Snapshot> {
        self.world.director.run(Snapshot::here)?
    }
}

/// The page, or the end of the demo.
fn page(reply: Reply) -> Result<String> {
    reply.map_err(|reason| Error::Failed(format!("the client got {reason}")))
}
