//! Base64 (RFC 4648, section 4), as the handshake needs it.

#[cfg(test)]
mod tests;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Returns `bytes` in Base64, with padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * place) & 63) as usize];
            // A group of n bytes has n + 1 digits.
            text.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

/// Returns `true` if `text` is the Base64 of 16 bytes.
pub(crate) fn is_16_bytes(text: &[u8]) -> bool {
    match text.strip_suffix(b"==") {
        Some(digits) => digits.len() == 22 && digits.iter().all(|digit| ALPHABET.contains(digit)),
        None => false,
    }
}
