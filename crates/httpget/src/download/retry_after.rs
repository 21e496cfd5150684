//! The wait before another attempt that a server asks for, in Retry-After.
//!
//! There is no I/O, and the time is an argument.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};

use super::field::{date, decimal, single};

#[cfg(test)]
mod tests;

/// The longest wait that a server may ask for in Retry-After. After a longer one there is no retry.
pub const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(600);

/// Returns the wait that the server asks for (RFC 9110 section 10.2.3), at the time `now`. A date
/// is compared with the server's Date, if there is one.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = single(headers, RETRY_AFTER)?;
    let text = value.to_str().ok()?;
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that does not fit is too long in any case.
        return Some(Duration::from_secs(decimal(text).unwrap_or(u64::MAX)));
    }
    let now = single(headers, DATE).and_then(date).unwrap_or(now);
    // A date in the past means no wait.
    Some(date(value)?.duration_since(now).unwrap_or_default())
}
