//! One netlink socket: requests, batches and dumps, each answer matched to its
//! request by sequence number.
//!
//! Facts this rests on (net/netlink/af_netlink.c): many requests may stand in
//! one datagram, and each is processed even if one before it failed; errors are
//! always answered, successes only with `NLM_F_ACK`; a dump is sized by the
//! largest buffer ever passed to recv, so the buffer never shrinks; pending
//! answers beyond the receive buffer are lost and recv says `ENOBUFS`, once, before
//! it gives what did fit; until all of that is received, everything else is lost
//! without a word (`NETLINK_S_CONGESTED`). A datagram longer than the send buffer
//! is refused whole (`EMSGSIZE`), and nothing in it is carried out.

use std::ops::Range;

use neli::consts::nl::NlmF;
use neli::consts::socket::NlFamily;
use neli::socket::NlSocket;
use neli::utils::Groups;

use super::answer::Answer;
use super::message::HEADER;
use super::{Batch, Error, Message, Refusal, Request, Result};
use exchange::Progress;

mod exchange;

/// Requests sent in one datagram. 128 answers, each with its request echoed,
/// fit the default receive buffer (212,992 bytes; it overflows at about 237).
pub const BATCH_LIMIT: usize = 128;

/// The kernel fills at most 32 KiB of a dump at a time. Memory of this size comes
/// from the kernel as it is, so that only what is filled is ever touched.
const RECEIVE_BUFFER: usize = 256 * 1024;

/// A piece of a dump is as long as the kernel's buffer allows: 32 KiB, and when
/// memory is short at least `NLMSG_GOODSIZE`, close to 4 KiB. One that ends before
/// this ended because there was no more, whatever became of the next.
const SURELY_NOT_FULL: usize = 3 * 1024;

/// How often a dump is read again before a writer is called too busy.
const DUMP_ATTEMPTS: usize = 10;

/// How often something is read before the receive buffer is called too small.
const OVERFLOW_ATTEMPTS: usize = 4;

/// What became of the requests of a batch.
#[derive(Debug, Default)]
pub struct BatchOutcome {
    /// Index and answer of every request that the kernel refused. All others
    /// were carried out, unless answers were lost.
    pub refused: Vec<(usize, Refusal)>,
    /// The receive buffer overflowed: of a request that is not in `refused`, only
    /// the state that it would have changed tells what became of it.
    pub answers_lost: bool,
}

/// What a dump told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dump<T> {
    /// What was made of its messages, in the kernel's order.
    pub items: Vec<T>,
    /// The kernel wrote all of it at once. Otherwise a writer may have come
    /// between two pieces, and an entry may be missing or stand in it twice.
    pub in_one_piece: bool,
}

/// A connected netlink socket of the network namespace it was opened in.
pub struct Socket {
    inner: NlSocket,
    sequence: u32,
    receive: Vec<u8>,
    send: Vec<u8>,
}

impl Socket {
    /// Opens a socket of this netlink protocol, with extended error texts on.
    ///
    /// # Errors
    /// [`Error::Socket`] when the system refuses one.
    pub fn open(family: NlFamily) -> Result<Self> {
        let inner =
            NlSocket::connect(family, None, Groups::empty()).map_err(|source| Error::Socket {
                doing: "open a netlink socket",
                source,
            })?;
        // Kernels before 4.12 have no error texts; all else works there.
        let _ = inner.enable_ext_ack(true);
        Ok(Self {
            inner,
            sequence: 0,
            receive: vec![0; RECEIVE_BUFFER],
            send: Vec::new(),
        })
    }

    /// Sends one request that changes something and waits for its acknowledgement,
    /// which fits every receive buffer.
    ///
    /// # Errors
    /// [`Error::Refused`] with the kernel's answer, or a failed conversation.
    pub fn execute(&mut self, request: &Request) -> Result<()> {
        self.converse(request, &mut |_| Ok(()))
    }

