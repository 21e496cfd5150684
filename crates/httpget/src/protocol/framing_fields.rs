//! Content-Length and Transfer-Encoding of a head, checked.

use http::{StatusCode, Version};

/// The checked values of Content-Length and Transfer-Encoding in a head.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FramingFields {
    pub(super) length: Option<u64>,
    pub(super) chunked: bool,
    repeated: bool,
}

/// The offset of a wrong byte in a value, and its fault.
pub(super) type Flaw = (usize, &'static str);

impl FramingFields {
    /// Reads a value of Content-Length (RFC 9110 section 8.6): digits, or a list of one repeated
    /// number. Signs, prefixes and inner spaces are refused.
    pub(super) fn length(&mut self, value: &[u8]) -> Result<(), Flaw> {
        let mut start = 0;
        for element in value.split(|byte| *byte == b',') {
            let space = element.iter().take_while(|byte| is_space(**byte)).count();
            let length = number(element).map_err(|(offset, what)| (start + offset, what))?;
            match self.length {
                None => self.length = Some(length),
                Some(before) if before == length => self.repeated = true,
                Some(_) => return Err((start + space, "another Content-Length than before")),
            }
            start += element.len() + 1;
        }
        Ok(())
    }

    /// Reads a value of Transfer-Encoding (RFC 9112 section 6.1): only `chunked` is accepted.
    pub(super) fn coding(&mut self, value: &[u8]) -> Result<(), Flaw> {
        if self.chunked {
            return Err((0, "a second Transfer-Encoding"));
        }
        if !value.eq_ignore_ascii_case(b"chunked") {
            return Err((0, "a Transfer-Encoding other than chunked"));
        }
        self.chunked = true;
        Ok(())
    }

    /// Returns `true` if Content-Length occurred more than once.
    pub(super) fn is_repeated(&self) -> bool {
        self.repeated
    }

    /// Returns `true` if both occurred, as in response smuggling (RFC 9112 section 6.1).
    pub(super) fn is_both(&self) -> bool {
        self.chunked && self.length.is_some()
    }

    /// Returns `true` for chunks from an HTTP/1.0 server, which can't have any (RFC 9112 section
    /// 6.1).
    pub(super) fn is_chunked_http10(&self, version: Version) -> bool {
        self.chunked && version == Version::HTTP_10
    }

    /// Returns `true` for a 204 that announces content: such content may follow (RFC 9110 section
    /// 8.6). A 304 announces the content that a 200 would have.
    pub(super) fn is_impossible(&self, status: StatusCode) -> bool {
        status == StatusCode::NO_CONTENT && (self.chunked || self.length.is_some_and(|it| it > 0))
    }
}

/// Reads `1*DIGIT`, with space around it as in a list.
fn number(element: &[u8]) -> Result<u64, Flaw> {
    let start = element.iter().take_while(|byte| is_space(**byte)).count();
    let length = element[start..].iter().rev().skip_while(|byte| is_space(**byte)).count();
    let digits = &element[start..start + length];
    if digits.is_empty() {
        return Err((start, "a Content-Length without a number"));
    }
    let mut number = 0_u64;
    for (offset, byte) in digits.iter().enumerate() {
        let what = match byte {
            b'0'..=b'9' => {
                let more = number.checked_mul(10);
                match more.and_then(|more| more.checked_add(u64::from(byte - b'0'))) {
                    Some(more) => {
                        number = more;
                        continue;
                    }
                    None => "a Content-Length that 64 bits can't hold",
                }
            }
            b'+' | b'-' => "a sign in Content-Length",
            _ => "a byte in Content-Length that is not a digit",
        };
        return Err((start + offset, what));
    }
    Ok(number)
}

/// Returns `true` for OWS, and for the line ends of a folded value.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}
