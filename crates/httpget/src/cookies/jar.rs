//! The cookies that clients and threads share.

use std::fmt;
use std::io::{self, BufRead};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use http::HeaderValue;
use netcore::error::FileError;

use super::file;
use super::limits::CookieLimits;
use super::refusal::BadLine;
use super::report::CookieReport;
use super::store::Store;
use crate::url::Url;

#[cfg(test)]
mod tests;

/// Cookies, for [`Client::with_cookies`](crate::Client::with_cookies). A clone shares them.
///
/// ```
/// use std::time::SystemTime;
/// use httpget::Url;
/// use httpget::cookies::CookieJar;
///
/// let jar = CookieJar::new();
/// let now = SystemTime::now();
/// let login = Url::parse("https://www.example.com/login")?;
/// let report = jar.receive(&login, b"id=7; Domain=example.com; Path=/; Secure", now);
/// assert!(report.refusal().is_none());
///
/// let send = |url| Ok::<_, httpget::ParseUrlError>(jar.field(&Url::parse(url)?, now));
/// assert_eq!(send("https://example.com/")?.ok_or("a cookie")?, "id=7");
/// assert_eq!(send("http://example.com/")?, None);
/// assert_eq!(send("https://example.net/")?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// There is no clock here: each call takes the time. `Debug` shows no cookie.
#[derive(Clone, Default)]
pub struct CookieJar(Arc<Mutex<Store>>);

impl CookieJar {
    /// Returns a jar without cookies.
    #[must_use]
    pub fn new() -> CookieJar {
        CookieJar::default()
    }

    /// Returns a jar without cookies and with these limits.
    #[must_use]
    pub fn with_limits(limits: CookieLimits) -> CookieJar {
        CookieJar(Arc::new(Mutex::new(Store::new(limits))))
    }

    /// Applies the value of one `Set-Cookie` field of a response from `url`: stores a cookie,
    /// removes one, or refuses it. The report says which.
    pub fn receive(&self, url: &Url, value: &[u8], now: SystemTime) -> CookieReport {
        let now = seconds(now);
        let change = self.store().receive(url, value, now);
        CookieReport::new(value, change, now)
    }

    /// Returns the value of the `Cookie` field of a request for `url`, marked as sensitive. Returns
    /// `None` if no cookie is for it.
    ///
    /// Cookies with longer paths come first, and older ones before newer ones (RFC 6265 section
    /// 5.4). The first that does not fit into [`CookieLimits::field`] and those behind it are left
    /// out, and the log says so.
    #[must_use]
    pub fn field(&self, url: &Url, now: SystemTime) -> Option<HeaderValue> {
        let (field, left_out) = self.store().select(url, seconds(now));
        if left_out > 0 {
            log::warn!("get {url}: {left_out} cookies are not sent: the field is too long");
        }
        let mut field = HeaderValue::from_bytes(&field).ok().filter(|field| !field.is_empty())?;
        field.set_sensitive(true);
        Some(field)
    }

    /// Returns the number of cookies, expired ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.store().cookies().count()
    }

    /// Returns `true` if there is no cookie.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes the cookies that have no expiry: the session that set them has ended.
    pub fn end_session(&self) {
        self.store().end_session();
    }

    /// Adds the cookies of a file in Netscape's format, which curl, wget and browsers use. Calls
    /// `skipped` with the number of each bad line, from 1. Expired cookies are left out.
    ///
    /// # Errors
    ///
    /// Those of the reader, and more than [`CookieLimits::file`] bytes. Cookies read before are
    /// kept.
    pub fn read(
        &self,
        reader: &mut dyn BufRead,
        now: SystemTime,
        skipped: &mut dyn FnMut(usize, BadLine),
    ) -> io::Result<()> {
        // A slow reader must not hold up the requests of other threads.
        let mut read = Store::new(self.store().limits.clone());
        let result = file::read(&mut read, reader, seconds(now), skipped);
        let mut store = self.store();
        for cookie in read.cookies() {
            // All of them were accepted once; beyond the limits, the oldest make room.
            let _ = store.load(cookie.clone(), seconds(now));
        }
        result
    }

    /// Returns the cookies as a file in Netscape's format, without expired ones. Those without an
    /// expiry are included, as in curl.
    #[must_use]
    pub fn to_netscape(&self, now: SystemTime) -> Vec<u8> {
        let mut store = self.store();
        store.expire(seconds(now));
        file::content(&store)
    }

    /// Writes the cookies to a file in Netscape's format. The file is written aside and replaced
    /// when it is complete. A new file can be read by its owner only.
    ///
    /// A symbolic link is followed. A device or FIFO is written directly.
    ///
    /// # Errors
    ///
    /// The system's, with the path. The file then has its old content, unless it is one that is
    /// written directly.
    pub fn save(&self, path: &Path, now: SystemTime) -> Result<(), FileError> {
        file::save(path, &self.to_netscape(now))
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for CookieJar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CookieJar").field("cookies", &self.len()).finish_non_exhaustive()
    }
}

/// Returns the seconds since 1970. A clock before that year is at its beginning.
fn seconds(now: SystemTime) -> i64 {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
