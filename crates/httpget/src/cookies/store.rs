//! The cookies of a jar, and the rules about them, without a clock.

use std::fmt;

use super::domain::{
    default_path, domain_matches, is_address, is_loopback, is_public_suffix, path_matches, path_of,
};
use super::limits::CookieLimits;
use super::refusal::CookieRefusal;
use super::set_cookie::{MAX_ATTRIBUTE, SetCookie};
use crate::url::{Scheme, Url};

#[cfg(test)]
mod tests;

/// A stored cookie.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Cookie {
    pub(super) name: Box<[u8]>,
    pub(super) value: Box<[u8]>,
    /// A name in lower case, or an address.
    pub(super) domain: Box<str>,
    /// `true` if the cookie does not go to subdomains.
    pub(super) host_only: bool,
    pub(super) path: Box<[u8]>,
    pub(super) secure: bool,
    pub(super) http_only: bool,
    /// Seconds since 1970. `None` is the end of the session.
    pub(super) expires: Option<i64>,
}

/// The value is a secret.
impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cookie")
            .field("name", &String::from_utf8_lossy(&self.name))
            .field("domain", &self.domain)
            .finish_non_exhaustive()
    }
}

/// The fate of an accepted cookie.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    Stored(Cookie),
    /// It has expired, and removes the stored one.
    Removed,
}

#[derive(Clone, Debug)]
struct Entry {
    cookie: Cookie,
    /// The order in which cookies were first stored.
    created: u64,
    /// The order in which cookies were stored or sent last.
    used: u64,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Store {
    pub(super) limits: CookieLimits,
    /// In the order of `created`.
    entries: Vec<Entry>,
    /// The next number of an order.
    next: u64,
}

impl Store {
    pub(super) fn new(limits: CookieLimits) -> Store {
        Store { limits, ..Store::default() }
    }

    /// Returns the cookies in the order in which they were first stored.
    pub(super) fn cookies(&self) -> impl Iterator<Item = &Cookie> {
        self.entries.iter().map(|entry| &entry.cookie)
    }

    /// Removes expired cookies.
    pub(super) fn expire(&mut self, now: i64) {
        self.entries.retain(|entry| entry.cookie.expires.is_none_or(|expires| expires > now));
    }

    /// Removes the cookies of the session.
    pub(super) fn end_session(&mut self) {
        self.entries.retain(|entry| entry.cookie.expires.is_some());
    }

    /// Applies a `Set-Cookie` of a response from `url` (RFC 6265bis section 5.7).
    pub(super) fn receive(
        &mut self,
        url: &Url,
        text: &[u8],
        now: i64,
    ) -> Result<Change, CookieRefusal> {
        let parsed = SetCookie::parse(text)?;
        let is_secure = is_secure(url);
        if parsed.secure && !is_secure {
            return Err(CookieRefusal::Insecure);
        }
        let (domain, host_only) = scope(parsed.domain.as_deref(), url.host())?;
        let path = parsed.path.unwrap_or_else(|| default_path(path_of(url.target())));
        let lifetime = i64::try_from(self.limits.lifetime.as_secs()).unwrap_or(i64::MAX);
        let cookie = Cookie {
            name: parsed.name.into(),
            value: parsed.value.into(),
            domain: domain.into(),
            host_only,
            path: path.into(),
            secure: parsed.secure,
            http_only: parsed.http_only,
            expires: parsed.expiry(now, lifetime),
        };
        self.check(&cookie, parsed.path)?;
        // RFC 6265bis section 5.7: a cookie from an insecure connection must not take the place of
        // a Secure one, nor hide it behind a longer path.
        let hides = |old: &Entry| {
            let old = &old.cookie;
            old.secure
                && old.name == cookie.name
                && (domain_matches(&old.domain, &cookie.domain)
                    || domain_matches(&cookie.domain, &old.domain))
                && path_matches(&cookie.path, &old.path)
        };
        if !is_secure && self.entries.iter().any(hides) {
            return Err(CookieRefusal::Replaces);
        }
        self.put(cookie, now)
    }

    /// Stores a cookie of a file.
    pub(super) fn load(&mut self, mut cookie: Cookie, now: i64) -> Result<Change, CookieRefusal> {
        if !cookie.host_only {
            cookie.host_only = is_address(&cookie.domain);
            if !cookie.host_only && is_public_suffix(&cookie.domain) {
                return Err(CookieRefusal::PublicSuffix);
            }
        }
        self.check(&cookie, Some(&cookie.path))?;
        self.put(cookie, now)
    }

