//! Runs steps in order; on a refusal, undoes what was done, last first.

use std::fmt;

use crate::model::{HostStep, SettingStep, Step, TableStep};

/// Why a step was refused, in the words of the layer that refused it.
pub type StepError = Box<dyn std::error::Error + Send + Sync>;

/// What can change IPVS.
pub trait Table {
    /// Tries these steps in order, as few round trips as possible.
    ///
    /// # Errors
    /// The index and the reason of every step that was refused; all others
    /// were carried out.
    fn apply(&mut self, steps: &[&TableStep]) -> Result<(), Vec<(usize, StepError)>>;

    /// Changes what IPVS has apart from the table.
    ///
    /// # Errors
    /// The reason of the refusal; nothing of the step was done.
    fn set(&mut self, step: &SettingStep) -> Result<(), StepError>;
}

/// What can change the rest of the machine.
pub trait Host {
    /// Carries out one step, or nothing of it.
    ///
    /// # Errors
    /// The reason of the refusal.
    fn apply(&mut self, step: &HostStep) -> Result<(), StepError>;
}

/// A plan that was not carried out.
#[derive(Debug)]
pub struct Failure {
    /// The step that was refused first.
    pub step: Step,
    /// Why.
    pub reason: StepError,
    /// Steps that had been done and were taken back.
    pub undone: usize,
    /// Steps that had been done and could not be taken back, with the reason.
    pub left: Vec<(Step, StepError)>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: {}", self.step, self.reason)?;
        for (step, reason) in &self.left {
            write!(f, "\nalso, this could not be undone: {step}: {reason}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

/// Carries out the plan. Consecutive table steps go to the kernel together.
///
/// # Errors
/// The first refusal, after everything that was done has been undone.
pub fn run(plan: &[Step], table: &mut dyn Table, host: &mut dyn Host) -> Result<(), Box<Failure>> {
    let mut done: Vec<&Step> = Vec::with_capacity(plan.len());
    let mut refused = None;
    for steps in plan.chunk_by(go_together) {
        refused = match steps {
            [step @ Step::Host(change)] => note(step, host.apply(change), &mut done),
            [step @ Step::Setting(change)] => note(step, table.set(change), &mut done),
            steps => apply_to_table(steps, table, &mut done),
        };
        if refused.is_some() {
            break;
        }
    }
    let Some((step, reason)) = refused else {
        return Ok(());
    };
    let left = undo(&done, table, host);
    Err(Box::new(Failure {
        step: step.clone(),
        reason,
        undone: done.len() - left.len(),
        left,
    }))
}

/// Notes a step that was done, returns one that was refused.
fn note<'a>(
    step: &'a Step,
    result: Result<(), StepError>,
    done: &mut Vec<&'a Step>,
) -> Option<(&'a Step, StepError)> {
    match result {
        Ok(()) => {
            done.push(step);
            None
        }
        Err(reason) => Some((step, reason)),
    }
}

/// Whether two steps can go to the kernel in one batch, all of which it tries. A
/// service goes only when it is known that its servers went: the kernel would take
/// one along whose removal it had refused, and no undo would bring it back.
fn go_together(one: &Step, other: &Step) -> bool {
    match (one, other) {
        (Step::Table(one), Step::Table(TableStep::DeleteService(_))) => {
            matches!(one, TableStep::DeleteService(_))
        }
        (Step::Table(_), Step::Table(_)) => true,
        _ => false,
    }
}

fn table_steps(steps: &[Step]) -> Vec<&TableStep> {
    steps
        .iter()
        .filter_map(|step| match step {
            Step::Table(step) => Some(step),
            Step::Setting(_) | Step::Host(_) => None,
        })
        .collect()
}

/// Tries table steps, notes those that were done, returns the first refusal.
fn apply_to_table<'a>(
    steps: &'a [Step],
    table: &mut dyn Table,
    done: &mut Vec<&'a Step>,
) -> Option<(&'a Step, StepError)> {
    let mut refusals = match table.apply(&table_steps(steps)) {
        Ok(()) => Vec::new(),
        Err(refusals) => refusals,
    };
    refusals.sort_by_key(|(index, _)| *index);
    let mut refusals = refusals.into_iter().peekable();
    let mut first = None;
    for (index, step) in steps.iter().enumerate() {
        match refusals.next_if(|(refused, _)| *refused == index) {
            Some((_, reason)) => {
                first.get_or_insert((step, reason));
            }
            None => done.push(step),
        }
    }
    first
}

/// Takes steps back, last first. Whatever cannot be taken back is returned, with
/// the reason, and does not stop the rest.
fn undo(done: &[&Step], table: &mut dyn Table, host: &mut dyn Host) -> Vec<(Step, StepError)> {
    let back: Vec<Step> = done.iter().rev().map(|step| step.inverse()).collect();
    let mut done = done.iter().rev();
    let mut left = Vec::new();
    for steps in back.chunk_by(go_together) {
        let mut refused = Vec::new();
        match steps {
            [Step::Host(change)] => refused.extend(host.apply(change).err().map(|why| (0, why))),
            [Step::Setting(change)] => refused.extend(table.set(change).err().map(|why| (0, why))),
            steps => {
                let steps = table_steps(steps);
                for (index, _) in table.apply(&steps).err().unwrap_or_default() {
                    // A refusal may have kept others from being tried: one by one.
                    let Some(step) = steps.get(index) else {
                        continue;
                    };
                    let again = table.apply(&[step]).err().unwrap_or_default();
                    refused.extend(again.into_iter().map(|(_, why)| (index, why)));
                }
            }
        }
        let taken: Vec<&&Step> = done.by_ref().take(steps.len()).collect();
        left.extend(refused.into_iter().filter_map(|(index, reason)| {
            let step = taken.get(index)?;
            Some(((**step).clone(), reason))
        }));
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Family, PolicyRule, Protocol, Service, ServiceId};

    /// Keeps a journal, and refuses what it was told to refuse.
    #[derive(Default)]
    struct Machine {
        journal: Vec<String>,
        refuse: Vec<&'static str>,
    }

    impl Machine {
        fn take(&mut self, what: &str) -> Result<(), StepError> {
            if self.refuse.contains(&what) {
                return Err("no".into());
            }
            self.journal.push(what.to_owned());
            Ok(())
        }
    }

    struct TableOf<'a>(&'a std::cell::RefCell<Machine>);
    struct HostOf<'a>(&'a std::cell::RefCell<Machine>);

    impl Table for TableOf<'_> {
        fn apply(&mut self, steps: &[&TableStep]) -> Result<(), Vec<(usize, StepError)>> {
            let refused: Vec<_> = steps
                .iter()
                .enumerate()
                .filter_map(|(index, step)| {
                    let result = self.0.borrow_mut().take(&step.to_string());
                    result.err().map(|reason| (index, reason))
                })
                .collect();
            if refused.is_empty() {
                Ok(())
            } else {
                Err(refused)
            }
        }

        fn set(&mut self, step: &SettingStep) -> Result<(), StepError> {
            self.0.borrow_mut().take(&step.to_string())
        }
    }

    impl Host for HostOf<'_> {
        fn apply(&mut self, step: &HostStep) -> Result<(), StepError> {
            self.0.borrow_mut().take(&step.to_string())
        }
    }

    fn service(port: u16) -> Step {
        Step::Table(TableStep::AddService(Service::new(ServiceId::Address {
            protocol: Protocol::Tcp,
            address: [192, 0, 2, 1].into(),
            port,
        })))
    }

    fn rule() -> Step {
        Step::from(HostStep::AddRule(PolicyRule {
            family: Family::Ipv4,
            priority: 100,
            mark: 1,
            table: 100,
        }))
    }

    fn play(plan: &[Step], refuse: Vec<&'static str>) -> (Result<(), Box<Failure>>, Vec<String>) {
        let machine = std::cell::RefCell::new(Machine {
            refuse,
            ..Machine::default()
        });
        let result = run(plan, &mut TableOf(&machine), &mut HostOf(&machine));
        (result, machine.into_inner().journal)
    }

    #[test]
    fn steps_run_in_order() {
        let (result, journal) = play(&[rule(), service(80), service(81)], vec![]);
        assert!(result.is_ok());
        assert_eq!(
            journal[1..],
            ["add tcp 192.0.2.1:80", "add tcp 192.0.2.1:81"]
        );
    }

    #[test]
    fn a_refusal_in_the_middle_of_a_batch_undoes_what_came_after_it_too() {
        let plan = [rule(), service(80), service(81), service(82)];
        let (result, journal) = play(&plan, vec!["add tcp 192.0.2.1:81"]);
        let failure = result.unwrap_err();
        assert_eq!(failure.step, plan[2]);
        assert_eq!(failure.undone, 3);
        assert!(failure.left.is_empty());
        assert_eq!(
            journal[1..],
            [
                "add tcp 192.0.2.1:80",
                "add tcp 192.0.2.1:82",
                "delete tcp 192.0.2.1:82",
                "delete tcp 192.0.2.1:80",
                "remove the rule that sends mark 1 to table 100",
            ]
        );
    }

    #[test]
    fn what_cannot_be_undone_is_named_and_the_rest_is_still_undone() {
        let plan = [rule(), service(80), service(81)];
        let (result, journal) = play(
            &plan,
            vec!["add tcp 192.0.2.1:81", "delete tcp 192.0.2.1:80"],
        );
        let failure = result.unwrap_err();
        assert_eq!(failure.left.len(), 1);
        assert_eq!(failure.left[0].0, plan[1]);
        assert_eq!(
            journal.last().unwrap(),
            "remove the rule that sends mark 1 to table 100"
        );
        assert!(
            failure
                .to_string()
                .contains("could not be undone: add tcp 192.0.2.1:80")
        );
    }
}
