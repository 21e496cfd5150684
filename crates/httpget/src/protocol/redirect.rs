//! Redirects: their targets, and the fields that go along. Another origin gets no credentials.

use netcore::error::debug_as_chain;

use http::header::LOCATION;
use http::{HeaderName, StatusCode};

use super::head::ResponseHead;
use super::request::RequestHead;
use crate::url::{ParseUrlError, Scheme, Url};

#[cfg(test)]
mod tests;

/// The redirects of one transfer, counted (RFC 9110 section 15.4).
///
/// ```text
///   response ──► 301 302 303 307 308, with a Location ──► the next URL, while the limit allows
///          │
///          └──► everything else ──► the answer
/// ```
///
/// Every redirect of a GET is a GET, so the five statuses are one.
#[derive(Clone, Debug)]
pub struct Redirects {
    limit: usize,
    /// `true` if redirects from `https://` to `http://` are followed.
    insecure: bool,
    followed: usize,
}

/// The reason why a redirect is not followed.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedirectError {
    /// The limit [`Limits::redirects`](crate::Limits::redirects) is exceeded.
    #[error("more than {limit} redirects")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// Several `Location` fields that differ: some clients would follow the first, some the last.
    #[error("several Locations, which differ")]
    Conflicting,
    /// A redirect from `https://` to `http://`; see [`Redirects::with_insecure`].
    #[error("a redirect from https to http, which would not be encrypted")]
    Insecure,
    /// A `Location` that is not a supported URL.
    #[error("a Location that can't be followed: {0}")]
    Location(ParseUrlError),
}

debug_as_chain!(enum RedirectError { TooMany { limit }, Conflicting, Insecure, Location(error) });

impl Redirects {
    /// Returns a counter for at most `limit` redirects.
    #[must_use]
    pub fn new(limit: usize) -> Redirects {
        Redirects { limit, insecure: false, followed: 0 }
    }

    /// Follows redirects from `https://` to `http://` if `follow` is `true`. The default is
    /// `false`.
    #[must_use]
    pub fn with_insecure(self, follow: bool) -> Redirects {
        Redirects { insecure: follow, ..self }
    }

    /// Returns the number of redirects followed.
    #[must_use]
    pub fn followed(&self) -> usize {
        self.followed
    }

    /// Returns the target of a redirect, for the response to the GET of `from`. Returns `None` for
    /// any other response, and for a redirect without a `Location` or with an empty one.
    ///
    /// The user and password of `from` are kept for its own origin only. Those in a `Location` are
    /// for its target. [`redirect_request`] turns the request into the next one.
    ///
    /// # Errors
    ///
    /// Those of [`RedirectError`].
    pub fn next(&mut self, from: &Url, head: &ResponseHead) -> Result<Option<Url>, RedirectError> {
        let is_redirect = matches!(
            head.status(),
            StatusCode::MOVED_PERMANENTLY
                | StatusCode::FOUND
                | StatusCode::SEE_OTHER
                | StatusCode::TEMPORARY_REDIRECT
                | StatusCode::PERMANENT_REDIRECT
        );
        if !is_redirect {
            return Ok(None);
        }
        let mut locations =
            head.headers().get_all(LOCATION).iter().map(|v| v.as_bytes().trim_ascii());
        let location = locations.next().unwrap_or_default();
        if locations.any(|other| other != location) {
            return Err(RedirectError::Conflicting);
        }
        if location.is_empty() {
            return Ok(None);
        }
        if self.followed >= self.limit {
            return Err(RedirectError::TooMany { limit: self.limit });
        }
        let mut to = from.join(location).map_err(RedirectError::Location)?;
        if from.scheme() == Scheme::Https && to.scheme() == Scheme::Http && !self.insecure {
            return Err(RedirectError::Insecure);
        }
        if to.credentials().is_none() && to.is_same_origin(from) {
            to = to.with_credentials_of(from);
        }
        self.followed += 1;
        Ok(Some(to))
    }
}

/// Turns the request for `from` into the one for `to`. Returns the names of removed fields.
///
/// If scheme, host and port are the same, no field is removed. For another origin, secrets and
/// fields for the first origin are removed: a `Host` set by hand, every value that is marked as
/// sensitive, and so every field with one of these parts between its dashes: authorization, auth,
/// cookie, cookie2, token, key, apikey, secret, password. A later redirect back to the first origin
/// does not restore them.
///
/// ```
/// use http::header::AUTHORIZATION;
/// use httpget::Url;
/// use httpget::protocol::{RequestHead, redirect_request};
///
/// let from = Url::parse("http://user:password@example.com/")?;
/// let mut head = RequestHead::get(&from);
/// let lost = redirect_request(&from, &from.join(b"//www.example.com/")?, &mut head);
/// assert_eq!(lost, [AUTHORIZATION]);
/// assert_eq!(head.value(&AUTHORIZATION), None);
/// # Ok::<(), httpget::ParseUrlError>(())
/// ```
pub fn redirect_request(from: &Url, to: &Url, head: &mut RequestHead) -> Vec<HeaderName> {
    head.retarget(to);
    if !to.is_same_origin(from) {
        let lost = head.leave_origin(to);
        head.default_authorization(to.credentials());
        return lost;
    }
    head.default_authorization(to.credentials());
    Vec::new()
}
