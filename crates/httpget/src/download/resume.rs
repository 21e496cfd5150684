//! When what is there already may be gone on with, and when not. Without I/O.
//!
//! ```text
//!   content so far ─┬─ none, or without validator ──► GET
//!                   └─ with one ────────────────────► GET, Range: bytes=N-, If-Range: validator
//!                                                       │
//!     206 from N on, same total, same validator ◄───────┼──► 416, and the total is N
//!       Continue                                        │      Complete
//!     200                                     ◄─────────┼──► 206 or 416 of something else
//!       Begin, with this response                       │      Repeat, without Range
//!                                                       └──► 206 of another range, or unreadable
//!                                                              an error; nothing is touched
//! ```

#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use http::header::{CONTENT_RANGE, DATE, ETAG, HeaderName, LAST_MODIFIED};
use http::{HeaderMap, HeaderValue, StatusCode};

/// What tells one version of a file from the next, byte for byte.
///
/// Its bytes go into If-Range as they came (RFC 9110 section 13.1.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Validator {
    /// A strong entity tag (RFC 9110 section 8.8.3).
    Tag(HeaderValue),
    /// The time of the last change, where it is strong (RFC 9110 section 8.8.2.2).
    Modified(HeaderValue),
}

impl Validator {
    /// That of a response which came at `received`, if it has a strong one.
    ///
    /// A date is strong if the response is from a second later at least, by its own Date; by this
    /// machine's clock, where there is no Date, from a minute later. It does not stand in for a weak
    /// entity tag (RFC 9110 section 13.1.5).
    #[must_use]
    pub fn of(headers: &HeaderMap, received: SystemTime) -> Option<Validator> {
        if headers.contains_key(ETAG) {
            let tag = single(headers, ETAG)?;
            return is_strong_tag(tag.as_bytes()).then(|| Validator::Tag(tag.clone()));
        }
        let text = single(headers, LAST_MODIFIED)?;
        let modified = date(text)?;
        let strong = match headers.contains_key(DATE) {
            true => modified + Duration::from_secs(1) <= date(single(headers, DATE)?)?,
            false => modified + Duration::from_secs(60) <= received,
        };
        strong.then(|| Validator::Modified(text.clone()))
    }

    /// What If-Range says.
    #[must_use]
    pub fn value(&self) -> &HeaderValue {
        match self {
            Validator::Tag(value) | Validator::Modified(value) => value,
        }
    }

    /// Whether a response with these headers is of another version. One that says nothing of it is
    /// not: a 206 may leave out what the request named (RFC 9110 section 15.3.7).
    fn is_contradicted(&self, headers: &HeaderMap) -> bool {
        let (name, ours) = match self {
            Validator::Tag(value) => (ETAG, value),
            Validator::Modified(value) => (LAST_MODIFIED, value),
        };
        headers.get_all(name).iter().any(|theirs| theirs != ours)
    }
}

/// The beginning of a file, of which it is known whose beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partial {
    /// How many bytes there are.
    pub bytes: u64,
    /// Which version they are of.
    pub validator: Validator,
    /// How many bytes the whole file has, if that is known.
    pub total: Option<u64>,
}

impl Partial {
    /// What Range says: everything behind the bytes that are there.
    #[must_use]
    pub fn range(&self) -> String {
        format!("bytes={}-", self.bytes)
    }
}

/// What to do with a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Its content is the whole file: begin with it, whatever is there already.
    Begin,
    /// Its content goes behind the bytes that are there.
    Continue {
        /// How many bytes it has to be, whatever its framing is.
        length: u64,
        /// How many bytes the file has.
        total: u64,
    },
    /// What is there is the whole file.
    Complete,
    /// What is there is of another version: ask once more, without a range.
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

impl Plan {
    /// What to do with a response that has a status of 2xx, or 416: `partial` is what the request
    /// named in Range and If-Range, `None` if it had neither.
    ///
    /// # Errors
    ///
    /// Each of [`RangeFault`] but for [`Length`](RangeFault::Length), which only the content shows.
    pub fn of(
        partial: Option<&Partial>,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Result<Plan, RangeFault> {
        let Some(partial) = partial.filter(|partial| partial.bytes > 0) else {
            return match status {
                StatusCode::PARTIAL_CONTENT => Err(RangeFault::Unasked),
                _ => Ok(Plan::Begin),
            };
        };
        match status {
            StatusCode::PARTIAL_CONTENT => Plan::of_part(partial, headers),
            StatusCode::RANGE_NOT_SATISFIABLE => Ok(Plan::of_refusal(partial, headers)),
            _ => Ok(Plan::Begin),
        }
    }

    fn of_part(partial: &Partial, headers: &HeaderMap) -> Result<Plan, RangeFault> {
        let Some(ContentRange::Part { first, last, total }) = ContentRange::of(headers) else {
            return Err(RangeFault::Unreadable);
        };
        if first != partial.bytes {
            return Err(RangeFault::Elsewhere { asked: partial.bytes, began: first });
        }
        // Without a total nothing would tell the end of the file from the end of a part.
        let known = total.or(partial.total);
        let changed = partial.total.is_some_and(|before| known != Some(before));
        match known {
            Some(total)
                if !changed && last < total && !partial.validator.is_contradicted(headers) =>
            {
                Ok(Plan::Continue { length: last - first + 1, total })
            }
            _ => Ok(Plan::Repeat),
        }
    }

    fn of_refusal(partial: &Partial, headers: &HeaderMap) -> Plan {
        let total = match ContentRange::of(headers) {
            Some(ContentRange::Unsatisfied { total }) => total,
            _ => return Plan::Repeat,
        };
        let changed = partial.total.is_some_and(|before| total != before);
        if total == partial.bytes && !changed && !partial.validator.is_contradicted(headers) {
            Plan::Complete
        } else {
            Plan::Repeat
        }
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

/// Digits and nothing else.
pub(super) fn decimal(text: &str) -> Option<u64> {
    // `parse` alone would take a plus sign.
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// The time that a field says, in any of the three forms of RFC 9110 section 5.6.7.
pub(super) fn date(value: &HeaderValue) -> Option<SystemTime> {
    httpdate::parse_http_date(value.to_str().ok()?).ok()
}

/// The value of a field that comes once.
pub(super) fn single(headers: &HeaderMap, name: HeaderName) -> Option<&HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// `"…"` without a quote within, and not `W/"…"` (RFC 9110 section 8.8.3).
fn is_strong_tag(tag: &[u8]) -> bool {
    match tag {
        [b'"', inner @ .., b'"'] => {
            inner.iter().all(|&byte| byte > b' ' && byte != b'"' && byte != 0x7f)
        }
        _ => false,
    }
}
