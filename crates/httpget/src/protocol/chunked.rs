//! The chunked transfer coding (RFC 9112 section 7.1).

use http::HeaderMap;

use super::error::{ProtocolError, ResponsePart};
use super::field_section::FieldSection;
use super::trailers;
use crate::limits::Limits;

/// A chunked body (RFC 9112 section 7.1). Its states:
///
/// ```text
///   ┌──────────────────────────── LF ─────────────────────────────┐
///   ▼                                                             │
/// Size ─── CR ──► SizeLf ─ LF ─► Data ─ its end ─► DataCr ─ CR ─► DataLf
///  │ │              ▲  │
///  │ └─ ; ───┐      CR └─ LF, size 0 ─► Trailers ─ empty line ─► whole
///  SP        ▼      │
///  └► Space ─ ; ─► Extension
/// ```
///
/// Every line ends in CRLF: readers that disagree about line ends make request smuggling possible.
#[derive(Debug)]
pub(super) struct Chunked {
    state: State,
    /// Offset of the next byte in the body, framing included.
    offset: u64,
    /// Length of the size line so far, in bytes.
    line: usize,
    /// Bytes of content that the chunks so far announce.
    announced: u64,
}

#[derive(Debug)]
enum State {
    Size { size: Option<u64> },
    Space { size: u64 },
    Extension { size: u64, quoted: Quoted },
    SizeLf { size: u64 },
    Data { left: u64 },
    DataCr,
    DataLf,
    Trailers(FieldSection),
}

/// The position relative to a quoted string (RFC 9110 section 5.6.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quoted {
    No,
    Yes,
    /// After a backslash in a quoted string.
    Pair,
}

/// The result of [`Chunked::receive`].
#[derive(Debug)]
pub(super) enum Piece<'a> {
    NeedMore,
    Content(&'a [u8]),
    /// The trailers, and `true` if some were dropped.
    End(HeaderMap, bool),
}

const SIZE: State = State::Size { size: None };

impl Chunked {
    pub(super) fn new() -> Chunked {
        Chunked { state: SIZE, offset: 0, line: 0, announced: 0 }
    }

