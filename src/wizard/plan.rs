//! From the answers to the steps, by the same planners as the verbs'.

use crate::model::{Family, Method, ServerChange, ServiceChange, ServiceState, Step, TableStep};
use crate::plumbing::{self, Vips, Wanted, forwarding};
use crate::reconcile::{self, RequestError, TableRequest};

use super::questions::{Answers, Health};

/// Why the answers make no plan.
#[derive(Debug)]
pub enum PlanError {
    /// The way in cannot be made.
    Plumbing(plumbing::Error),
    /// The service cannot be added.
    Request(RequestError),
}

impl From<plumbing::Error> for PlanError {
    fn from(error: plumbing::Error) -> Self {
        Self::Plumbing(error)
    }
}

impl From<RequestError> for PlanError {
    fn from(error: RequestError) -> Self {
        Self::Request(error)
    }
}

/// Everything that is still to be done for these answers: forwarding, the way
/// in, the service and its servers, by nat.
///
/// # Errors
/// See [`PlanError`].
pub fn steps(
    answers: &Answers,
    there: Option<&ServiceState>,
    vips: &mut Vips,
) -> Result<Vec<Step>, PlanError> {
    let mut steps = Vec::new();
    let family = Family::of(answers.vip.ip());
    steps.extend(forwarding::plan(family, true)?.into_iter().map(Step::Host));
    let planned = vips.plan_add(answers.vip.ip(), Wanted::default())?;
    // An address of this machine needs no way in.
    if planned.notes.is_empty() {
        steps.extend(planned.steps.into_iter().map(Step::Host));
    }
    let request = TableRequest {
        id: answers.id(),
        service: ServiceChange {
            scheduler: Some(answers.scheduler.clone()),
            ..ServiceChange::default()
        },
        may_add_service: true,
        servers: answers
            .servers
            .iter()
            .map(|server| (server.ip(), server.port()))
            .collect(),
        server: ServerChange {
            method: Some(Method::Nat),
            ..ServerChange::default()
        },
    };
    if there.is_some() {
        return Err(RequestError::ServiceExists(answers.id()).into());
    }
    let table: Vec<TableStep> = reconcile::add(None, &request)?;
    steps.extend(table.into_iter().map(Step::Table));
    Ok(steps)
}

/// The command line that keeps checking the servers.
#[must_use]
pub fn probe_line(answers: &Answers) -> String {
    let mut line = format!("lbctl probe {}", answers.id().options());
    match &answers.health {
        Health::Tcp => line.push_str(" --tcp"),
        Health::Http { path, virtualhost } => {
            line.push_str(" --http ");
            line.push_str(path);
            if let Some(host) = virtualhost {
                line.push_str(" --virtualhost ");
                line.push_str(host);
            }
        }
    }
    if let Some(sorry) = answers.sorry {
        line.push_str(" --sorry ");
        line.push_str(&sorry.to_string());
    }
    line.push_str(" --loop");
    line
}
