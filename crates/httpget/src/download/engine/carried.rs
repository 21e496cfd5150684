//! The decoder of a broken transfer, and the place at which the next attempt continues.

use crate::body::decoding::Decoding;
use crate::download::resume::Version;

/// The state of a broken transfer whose content was being decoded.
pub(super) struct Carried {
    pub(super) decoding: Box<Decoding>,
    pub(super) version: Version,
    /// Bytes of the file.
    pub(super) written: u64,
}

/// The place at which a response continues.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Bytes of the file before it.
    pub(super) file: u64,
    /// Bytes of the content before it. They equal `file`, unless a coding is undone.
    pub(super) content: u64,
}
