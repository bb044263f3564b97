//! Netlink attributes: writing them into a request, reading them out of a
//! message without a copy. Integers are in host order unless the method says
//! `be`; payloads need no alignment (netlink aligns to 4, a u64 wants 8).

use super::{Error, Result};

/// Attribute headers and payloads are padded to this (`NLA_ALIGNTO`).
const ALIGN: usize = 4;
/// `struct nlattr`: u16 length with the header, u16 type.
const HEADER: usize = 4;
/// `NLA_TYPE_MASK`: the upper two bits are NLA_F_NESTED and NLA_F_NET_BYTEORDER.
const TYPE_MASK: u16 = 0x3fff;
/// `NLA_F_NESTED`.
const NESTED: u16 = 0x8000;

/// Rounds a length up to netlink's alignment.
pub(super) const fn align(length: usize) -> usize {
    length.div_ceil(ALIGN) * ALIGN
}

/// Appends attributes to a request. Everything in netlink begins at a multiple of
/// four bytes, so it is written in such words; what is shorter ends in zeros.
#[derive(Debug, Default, Clone)]
pub struct AttributeWriter {
    words: Vec<[u8; ALIGN]>,
}

impl AttributeWriter {
    /// Starts behind a fixed header (genlmsghdr, rtmsg, nfgenmsg, ...).
    pub(super) fn behind(header: &[u8]) -> Self {
        let mut writer = Self {
            words: Vec::with_capacity(32),
        };
        writer.raw(header);
        writer
    }

    /// What was written so far, header included.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.words.as_flattened()
    }

    /// What was written so far, to be corrected.
    pub(super) fn as_bytes_mut(&mut self) -> &mut [u8] {
        self.words.as_flattened_mut()
    }

    /// Forgets what was written.
    pub(super) fn clear(&mut self) {
        self.words.clear();
    }

    /// Appends bytes as they are, and zeros up to the next word.
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        let (whole, rest) = bytes.as_chunks();
        self.words.extend_from_slice(whole);
        if !rest.is_empty() {
            let mut word = [0; ALIGN];
            word[..rest.len()].copy_from_slice(rest);
            self.words.push(word);
        }
    }

    /// Appends a payload as it is.
    ///
    /// # Panics
    /// Never for what lbctl writes: an attribute holds less than 64 KiB, and the
    /// largest one here is a name of 255 bytes.
    pub fn bytes(&mut self, kind: u16, payload: &[u8]) -> &mut Self {
        self.header(kind, payload.len());
        self.raw(payload);
        self
    }

    /// A payload of at most a word: most attributes are such.
    fn small<const N: usize>(&mut self, kind: u16, value: [u8; N]) -> &mut Self {
        const { assert!(N <= ALIGN) };
        let mut word = [0; ALIGN];
        word[..N].copy_from_slice(&value);
        self.header(kind, N);
        self.words.push(word);
        self
    }

    /// An 8-bit integer.
    pub fn u8(&mut self, kind: u16, value: u8) -> &mut Self {
        self.small(kind, [value])
    }

    /// A 16-bit integer in host order.
    pub fn u16(&mut self, kind: u16, value: u16) -> &mut Self {
        self.small(kind, value.to_ne_bytes())
    }

    /// A 16-bit integer in network order.
    pub fn be16(&mut self, kind: u16, value: u16) -> &mut Self {
        self.small(kind, value.to_be_bytes())
    }

    /// A 32-bit integer in host order.
    pub fn u32(&mut self, kind: u16, value: u32) -> &mut Self {
        self.small(kind, value.to_ne_bytes())
    }

    /// A 32-bit integer in network order.
    pub fn be32(&mut self, kind: u16, value: u32) -> &mut Self {
        self.small(kind, value.to_be_bytes())
    }

    /// A string with the NUL that the kernel's `NLA_NUL_STRING` wants.
    pub fn string(&mut self, kind: u16, value: &str) -> &mut Self {
        self.header(kind, value.len() + 1);
        self.raw(value.as_bytes());
        if value.len().is_multiple_of(ALIGN) {
            self.words.push([0; ALIGN]);
        }
        self
    }

    /// An attribute that holds attributes.
    pub fn nest(&mut self, kind: u16, fill: impl FnOnce(&mut Self)) -> &mut Self {
        self.nest_behind(kind, &[], fill)
    }

    /// An attribute that holds a fixed header and attributes behind it, as
    /// `VETH_INFO_PEER` does.
    pub fn nest_behind(
        &mut self,
        kind: u16,
        header: &[u8],
        fill: impl FnOnce(&mut Self),
    ) -> &mut Self {
        let start = self.words.len();
        self.words.push([0; ALIGN]);
        self.raw(header);
        fill(self);
        let length = (self.words.len() - start) * ALIGN;
        self.words[start] = attribute_header(kind | NESTED, length);
        self
    }

    fn header(&mut self, kind: u16, payload: usize) {
        self.words.push(attribute_header(kind, HEADER + payload));
    }
}

/// `struct nlattr`.
fn attribute_header(kind: u16, length: usize) -> [u8; HEADER] {
    debug_assert!(u16::try_from(length).is_ok(), "attribute of {length} bytes");
    // Truncation cannot happen, see `AttributeWriter::bytes`.
    #[allow(clippy::cast_possible_truncation)]
    let [l0, l1] = (length as u16).to_ne_bytes();
    let [k0, k1] = kind.to_ne_bytes();
    [l0, l1, k0, k1]
}

