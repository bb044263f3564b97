//! The DNS check: a question by UDP, by TCP when the answer does not fit, judged
//! by the answer's code.

mod message;

use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Write};
use std::net::SocketAddr;

use self::message::{Question, Reply};
use super::deadline::{Connection, Deadline};
use super::{CheckSpec, DnsRecord, Outcome, datagram, failure};
use crate::model::format_duration;

/// Without EDNS, which is not asked for, an answer by UDP is 512 bytes at most;
/// some servers send more.
const UDP_CAP: usize = 4096;

/// Asks once.
pub(super) fn attempt(
    target: SocketAddr,
    query: &str,
    record: DnsRecord,
    spec: &CheckSpec,
) -> Outcome {
    let question = Question::new(random_id(), query, record);
    let mut strangers = false;
    let answer = ask(target, &question, spec, &mut strangers);
    match answer {
        Ok(Reply::Answer { code: 0, answers }) => {
            Outcome::passed(format!("NOERROR with {answers} answers"))
        }
        Ok(Reply::Answer { code, .. }) => {
            Outcome::failed(format!("answered {}", message::code_name(code)))
        }
        Ok(Reply::Truncated) => Outcome::failed("truncated answer by TCP"),
        Ok(Reply::Foreign) => Outcome::failed("answer to another question"),
        Ok(Reply::Broken) => Outcome::failed("broken DNS answer"),
        Err(error) if error.kind() == io::ErrorKind::TimedOut => {
            let what = if strangers {
                "only answers to other questions"
            } else {
                "no answer"
            };
            Outcome::failed(format!("{what} within {}", format_duration(spec.timeout)))
        }
        Err(error) => failure::judge_datagram(&error),
    }
}

fn ask(
    target: SocketAddr,
    question: &Question,
    spec: &CheckSpec,
    strangers: &mut bool,
) -> io::Result<Reply> {
    let deadline = Deadline::after(spec.timeout);
    let socket = datagram::connect(target)?;
    socket.send(question.bytes())?;
    let mut buffer = [0; UDP_CAP];
    loop {
        let bytes = datagram::receive(&socket, &mut buffer, deadline)?;
        match question.read(bytes) {
            // Anybody can send a datagram under the server's name; only who saw
            // the question knows its id.
            Reply::Foreign => *strangers = true,
            Reply::Truncated => return ask_by_tcp(target, question, deadline),
            reply => return Ok(reply),
        }
    }
}

/// The same question once more; RFC 7766.
fn ask_by_tcp(target: SocketAddr, question: &Question, deadline: Deadline) -> io::Result<Reply> {
    let mut connection = match Connection::open(target, deadline.left()?, deadline) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            return Err(io::Error::other("truncated answer, and TCP is refused"));
        }
        other => other?,
    };
    let length = u16::try_from(question.bytes().len()).map_err(io::Error::other)?;
    let framed = [&length.to_be_bytes(), question.bytes()].concat();
    connection.write_all(&framed)?;
    let mut length = [0; 2];
    connection.read_exact(&mut length)?;
    let mut bytes = vec![0; u16::from_be_bytes(length).into()];
    connection.read_exact(&mut bytes)?;
    Ok(question.read(&bytes))
}

/// Nobody can guess it: each `RandomState` has keys of its own.
fn random_id() -> u16 {
    let [low, high, ..] = RandomState::new().hash_one(0).to_ne_bytes();
    u16::from_ne_bytes([low, high])
}

#[cfg(test)]
mod tests;
