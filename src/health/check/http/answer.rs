//! An HTTP/1 answer, read from bytes as they come: the head, then the body in
//! whichever of its three framings. Pure; it bounds what it keeps.

use httparse::Status;

/// A head that is longer is broken; servers send 8 KiB at most by default.
pub(super) const HEAD_CAP: usize = 24 << 10;
/// Of a longer body, framing included, the rest is not read.
pub(super) const BODY_CAP: usize = 256 << 10;
/// More header fields than this make a broken head.
const MOST_FIELDS: usize = 100;

/// What came is no HTTP answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::health::check) struct Broken;

/// What has been read so far.
#[derive(Debug)]
pub(in crate::health::check) struct Answer {
    head: Vec<u8>,
    status: Option<u16>,
    framing: Framing,
    /// Bytes of the body that came, framing included.
    came: usize,
    keep: bool,
    body: Vec<u8>,
}

#[derive(Debug)]
enum Framing {
    /// Not known yet.
    Head,
    /// So many more bytes.
    Length(u64),
    Chunked(Chunked),
    /// Until the server closes.
    Close,
    /// The end has come.
    Done,
}

impl Answer {
    /// Nothing read yet. The body is kept if it is to be looked at.
    pub(in crate::health::check) fn new(keep: bool) -> Self {
        Self {
            head: Vec::new(),
            status: None,
            framing: Framing::Head,
            came: 0,
            keep,
            body: Vec::new(),
        }
    }

    /// The status, once the head is complete.
    pub(in crate::health::check) fn status(&self) -> Option<u16> {
        self.status
    }

    /// The body as far as it was kept.
    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    /// Whether nothing more is to be read.
    pub(in crate::health::check) fn is_complete(&self) -> bool {
        matches!(self.framing, Framing::Done) || self.came >= BODY_CAP
    }

    /// Whether the server may close now.
    pub(super) fn may_end(&self) -> bool {
        matches!(self.framing, Framing::Done | Framing::Close)
    }

    /// Takes what came.
    pub(in crate::health::check) fn take(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        if !matches!(self.framing, Framing::Head) {
            return self.take_body(bytes);
        }
        // The end may lie across what came before.
        let looked = self.head.len().saturating_sub(3);
        self.head.extend_from_slice(bytes);
        let start = b"HTTP/1.";
        if !self.head.starts_with(start) && !start.starts_with(&self.head) {
            return Err(Broken);
        }
        let new = self.head.get(looked..).unwrap_or_default();
        if ends(new)
            && let Some(length) = self.read_head()?
        {
            let rest = self.head.split_off(length);
            self.head = Vec::new();
            return self.take(&rest);
        }
        if self.head.len() > HEAD_CAP {
            return Err(Broken);
        }
        Ok(())
    }

    /// Reads the head if it is whole, and answers its length.
    fn read_head(&mut self) -> Result<Option<usize>, Broken> {
        let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
        let mut head = httparse::Response::new(&mut fields);
        let Status::Complete(length) = head.parse(&self.head).map_err(|_| Broken)? else {
            return Ok(None);
        };
        let status = head.code.ok_or(Broken)?;
        if length > HEAD_CAP {
            return Err(Broken);
        }
        // An interim answer; the real one follows.
        if (100..200).contains(&status) && status != 101 {
            return Ok(Some(length));
        }
        self.framing = framing(status, head.headers)?;
        self.status = Some(status);
        Ok(Some(length))
    }

    fn take_body(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        let room = BODY_CAP.saturating_sub(self.came);
        let bytes = bytes.get(..room.min(bytes.len())).unwrap_or_default();
        self.came += bytes.len();
        match &mut self.framing {
            Framing::Head | Framing::Done => {}
            Framing::Close => {
                if self.keep {
                    self.body.extend_from_slice(bytes);
                }
            }
            Framing::Length(left) => {
                let wanted = usize::try_from(*left).unwrap_or(usize::MAX);
                let part = bytes.get(..wanted.min(bytes.len())).unwrap_or_default();
                *left -= part.len() as u64;
                if self.keep {
                    self.body.extend_from_slice(part);
                }
                if *left == 0 {
                    self.framing = Framing::Done;
                }
            }
            Framing::Chunked(chunked) => {
                let body = self.keep.then_some(&mut self.body);
                if chunked.take(bytes, body)? {
                    self.framing = Framing::Done;
                }
            }
        }
        Ok(())
    }
}

