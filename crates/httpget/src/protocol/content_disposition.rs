//! The file name that a server proposes: Content-Disposition (RFC 6266, RFC 8187), made safe.

use http::HeaderMap;
use http::header::CONTENT_DISPOSITION;

use crate::url::percent_decode;

#[cfg(test)]
mod tests;

/// Returns the file name that a response proposes, [made safe](safe_file_name) for a directory.
///
/// Returns `None` if there is no Content-Disposition, if it names no file, if it is malformed, or
/// if several of them differ.
///
/// ```
/// use httpget::http::{HeaderMap, HeaderValue, header::CONTENT_DISPOSITION};
/// use httpget::protocol::proposed_file_name;
///
/// let mut headers = HeaderMap::new();
/// let value = "attachment; filename=\"EURO.txt\"; filename*=UTF-8''%e2%82%ac.txt";
/// headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static(value));
/// assert_eq!(proposed_file_name(&headers).as_deref(), Some("€.txt"));
/// ```
#[must_use]
pub fn proposed_file_name(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(CONTENT_DISPOSITION).iter();
    let value = values.next()?;
    if values.any(|other| other != value) {
        return None;
    }
    safe_file_name(&disposition_name(value.as_bytes())?)
}

/// Returns the file name in a value of Content-Disposition, as the server wrote it: it may be a
/// path or have control characters. See [`safe_file_name`].
///
/// `filename*` precedes `filename`, unless it is malformed or in a charset other than UTF-8 and
/// ISO-8859-1 (RFC 6266 section 4.3). Bytes beyond ASCII in `filename` are UTF-8 if they can be,
/// and ISO-8859-1 otherwise. A value without quotes may have spaces, as in browsers and curl.
///
/// Returns `None` without a name, and for a malformed value: no end of a quoted string, text after
/// one, a parameter without `=`, or one that occurs twice.
#[must_use]
pub fn disposition_name(value: &[u8]) -> Option<String> {
    let (mut plain, mut extended) = (None, None);
    let mut rest = value;
    let mut is_first = true;
    while !rest.is_empty() {
        let parameter = match parameter(&mut rest)? {
            Parameter::Given { name, value } => Some((name, value)),
            Parameter::Empty => None,
            // The first one is the type, such as attachment.
            Parameter::Word if is_first => None,
            Parameter::Word => return None,
        };
        is_first = false;
        let Some((name, value)) = parameter else { continue };
        let slot = match &*name.to_ascii_lowercase() {
            b"filename" => &mut plain,
            b"filename*" => &mut extended,
            _ => continue,
        };
        if slot.replace(value).is_some() {
            return None;
        }
    }
    extended.and_then(|value| decode(&value)).or_else(|| plain.map(text))
}

/// The part of a value between two semicolons.
enum Parameter<'a> {
    Empty,
    /// A name without a value.
    Word,
    Given {
        name: &'a [u8],
        value: Vec<u8>,
    },
}

/// Takes the next parameter and its semicolon off `rest`. Returns `None` if it is malformed.
fn parameter<'a>(rest: &mut &'a [u8]) -> Option<Parameter<'a>> {
    let text = *rest;
    let end = text.iter().position(|byte| matches!(byte, b';' | b'=')).unwrap_or(text.len());
    let name = text[..end].trim_ascii();
    if text.get(end) != Some(&b'=') {
        *rest = text.get(end + 1..).unwrap_or_default();
        return Some(if name.is_empty() { Parameter::Empty } else { Parameter::Word });
    }
    let after = text[end + 1..].trim_ascii_start();
    let (value, after) = match after.strip_prefix(b"\"") {
        Some(quoted) => {
            let (value, after) = unquote(quoted)?;
            let after = after.trim_ascii_start();
            (value, if after.is_empty() { after } else { after.strip_prefix(b";")? })
        }
        None => {
            let end = after.iter().position(|byte| *byte == b';').unwrap_or(after.len());
            let value = after[..end].trim_ascii_end().to_vec();
            (value, after.get(end + 1..).unwrap_or_default())
        }
    };
    *rest = after;
    Some(Parameter::Given { name, value })
}

/// Reads a quoted string behind its first quote (RFC 9110 section 5.6.4). Returns the content and
/// the rest.
fn unquote(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut value = Vec::new();
    let mut bytes = text.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return Some((value, &text[at + 1..])),
            b'\\' => value.push(*bytes.next()?.1),
            byte => value.push(*byte),
        }
    }
    None
}

