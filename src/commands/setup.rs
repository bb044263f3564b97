//! `setup`: ask, show, ask once more, write, apply, prove; or undo.

mod boot;
mod existing;
mod settle;
mod show;
mod task;

use crate::cli::SetupArgs;
use crate::model::Protocol;
use crate::plumbing::{Place, run_dir};
use crate::render::Style;
use crate::service;
use crate::wizard::{
    self, Ask, Given, Interrupt, Method, Question, QuestionError, Reply, Terminal, Written,
};

use self::settle::{Settled, settle};
use self::show::{Report, heading};
use self::task::{Memory, Task, Wanted};
use super::apply::{Pending, Undo};
use super::context::Context;
use super::{Error, Result, Status, confirm, drain};

/// `setup`.
pub(super) fn run(context: &mut Context, args: &SetupArgs) -> Result<Status> {
    let given = task::given(args)?;
    // What would stop us later is said before anything is asked.
    let there = task::there(&args.file)?;
    context
        .ipvs("set up")?
        .services()
        .map_err(|source| Error::Ipvs {
            doing: "set up".to_owned(),
            source,
        })?;
    let interrupt = Interrupt::watch()
        .map_err(|error| Error::Machine(format!("cannot wait for signals: {error}")))?;
    let may_ask = !args.no_input && !context.json;
    let mut terminal = may_ask.then(|| Terminal::open(Some(&interrupt))).flatten();
    if let Some(terminal) = &mut terminal {
        terminal
            .say("Enter takes the answer in brackets; back: the question before; Ctrl-C: stop.");
    }
    let needs_yes = terminal.is_none() && !args.yes && !context.dry_run;
    let mut memory = Memory::default();
    let (wanted, pending, report) = loop {
        let ask = terminal.as_mut().map(|terminal| terminal as &mut dyn Ask);
        let hear = &mut |text: &str| context.notice(&format!("lbctl: {text}"));
        let there = there.as_ref();
        let wanted = match task::wanted(&args.file, there, &given, ask, hear, &mut memory) {
            Ok(_) if needs_yes => Err(missing(Vec::new())),
            Err(task::NotWanted::Missing(flags)) if needs_yes => Err(missing(flags)),
            Err(error) => Err(error.into()),
            Ok(wanted) => Ok(wanted),
        }?;
        let pending = Pending::look(context, wanted.change.config.clone())?;
        let report = show::plan(context, &args.file, &wanted, &pending)?;
        if context.dry_run {
            report.finish(context)?;
            return Ok(Status::Done);
        }
        match &mut terminal {
            Some(terminal) if !args.yes => match go_on(terminal, &memory)? {
                Some(true) => {}
                Some(false) => {
                    context.notice("nothing was changed");
                    return Ok(Status::Done);
                }
                None => continue,
            },
            _ => {}
        }
        break (wanted, pending, report);
    };
    if interrupt.came() {
        return Err(Error::Interrupted);
    }
    let mut setup = Setup {
        args,
        given,
        wanted,
        pending,
        report,
        is_running: runs()?,
        interrupt: &interrupt,
    };
    let done = setup.carry_out(context, terminal.as_mut());
    setup.report.finish(context)?;
    done
}

/// The one question before something is done; none: back to the others.
fn go_on(terminal: &mut Terminal<'_>, memory: &Memory) -> Result<Option<bool>> {
    let question = Question {
        prompt: "Do this now?",
        help: "yes, no, or back to the questions.",
        default: Some("yes"),
    };
    let check = |text: &str| wizard::yes_or_no(text).map(|_| ());
    loop {
        match terminal.text(question, &check).map_err(confirm::stopped)? {
            Reply::Text(text) => return Ok(Some(wizard::yes_or_no(&text).unwrap_or(false))),
            Reply::Back if memory.is_empty() => {
                terminal.say("no question was asked: flags answered all of them");
            }
            Reply::Back => return Ok(None),
        }
    }
}

/// All that nobody can guess, at once.
fn missing(mut flags: Vec<String>) -> Error {
    flags.push("--yes".to_owned());
    task::question_error(QuestionError::Missing(flags))
}

/// Whether the service runs here.
fn runs() -> Result<bool> {
    let directory = Place::here()?.run_directory(&run_dir());
    Ok(service::ask(&directory, drain::WAKE).is_ok())
}

/// All that is needed to do it.
struct Setup<'a> {
    args: &'a SetupArgs,
    given: Given,
    wanted: Wanted,
    pending: Pending,
    report: Report,
    is_running: bool,
    interrupt: &'a Interrupt,
}