/// Whether there is an empty line in it.
fn ends(mut bytes: &[u8]) -> bool {
    while let Some(at) = bytes.iter().position(|byte| *byte == b'\n') {
        bytes = bytes.get(at + 1..).unwrap_or_default();
        if bytes.starts_with(b"\n") || bytes.starts_with(b"\r\n") {
            return true;
        }
    }
    false
}

/// How the body ends; RFC 9112, 6.3.
fn framing(status: u16, fields: &[httparse::Header<'_>]) -> Result<Framing, Broken> {
    if matches!(status, 101 | 204 | 304) {
        return Ok(Framing::Done);
    }
    let named = |name: &'static str| {
        fields
            .iter()
            .filter(move |field| field.name.eq_ignore_ascii_case(name))
            .map(|field| std::str::from_utf8(field.value).map_err(|_| Broken))
    };
    if let Some(coding) = named("transfer-encoding").next_back() {
        let last = coding?.rsplit(',').next().unwrap_or_default().trim();
        return Ok(if last.eq_ignore_ascii_case("chunked") {
            Framing::Chunked(Chunked::Size { digits: 0, size: 0 })
        } else {
            Framing::Close
        });
    }
    let mut length = None;
    for value in named("content-length") {
        for value in value?.split(',') {
            let value: u64 = value.trim().parse().map_err(|_| Broken)?;
            if length.is_some_and(|length| length != value) {
                return Err(Broken);
            }
            length = Some(value);
        }
    }
    Ok(match length {
        Some(0) => Framing::Done,
        Some(length) => Framing::Length(length),
        None => Framing::Close,
    })
}

/// Where in a chunked body the last byte stood; RFC 9112, 7.1. A bare line feed
/// ends a line, too.
#[derive(Debug, Clone, Copy)]
enum Chunked {
    /// In the hexadecimal size.
    Size { digits: u8, size: u64 },
    /// Behind the size, where extensions are.
    Extension { size: u64 },
    /// In the data.
    Data { left: u64 },
    /// Behind the data.
    Gap,
    /// In the last lines; whether this one has anything in it.
    Trailer { empty: bool },
}

impl Chunked {
    /// Takes bytes; answers whether the body is at its end.
    fn take(&mut self, mut bytes: &[u8], mut body: Option<&mut Vec<u8>>) -> Result<bool, Broken> {
        while let Some((&byte, rest)) = bytes.split_first() {
            if let Self::Data { left } = self {
                let wanted = usize::try_from(*left).unwrap_or(usize::MAX);
                let (part, behind) = bytes.split_at(wanted.min(bytes.len()));
                if let Some(body) = &mut body {
                    body.extend_from_slice(part);
                }
                *left -= part.len() as u64;
                bytes = behind;
                if *left == 0 {
                    *self = Self::Gap;
                }
                continue;
            }
            bytes = rest;
            *self = match (*self, byte) {
                (Self::Trailer { empty: true }, b'\n') => return Ok(true),
                (Self::Size { digits: 1.., size } | Self::Extension { size }, b'\n') => {
                    match size {
                        0 => Self::Trailer { empty: true },
                        left => Self::Data { left },
                    }
                }
                (Self::Size { digits: 1.., size }, b'\r' | b';' | b' ' | b'\t')
                | (Self::Extension { size }, _) => Self::Extension { size },
                // Sixteen digits fill 64 bits.
                (Self::Size { digits, size }, _) if digits < 16 => {
                    let digit = char::from(byte).to_digit(16).ok_or(Broken)?;
                    Self::Size {
                        digits: digits + 1,
                        size: size << 4 | u64::from(digit),
                    }
                }
                (Self::Gap, b'\n') => Self::Size { digits: 0, size: 0 },
                (Self::Gap, b'\r') => Self::Gap,
                (Self::Trailer { .. }, b'\n') => Self::Trailer { empty: true },
                (Self::Trailer { empty }, b'\r') => Self::Trailer { empty },
                (Self::Trailer { .. }, _) => Self::Trailer { empty: false },
                _ => return Err(Broken),
            };
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests;
