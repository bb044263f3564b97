//! DNS messages: a question written, an answer read as far as a check needs it
//! (RFC 1035, 4.1). Pure.

use super::DnsRecord;

/// Bytes of a header.
const HEADER: usize = 12;
/// The class IN.
const INTERNET: [u8; 2] = [0, 1];

/// A question, as it is sent.
#[derive(Debug, Clone)]
pub(super) struct Question(Vec<u8>);

/// What an answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reply {
    /// It answers the question.
    Answer {
        /// 0 is well.
        code: u8,
        /// How many records it has.
        answers: u16,
    },
    /// It did not fit; ask by TCP.
    Truncated,
    /// It answers another question.
    Foreign,
    /// It is no answer.
    Broken,
}

impl Question {
    /// Asks for this name. Labels that are longer than 63 bytes are cut: the name
    /// was checked where it was read.
    pub(super) fn new(id: u16, name: &str, record: DnsRecord) -> Self {
        // Recursion is desired, as every resolver's client has it; one question.
        let mut bytes = vec![0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        bytes.splice(..2, id.to_be_bytes());
        for label in name.split('.').filter(|label| !label.is_empty()) {
            let label = label.as_bytes();
            let length = label.len().min(63);
            bytes.push(u8::try_from(length).unwrap_or(63));
            bytes.extend(label.iter().take(length));
        }
        bytes.push(0);
        bytes.extend(number(record).to_be_bytes());
        bytes.extend(INTERNET);
        Self(bytes)
    }

    /// What is sent.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Reads an answer to it.
    pub(super) fn read(&self, bytes: &[u8]) -> Reply {
        let Some((header, rest)) = bytes.split_at_checked(HEADER) else {
            return Reply::Broken;
        };
        let &[
            id0,
            id1,
            flags,
            code,
            questions0,
            questions1,
            answers0,
            answers1,
            ..,
        ] = header
        else {
            return Reply::Broken;
        };
        if self.0.get(..2) != Some(&[id0, id1]) {
            return Reply::Foreign;
        }
        // Bit 7 is QR: an answer and no question.
        if flags & 0x80 == 0 {
            return Reply::Broken;
        }
        let code = code & 0x0f;
        // Servers that cannot read a question may leave it out.
        match u16::from_be_bytes([questions0, questions1]) {
            0 if code != 0 => {}
            1 => {
                let asked = self.0.get(HEADER..).unwrap_or_default();
                match rest.get(..asked.len()) {
                    Some(repeated) if repeated.eq_ignore_ascii_case(asked) => {}
                    Some(_) => return Reply::Foreign,
                    None => return Reply::Broken,
                }
            }
            _ => return Reply::Broken,
        }
        if flags & 0x02 != 0 {
            return Reply::Truncated;
        }
        let answers = u16::from_be_bytes([answers0, answers1]);
        Reply::Answer { code, answers }
    }
}

/// The number of a type of record.
fn number(record: DnsRecord) -> u16 {
    match record {
        DnsRecord::A => 1,
        DnsRecord::Ns => 2,
        DnsRecord::Cname => 5,
        DnsRecord::Soa => 6,
        DnsRecord::Mx => 15,
        DnsRecord::Txt => 16,
        DnsRecord::Aaaa => 28,
    }
}

/// The name of an answer's code, as dig writes it.
pub(super) fn code_name(code: u8) -> String {
    match code {
        1 => "FORMERR".to_owned(),
        2 => "SERVFAIL".to_owned(),
        3 => "NXDOMAIN".to_owned(),
        4 => "NOTIMP".to_owned(),
        5 => "REFUSED".to_owned(),
        other => format!("code {other}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_question_is_written_as_the_standard_says() {
        let question = Question::new(0x1234, "www.example.com.", DnsRecord::Aaaa);
        let expected =
            b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\x03com\0\0\x1c\0\x01".as_slice();
        assert_eq!(question.bytes(), expected);
        let root = Question::new(0, ".", DnsRecord::Soa);
        assert_eq!(root.bytes(), b"\0\0\x01\0\0\x01\0\0\0\0\0\0\0\0\x06\0\x01");
    }

    #[test]
    fn answers() {
        let question = Question::new(7, "a.example", DnsRecord::A);
        let asked = &question.bytes()[HEADER..];
        let with = |header: &[u8; HEADER], rest: &[u8]| question.read(&[header, rest].concat());
        for (header, rest, reply) in [
            (
                b"\0\x07\x81\x80\0\x01\0\x02\0\0\0\0",
                asked,
                Reply::Answer {
                    code: 0,
                    answers: 2,
                },
            ),
            (
                b"\0\x07\x81\x83\0\x01\0\0\0\0\0\0",
                asked,
                Reply::Answer {
                    code: 3,
                    answers: 0,
                },
            ),
            (
                b"\0\x07\x81\x81\0\0\0\0\0\0\0\0",
                b"",
                Reply::Answer {
                    code: 1,
                    answers: 0,
                },
            ),
            (b"\0\x07\x83\x80\0\x01\0\0\0\0\0\0", asked, Reply::Truncated),
            (b"\0\x08\x81\x80\0\x01\0\x02\0\0\0\0", asked, Reply::Foreign),
            (
                b"\0\x07\x81\x80\0\x01\0\x02\0\0\0\0",
                b"\x01b\x07example\0\0\x01\0\x01",
                Reply::Foreign,
            ),
            (b"\0\x07\x01\x80\0\x01\0\x02\0\0\0\0", asked, Reply::Broken),
            (b"\0\x07\x81\x80\0\0\0\x02\0\0\0\0", b"", Reply::Broken),
            (
                b"\0\x07\x81\x80\0\x01\0\x02\0\0\0\0",
                b"\x01a",
                Reply::Broken,
            ),
        ] {
            assert_eq!(with(header, rest), reply, "{header:?}");
        }
        assert_eq!(question.read(b"\0\x07\x81"), Reply::Broken);
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(id: u16, name in "\\PC*", bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let question = Question::new(id, &name, DnsRecord::A);
            let _ = question.read(&bytes);
            // The question itself is no answer to it.
            prop_assert_eq!(question.read(question.bytes()), Reply::Broken);
        }

        #[test]
        fn an_answer_cut_anywhere_is_not_taken_for_well(cut in 0..40usize) {
            let question = Question::new(7, "a.example", DnsRecord::A);
            let mut answer = question.bytes().to_vec();
            answer[2] |= 0x80;
            let well = Reply::Answer { code: 0, answers: 0 };
            prop_assert_eq!(question.read(&answer), well);
            if cut < answer.len() {
                prop_assert_eq!(question.read(&answer[..cut]), Reply::Broken);
            }
        }
    }
}
