//! The version of content.

use std::time::{Duration, SystemTime};

use http::header::{DATE, ETAG, LAST_MODIFIED};
use http::{HeaderMap, HeaderValue};

use crate::download::field::{date, single};
use crate::url::Url;

/// A value that changes with each version of a file, byte for byte.
///
/// If-Range gets the bytes as received (RFC 9110 section 13.1.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Validator {
    /// A strong entity tag (RFC 9110 section 8.8.3).
    Tag(HeaderValue),
    /// A strong time of the last change (RFC 9110 section 8.8.2.2).
    Modified(HeaderValue),
}

impl Validator {
    /// Returns the strong validator of a response received at `received`. Returns `None` if it has
    /// none.
    ///
    /// A date is strong if the response is at least a second younger, by its own Date. Without a
    /// Date, it must be a minute younger by the local clock. A date never replaces a weak entity
    /// tag (RFC 9110 section 13.1.5).
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

    /// Returns the value for If-Range.
    #[must_use]
    pub fn value(&self) -> &HeaderValue {
        match self {
            Validator::Tag(value) | Validator::Modified(value) => value,
        }
    }

    /// Returns `true` if a response with these headers has another version.
    pub(super) fn is_contradicted(&self, headers: &HeaderMap) -> bool {
        let (name, ours) = match self {
            Validator::Tag(value) => (ETAG, value),
            Validator::Modified(value) => (LAST_MODIFIED, value),
        };
        headers.get_all(name).iter().any(|theirs| theirs != ours)
    }

    /// Returns `true` if a 206 with these headers has this version. It has the ETag that a 200
    /// would have, but may omit Last-Modified (RFC 9110 section 15.3.7).
    pub(super) fn is_confirmed(&self, headers: &HeaderMap) -> bool {
        let is_named = matches!(self, Validator::Modified(_)) || headers.contains_key(ETAG);
        is_named && !self.is_contradicted(headers)
    }
}

/// The resource of content: the requested URL, and the URL after redirects.
///
/// ```
/// use httpget::Url;
/// use httpget::download::resume::Source;
///
/// let asked = Url::parse("http://example.com/latest.iso")?;
/// let first = Source::of(&asked, &Url::parse("http://cdn.example.com/v1.iso?sig=a")?);
/// let signed_again = Source::of(&asked, &Url::parse("http://cdn.example.com/v1.iso?sig=b")?);
/// let released = Source::of(&asked, &Url::parse("http://cdn.example.com/v2.iso?sig=c")?);
/// assert!(first == signed_again && first != released);
/// # Ok::<(), httpget::ParseUrlError>(())
/// ```
///
/// A validator distinguishes versions of *one* resource (RFC 9110 sections 8.8.1 and 15.3.7.3). Two
/// resources often have the same one: many servers make entity tags of a size and a time. So
/// content is joined only if both of these are equal:
///
/// - the requested URL, with its query, without user and password. A `Host` set by hand belongs to
///   it, since it names another resource (RFC 9110 section 7.1);
/// - the URL of the response, without its query. Redirects to storage lead to a signed URL with
///   another query each time. A redirect to another host or path is another resource: two mirrors
///   need not be equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub(crate) asked: String,
    pub(crate) found: String,
}

impl Source {
    /// Returns the source of a response from `found` to a request for `asked`.
    #[must_use]
    pub fn of(asked: &Url, found: &Url) -> Source {
        let found = found.as_str();
        let found = found.split_once('?').map_or(found, |(place, _)| place);
        Source { asked: asked.as_str().to_owned(), found: found.to_owned() }
    }

    /// Adds the `Host` of a request that differs from the URL's.
    #[must_use]
    pub fn with_host(mut self, host: &HeaderValue) -> Source {
        // A URL has no space.
        self.asked = format!("{} {}", self.asked, host.as_bytes().escape_ascii());
        self
    }
}

/// One version of one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The resource.
    pub source: Source,
    /// The validator of the version.
    pub validator: Validator,
    /// Bytes of the complete content, if known.
    pub total: Option<u64>,
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
