//! The file name in a URL.

use super::credentials::percent_decode;

/// Returns the file name in a request target.
pub(super) fn of(target: &str) -> Option<String> {
    let path = target.split_once('?').map_or(target, |(path, _)| path);
    let segment = path.rsplit('/').next()?;
    let decoded = percent_decode(segment.as_bytes());
    // Separators and control characters are refused in any encoding, even if the name is not UTF-8
    // and stays encoded.
    if decoded.iter().any(|byte| is_separator(*byte) || byte.is_ascii_control()) {
        return None;
    }
    let name = String::from_utf8(decoded).unwrap_or_else(|_| String::from(segment));
    let is_special = matches!(name.as_str(), "" | "." | "..");
    (!is_special && !name.contains(char::is_control)).then_some(name)
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b'/' | b'\\') || (cfg!(windows) && byte == b':')
}
