//! What a message means for the request that it answers: a part of the answer,
//! the end of it, or a refusal with the kernel's own words.

use neli::consts::nl::{NlmF, Nlmsg};

use super::message::HEADER;
use super::{Attributes, Error, Message, Refusal, Result};

/// `NLMSGERR_ATTR_MSG`: the kernel's own sentence.
const ERROR_TEXT: u16 = 1;

/// A message, told apart by what it means for its request.
pub(super) enum Answer<'a> {
    /// A part of the answer.
    Payload(&'a Message<'a>),
    /// The end of it, with its flags.
    Done(NlmF),
    /// A refusal.
    Refused(Refusal),
}

impl<'a> Answer<'a> {
    /// Tells a message apart.
    pub(super) fn of(message: &'a Message<'a>) -> Result<Self> {
        if message.kind == u16::from(Nlmsg::Error) {
            // struct nlmsgerr: the error, the request's header, then (unless
            // NLM_F_CAPPED) its payload, then (with NLM_F_ACK_TLVS) attributes.
            let errno = leading_errno(message.payload)?;
            if errno == 0 {
                return Ok(Self::Done(message.flags));
            }
            let text = error_text(message);
            return Ok(Self::Refused(Refusal { errno, text }));
        }
        if message.kind == u16::from(Nlmsg::Done) {
            // A dump that failed half way says so in its last message.
            let errno = if message.payload.is_empty() {
                0
            } else {
                leading_errno(message.payload)?
            };
            if errno == 0 {
                return Ok(Self::Done(message.flags));
            }
            let text = message.payload.get(4..).and_then(text_of);
            return Ok(Self::Refused(Refusal { errno, text }));
        }
        Ok(Self::Payload(message))
    }
}

fn leading_errno(payload: &[u8]) -> Result<i32> {
    let bytes = payload
        .first_chunk::<4>()
        .ok_or(Error::Malformed("an error without a number"))?;
    Ok(i32::from_ne_bytes(*bytes).saturating_neg())
}

fn error_text(message: &Message<'_>) -> Option<String> {
    if !message.flags.contains(NlmF::ACK_TLVS) {
        return None;
    }
    let echoed = if message.flags.contains(NlmF::CAPPED) {
        HEADER
    } else {
        let length = message.payload.get(4..8)?.try_into().ok()?;
        usize::try_from(u32::from_ne_bytes(length)).ok()?
    };
    text_of(message.payload.get(super::attribute::align(4 + echoed)..)?)
}

fn text_of(attributes: &[u8]) -> Option<String> {
    let text = Attributes::new(attributes).find(ERROR_TEXT).ok()??;
    text.string().ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::super::{Messages, Request};
    use super::*;
    use proptest::prelude::*;

    /// An NLMSG_ERROR as Linux sends it: errno, echoed header and payload, text.
    fn error_datagram(errno: i32, text: &str) -> Vec<u8> {
        let mut echoed = Vec::new();
        Request::new(40, &[9, 1, 0, 0]).append_to(&mut echoed, 3, NlmF::ACK);
        let mut header = (-errno).to_ne_bytes().to_vec();
        header.extend_from_slice(&echoed);
        let mut error = Request::new(2, &header).with_flags(NlmF::ACK_TLVS);
        error.attributes().string(ERROR_TEXT, text);
        let mut bytes = Vec::new();
        error.append_to(&mut bytes, 3, NlmF::empty());
        bytes
    }

    #[test]
    fn an_error_carries_the_kernels_words() {
        let bytes = error_datagram(libc::ERANGE, "Attribute failed policy validation");
        let message = Messages::new(&bytes).next().unwrap().unwrap();
        let Answer::Refused(refusal) = Answer::of(&message).unwrap() else {
            panic!("not a refusal");
        };
        assert_eq!(refusal.errno, libc::ERANGE);
        assert_eq!(
            refusal.to_string(),
            "Numerical result out of range (Attribute failed policy validation)"
        );
    }

    proptest! {
        #[test]
        fn no_error_message_can_panic(kind in 2u16..4, flags: u16, payload in proptest::collection::vec(any::<u8>(), 0..100)) {
            let message = Message { kind, flags: NlmF::from_bits_retain(flags), sequence: 1, payload: &payload };
            let _ = Answer::of(&message);
        }
    }
}
