//! Decides when a download goes on with the bytes that are there, and when it begins again. Without I/O.
//!
//! ```text
//!   held ─┬─ nothing, or no version ────► GET
//!         ├─ a part of this URL ────────► GET, Range: bytes=N-, If-Range: validator
//!         └─ a file, of any version ────► GET, Range: bytes=N-
//!                                           │
//!     206 from N on, all as in the part ◄───┼──► 416, and the total is N
//!       Continue                            │      Complete
//!     200                             ◄─────┴──► any other 206 or 416
//!       Begin, with this response                  Repeat, without Range
//! ```

#[cfg(test)]
mod tests;

mod version;

use http::header::CONTENT_RANGE;
use http::{HeaderMap, HeaderValue, StatusCode};

use super::field::{decimal, single};
pub use version::{Source, Validator, Version};

/// The beginning of a file, of which it is known whose beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partial {
    /// The bytes that are there.
    pub bytes: u64,
    /// The version that they are of.
    pub version: Version,
}

/// The content that is there before a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// None, or none that could be gone on with.
    Nothing,
    /// The beginning of a known version.
    Part(Partial),
    /// A file of so many bytes, of an unknown version. It may be whole, and is never gone on with.
    File(u64),
}

impl Held {
    /// The bytes that are there.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match self {
            Held::Nothing => 0,
            Held::Part(partial) => partial.bytes,
            Held::File(bytes) => *bytes,
        }
    }

    /// The value of Range: all bytes behind those that are there. Returns `None` if there are none.
    #[must_use]
    pub fn range(&self) -> Option<String> {
        match self.bytes() {
            0 => None,
            bytes => Some(format!("bytes={bytes}-")),
        }
    }

    /// The value of If-Range. Returns `None` if there is no known version.
    #[must_use]
    pub fn if_range(&self) -> Option<&HeaderValue> {
        match self {
            Held::Part(partial) if partial.bytes > 0 => Some(partial.version.validator.value()),
            _ => None,
        }
    }
}

/// What to do with a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Its content is the whole file: begin with it, whatever is there already.
    Begin {
        /// The bytes of the content by Content-Range, whatever its framing is. `None` for a 200.
        length: Option<u64>,
    },
    /// Its content goes behind the bytes that are there.
    Continue {
        /// How many bytes it has to be, whatever its framing is.
        length: u64,
        /// How many bytes the file has.
        total: u64,
    },
    /// What is there is the whole file.
    Complete,
    /// Ask once more, without a range: what is there is of another version or of another resource, or
    /// the response is another part than the one that was asked for.
    Repeat,
}

/// A response to a range that is of no use. What is there stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RangeFault {
    /// A 206 without a range asked for.
    #[error("the server sent a part that nobody asked for")]
    Unasked,
    /// A 206 without Content-Range, as multipart/byteranges is, with several, or with one that is
    /// none (RFC 9110 section 14.4).
    #[error("the server sent a part and does not say which")]
    Unreadable,
    /// A 206 that begins elsewhere.
    #[error("the server sent the bytes from {began} on, not those from {asked} on")]
    Elsewhere {
        /// Where it was to begin.
        asked: u64,
        /// Where it begins.
        began: u64,
    },
    /// The whole file in place of the range that the request asked for by itself.
    #[error("the server sent the whole, not the range that was asked for")]
    Whole,
    /// The file ends before the range that the request asked for by itself (416).
    #[error("the file has no such range")]
    Beyond,
    /// The content is longer or shorter than Content-Range.
    #[error("the server sent {sent} bytes for a range of {range}")]
    Length {
        /// What Content-Range says.
        range: u64,
        /// What came, or was announced.
        sent: u64,
    },
}

