//! `setup`: the questions, over a small [`Ask`] trait and what the machine says
//! ([`Look`]); the service that follows from the answers, and its place in the file;
//! the proof, real requests from a throw-away namespace.

mod answers;
mod ask;
mod file;
mod given;
mod interrupt;
mod key;
mod look;
mod parse;
mod proof;
mod questions;
mod remarks;
mod request;
mod section;
mod suggest;
mod today;

pub use answers::{Answers, Health, Method};
pub use ask::{Ask, Question, Reply, Stopped, Terminal, Validator};
pub use file::{Written, write};
pub use given::Given;
pub use interrupt::Interrupt;
pub use key::Key;
pub use look::{Look, Machine, Port, Standing};
pub use parse::yes_or_no;
pub use proof::{Answer, Manner, Proof, Request, Verdict, prove};
pub use questions::{Interview, QuestionError};
pub use section::{Change, append, fresh, replace};
pub use today::today;
