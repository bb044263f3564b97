//! Netlink messages: the 16-byte `struct nlmsghdr`, a family's own fixed header
//! and attributes.

use std::ops::Range;

use neli::consts::nl::NlmF;

use super::attribute::{AttributeWriter, Attributes, align};
use super::{Error, Result};

/// `struct nlmsghdr`: u32 length, u16 type, u16 flags, u32 sequence, u32 port.
pub(super) const HEADER: usize = 16;

/// A message to the kernel, without sequence number: the socket gives that.
#[derive(Debug, Clone)]
pub struct Request {
    kind: u16,
    flags: NlmF,
    attributes: AttributeWriter,
}

impl Request {
    /// A request of this message type behind the family's fixed header.
    #[must_use]
    pub fn new(kind: u16, header: &[u8]) -> Self {
        Self {
            kind,
            flags: NlmF::REQUEST,
            attributes: AttributeWriter::behind(header),
        }
    }

    /// Adds flags (`NLM_F_CREATE`, ...). REQUEST, ACK and DUMP are set by the
    /// socket's own methods.
    #[must_use]
    pub fn with_flags(mut self, flags: NlmF) -> Self {
        self.flags |= flags;
        self
    }

    /// Where attributes are appended.
    pub fn attributes(&mut self) -> &mut AttributeWriter {
        &mut self.attributes
    }

    /// Appends the message's bytes to a send buffer.
    pub(super) fn append_to(&self, buffer: &mut Vec<u8>, sequence: u32, extra: NlmF) {
        let payload = self.attributes.as_bytes();
        let mut header = header(self.kind, HEADER + payload.len());
        address(&mut header, sequence, self.flags | extra);
        buffer.extend_from_slice(&header);
        buffer.extend_from_slice(payload);
    }
}

/// `struct nlmsghdr` of a message of this length, without flags, sequence and port.
fn header(kind: u16, length: usize) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    // A request holds a few hundred bytes; 4 GiB cannot be reached.
    #[allow(clippy::cast_possible_truncation)]
    header[..4].copy_from_slice(&(length as u32).to_ne_bytes());
    header[4..6].copy_from_slice(&kind.to_ne_bytes());
    header
}

/// Writes flags and sequence number into a message's header.
fn address(header: &mut [u8], sequence: u32, flags: NlmF) {
    header[6..8].copy_from_slice(&flags.bits().to_ne_bytes());
    header[8..12].copy_from_slice(&sequence.to_ne_bytes());
}

/// Requests that are sent together, written one behind the other as they go to the
/// kernel: thousands of them without a copy and without memory of their own.
#[derive(Debug, Default)]
pub struct Batch {
    writer: AttributeWriter,
    /// Where each message begins.
    starts: Vec<usize>,
}

impl Batch {
    /// Forgets the requests, and keeps the memory.
    pub fn clear(&mut self) {
        self.writer.clear();
        self.starts.clear();
    }

    /// Adds a request of this message type behind the family's fixed header, with the
    /// attributes that `fill` appends.
    pub fn add(&mut self, kind: u16, fixed: &[u8], fill: impl FnOnce(&mut AttributeWriter)) {
        let start = self.writer.as_bytes().len();
        self.starts.push(start);
        self.writer.raw(&[0; HEADER]);
        self.writer.raw(fixed);
        fill(&mut self.writer);
        let message = &mut self.writer.as_bytes_mut()[start..];
        let header = header(kind, message.len());
        message[..HEADER].copy_from_slice(&header);
    }

    /// How many requests there are.
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// The bytes of these requests, which get sequence numbers from `first` on. The
    /// kernel acknowledges the last.
    ///
    /// # Panics
    /// Where there are no such requests.
    pub(super) fn piece(&mut self, requests: Range<usize>, first: u32) -> &[u8] {
        let bytes = self.writer.as_bytes_mut();
        let start = |index| self.starts.get(index).copied().unwrap_or(bytes.len());
        let (from, to) = (start(requests.start), start(requests.end));
        let mut sequence = first;
        for index in requests.clone() {
            let ack = if index + 1 == requests.end {
                NlmF::ACK
            } else {
                NlmF::empty()
            };
            address(
                &mut bytes[self.starts[index]..],
                sequence,
                NlmF::REQUEST | ack,
            );
            sequence = sequence.wrapping_add(1);
        }
        &bytes[from..to]
    }
}

