//! The limits of a cookie jar.

use std::time::Duration;

/// The limits on the cookies that servers and files can make a [`CookieJar`](super::CookieJar)
/// keep.
///
/// ```
/// use httpget::cookies::CookieLimits;
///
/// assert_eq!(CookieLimits::default().with_domain(180).domain, 180);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CookieLimits {
    /// Bytes of a cookie's name and value: 4096 (RFC 6265bis section 5.6).
    pub pair: usize,
    /// Cookies of one domain: 50. Beyond it, cookies without `Secure` make room first, then the
    /// longest unused ones.
    pub domain: usize,
    /// Cookies of all domains: 3000.
    pub total: usize,
    /// Bytes of a `Cookie` field: 8190, as in curl. Cookies beyond it are not sent.
    pub field: usize,
    /// The longest time until a received cookie expires: 400 days (RFC 6265bis section 5.5).
    pub lifetime: Duration,
    /// Bytes of a cookie file: 16 MiB.
    pub file: u64,
}

impl Default for CookieLimits {
    fn default() -> CookieLimits {
        CookieLimits {
            pair: 4096,
            domain: 50,
            total: 3000,
            field: 8190,
            lifetime: Duration::from_secs(400 * 86_400),
            file: 16 << 20,
        }
    }
}

impl CookieLimits {
    /// Sets [`pair`](CookieLimits::pair).
    #[must_use]
    pub fn with_pair(self, bytes: usize) -> CookieLimits {
        CookieLimits { pair: bytes, ..self }
    }

    /// Sets [`domain`](CookieLimits::domain).
    #[must_use]
    pub fn with_domain(self, count: usize) -> CookieLimits {
        CookieLimits { domain: count, ..self }
    }

    /// Sets [`total`](CookieLimits::total).
    #[must_use]
    pub fn with_total(self, count: usize) -> CookieLimits {
        CookieLimits { total: count, ..self }
    }

    /// Sets [`field`](CookieLimits::field).
    #[must_use]
    pub fn with_field(self, bytes: usize) -> CookieLimits {
        CookieLimits { field: bytes, ..self }
    }

    /// Sets [`lifetime`](CookieLimits::lifetime).
    #[must_use]
    pub fn with_lifetime(self, time: Duration) -> CookieLimits {
        CookieLimits { lifetime: time, ..self }
    }

    /// Sets [`file`](CookieLimits::file).
    #[must_use]
    pub fn with_file(self, bytes: u64) -> CookieLimits {
        CookieLimits { file: bytes, ..self }
    }
}
