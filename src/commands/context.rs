//! What every verb has at hand: where to write, whether to change anything, and
//! a line to the kernel that is opened when it is first needed.

use std::io::{self, IsTerminal};

use crate::cli::{ColorChoice, GlobalOptions};
use crate::formats;
use crate::ipvs::Client;
use crate::model::Step;
use crate::reconcile;
use crate::render::Output;

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
    client: Option<Client>,
}

impl Context {
    /// Enters the namespace that was named and decides about colour.
    pub fn new(options: &GlobalOptions) -> Result<Self> {
        let colour = wants_colour(options.color);
        colored::control::set_override(colour);
        Ok(Self {
            output: Output::stdout(colour),
            json: options.json,
            dry_run: options.dry_run,
            quiet: options.quiet,
            verbose: options.verbose,
            client: None,
        })
    }

    /// The line to IPVS.
    ///
    /// # Errors
    /// There is no IPVS, named with what was being done.
    pub fn ipvs(&mut self, doing: &str) -> Result<&mut Client> {
        let client = match self.client.take() {
            Some(client) => client,
            None => Client::open().map_err(|source| Error::Ipvs {
                doing: doing.to_owned(),
                source,
            })?,
        };
        Ok(self.client.insert(client))
    }

    /// Says something that is not the answer, on stderr.
    pub fn notice(&self, text: &str) {
        if !self.quiet {
            super::eprintln_lossy(text);
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
        let client = self.ipvs("change the IPVS table")?;
        reconcile::run(plan, client, &mut NoHost)?;
        Ok(())
    }

    fn print_plan(&mut self, plan: &[Step]) -> Result<()> {
        for step in plan {
            for command in formats::commands(step) {
                self.output.line(&command)?;
            }
        }
        Ok(())
    }
}

struct NoHost;
impl reconcile::Host for NoHost {
    fn apply(
        &mut self,
        _: &crate::model::HostStep,
    ) -> std::result::Result<(), reconcile::StepError> {
        Err("no".into())
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
