//! Resolves references (RFC 3986 section 5.2).

use iri_string::types::{UriAbsoluteStr, UriReferenceStr};

use super::MAX_URL;
use super::error::{Refusal, refuse};

pub(super) const TOO_LONG: &str = "a URL of at most 16384 bytes expected";

/// A stand-in authority: resolution depends only on paths and queries. The real authority may have
/// the scope of an address, which RFC 3986 does not allow.
const ANY: &str = "http://h";

/// Splits off the scheme and its colon (RFC 3986 section 3.1).
pub(super) fn split_scheme(text: &[u8]) -> Option<(&str, &[u8])> {
    let colon = text.iter().position(|byte| *byte == b':')?;
    let name = &text[..colon];
    let first = name.first()?;
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    if !first.is_ascii_alphabetic() || !name.iter().all(allowed) {
        return None;
    }
    Some((std::str::from_utf8(name).ok()?, &text[colon + 1..]))
}

/// Returns the origin form of the text after an authority: empty, or a text that begins with `/`,
/// `?` or `#`.
pub(super) fn absolute(tail: &[u8]) -> Result<String, Refusal> {
    resolve("/", format!("{ANY}{}", encode(tail)?))
}

/// Returns the origin form of a reference without an authority, resolved against `base`, an origin
/// form itself.
pub(super) fn relative(base: &str, reference: &[u8]) -> Result<String, Refusal> {
    let mut encoded = encode(reference)?;
    let path_end = encoded.find('?').unwrap_or(encoded.len());
    let first_end = encoded[..path_end].find('/').unwrap_or(path_end);
    // A scheme was split off before, so this colon belongs to a path. RFC 3986 section 4.2 requires
    // `./` before such a segment.
    if encoded[..first_end].contains(':') {
        encoded.insert_str(0, "./");
    }
    // Resolving dots in a path of n segments takes iri-string n² / 8 steps, hence a limit before.
    let base_path = base.split_once('?').map_or(base, |(path, _)| path);
    let directory = base_path.rfind('/').unwrap_or(0);
    if first_end > 0 && directory + encoded.len() > MAX_URL {
        return refuse(0, TOO_LONG);
    }
    resolve(base, encoded)
}

fn resolve(base: &str, reference: String) -> Result<String, Refusal> {
    let base = format!("{ANY}{base}");
    let (Ok(base), Ok(reference)) = (UriAbsoluteStr::new(&base), UriReferenceStr::new(&reference))
    else {
        return refuse(0, "a path or a query expected");
    };
    let resolved = reference.resolve_against(base).to_string();
    let target = resolved.strip_prefix(ANY).unwrap_or_default();
    // An empty path is that of the root (RFC 9110 section 4.2.3).
    Ok(if target.starts_with('/') { String::from(target) } else { format!("/{target}") })
}

/// Returns path and query without the fragment. Characters that RFC 3986 does not allow there are
/// percent-encoded, as is a `%` without two hexadecimal digits.
fn encode(text: &[u8]) -> Result<String, Refusal> {
    let mut encoded = String::with_capacity(text.len());
    for (at, &byte) in text.iter().enumerate() {
        let stands = match byte {
            b'#' => break,
            b'?' => true,
            b'%' => {
                let digits = text.get(at + 1..at + 3);
                digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            }
            _ => is_path_byte(byte),
        };
        if stands {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            for digit in [byte >> 4, byte & 0xF] {
                encoded.push(char::from(b"0123456789ABCDEF"[usize::from(digit)]));
            }
        }
        if encoded.len() > MAX_URL {
            return refuse(at, TOO_LONG);
        }
    }
    Ok(encoded)
}

/// Returns `true` for `pchar` of RFC 3986 section 3.3 without the escapes, and for a slash. A query
/// may also have `?`.
fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte)
}