/// One attribute of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// The type, without the nested and byte-order bits.
    pub kind: u16,
    /// What stands in it, without padding.
    pub payload: &'a [u8],
}

impl<'a> Attribute<'a> {
    fn fixed<const N: usize>(&self) -> Result<[u8; N]> {
        self.payload
            .get(..N)
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(Error::Malformed("an attribute is shorter than its type"))
    }

    /// An 8-bit integer.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the payload is shorter; so too below.
    pub fn u8(&self) -> Result<u8> {
        self.fixed::<1>().map(|[byte]| byte)
    }

    /// A 16-bit integer in host order.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn u16(&self) -> Result<u16> {
        self.fixed().map(u16::from_ne_bytes)
    }

    /// A 16-bit integer in network order.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn be16(&self) -> Result<u16> {
        self.fixed().map(u16::from_be_bytes)
    }

    /// A 32-bit integer in host order.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn u32(&self) -> Result<u32> {
        self.fixed().map(u32::from_ne_bytes)
    }

    /// A 32-bit integer in network order.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn be32(&self) -> Result<u32> {
        self.fixed().map(u32::from_be_bytes)
    }

    /// A 64-bit integer in host order.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn u64(&self) -> Result<u64> {
        self.fixed().map(u64::from_ne_bytes)
    }

    /// The text up to the first NUL.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is not UTF-8.
    pub fn string(&self) -> Result<&'a str> {
        let text = self.payload.split(|byte| *byte == 0).next().unwrap_or(&[]);
        std::str::from_utf8(text).map_err(|_| Error::Malformed("a string is not UTF-8"))
    }

    /// The attributes inside.
    #[must_use]
    pub fn nested(&self) -> Attributes<'a> {
        Attributes::new(self.payload)
    }
}

/// Walks over the attributes of a message or of a nested attribute.
#[derive(Debug, Clone)]
pub struct Attributes<'a> {
    rest: &'a [u8],
}

impl<'a> Attributes<'a> {
    /// Reads from the bytes behind the message's fixed header.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The last attribute of this type (the kernel, too, lets the last one win).
    ///
    /// # Errors
    /// [`Error::Malformed`] when the attributes cannot be walked to their end.
    pub fn find(&self, kind: u16) -> Result<Option<Attribute<'a>>> {
        let mut found = None;
        for attribute in self.clone() {
            let attribute = attribute?;
            if attribute.kind == kind {
                found = Some(attribute);
            }
        }
        Ok(found)
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Result<Attribute<'a>>;

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
                .map(|(attribute, _)| attribute)
                .ok_or(Error::Malformed("an attribute's length is wrong")),
        )
    }
}

fn parse_first(bytes: &[u8]) -> Option<(Attribute<'_>, &[u8])> {
    let length = usize::from(u16::from_ne_bytes(bytes.get(0..2)?.try_into().ok()?));
    let kind = u16::from_ne_bytes(bytes.get(2..4)?.try_into().ok()?) & TYPE_MASK;
    let payload = bytes.get(HEADER..length)?;
    // The last attribute of a message may lack its padding.
    let rest = bytes.get(align(length)..).unwrap_or(&[]);
    Some((Attribute { kind, payload }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn writes_the_bytes_that_the_kernel_documents() {
        let mut writer = AttributeWriter::behind(&[1, 1, 0, 0]);
        writer.nest(1, |service| {
            service.u16(1, 2).be16(4, 80).string(6, "rr");
        });
        if cfg!(target_endian = "little") {
            assert_eq!(
                writer.as_bytes(),
                [
                    1, 1, 0, 0, // genlmsghdr
                    28, 0, 1, 0x80, // nested, 28 bytes
                    6, 0, 1, 0, 2, 0, 0, 0, // AF
                    6, 0, 4, 0, 0, 80, 0, 0, // PORT, network order
                    7, 0, 6, 0, b'r', b'r', 0, 0, // SCHED_NAME
                ]
            );
        }
    }

    #[test]
    fn reads_back_what_was_written() {
        let mut writer = AttributeWriter::default();
        writer
            .u8(1, 7)
            .u32(2, 70_000)
            .be32(3, 70_000)
            .string(4, "wlc")
            .bytes(5, &[9; 5]);
        let attributes = Attributes::new(writer.as_bytes());
        let at = |kind| attributes.find(kind).unwrap().unwrap();
        assert_eq!(at(1).u8().unwrap(), 7);
        assert_eq!(at(2).u32().unwrap(), 70_000);
        assert_eq!(at(3).be32().unwrap(), 70_000);
        assert_eq!(at(4).string().unwrap(), "wlc");
        assert_eq!(at(5).payload, [9; 5]);
        assert!(attributes.find(6).unwrap().is_none());
    }

    #[test]
    fn a_length_of_zero_ends_the_walk_with_an_error() {
        let mut walk = Attributes::new(&[0, 0, 1, 0, 5, 5, 5, 5]);
        assert!(walk.next().unwrap().is_err());
        assert!(walk.next().is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_are_walked_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for attribute in Attributes::new(&bytes).flatten() {
                let _ = (attribute.u8(), attribute.u16(), attribute.be16(), attribute.u32());
                let _ = (attribute.be32(), attribute.u64(), attribute.string());
                for inner in attribute.nested() {
                    let _ = inner;
                }
            }
        }
    }
}
