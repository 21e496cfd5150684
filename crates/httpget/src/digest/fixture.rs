//! Fields with digests, for tests.

use super::algorithm::Algorithm;
use super::hasher::Hasher;

pub(crate) fn digest(algorithm: Algorithm, content: &[u8]) -> Vec<u8> {
    let mut hasher = Hasher::new(algorithm);
    hasher.update(content);
    hasher.finish()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A byte sequence of Structured Fields.
pub(crate) fn sequence(bytes: &[u8]) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::from(":");
    for group in bytes.chunks(3) {
        let mut word = [0; 4];
        word[1..=group.len()].copy_from_slice(group);
        let bits = u32::from_be_bytes(word);
        for place in 0..4 {
            let letter = ALPHABET[(bits >> (18 - 6 * place)) as usize % 64] as char;
            text.push(if place <= group.len() { letter } else { '=' });
        }
    }
    text + ":"
}

/// The value `sha-256=:…:` for this content.
pub(crate) fn sha256(content: &[u8]) -> String {
    format!("sha-256={}", sequence(&digest(Algorithm::Sha256, content)))
}