    /// Sends one request that only reads, hands each message of the answer to
    /// `visit`, and waits for the acknowledgement. Where answers were lost, it asks
    /// again, and `visit` sees them from the first on.
    ///
    /// # Errors
    /// As [`Socket::execute`], [`Error::Overflow`] when answers were lost each time,
    /// and what `visit` returned.
    pub fn ask(
        &mut self,
        request: &Request,
        mut visit: impl FnMut(&Message<'_>) -> Result<()>,
    ) -> Result<()> {
        for _ in 1..OVERFLOW_ATTEMPTS {
            match self.converse(request, &mut visit) {
                Err(Error::Overflow) => {}
                answered => return answered,
            }
        }
        self.converse(request, &mut visit)
    }

    fn converse(
        &mut self,
        request: &Request,
        visit: &mut dyn FnMut(&Message<'_>) -> Result<()>,
    ) -> Result<()> {
        let sequence = self.send_request(request, NlmF::ACK)?;
        let mut visited = Ok(());
        self.answers(sequence, 1, |_, _, answer| match answer {
            Answer::Payload(message) => {
                if visited.is_ok() {
                    visited = visit(message);
                }
                Ok(Progress::More)
            }
            Answer::Done(_) => Ok(Progress::Finished),
            Answer::Refused(refusal) => Err(Error::Refused(refusal)),
        })?;
        visited
    }

    /// Reads a whole dump into what `read` makes of each message. A dump that
    /// the kernel marks as disturbed (`NLM_F_DUMP_INTR`) or that lost a part is read
    /// again.
    ///
    /// # Errors
    /// [`Error::Disturbed`] when a writer never let it finish; otherwise as
    /// [`Socket::ask`].
    pub fn dump<T>(
        &mut self,
        request: &Request,
        read: impl FnMut(&Message<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.dump_in_pieces(request, read).map(|dump| dump.items)
    }

    /// As [`Socket::dump`], for families that never mark a disturbed dump: says
    /// whether a writer can have come between.
    ///
    /// # Errors
    /// As [`Socket::dump`].
    pub fn dump_in_pieces<T>(
        &mut self,
        request: &Request,
        mut read: impl FnMut(&Message<'_>) -> Result<T>,
    ) -> Result<Dump<T>> {
        let mut overflows = 0;
        for _ in 0..DUMP_ATTEMPTS {
            let sequence = self.send_request(request, NlmF::DUMP)?;
            let mut items = Vec::new();
            let mut problem = Ok(());
            let mut disturbed = false;
            let (mut last_piece, mut bytes) = (0, 0);
            let ended = self.answers(sequence, 1, |_, datagram, answer| match answer {
                Answer::Payload(message) => {
                    last_piece = datagram;
                    bytes += message.payload.len() + HEADER;
                    disturbed |= message.flags.contains(NlmF::DUMP_INTR);
                    if problem.is_ok() {
                        match read(message) {
                            Ok(item) => items.push(item),
                            Err(error) => problem = Err(error),
                        }
                    }
                    Ok(Progress::More)
                }
                Answer::Done(flags) => {
                    disturbed |= flags.contains(NlmF::DUMP_INTR);
                    Ok(Progress::Finished)
                }
                Answer::Refused(refusal) => Err(Error::Refused(refusal)),
            });
            match ended {
                Err(Error::Overflow) if overflows + 1 < OVERFLOW_ATTEMPTS => {
                    overflows += 1;
                    continue;
                }
                ended => ended?,
            }
            if disturbed {
                continue;
            }
            problem?;
            // Thousands of dumps are kept: what each has too much adds up.
            items.shrink_to_fit();
            return Ok(Dump {
                items,
                in_one_piece: last_piece <= 1 && bytes < SURELY_NOT_FULL,
            });
        }
        Err(Error::Disturbed)
    }

    /// Sends up to [`BATCH_LIMIT`] requests in one datagram, with the
    /// acknowledgement on the last; in as many as it takes where the send buffer
    /// (net.core.wmem_default) is smaller. All are tried; the outcome tells which
    /// were refused.
    ///
    /// # Errors
    /// A failed conversation. Lost answers are no error, but part of the outcome.
    pub fn batch(&mut self, batch: &mut Batch) -> Result<BatchOutcome> {
        debug_assert!(batch.len() <= BATCH_LIMIT);
        let mut outcome = BatchOutcome::default();
        let mut from = 0;
        let mut size = batch.len();
        while from < batch.len() {
            let piece = from..batch.len().min(from + size);
            let count = piece.len();
            match self.batch_in_one(batch, piece, &mut outcome) {
                Ok(()) => from += count,
                Err(Error::TooLong) if count > 1 => size = count / 2,
                Err(error) => return Err(error),
            }
        }
        Ok(outcome)
    }

    /// Sends these requests in one datagram.
    fn batch_in_one(
        &mut self,
        batch: &mut Batch,
        requests: Range<usize>,
        outcome: &mut BatchOutcome,
    ) -> Result<()> {
        let (from, count) = (requests.start, requests.len());
        let first = self.send_piece(batch, requests)?;
        let answered = self.answers(first, count, |index, _, answer| {
            match answer {
                Answer::Refused(refusal) => outcome.refused.push((from + index, refusal)),
                Answer::Payload(_) => return Ok(Progress::More),
                Answer::Done(_) => {}
            }
            Ok(if index + 1 == count {
                Progress::Finished
            } else {
                Progress::More
            })
        });
        match answered {
            Err(Error::Overflow) => outcome.answers_lost = true,
            answered => answered?,
        }
        Ok(())
    }

    /// Sends a transaction that the kernel carries out as a whole or not at all
    /// (nf_tables: batch begin, changes, batch end) and waits for all answers.
    /// `changes` are acknowledged one by one, `begin` and `end` never.
    ///
    /// # Errors
    /// [`Error::Refused`] with the first refusal; nothing was changed then.
    /// [`Error::Overflow`] when answers were lost; then only reading tells.
    pub fn transaction(
        &mut self,
        begin: &Request,
        changes: &[Request],
        end: &Request,
    ) -> Result<()> {
        self.send.clear();
        let first = self.next_sequences(changes.len() + 2);
        let mut sequence = first;
        begin.append_to(&mut self.send, sequence, NlmF::empty());
        for change in changes {
            sequence = sequence.wrapping_add(1);
            change.append_to(&mut self.send, sequence, NlmF::ACK);
        }
        end.append_to(&mut self.send, sequence.wrapping_add(1), NlmF::empty());
        self.flush()?;
        let mut pending = changes.len();
        let mut refused = None;
        self.answers(first, changes.len() + 2, |index, _, answer| {
            let whole = index == 0;
            if let Answer::Refused(refusal) = answer {
                refused.get_or_insert(refusal);
            }
            // A refusal of `begin` speaks for the whole batch and stands alone.
            pending = if whole { 0 } else { pending.saturating_sub(1) };
            Ok(if pending == 0 {
                Progress::Finished
            } else {
                Progress::More
            })
        })?;
        refused.map_or(Ok(()), |refusal| Err(Error::Refused(refusal)))
    }
}

#[cfg(test)]
mod tests;
