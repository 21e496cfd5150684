//! Resolves references (RFC 3986 section 5.2).

use super::MAX_URL;
use super::error::{Refusal, refuse};

pub(super) const TOO_LONG: &str = "a URL of at most 16384 bytes expected";

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
    Ok(resolve("/", &encode(tail)?))
}

/// Returns the origin form of a reference without scheme and authority, resolved against `base`, an
/// origin form itself.
pub(super) fn relative(base: &str, reference: &[u8]) -> Result<String, Refusal> {
    Ok(resolve(base, &encode(reference)?))
}

/// Resolves path and query (RFC 3986 section 5.2.2). The path of `base` begins with a slash.
fn resolve(base: &str, reference: &str) -> String {
    let (base_path, base_query) = split_query(base);
    let (path, query) = split_query(reference);
    if path.is_empty() {
        return [base_path, if query.is_empty() { base_query } else { query }].concat();
    }
    // Section 5.2.3: the base without its last segment precedes a relative path.
    let directory = match path.starts_with('/') {
        true => "",
        false => &base_path[..=base_path.rfind('/').unwrap_or(0)],
    };
    let mut target = without_dots(&[directory, path].concat());
    target.push_str(query);
    target
}

/// Splits at the question mark, which belongs to the query.
fn split_query(text: &str) -> (&str, &str) {
    text.split_at(text.find('?').unwrap_or(text.len()))
}

/// Removes the segments `.`, and `..` with the segments before them (RFC 3986 section 5.2.4). As in
/// browsers, an escaped dot is a dot. `path` begins with a slash.
fn without_dots(path: &str) -> String {
    let mut kept = String::with_capacity(path.len());
    let mut is_directory = false;
    for segment in path.split('/').skip(1) {
        let dots = dots(segment);
        is_directory = dots.is_some();
        match dots {
            None => {
                kept.push('/');
                kept.push_str(segment);
            }
            Some(2) => kept.truncate(kept.rfind('/').unwrap_or(0)),
            Some(_) => {}
        }
    }
    if is_directory {
        kept.push('/');
    }
    kept
}

/// Returns 1 or 2 for a segment of so many dots, and nothing else.
fn dots(segment: &str) -> Option<usize> {
    let mut rest = segment;
    for dots in 0..=2 {
        if rest.is_empty() {
            return (dots > 0).then_some(dots);
        }
        rest = [".", "%2e", "%2E"].iter().find_map(|dot| rest.strip_prefix(dot))?;
    }
    None
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
