//! A hash that stays the same in each release.

/// The hash FNV-1a of 64 bits. Unlike the standard library's, it stays the same in each release.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    let begin = 0xcbf2_9ce4_8422_2325;
    bytes
        .iter()
        .fold(begin, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}