#[cfg(test)]
impl Request {
    /// The message's bytes, for tests of codecs.
    pub(crate) fn to_bytes(&self, sequence: u32, extra: NlmF) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.append_to(&mut bytes, sequence, extra);
        bytes
    }
}

/// A message from the kernel.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// The message type: NLMSG_ERROR, NLMSG_DONE or the family's own.
    pub kind: u16,
    /// `NLM_F_MULTI`, `NLM_F_DUMP_INTR`, ...
    pub flags: NlmF,
    /// The sequence number of the request that this answers.
    pub sequence: u32,
    /// Everything behind `struct nlmsghdr`.
    pub payload: &'a [u8],
}

impl<'a> Message<'a> {
    /// The attributes behind a fixed header of this length.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the message is shorter than its header.
    pub fn attributes(&self, header: usize) -> Result<Attributes<'a>> {
        self.payload
            .get(align(header)..)
            .map(Attributes::new)
            .ok_or(Error::Malformed("a message is shorter than its header"))
    }
}

/// Walks over the messages of one datagram.
#[derive(Debug)]
pub struct Messages<'a> {
    rest: &'a [u8],
}

impl<'a> Messages<'a> {
    /// Reads the bytes of one receive call.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<Message<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let parsed = parse_first(self.rest);
        self.rest = match parsed {
            Some((_, rest)) => rest,
            None => &[],
        };
        Some(
            parsed
                .map(|(message, _)| message)
                .ok_or(Error::Malformed("a message's length is wrong")),
        )
    }
}

fn parse_first(bytes: &[u8]) -> Option<(Message<'_>, &[u8])> {
    let word = |at: usize| -> Option<u32> {
        Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
    };
    let half = |at: usize| -> Option<u16> {
        Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
    };
    let length = usize::try_from(word(0)?).ok()?;
    let message = Message {
        kind: half(4)?,
        flags: NlmF::from_bits_retain(half(6)?),
        sequence: word(8)?,
        payload: bytes.get(HEADER..length)?,
    };
    Some((message, bytes.get(align(length)..).unwrap_or(&[])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_piece_of_a_batch_is_numbered_and_its_last_message_acknowledged() {
        let mut batch = Batch::default();
        for value in 0..4 {
            batch.add(0x20, &[4, 1, 0, 0], |attributes| {
                attributes.u32(4, value).string(5, "odd");
            });
        }
        assert_eq!(batch.len(), 4);
        let messages: Vec<_> = Messages::new(batch.piece(1..3, 7))
            .map(|message| {
                let message = message.unwrap();
                let value = message.attributes(4).unwrap().find(4).unwrap().unwrap();
                (message.sequence, message.flags, value.u32().unwrap())
            })
            .collect();
        assert_eq!(
            messages,
            [(7, NlmF::REQUEST, 1), (8, NlmF::REQUEST | NlmF::ACK, 2)]
        );
        batch.clear();
        assert!(batch.piece(0..0, 9).is_empty());
    }

    #[test]
    fn a_request_is_read_back_as_a_message() {
        let mut request = Request::new(0x20, &[4, 1, 0, 0]).with_flags(NlmF::CREATE);
        request.attributes().u32(4, 900);
        let mut bytes = Vec::new();
        request.append_to(&mut bytes, 7, NlmF::ACK);
        request.append_to(&mut bytes, 8, NlmF::empty());
        let messages: Vec<_> = Messages::new(&bytes)
            .map(|message| message.unwrap())
            .collect();
        assert_eq!(messages.len(), 2);
        assert_eq!((messages[0].kind, messages[0].sequence), (0x20, 7));
        assert_eq!(messages[0].flags, NlmF::REQUEST | NlmF::CREATE | NlmF::ACK);
        assert_eq!(messages[1].sequence, 8);
        let timeout = messages[1].attributes(4).unwrap().find(4).unwrap().unwrap();
        assert_eq!(timeout.u32().unwrap(), 900);
    }

    proptest! {
        #[test]
        fn any_datagram_is_walked_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            for message in Messages::new(&bytes).flatten() {
                for attribute in message.attributes(4).into_iter().flatten() {
                    let _ = attribute;
                }
            }
        }
    }
}
