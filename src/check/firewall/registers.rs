//! The registers of nf_tables, with what is known of them.

use super::Doubt;
use super::packet::Byte;

/// 20 registers of 32 bits.
const BYTES: usize = 80;

pub(super) struct Registers([Byte; BYTES]);

impl Default for Registers {
    fn default() -> Self {
        Self([Byte::Unread; BYTES])
    }
}

/// What one byte says to another.
fn doubt(byte: Byte) -> Option<Doubt> {
    match byte {
        Byte::Known(_) => None,
        Byte::Varies => Some(Doubt::Varies),
        Byte::Unread => Some(Doubt::Unread("a part of the packet".to_owned())),
    }
}

impl Registers {
    fn slice(&self, register: u32, length: usize) -> Vec<Byte> {
        let start = usize::try_from(register).unwrap_or(BYTES) * 4;
        let bytes = self.0.iter().skip(start).take(length).copied();
        let mut bytes: Vec<Byte> = bytes.collect();
        bytes.resize(length, Byte::Unread);
        bytes
    }

    /// Loads bytes; the rest of the last register is 0.
    pub(super) fn put(&mut self, register: u32, bytes: &[Byte]) {
        let start = usize::try_from(register).unwrap_or(BYTES) * 4;
        let padding = std::iter::repeat_n(
            &Byte::Known(0),
            bytes.len().next_multiple_of(4) - bytes.len(),
        );
        for (place, byte) in self
            .0
            .iter_mut()
            .skip(start)
            .zip(bytes.iter().chain(padding))
        {
            *place = *byte;
        }
    }

    pub(super) fn bitwise(&mut self, from: u32, to: u32, mask: &[u8], xor: &[u8]) {
        let bytes: Vec<Byte> = self
            .slice(from, mask.len())
            .into_iter()
            .zip(mask.iter().zip(xor.iter().chain(std::iter::repeat(&0))))
            .map(|(byte, (mask, xor))| match byte {
                Byte::Known(byte) => Byte::Known(byte & mask ^ xor),
                // What no bit is kept of is known.
                _ if *mask == 0 => Byte::Known(*xor),
                other => other,
            })
            .collect();
        self.put(to, &bytes);
    }

    /// The bytes, if all are known.
    pub(super) fn known(&self, register: u32, length: usize) -> Result<Vec<u8>, Doubt> {
        let bytes = self.slice(register, length).into_iter();
        bytes
            .map(|byte| match byte {
                Byte::Known(byte) => Ok(byte),
                other => Err(doubt(other).unwrap_or(Doubt::Varies)),
            })
            .collect()
    }

    /// A number in host order, such as a mark.
    pub(super) fn number(&self, register: u32) -> Option<u32> {
        let bytes = self.known(register, 4).ok()?;
        Some(u32::from_ne_bytes(bytes.try_into().ok()?))
    }

    /// Whether a known byte differs from what stands at its place.
    pub(super) fn differs(&self, register: u32, value: &[u8]) -> bool {
        let bytes = self.slice(register, value.len()).into_iter();
        bytes
            .zip(value)
            .any(|(byte, value)| matches!(byte, Byte::Known(byte) if byte != *value))
    }

    pub(super) fn compare(
        &self,
        register: u32,
        operator: u32,
        value: &[u8],
    ) -> Result<bool, Doubt> {
        match (operator, self.known(register, value.len())) {
            (0, Err(_)) if self.differs(register, value) => Ok(false),
            (1, Err(_)) if self.differs(register, value) => Ok(true),
            (_, Err(doubt)) => Err(doubt),
            (0, Ok(bytes)) => Ok(bytes == value),
            (1, Ok(bytes)) => Ok(bytes != value),
            (2, Ok(bytes)) => Ok(*bytes < *value),
            (3, Ok(bytes)) => Ok(*bytes <= *value),
            (4, Ok(bytes)) => Ok(*bytes > *value),
            (_, Ok(bytes)) => Ok(*bytes >= *value),
        }
    }

    pub(super) fn between(
        &self,
        register: u32,
        from: &[u8],
        to: &[u8],
        inverted: bool,
    ) -> Result<bool, Doubt> {
        let bytes = self.known(register, from.len())?;
        Ok((from <= bytes.as_slice() && bytes.as_slice() <= to) != inverted)
    }
}
