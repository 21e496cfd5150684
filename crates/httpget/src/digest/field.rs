//! The fields Content-Digest and Repr-Digest (RFC 9530).

use std::fmt;

use http::{HeaderMap, HeaderName};

use super::algorithm::Algorithm;
use super::dictionary::parse_dictionary;

#[cfg(test)]
mod tests;

/// A field with digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DigestField {
    /// Content-Digest: the digest of the content of one message.
    Content,
    /// Repr-Digest: the digest of the whole representation.
    Repr,
}

impl DigestField {
    /// Returns the name of the field.
    #[must_use]
    pub fn name(self) -> HeaderName {
        HeaderName::from_static(match self {
            DigestField::Content => "content-digest",
            DigestField::Repr => "repr-digest",
        })
    }
}

impl fmt::Display for DigestField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DigestField::Content => "Content-Digest",
            DigestField::Repr => "Repr-Digest",
        })
    }
}

/// Returns the digest of the strongest known algorithm in `field`: `sha-512`, or else `sha-256`.
/// Returns `None` if there is none, or if the field is malformed. The digest may have a wrong
/// length, and then matches nothing.
///
/// ```
/// use httpget::digest::{Algorithm, DigestField, strongest};
/// use httpget::http::{HeaderMap, HeaderValue};
///
/// let mut fields = HeaderMap::new();
/// fields.insert("repr-digest", HeaderValue::from_static("md5=:AAAA:, sha-256=:LPJN:"));
/// let digest = strongest(&fields, DigestField::Repr);
/// assert_eq!(digest, Some((Algorithm::Sha256, vec![0x2c, 0xf2, 0x4d])));
/// assert_eq!(strongest(&fields, DigestField::Content), None);
/// ```
#[must_use]
pub fn strongest(headers: &HeaderMap, field: DigestField) -> Option<(Algorithm, Vec<u8>)> {
    let mut lines = headers.get_all(field.name()).iter().map(|value| value.as_bytes());
    let mut text = lines.next()?.to_vec();
    // Several lines are one list (RFC 9110 section 5.2).
    for line in lines {
        text.extend_from_slice(b", ");
        text.extend_from_slice(line);
    }
    let members = parse_dictionary(&text)?;
    [("sha-512", Algorithm::Sha512), ("sha-256", Algorithm::Sha256)].into_iter().find_map(
        |(key, algorithm)| {
            let member = members.iter().find(|member| member.key == key)?;
            Some((algorithm, member.bytes.clone()?))
        },
    )
}

/// Returns `true` if the head announces the field for its trailers (RFC 9110 section 6.6.2).
pub(super) fn is_announced(headers: &HeaderMap, field: DigestField) -> bool {
    let name = field.name();
    headers.get_all(http::header::TRAILER).iter().any(|value| {
        let mut names = value.as_bytes().split(|&byte| byte == b',');
        names.any(|announced| announced.trim_ascii().eq_ignore_ascii_case(name.as_str().as_bytes()))
    })
}
