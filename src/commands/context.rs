//! What every verb has at hand: where to write, whether to change anything, and
//! a line to the kernel that is opened when it is first needed.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal};

use crate::cli::{ColorChoice, GlobalOptions};
use crate::formats;
use crate::ipvs::{self, Client};
use crate::model::{HostStep, SettingStep, Step, TableStep};
use crate::plumbing::{self, Namespace, Plumbing, Reals, Vips, Warning, state_directory};
use crate::reconcile::{self, StepError};
use crate::render::Output;

use super::log::{self, Priority};
use super::{Error, Result};

/// The surroundings of a verb.
pub(super) struct Context {
    /// Results go here.
    pub output: Output,
    /// Answer in JSON.
    pub json: bool,
    /// Change nothing, print the commands.
    pub dry_run: bool,
    /// Say only what is wrong.
    pub quiet: bool,
    /// Say more.
    pub verbose: bool,
    /// What was said and need not be said again.
    said: BTreeSet<String>,
    table: LazyTable,
    host: LazyHost,
}

impl Context {
    /// Enters the namespace that was named and decides about colour.
    pub fn new(options: &GlobalOptions) -> Result<Self> {
        if let Some(name) = &options.netns {
            Namespace::named(name)?.enter()?;
        }
        let colour = wants_colour(options.color);
        colored::control::set_override(colour);
        Ok(Self {
            output: Output::stdout(colour),
            json: options.json,
            dry_run: options.dry_run,
            quiet: options.quiet,
            verbose: options.verbose,
            said: BTreeSet::new(),
            table: LazyTable(None),
            host: LazyHost(None),
        })
    }

    /// The line to IPVS.
    ///
    /// # Errors
    /// There is no IPVS, named with what was being done.
    pub fn ipvs(&mut self, doing: &str) -> Result<&mut Client> {
        self.table.client().map_err(|source| Error::Ipvs {
            doing: doing.to_owned(),
            source,
        })
    }

    /// Says something that is not the answer, on stderr.
    pub fn notice(&self, text: &str) {
        if !self.quiet {
            log::say(Priority::Notice, text);
        }
    }

    /// The same, unless it was said before: whoever plans twice notes things twice.
    pub fn notice_once(&mut self, text: &str) {
        if self.said.insert(text.to_owned()) {
            self.notice(text);
        }
    }

    /// Carries out a plan, or prints it.
    ///
    /// # Errors
    /// The step that was refused; what was done before it has been undone.
    pub fn carry_out(&mut self, plan: &[Step]) -> Result<()> {
        if self.dry_run {
            return self.print_plan(plan);
        }
        if plan.is_empty() {
            return Ok(());
        }
        let done = reconcile::run(plan, &mut self.table, &mut self.host);
        self.tell_unannounced();
        Ok(done?)
    }

    /// Says which addresses the neighbours could not be told of.
    pub fn tell_unannounced(&mut self) {
        let Some(plumbing) = &mut self.host.0 else {
            return;
        };
        for error in plumbing.take_unannounced() {
            self.notice(&format!("lbctl: warning: {error}"));
        }
    }

    /// Looks at the VIPs and changes nothing.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn look(&mut self) -> Result<Vips> {
        let directory = state_directory()?;
        let (vips, warning) = plumbing::look(&directory)?;
        self.warn(warning.as_ref());
        Ok(vips)
    }

    /// Looks at the VIPs, to plan with; holds the lock on them until the end,
    /// unless nothing will be changed.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn vips(&mut self) -> Result<Vips> {
        if self.dry_run {
            return self.look();
        }
        let plumbing = self.host.plumbing()?;
        let vips = plumbing.vips()?;
        let warning = plumbing.warning().cloned();
        self.warn(warning.as_ref());
        Ok(vips)
    }

    /// Looks at this machine as a real server and changes nothing.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn look_at_reals(&mut self) -> Result<Reals> {
        let (reals, warning) = plumbing::look_at_reals(&state_directory()?)?;
        self.warn(warning.as_ref());
        Ok(reals)
    }

    /// Looks at this machine as a real server, to plan with; holds the lock until
    /// the end, unless nothing will be changed.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn reals(&mut self) -> Result<Reals> {
        if self.dry_run {
            return self.look_at_reals();
        }
        let plumbing = self.host.plumbing()?;
        let reals = plumbing.reals()?;
        let warning = plumbing.warning().cloned();
        self.warn(warning.as_ref());
        Ok(reals)
    }

    /// Takes the lock under which a machine is changed, unless nothing will be
    /// changed; it is held until [`Context::unlock`], or the end.
    ///
    /// # Errors
    /// Another lbctl does not let go of it, or the record cannot be written.
    pub fn lock(&mut self) -> plumbing::Result<()> {
        if !self.dry_run {
            self.host.plumbing()?;
        }
        Ok(())
    }

    /// Lets go of the lock.
    pub fn unlock(&mut self) {
        self.host = LazyHost(None);
    }

    /// Remembers what was made for a configuration file.
    ///
    /// # Errors
    /// The record cannot be written.
    pub fn own(&mut self, owned: &reconcile::Owned) -> plumbing::Result<()> {
        self.host.plumbing()?.own(owned)
    }

    /// What can change IPVS and the rest.
    pub fn hands(&mut self) -> (&mut dyn reconcile::Table, &mut dyn reconcile::Host) {
        (&mut self.table, &mut self.host)
    }

    fn warn(&self, warning: Option<&Warning>) {
        if let Some(warning) = warning {
            self.notice(&format!("lbctl: warning: {warning}"));
        }
    }

    /// Prints the commands that do the same.
    pub fn print_plan(&mut self, plan: &[Step]) -> Result<()> {
        for step in plan {
            for command in formats::commands(step) {
                self.output.line(&command)?;
            }
        }
        Ok(())
    }
}

/// The table, opened when the first step needs it.
struct LazyTable(Option<Client>);

impl LazyTable {
    fn client(&mut self) -> ipvs::Result<&mut Client> {
        let client = match self.0.take() {
            Some(client) => client,
            None => Client::open()?,
        };
        Ok(self.0.insert(client))
    }
}

impl reconcile::Table for LazyTable {
    fn apply(&mut self, steps: &[&TableStep]) -> std::result::Result<(), Vec<(usize, StepError)>> {
        match self.client() {
            Ok(client) => client.apply(steps),
            Err(error) => {
                let left = (1..steps.len()).map(|index| (index, ipvs::Error::NotTried.into()));
                Err(std::iter::once((0, error.into())).chain(left).collect())
            }
        }
    }

    fn set(&mut self, step: &SettingStep) -> std::result::Result<(), StepError> {
        self.client()?.set(step)
    }
}

/// The rest of the machine, opened when the first step needs it.
struct LazyHost(Option<Plumbing>);

impl LazyHost {
    fn plumbing(&mut self) -> plumbing::Result<&mut Plumbing> {
        let plumbing = match self.0.take() {
            Some(plumbing) => plumbing,
            None => Plumbing::open()?,
        };
        Ok(self.0.insert(plumbing))
    }
}

impl reconcile::Host for LazyHost {
    fn apply(&mut self, step: &HostStep) -> std::result::Result<(), StepError> {
        self.plumbing()?.apply(step)
    }
}

/// Colour is decided once, for stdout: the flag, else NO_COLOR, else TERM, else
/// whether it is a terminal.
fn wants_colour(choice: ColorChoice) -> bool {
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
            let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
            !set("NO_COLOR") && !dumb && io::stdout().is_terminal()
        }
    }
}
