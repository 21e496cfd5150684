//! Values of header fields: numbers, dates, and fields that occur once.

use std::time::SystemTime;

use http::header::HeaderName;
use http::{HeaderMap, HeaderValue};

/// Reads a number of digits only.
pub(super) fn decimal(text: &str) -> Option<u64> {
    // `parse` alone would take a plus sign.
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// Reads a date in any of the three forms of RFC 9110 section 5.6.7.
pub(super) fn date(value: &HeaderValue) -> Option<SystemTime> {
    httpdate::parse_http_date(value.to_str().ok()?).ok()
}

/// Returns the value of a field that occurs exactly once.
pub(super) fn single(headers: &HeaderMap, name: HeaderName) -> Option<&HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}
