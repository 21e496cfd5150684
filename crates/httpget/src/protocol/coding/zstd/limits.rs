//! The limits of zstd as a content coding, and the reasons to refuse content.

/// The most bytes of a block, coded or decoded (RFC 8878 section 3.1.1.2.4).
pub(super) const MAX_BLOCK: usize = 128 << 10;

/// The largest window of the content coding (RFC 9659 section 3).
pub(super) const MAX_WINDOW: u64 = 8 << 20;

/// The reason why a part is refused.
pub(super) enum Wrong {
    Bytes(&'static str),
    Window { bytes: u64, max: u64 },
}
