//! One exchange on a socket: what is sent at once, and the answers to it.

use std::io;
use std::ops::Range;

use neli::consts::nl::NlmF;
use neli::consts::socket::Msg;

use super::super::answer::Answer;
use super::super::{Batch, Error, Messages, Request, Result};
use super::Socket;

/// The receive buffer to ask for when one overflowed, in bytes. The kernel grants
/// net.core.rmem_max at most, and then doubles it.
const LARGER_BUFFER: usize = 1024 * 1024;

/// Whether there are answers to come.
pub(super) enum Progress {
    More,
    Finished,
}

impl Socket {
    /// Sends one request with these flags, and returns its sequence number.
    pub(super) fn send_request(&mut self, request: &Request, flags: NlmF) -> Result<u32> {
        let sequence = self.next_sequences(1);
        self.send.clear();
        request.append_to(&mut self.send, sequence, flags);
        self.flush()?;
        Ok(sequence)
    }

    /// Sends these requests of a batch in one datagram, and returns the first one's
    /// sequence number.
    pub(super) fn send_piece(&mut self, batch: &mut Batch, requests: Range<usize>) -> Result<u32> {
        let first = self.next_sequences(requests.len());
        self.send_bytes(batch.piece(requests, first))?;
        Ok(first)
    }

    /// Reserves sequence numbers and returns the first.
    pub(super) fn next_sequences(&mut self, count: usize) -> u32 {
        let first = self.sequence.wrapping_add(1);
        // A batch is far smaller than 2^32.
        #[allow(clippy::cast_possible_truncation)]
        let count = count as u32;
        self.sequence = self.sequence.wrapping_add(count);
        first
    }

    /// Sends what was put into the send buffer.
    pub(super) fn flush(&self) -> Result<()> {
        self.send_bytes(&self.send)
    }

    fn send_bytes(&self, bytes: &[u8]) -> Result<()> {
        match self.inner.send(bytes, Msg::empty()) {
            Ok(_) => Ok(()),
            Err(source) => Err(match source.raw_os_error() {
                Some(libc::EMSGSIZE | libc::ENOBUFS) => Error::TooLong,
                _ => Error::Socket {
                    doing: "send to the kernel",
                    source,
                },
            }),
        }
    }

    /// Receives until `take` says that all answers to the `count` requests from
    /// `first` on are there: the request's index, the number of the datagram
    /// from 1 on, the answer. Answers to earlier requests are passed over.
    ///
    /// Where answers were lost, it receives all that were not, so that the socket
    /// can be used again, and asks for a larger buffer.
    pub(super) fn answers(
        &mut self,
        first: u32,
        count: usize,
        mut take: impl FnMut(usize, usize, Answer<'_>) -> Result<Progress>,
    ) -> Result<()> {
        let mut datagrams = 0;
        let mut lost = false;
        let mut finished = Ok(false);
        loop {
            let flags = if lost { Msg::DONTWAIT } else { Msg::empty() };
            let received = match self.inner.recv(&mut self.receive, flags) {
                Ok((received, _)) => received,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => {
                    lost = true;
                    continue;
                }
                Err(error) if lost && error.kind() == io::ErrorKind::WouldBlock => {
                    // A smaller one than wished for is still the best there is.
                    let _ = self.inner.set_recv_buffer_size(LARGER_BUFFER);
                    return finished.and(Err(Error::Overflow));
                }
                Err(source) => {
                    return Err(Error::Socket {
                        doing: "receive from the kernel",
                        source,
                    });
                }
            };
            let datagram = self.receive.get(..received).unwrap_or(&[]);
            datagrams += 1;
            for message in Messages::new(datagram) {
                let message = message?;
                let index = message.sequence.wrapping_sub(first) as usize;
                if index >= count || finished.is_err() {
                    continue;
                }
                match take(index, datagrams, Answer::of(&message)?) {
                    Ok(Progress::More) => {}
                    Ok(Progress::Finished) => finished = Ok(true),
                    Err(error) => finished = Err(error),
                }
            }
            if !lost && !matches!(finished, Ok(false)) {
                return finished.map(|_| ());
            }
        }
    }
}