impl Decision {
    /// Decides about a response of `source` that has a status of 2xx, or 416. Its request had the
    /// Range and the If-Range of `held`.
    ///
    /// # Errors
    ///
    /// [`RangeFault::Unasked`]: a 206 that is not the whole file, though no range was asked for.
    pub fn of(
        held: &Held,
        source: &Source,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Result<Decision, RangeFault> {
        match status {
            StatusCode::PARTIAL_CONTENT if held.bytes() == 0 => Decision::of_whole(headers),
            StatusCode::PARTIAL_CONTENT => Ok(Decision::of_part(held, source, headers)),
            StatusCode::RANGE_NOT_SATISFIABLE if held.bytes() > 0 => {
                Ok(Decision::of_refusal(held, source, headers))
            }
            _ => Ok(Decision::Begin { length: None }),
        }
    }

    /// A 206 may be the whole: a range that nobody asked for is no reason to refuse all bytes.
    fn of_whole(headers: &HeaderMap) -> Result<Decision, RangeFault> {
        match ContentRange::of(headers) {
            Some(ContentRange::Part { first: 0, last, total: Some(total) })
                if last + 1 == total =>
            {
                Ok(Decision::Begin { length: Some(total) })
            }
            _ => Err(RangeFault::Unasked),
        }
    }

    fn of_part(held: &Held, source: &Source, headers: &HeaderMap) -> Decision {
        let (Held::Part(partial), Some(ContentRange::Part { first, last, total })) =
            (held, ContentRange::of(headers))
        else {
            return Decision::Repeat;
        };
        let version = &partial.version;
        // Without a total nothing would tell the end of the file from the end of a part.
        let known = total.or(version.total);
        let changed = version.total.is_some_and(|before| known != Some(before));
        let fits = first == partial.bytes
            && !changed
            && version.source == *source
            && version.validator.is_confirmed(headers);
        match known {
            Some(total) if fits && last < total => {
                Decision::Continue { length: last - first + 1, total }
            }
            _ => Decision::Repeat,
        }
    }

    fn of_refusal(held: &Held, source: &Source, headers: &HeaderMap) -> Decision {
        let fits = match (held, ContentRange::of(headers)) {
            (Held::Part(Partial { bytes, version }), Some(ContentRange::Unsatisfied { total })) => {
                total == *bytes
                    && version.total.is_none_or(|before| total == before)
                    && version.source == *source
                    && !version.validator.is_contradicted(headers)
            }
            (Held::File(bytes), Some(ContentRange::Unsatisfied { total })) => total == *bytes,
            _ => false,
        };
        if fits { Decision::Complete } else { Decision::Repeat }
    }
}

/// Whether a response is what a request wanted that asked for a range by itself: `asked` is the
/// value of Range, `sent` how much content was announced. What is no single range of bytes, or has
/// another status, is the user's to judge.
pub(super) fn check_asked(
    asked: &HeaderValue,
    status: StatusCode,
    headers: &HeaderMap,
    sent: Option<u64>,
) -> Result<(), RangeFault> {
    let asked = asked.to_str().ok().and_then(|asked| asked.strip_prefix("bytes=")?.split_once('-'));
    let Some((begin, end)) = asked.filter(|(_, end)| !end.contains([',', '-'])) else {
        return Ok(());
    };
    match status {
        StatusCode::PARTIAL_CONTENT => {}
        StatusCode::RANGE_NOT_SATISFIABLE => return Err(RangeFault::Beyond),
        // A server may ignore Range (RFC 9110 section 14.2), and the whole be what was asked for.
        status if status.is_success() && is_all(begin, end, sent) => return Ok(()),
        status if status.is_success() => return Err(RangeFault::Whole),
        _ => return Ok(()),
    }
    let Some(ContentRange::Part { first, last, total }) = ContentRange::of(headers) else {
        return Err(RangeFault::Unreadable);
    };
    let length = last - first + 1;
    let wanted = match (decimal(begin), decimal(end)) {
        // The last bytes: how many that can be is known with the total alone.
        (_, Some(count)) if begin.is_empty() => {
            (total.map_or(first, |total| total.saturating_sub(count)), Some(count))
        }
        (Some(begin), Some(end)) => (begin, end.checked_sub(begin).map(|count| count + 1)),
        (Some(begin), None) => (begin, None),
        _ => return Ok(()),
    };
    match wanted {
        (asked, _) if asked != first => Err(RangeFault::Elsewhere { asked, began: first }),
        (_, Some(range)) if range < length => Err(RangeFault::Length { range, sent: length }),
        _ => match sent.filter(|sent| *sent != length) {
            Some(sent) => Err(RangeFault::Length { range: length, sent }),
            None => Ok(()),
        },
    }
}

/// Returns `true` if the range from `begin` to `end` is all of a file of `bytes`.
fn is_all(begin: &str, end: &str, bytes: Option<u64>) -> bool {
    match (decimal(begin), decimal(end)) {
        (_, Some(count)) if begin.is_empty() => bytes.is_some_and(|bytes| bytes <= count),
        (Some(0), None) => end.is_empty(),
        (Some(0), Some(last)) => bytes.is_some_and(|bytes| bytes <= last.saturating_add(1)),
        _ => false,
    }
}

/// Content-Range (RFC 9110 section 14.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ContentRange {
    /// `bytes 0-499/1234`, `bytes 0-499/*`.
    Part { first: u64, last: u64, total: Option<u64> },
    /// `bytes */1234`.
    Unsatisfied { total: u64 },
}

impl ContentRange {
    fn of(headers: &HeaderMap) -> Option<ContentRange> {
        let text = single(headers, CONTENT_RANGE)?.to_str().ok()?;
        let (unit, range) = text.split_once(' ')?;
        if !unit.eq_ignore_ascii_case("bytes") {
            return None;
        }
        let (range, total) = range.split_once('/')?;
        if range == "*" {
            return Some(ContentRange::Unsatisfied { total: decimal(total)? });
        }
        let total = if total == "*" { None } else { Some(decimal(total)?) };
        let (first, last) = range.split_once('-')?;
        let (first, last) = (decimal(first)?, decimal(last)?);
        // The longest has as many bytes as a u64 can count.
        let sound = first <= last && last < u64::MAX && total.is_none_or(|total| last < total);
        sound.then_some(ContentRange::Part { first, last, total })
    }
}