impl Setup<'_> {
    fn carry_out(
        &mut self,
        context: &mut Context,
        mut terminal: Option<&mut Terminal<'_>>,
    ) -> Result<Status> {
        let keep_old = self.wanted.task == Task::Over;
        let written = wizard::write(&self.args.file, &self.wanted.change.text, keep_old)
            .map_err(Error::Machine)?;
        let undo = match self.pending.apply(context) {
            Ok(undo) => undo,
            Err(error) => {
                self.report.undone = true;
                return Err(match written.restore() {
                    Ok(()) => error,
                    Err(left) => Error::Machine(format!("{error}\n{left}")),
                });
            }
        };
        self.reload(context);
        let settled = settle(
            context,
            &self.wanted,
            &mut self.report,
            self.is_running,
            self.interrupt,
        );
        if self.interrupt.came() {
            context.notice("lbctl: stopping; what was done is taken back");
            self.take_back(context, written, &undo)?;
            return Err(Error::Stopped(
                "stopped; everything was taken back".to_owned(),
            ));
        }
        match settled {
            Ok(Settled::Fails) => {}
            Ok(settled) => return self.finish(context, settled, &written, terminal),
            Err(error) => {
                self.take_back(context, written, &undo)?;
                return Err(error);
            }
        }
        context.output.line("")?;
        context.output.flush()?;
        let keep = match &mut terminal {
            Some(terminal) => {
                terminal.confirm("It does not work yet. Keep it, to mend it by hand?", false)
            }
            None => Ok(false),
        };
        if keep.as_ref().is_ok_and(|keep| *keep) {
            context.notice("lbctl: kept; once mended, see: lbctl check, lbctl diff");
            return Ok(Status::Warning);
        }
        self.take_back(context, written, &undo)?;
        if keep.is_err() {
            return Err(Error::Stopped(
                "stopped; everything was taken back".to_owned(),
            ));
        }
        Err(Error::Machine(
            "it did not work, and everything was taken back; mend what is said above, then run \
             it again"
                .to_owned(),
        ))
    }

    /// A service that runs goes on with the file as it is now.
    fn reload(&self, context: &mut Context) {
        if !self.is_running {
            return;
        }
        context.unlock();
        let asked = Place::here()
            .map(|place| service::ask(&place.run_directory(&run_dir()), "reload").is_ok());
        if !asked.unwrap_or(false) {
            context.notice(
                "lbctl: lbctl run could not be told of the file; tell it with: lbctl status \
                 --reload",
            );
        }
    }

    /// Everything as it was; what cannot be put back is said.
    fn take_back(&mut self, context: &mut Context, written: Written, undo: &Undo) -> Result<()> {
        self.report.undone = true;
        let undone = undo.take_back(context);
        let restored = written.restore();
        self.reload(context);
        let left: Vec<String> = [undone.err(), restored.err()]
            .into_iter()
            .flatten()
            .collect();
        if left.is_empty() {
            return Ok(());
        }
        self.report.undone = false;
        Err(Error::Machine(format!(
            "it did not work, and not everything could be taken back:\n{}\nsee what is left with: \
             lbctl diff, lbctl teardown",
            left.join("\n")
        )))
    }

    fn finish(
        &mut self,
        context: &mut Context,
        settled: Settled,
        written: &Written,
        terminal: Option<&mut Terminal<'_>>,
    ) -> Result<Status> {
        self.conclude(context, settled, written)?;
        if self.is_running {
            self.report.boot = None;
            context.notice("lbctl: lbctl run goes on with the new file; see: lbctl status");
            return Ok(Status::Done);
        }
        let (boot, status) = boot::offer(context, self.args, &self.given, terminal)?;
        self.report.boot = Some(boot);
        Ok(status)
    }

    /// What was seen, and what to look at next.
    fn conclude(&self, context: &mut Context, settled: Settled, written: &Written) -> Result<()> {
        if context.json {
            return Ok(());
        }
        let answers = &self.wanted.answers;
        let text = match settled {
            Settled::Given if self.wanted.server.service.one_packet => {
                "Each datagram goes to a server by itself (one_packet), and nothing keeps count: \
                 try it from a client."
            }
            Settled::Given if answers.protocol == Protocol::Udp => {
                "Each datagram was given to a server. Whether it is answered, only a client of its \
                 own kind can tell: try one."
            }
            Settled::Given => {
                "Each request was given to a server. Its answer goes to the client directly, not \
                 through here: try it from a client."
            }
            _ => "It works. Next:",
        };
        heading(context, text)?;
        if let Some(kept) = written.kept() {
            let line = format!("  the old file is {}", kept.display());
            context.output.line(&line)?;
        }
        let file = self.args.file.display();
        let mut next = vec![
            ("lbctl list --rate".to_owned(), "shows the traffic"),
            ("lbctl check".to_owned(), "says why, when it does not work"),
            (format!("lbctl apply {file}"), "after a change of the file"),
            ("lbctl teardown".to_owned(), "takes all of it away"),
        ];
        if answers.method != Method::Nat {
            let check = format!("lbctl real check {}", answers.vip.ip());
            next.insert(
                0,
                (check, "on each real server: is all there that it needs?"),
            );
        }
        for (command, what) in next {
            context.output.line(&format!("  {command}"))?;
            context
                .output
                .styled(&format!("      {what}"), Style::Faint)?;
        }
        context.output.line("")?;
        context.output.flush()?;
        Ok(())
    }
}
