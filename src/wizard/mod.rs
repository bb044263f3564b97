//! `setup`: the questions, over a small [`Ask`] trait; the plan that follows from
//! the answers; and the proof, real requests from a throw-away namespace.

mod ask;
mod plan;
mod proof;
mod questions;

pub use ask::{Ask, Question, Stopped, Terminal};
pub use plan::{PlanError, probe_line, steps};
pub use proof::{Proof, Request, prove};
pub use questions::{Answers, Given, Health, QuestionError, answers};
