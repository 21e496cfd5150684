//! The codings in the head of a response.

use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use super::error::CodingError;
use super::name::Coding;

/// Returns the codings of Content-Encoding, in the order in which they were applied. The list
/// has no `identity`, which changes nothing.
///
/// # Errors
///
/// - [`CodingError::Unsupported`]: a coding that is unknown or not built in.
/// - [`CodingError::TooMany`]: more codings than `most`.
pub fn list(headers: &HeaderMap, most: usize) -> Result<Vec<Coding>, CodingError> {
    let mut codings = Vec::new();
    let values = headers.get_all(CONTENT_ENCODING).iter();
    for name in values.flat_map(|value| value.as_bytes().split(|byte| *byte == b',')) {
        let name = name.trim_ascii();
        // Empty elements of a list count for nothing (RFC 9110 section 5.6.1.2). Some servers
        // send `none`, and curl accepts it.
        if ["", "identity", "none"].iter().any(|it| name.eq_ignore_ascii_case(it.as_bytes())) {
            continue;
        }
        let coding = Coding::named(name).ok_or_else(|| CodingError::unsupported(name))?;
        if codings.len() == most {
            return Err(CodingError::TooMany { max: most });
        }
        codings.push(coding);
    }
    Ok(codings)
}
