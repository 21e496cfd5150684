//! Finds the first wrong byte of a head or of trailers. httparse does not report it.

use super::error::{ProtocolError, ResponsePart};

/// Length of the part of a status line that is checked: `HTTP/1.1 200` and one more byte.
const DECISIVE: usize = 13;

/// Checks the bytes of a head from offset `at`, as far as they belong to the start of the status
/// line. Anything else than HTTP is refused at its first wrong byte (RFC 9112 section 4).
pub(super) fn status_line(at: usize, bytes: &[u8]) -> Result<(), ProtocolError> {
    for (at, byte) in (at..DECISIVE).zip(bytes) {
        let (right, what) = match at {
            0..5 => (*byte == b"HTTP/"[at], "not an HTTP response, which would begin with HTTP/"),
            5..8 => (
                match at {
                    5 => *byte == b'1',
                    6 => *byte == b'.',
                    _ => matches!(byte, b'0' | b'1'),
                },
                "a version other than HTTP/1.0 and HTTP/1.1",
            ),
            8 => (*byte == b' ', "no space after the version"),
            9 => (matches!(byte, b'1'..=b'9'), "no status code from 100 to 999"),
            10 | 11 => (byte.is_ascii_digit(), "no status code from 100 to 999"),
            _ => (
                matches!(byte, b' ' | b'\r' | b'\n'),
                "neither a space nor the line's end after the status code",
            ),
        };
        if !right {
            return Err(malformed(ResponsePart::Head, at, what));
        }
    }
    Ok(())
}

/// Returns the error at the first wrong byte of a complete head, after the checked start of its
/// status line.
pub(super) fn head(raw: &[u8]) -> ProtocolError {
    let end = line_end(raw);
    let reason = &raw[..end];
    for (offset, byte) in reason.iter().enumerate().skip(DECISIVE - 1) {
        if is_refused(reason, offset, *byte) {
            return malformed(
                ResponsePart::Head,
                offset,
                "a control character in the reason phrase",
            );
        }
    }
    let (offset, what) = fields(raw, (end + 1).min(raw.len()), true);
    malformed(ResponsePart::Head, offset, what)
}

/// Returns the error at the first wrong byte of complete trailers.
pub(super) fn trailers(raw: &[u8]) -> ProtocolError {
    let (offset, what) = fields(raw, 0, false);
    malformed(ResponsePart::Trailers, offset, what)
}

/// RFC 9112 section 5: `field-line = field-name ":" OWS field-value OWS`.
fn fields(raw: &[u8], mut start: usize, fold: bool) -> (usize, &'static str) {
    let mut first = true;
    while start < raw.len() {
        let end = start + line_end(&raw[start..]);
        let line = &raw[..end];
        let value = if matches!(raw[start], b' ' | b'\t') {
            if first || !fold {
                return (start, "a space where a field's name should begin");
            }
            start
        } else {
            let colon = (start..end).find(|offset| !is_name(raw[*offset]));
            match colon.map(|colon| (colon, raw[colon])) {
                Some((colon, b':')) if colon > start => colon + 1,
                Some((colon, b':')) => return (colon, "a field without a name"),
                Some((at, byte)) => return (at, behind_name(byte, &line[at..])),
                None => return (end, NO_COLON),
            }
        };
        for (offset, byte) in line.iter().enumerate().skip(value) {
            if is_refused(line, offset, *byte) {
                return (offset, "a control character in a field's value");
            }
        }
        first = false;
        start = end + 1;
    }
    (raw.len(), ODD)
}

const NO_COLON: &str = "a line without a colon";

/// Returns the fault of a line with `byte` after its name. `rest` is the line from that byte on.
fn behind_name(byte: u8, rest: &[u8]) -> &'static str {
    let is_line_end = rest == b"\r";
    let is_blank = matches!(byte, b' ' | b'\t');
    if byte.is_ascii_control() && !is_blank && !is_line_end {
        "a byte that is not allowed in a field's name"
    } else if !rest.contains(&b':') {
        NO_COLON
    } else if !is_blank {
        "a byte that is not allowed in a field's name"
    } else if rest.trim_ascii_start().starts_with(b":") {
        "a space before the colon"
    } else {
        "a space in a field's name"
    }
}

/// The fault if httparse refuses a head that these rules accept. No such head is known.
const ODD: &str = "not the fields of HTTP/1.x";

/// Returns the offset of the first LF.
fn line_end(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len())
}

/// Returns `true` for every byte except HTAB, SP, VCHAR, obs-text, and the CR before the line's LF.
fn is_refused(line: &[u8], offset: usize, byte: u8) -> bool {
    let ends_line = byte == b'\r' && offset + 1 == line.len();
    byte.is_ascii_control() && byte != b'\t' && !ends_line
}

/// RFC 9110 section 5.6.2: `tchar`.
fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

pub(super) fn malformed(part: ResponsePart, offset: usize, what: &'static str) -> ProtocolError {
    ProtocolError::Malformed { part, offset: offset as u64, what }
}
