//! Netlink messages: the 16-byte `struct nlmsghdr`, a family's own fixed header
//! and attributes.

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
        let length = HEADER + payload.len();
        let mut header = [0; HEADER];
        // A request holds a few hundred bytes; 4 GiB cannot be reached.
        #[allow(clippy::cast_possible_truncation)]
        header[..4].copy_from_slice(&(length as u32).to_ne_bytes());
        header[4..6].copy_from_slice(&self.kind.to_ne_bytes());
        header[6..8].copy_from_slice(&(self.flags | extra).bits().to_ne_bytes());
        header[8..12].copy_from_slice(&sequence.to_ne_bytes());
        buffer.extend_from_slice(&header);
        buffer.extend_from_slice(payload);
        buffer.resize(align(buffer.len()), 0);
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
