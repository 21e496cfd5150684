//! Cookies: RFC 6265, and the rules of its revision on which browsers and curl agree.
//!
//! A [`CookieJar`] belongs to a client ([`Client::with_cookies`](crate::Client::with_cookies)) and
//! can be shared by several. The cookies of each response, redirects included, are sent with the
//! next request whose URL they are for.
//!
//! `docs/http.md` has a table of accepted and refused cookies, which the tests read. Compared with
//! RFC 6265:
//!
//! - A cookie for a [public suffix](https://publicsuffix.org) is refused, or is for its host only
//!   if that is the suffix itself. The list is compiled in (crate `psl`).
//! - Without TLS, `Secure` cookies are neither accepted nor sent, and can't be replaced. The hosts
//!   `localhost`, `127.0.0.1` and `::1` count as TLS, as in curl and browsers.
//! - Names that begin with `__Secure-` or `__Host-` have to keep that promise.
//! - Control characters, tabs included, and oversized cookies are refused. See [`CookieLimits`].
//! - `SameSite` and `Partitioned` have no meaning here and are ignored, as in curl.

mod date;
mod domain;
mod file;
pub(crate) mod jar;
mod limits;
mod netscape;
mod refusal;
pub(crate) mod report;
mod set_cookie;
mod store;

pub use jar::CookieJar;
pub use limits::CookieLimits;
pub use refusal::{BadLine, CookieRefusal};
pub use report::CookieReport;
