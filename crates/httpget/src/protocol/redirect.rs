#[cfg(test)]
mod tests;

use http::header::LOCATION;
use http::{HeaderName, StatusCode};

use super::head::ResponseHead;
use super::request::RequestHead;
use crate::url::{ParseUrlError, Url};

/// The redirects of one transfer (RFC 9110 section 15.4), counted.
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
    followed: usize,
}

/// Why a redirect is not followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedirectError {
    /// More than [`Limits::redirects`](crate::Limits::redirects).
    #[error("more than {limit} redirects")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// Several `Location` fields that differ: some clients would follow the first, some the last.
    #[error("several Locations, which differ")]
    Conflicting,
    /// A `Location` that leads nowhere we can go.
    #[error("a Location that can't be followed")]
    Location(#[source] ParseUrlError),
}

impl Redirects {
    /// At most `limit` of them.
    #[must_use]
    pub fn new(limit: usize) -> Redirects {
        Redirects { limit, followed: 0 }
    }

    /// How many were followed.
    #[must_use]
    pub fn followed(&self) -> usize {
        self.followed
    }

    /// Where the response to the GET of `from` sends us. `None`: it is an answer. So is a redirect
    /// without a `Location`, or with an empty one.
    ///
    /// The user and password of `from` go along to its own origin and to no other; those that a
    /// `Location` brings are for the place it names. [`redirect_request`] turns the request into the next one.
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
        if to.credentials().is_none() && to.is_same_origin(from) {
            to = to.with_credentials_of(from);
        }
        self.followed += 1;
        Ok(Some(to))
    }
}

/// Turns the request for `from` into the one for `to`, and returns the names of the fields that it
/// lost.
///
/// Where scheme, host and port are the same, it loses nothing. To another origin go neither what is
/// secret nor what was meant for the first one alone: a `Host` by hand, every value that is marked
/// as sensitive, and so every field whose name has one of these parts between its dashes:
/// authorization, auth, cookie, cookie2, token, key, apikey, secret, password. What is lost is not
/// given back by a redirect that leads home again.
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
