//! ICMP echo, RFC 792 and RFC 4443: a request written, a reply recognized. Pure.

/// An echo that is told from all others by its token.
#[derive(Debug, Clone, Copy)]
pub(super) struct Echo {
    ipv6: bool,
    token: u64,
}

impl Echo {
    /// One with this token.
    pub(super) fn new(ipv6: bool, token: u64) -> Self {
        Self { ipv6, token }
    }

    /// The request. A datagram socket puts an identifier of its own in, and the
    /// kernel the checksum, except for a raw socket of IPv4.
    pub(super) fn request(self) -> [u8; 16] {
        let kind = if self.ipv6 { 128 } else { 8 };
        // Type, code, checksum, identifier, sequence, data.
        let [_, _, _, _, _, _, identifier @ ..] = self.token.to_be_bytes();
        let [high, low] = identifier;
        let mut bytes = [0; 16];
        for (place, byte) in bytes.iter_mut().zip(
            [kind, 0, 0, 0, high, low, 0, 1]
                .into_iter()
                .chain(self.token.to_be_bytes()),
        ) {
            *place = byte;
        }
        let sum = checksum(&bytes).to_be_bytes();
        let [_, _, high, low, ..] = &mut bytes;
        [*high, *low] = sum;
        bytes
    }

    /// Whether this is the reply.
    pub(super) fn is_answered_by(self, packet: &[u8]) -> bool {
        let packet = match packet.first() {
            // An IPv4 header, which a raw socket leaves in front; no ICMP message
            // has a type of 0x45 to 0x4f.
            Some(first) if !self.ipv6 && first >> 4 == 4 => packet
                .get(usize::from(first & 0x0f) * 4..)
                .unwrap_or_default(),
            _ => packet,
        };
        let kind = if self.ipv6 { 129 } else { 0 };
        packet.starts_with(&[kind, 0]) && packet.get(8..) == Some(&self.token.to_be_bytes())
    }
}

/// RFC 1071.
fn checksum(bytes: &[u8]) -> u16 {
    let sum = bytes.chunks(2).fold(0u32, |sum, pair| {
        let high = pair.first().copied().unwrap_or_default();
        let low = pair.get(1).copied().unwrap_or_default();
        sum + u32::from(u16::from_be_bytes([high, low]))
    });
    let folded = (sum & 0xffff) + (sum >> 16);
    !u16::try_from((folded & 0xffff) + (folded >> 16)).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_request_is_the_standards() {
        let request = Echo::new(false, 0x0102_0304_0506_0708).request();
        // 0800 + 0708 + 0001 + 0102 + 0304 + 0506 + 0708 = 1f1d; its complement.
        let expected = [8, 0, 0xe0, 0xe2, 7, 8, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(request, expected);
        assert_eq!(checksum(&request), 0);
        assert_eq!(Echo::new(true, 0).request()[0], 128);
    }

    #[test]
    fn only_its_own_reply_is_taken() {
        for (ipv6, kind) in [(false, 0), (true, 129)] {
            let echo = Echo::new(ipv6, 7);
            let mut reply = echo.request();
            assert!(!echo.is_answered_by(&reply), "the request itself");
            reply[0] = kind;
            assert!(echo.is_answered_by(&reply));
            assert!(!Echo::new(ipv6, 8).is_answered_by(&reply));
            let mut header = vec![0x45; 20];
            header.extend(reply);
            assert_eq!(echo.is_answered_by(&header), !ipv6);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(ipv6: bool, packet in prop::collection::vec(any::<u8>(), 0..80)) {
            // A token that nothing carries by chance.
            prop_assert!(!Echo::new(ipv6, 0xdead_beef_dead_beef).is_answered_by(&packet));
        }
    }
}
