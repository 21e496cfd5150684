//! The trailers of a chunked body.

use http::header::{
    AGE, AUTHORIZATION, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH,
    CONTENT_LOCATION, CONTENT_RANGE, CONTENT_TYPE, DATE, EXPIRES, HOST, LOCATION,
    PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, RETRY_AFTER, SET_COOKIE, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE, VARY, WARNING, WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderName};

use super::diagnose::{self, malformed};
use super::error::{ProtocolError, ResponsePart};
use super::field_section::FieldSection;
use super::head::{append, most_fields, too_many};
use crate::limits::Limits;

/// Fields without a meaning after the content, or with a dangerous one: framing, routing,
/// authentication, cache control, and the interpretation of content (RFC 9110 section 6.5.1).
static ONLY_IN_HEADS: [HeaderName; 24] = [
    AGE,
    AUTHORIZATION,
    CACHE_CONTROL,
    CONNECTION,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    CONTENT_LOCATION,
    CONTENT_RANGE,
    CONTENT_TYPE,
    DATE,
    EXPIRES,
    HOST,
    LOCATION,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    RETRY_AFTER,
    SET_COOKIE,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    VARY,
    WARNING,
    WWW_AUTHENTICATE,
];

/// Parses complete trailers. Every line must end in CRLF, and none may be folded. Returns `true`
/// with them if fields were dropped that only a head may have.
pub(super) fn parse(
    section: &FieldSection,
    limits: &Limits,
) -> Result<(HeaderMap, bool), ProtocolError> {
    let raw = section.bytes();
    if section.has_bare_lf() {
        let mut cr = false;
        let bare = raw.iter().position(|byte| {
            let bare = *byte == b'\n' && !cr;
            cr = *byte == b'\r';
            bare
        });
        return Err(malformed(ResponsePart::Trailers, bare.unwrap_or(0), "an LF without CR"));
    }
    let mut slots = vec![httparse::EMPTY_HEADER; section.lines().min(most_fields(limits))];
    let fields = match httparse::parse_headers(raw, &mut slots) {
        Ok(httparse::Status::Complete((length, fields))) if length == raw.len() => fields,
        Err(httparse::Error::TooManyHeaders) => return Err(too_many(limits)),
        _ => return Err(diagnose::trailers(raw)),
    };
    let mut trailers = HeaderMap::new();
    for field in fields {
        append(&mut trailers, raw, field, false, ResponsePart::Trailers, limits)?;
    }
    let all = trailers.len();
    for name in &ONLY_IN_HEADS {
        trailers.remove(name);
    }
    let dropped = trailers.len() < all;
    Ok((trailers, dropped))
}
