//! Decides whether a download continues existing content or starts again. Without I/O.
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

mod version;

use netcore::error::debug_as_chain;

use http::header::CONTENT_RANGE;
use http::{HeaderMap, HeaderValue, StatusCode};

use super::field::{decimal, single};
pub use version::{Source, Validator, Version};

#[cfg(test)]
mod tests;

/// The beginning of a file of a known version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partial {
    /// The number of bytes.
    pub bytes: u64,
    /// The version that they belong to.
    pub version: Version,
}

/// The content that exists before a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// None, or none that could be resumed.
    Nothing,
    /// The beginning of a known version.
    Part(Partial),
    /// A file of that many bytes and of an unknown version. It may be complete, and is never
    /// resumed.
    File(u64),
}

impl Held {
    /// Returns the number of bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match self {
            Held::Nothing => 0,
            Held::Part(partial) => partial.bytes,
            Held::File(bytes) => *bytes,
        }
    }

    /// Returns the value of Range: all bytes after the existing ones. Returns `None` if there are
    /// none.
    #[must_use]
    pub fn range(&self) -> Option<String> {
        match self.bytes() {
            0 => None,
            bytes => Some(format!("bytes={bytes}-")),
        }
    }

    /// Returns the value of If-Range. Returns `None` without a known version.
    #[must_use]
    pub fn if_range(&self) -> Option<&HeaderValue> {
        match self {
            Held::Part(partial) if partial.bytes > 0 => Some(partial.version.validator.value()),
            _ => None,
        }
    }
}

/// The use of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The content is the complete file: start with it, and drop existing content.
    Begin {
        /// The length by Content-Range in bytes, independent of the framing. `None` for a 200.
        length: Option<u64>,
    },
    /// The content follows the existing bytes.
    Continue {
        /// The length that the content must have in bytes, independent of the framing.
        length: u64,
        /// The length of the file in bytes.
        total: u64,
    },
    /// The existing file is complete.
    Complete,
    /// Ask again without a range: existing content has another version or resource, or the response
    /// is another range than the requested one.
    Repeat,
}

/// An unusable response to a range request. Existing content stays.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RangeFault {
    /// A 206 though no range was requested.
    #[error("the server sent a range, but none was requested")]
    Unasked,
    /// A 206 without a Content-Range, as in multipart/byteranges, with several, or with a malformed
    /// one (RFC 9110 section 14.4).
    #[error("the server sent a range without a usable Content-Range")]
    Unreadable,
    /// A 206 that begins at another byte.
    #[error("the server sent the bytes from {began} on instead of those from {asked} on")]
    Elsewhere {
        /// The requested offset of the first byte.
        asked: u64,
        /// The offset of the first byte in the response.
        began: u64,
    },
    /// The complete file instead of the range that the request asked for.
    #[error("the server sent the complete file instead of the requested range")]
    Whole,
    /// The file ends before the range that the request asked for (416).
    #[error("the file has no such range")]
    Beyond,
    /// The content is longer or shorter than Content-Range.
    #[error("the server sent {sent} bytes for a range of {range}")]
    Length {
        /// The length in Content-Range in bytes.
        range: u64,
        /// The number of bytes sent or announced.
        sent: u64,
    },
}

debug_as_chain!(enum RangeFault {
    Unasked,
    Unreadable,
    Elsewhere { asked, began },
    Whole,
    Beyond,
    Length { range, sent },
});

impl Decision {
    /// Decides about a response from `source` with a status of 2xx, or 416. Its request had the
    /// Range and the If-Range of `held`.
    ///
    /// # Errors
    ///
    /// [`RangeFault::Unasked`]: a 206 that is not the complete file, though no range was requested.
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

    /// A 206 may be the complete file: such content is accepted even if no range was requested.
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
        match held {
            Held::Part(partial) => Decision::of_range(partial, source, headers),
            Held::Nothing | Held::File(_) => Decision::Repeat,
        }
    }

    /// Decides about a 206 to a request for a range that begins after the bytes of `partial`, and
    /// may begin at the first byte of the file. It is `Continue` or `Repeat`.
    pub(super) fn of_range(partial: &Partial, source: &Source, headers: &HeaderMap) -> Decision {
        let Some(ContentRange::Part { first, last, total }) = ContentRange::of(headers) else {
            return Decision::Repeat;
        };
        let version = &partial.version;
        // Without a total, the end of the file and the end of a range look the same.
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

/// Checks a response to a request that itself asked for a range. `asked` is the value of Range,
/// `sent` the announced length. A value that is not a single byte range, and other statuses, are
/// left to the user.
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
        // A server may ignore Range (RFC 9110 section 14.2), and the complete file may be the
        // requested range.
        status if status.is_success() && is_all(begin, end, sent) => return Ok(()),
        status if status.is_success() => return Err(RangeFault::Whole),
        _ => return Ok(()),
    }
    let Some(ContentRange::Part { first, last, total }) = ContentRange::of(headers) else {
        return Err(RangeFault::Unreadable);
    };
    let length = last - first + 1;
    let wanted = match (decimal(begin), decimal(end)) {
        // The last bytes: their possible number depends on the total.
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

/// Returns `true` if the range from `begin` to `end` covers a file of `bytes`.
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
        // The longest range has as many bytes as a u64 can count.
        let sound = first <= last && last < u64::MAX && total.is_none_or(|total| last < total);
        sound.then_some(ContentRange::Part { first, last, total })
    }
}