/// Decodes a value of RFC 8187 section 3.2: charset, language and percent-encoded text, between
/// apostrophes.
fn decode(value: &[u8]) -> Option<String> {
    let mut parts = value.splitn(3, |byte| *byte == b'\'');
    let (charset, _language, encoded) = (parts.next()?, parts.next()?, parts.next()?);
    let is_attribute = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~%".contains(byte);
    if !encoded.iter().all(is_attribute) {
        return None;
    }
    let decoded = percent_decode(encoded);
    match &*charset.to_ascii_lowercase() {
        b"utf-8" => String::from_utf8(decoded).ok(),
        b"iso-8859-1" => Some(latin(&decoded)),
        _ => None,
    }
}

fn text(value: Vec<u8>) -> String {
    String::from_utf8(value).unwrap_or_else(|error| latin(error.as_bytes()))
}

/// ISO-8859-1 has the first 256 characters of Unicode.
fn latin(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// The longest name in bytes. The names of file systems have at most 255, and those of encrypting
/// ones 143.
const LONGEST: usize = 143;

/// The longest ending that a shortened name keeps, in bytes, its dot included.
const ENDING: usize = 16;

/// Returns a name that a stranger has chosen as one that is safe in a directory. Returns `None` if
/// nothing is left of it.
///
/// - Only the last part of a path counts, after any `/` or `\`.
/// - Control characters, and characters that change the direction of text, become `_`. On Windows
///   `:` and the other characters that its file systems refuse do so, too.
/// - Spaces at both ends and dots at the end are dropped. A dot at the beginning becomes `_`, so
///   that no hidden file such as `.bashrc` is made.
/// - Names of Windows' devices, such as `NUL` and `com1.txt`, get a `_` before them.
/// - `.part` and `.part.meta` at the end get a `_` after them: a
///   [download](crate::download::Download) would take such a file for the beginning of another one.
/// - A name of more than 143 bytes is cut; it keeps a short ending such as `.tar`.
///
/// ```
/// use httpget::protocol::safe_file_name;
///
/// assert_eq!(safe_file_name("../../etc/passwd").as_deref(), Some("passwd"));
/// assert_eq!(safe_file_name(".bashrc").as_deref(), Some("_bashrc"));
/// assert_eq!(safe_file_name("a/.."), None);
/// ```
#[must_use]
pub fn safe_file_name(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next()?;
    let shown: String = last.chars().map(|c| if is_unsafe(c) { '_' } else { c }).collect();
    let mut name = trimmed(&shown).to_owned();
    if name.is_empty() {
        return None;
    }
    if name.starts_with('.') {
        name.replace_range(..1, "_");
    }
    if is_device(&name) {
        name.insert(0, '_');
    }
    mark_partial(&mut name);
    if name.len() > LONGEST {
        name = shortened(&name);
        mark_partial(&mut name);
    }
    Some(name)
}

/// Appends `_` to the name of a partial file. The comparison ignores the case, because some file
/// systems do.
fn mark_partial(name: &mut String) {
    let lower = name.to_ascii_lowercase();
    if lower.ends_with(".part") || lower.ends_with(".part.meta") {
        name.push('_');
    }
}

fn trimmed(name: &str) -> &str {
    name.trim_start().trim_end_matches(|c: char| c == '.' || c.is_whitespace())
}

fn is_unsafe(c: char) -> bool {
    // Line and paragraph separators, and the marks, embeddings and isolates of UAX #9.
    let turns = matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    c.is_control()
        || turns
        || (cfg!(windows) && matches!(c, ':' | '*' | '?' | '"' | '<' | '>' | '|'))
}

/// Returns `true` for the name of a device of Windows, with any ending.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |prefix: &str| {
        let number = stem.strip_prefix(prefix).map(|number| number.chars().collect::<Vec<_>>());
        matches!(number.as_deref(), Some(['1'..='9' | '¹' | '²' | '³']))
    };
    matches!(&*stem, "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
        || numbered("COM")
        || numbered("LPT")
}

/// Returns the beginning of a name, and its ending if that is short.
fn shortened(name: &str) -> String {
    let ending = name.rfind('.').map_or("", |at| &name[at..]);
    let ending = if ending.len() <= ENDING { ending } else { "" };
    // One byte is for the mark after a forbidden ending.
    let mut end = LONGEST - 1 - ending.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let kept = trimmed(&name[..end]);
    format!("{kept}{ending}")
}