    pub(super) fn receive<'a>(
        &mut self,
        input: &'a [u8],
        limits: &Limits,
    ) -> Result<(usize, Piece<'a>), ProtocolError> {
        let mut used = 0;
        loop {
            if let State::Trailers(section) = &mut self.state {
                let (more, whole) = section.receive(&input[used..], "trailers", limits.trailers)?;
                if !whole {
                    return Ok((used + more, Piece::NeedMore));
                }
                let (trailers, dropped) = trailers::parse(section, limits)?;
                return Ok((used + more, Piece::End(trailers, dropped)));
            }
            let Some(byte) = input.get(used) else { return Ok((used, Piece::NeedMore)) };
            if let State::Data { left } = self.state {
                let rest = &input[used..];
                let length = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                self.advance(length as u64);
                return Ok((used + length, Piece::Content(&rest[..length])));
            }
            self.state = self.framing(*byte, limits)?;
            self.offset = self.offset.saturating_add(1);
            used += 1;
        }
    }

    /// Returns the state after one byte of the framing.
    fn framing(&mut self, byte: u8, limits: &Limits) -> Result<State, ProtocolError> {
        if !matches!(self.state, State::DataCr | State::DataLf) {
            self.line += 1;
            if self.line > limits.chunk_line {
                let max = limits.chunk_line as u64;
                return Err(ProtocolError::TooLarge { limit: "chunk_line", max });
            }
        }
        let what = match (&self.state, byte) {
            (State::Size { size }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                match shifted(size.unwrap_or(0), byte) {
                    Some(size) => return Ok(State::Size { size: Some(size) }),
                    None => "a chunk size that 64 bits can't hold",
                }
            }
            (State::Size { size: Some(size) }, b' ' | b'\t') => {
                return Ok(State::Space { size: *size });
            }
            (State::Space { size }, b' ' | b'\t') => return Ok(State::Space { size: *size }),
            (State::Size { size: Some(size) } | State::Space { size }, b';') => {
                return Ok(State::Extension { size: *size, quoted: Quoted::No });
            }
            (
                State::Size { size: Some(size) } | State::Extension { size, quoted: Quoted::No },
                b'\r',
            ) => return Ok(State::SizeLf { size: *size }),
            (State::Extension { size, quoted }, b'\t' | b' '..=b'~' | 0x80..) => {
                let quoted = match (quoted, byte) {
                    (Quoted::No, b'"') => Quoted::Yes,
                    (Quoted::Yes, b'"') => Quoted::No,
                    (Quoted::Yes, b'\\') => Quoted::Pair,
                    (Quoted::Pair, _) => Quoted::Yes,
                    (quoted, _) => *quoted,
                };
                return Ok(State::Extension { size: *size, quoted });
            }
            (State::SizeLf { size }, b'\n') => return self.sized(*size, limits),
            (State::DataCr, b'\r') => return Ok(State::DataLf),
            (State::DataLf, b'\n') => {
                self.line = 0;
                return Ok(SIZE);
            }
            (State::Size { .. }, b'+' | b'-') => "a sign in a chunk size",
            (State::Size { size: Some(0) }, b'x' | b'X') => "a prefix in a chunk size",
            (State::Size { size: None }, b' ' | b'\t') => "a space before a chunk size",
            (State::Size { size: None }, _) => "no chunk size",
            (State::Size { .. }, b'\n') => "an LF without CR after a chunk size",
            (State::Size { .. }, _) => "a byte in a chunk size that is not a hexadecimal digit",
            (State::Space { .. }, _) => "a space after a chunk size",
            (State::Extension { quoted: Quoted::Yes | Quoted::Pair, .. }, b'\r' | b'\n') => {
                "an end of line in a quoted chunk extension"
            }
            (State::Extension { .. }, b'\n') => "an LF without CR after a chunk extension",
            (State::Extension { .. }, _) => "a control character in a chunk extension",
            (State::SizeLf { .. }, _) => "a CR without LF in a chunk's first line",
            _ => "no CRLF after a chunk",
        };
        Err(ProtocolError::Malformed { part: ResponsePart::Body, offset: self.offset, what })
    }

    /// Returns the state after a size line.
    fn sized(&mut self, size: u64, limits: &Limits) -> Result<State, ProtocolError> {
        if size == 0 {
            return Ok(State::Trailers(FieldSection::default()));
        }
        match self.announced.checked_add(size) {
            Some(announced) if announced <= limits.body => self.announced = announced,
            _ => return Err(ProtocolError::TooLarge { limit: "body", max: limits.body }),
        }
        Ok(State::Data { left: size })
    }

    /// Returns the bytes until the end of the chunk.
    pub(super) fn passthrough_len(&self) -> u64 {
        if let State::Data { left } = self.state { left } else { 0 }
    }

    /// Counts `count` bytes of content that bypassed `receive`.
    pub(super) fn advance(&mut self, count: u64) {
        self.offset = self.offset.saturating_add(count);
        if let State::Data { left } = &mut self.state {
            *left -= count;
            if *left == 0 {
                self.state = State::DataCr;
            }
        }
    }

    /// Returns the part that is truncated if the connection ends now, and its length in bytes. The
    /// length is `None` for content, which the caller counts.
    pub(super) fn cut(&self) -> (ResponsePart, Option<u64>) {
        match &self.state {
            State::Trailers(section) => (ResponsePart::Trailers, Some(section.len() as u64)),
            _ => (ResponsePart::Body, None),
        }
    }
}

/// Appends a hexadecimal digit to a size.
fn shifted(size: u64, digit: u8) -> Option<u64> {
    let digit = char::from(digit).to_digit(16)?;
    Some(size.checked_mul(16)? + u64::from(digit))
}