    /// Checks size and name of a cookie whose path was given as `path`.
    fn check(&self, cookie: &Cookie, path: Option<&[u8]>) -> Result<(), CookieRefusal> {
        let limit = self.limits.pair;
        if cookie.name.len() + cookie.value.len() > limit {
            return Err(CookieRefusal::TooLarge { limit });
        }
        // A longer attribute was ignored, but the path may be that of the URL.
        if cookie.path.len() > MAX_ATTRIBUTE {
            return Err(CookieRefusal::Path);
        }
        let begins = |prefix: &[u8]| {
            let start = cookie.name.get(..prefix.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        let is_host = cookie.host_only && path == Some(b"/");
        let is_broken = (begins(b"__Secure-") && !cookie.secure)
            || (begins(b"__Host-") && !(cookie.secure && is_host));
        if is_broken { Err(CookieRefusal::Prefix) } else { Ok(()) }
    }

    /// Stores a cookie, in place of one with the same name, domain and path.
    fn put(&mut self, cookie: Cookie, now: i64) -> Result<Change, CookieRefusal> {
        self.expire(now);
        let is_same = |entry: &Entry| {
            let old = &entry.cookie;
            (&old.name, &old.domain, old.host_only, &old.path)
                == (&cookie.name, &cookie.domain, cookie.host_only, &cookie.path)
        };
        let at = self.entries.iter().position(is_same);
        if cookie.expires.is_some_and(|expires| expires <= now) {
            if let Some(at) = at {
                self.entries.remove(at);
            }
            return Ok(Change::Removed);
        }
        let order = self.next;
        self.next += 1;
        match at {
            Some(at) => {
                self.entries[at].cookie = cookie.clone();
                self.entries[at].used = order;
            }
            None => {
                self.entries.push(Entry { cookie: cookie.clone(), created: order, used: order });
                let of_domain = |entry: &Entry| entry.cookie.domain == cookie.domain;
                self.evict(self.limits.domain, order, of_domain)?;
                self.evict(self.limits.total, order, |_| true)?;
            }
        }
        Ok(Change::Stored(cookie))
    }

    /// Removes a cookie among those that `counts` counts, if they are more than `limit`. An error
    /// is that of the new cookie, which was stored as number `new`.
    fn evict(
        &mut self,
        limit: usize,
        new: u64,
        counts: impl Fn(&Entry) -> bool,
    ) -> Result<(), CookieRefusal> {
        if self.entries.iter().filter(|entry| counts(entry)).count() <= limit {
            return Ok(());
        }
        let counted = self.entries.iter().enumerate().filter(|(_, entry)| counts(entry));
        let least = counted.min_by_key(|(_, entry)| (entry.cookie.secure, entry.used));
        let Some((at, _)) = least else { return Ok(()) };
        let gone = self.entries.remove(at);
        if gone.created == new { Err(CookieRefusal::Full { limit }) } else { Ok(()) }
    }

    /// Returns the value of a `Cookie` field for a request, and the number of cookies that did not
    /// fit into it (RFC 6265bis section 5.8.3).
    pub(super) fn select(&mut self, url: &Url, now: i64) -> (Vec<u8>, usize) {
        self.expire(now);
        let (host, path, is_secure) = (url.host(), path_of(url.target()), is_secure(url));
        let fits = |cookie: &Cookie| {
            let is_host = match cookie.host_only {
                true => host == &*cookie.domain,
                false => domain_matches(host, &cookie.domain),
            };
            is_host && path_matches(path, &cookie.path) && (is_secure || !cookie.secure)
        };
        let mut chosen: Vec<&mut Entry> =
            self.entries.iter_mut().filter(|entry| fits(&entry.cookie)).collect();
        // The entries are in the order of their creation already.
        chosen.sort_by_key(|entry| std::cmp::Reverse(entry.cookie.path.len()));
        let mut field = Vec::new();
        let count = chosen.len();
        for (index, entry) in chosen.into_iter().enumerate() {
            let Cookie { name, value, .. } = &entry.cookie;
            let separator: &[u8] = if field.is_empty() { b"" } else { b"; " };
            let pair = [separator, name, b"=", value].concat();
            if field.len() + pair.len() > self.limits.field {
                return (field, count - index);
            }
            field.extend_from_slice(&pair);
            entry.used = self.next;
        }
        self.next += 1;
        (field, 0)
    }
}

/// Returns `true` if `Secure` cookies may go to and come from a URL. As in curl and browsers, the
/// loopback interface counts as secure.
fn is_secure(url: &Url) -> bool {
    url.scheme() == Scheme::Https || is_loopback(url.host())
}

/// Returns the domain of a cookie from `host`, and `true` if it does not go to subdomains.
fn scope<'a>(domain: Option<&'a str>, host: &'a str) -> Result<(&'a str, bool), CookieRefusal> {
    match domain {
        None => Ok((host, true)),
        // Somebody's own host may be a public suffix, and an address has no subdomains.
        Some(domain) if domain == host => Ok((host, is_address(host) || is_public_suffix(host))),
        Some(domain) if !domain_matches(host, domain) => Err(CookieRefusal::Domain),
        Some(domain) if is_public_suffix(domain) => Err(CookieRefusal::PublicSuffix),
        Some(domain) => Ok((domain, false)),
    }
}
