//! The error of content that does not match its digest.

use std::fmt;

use netcore::error::debug_as_chain;

use super::algorithm::Algorithm;
use super::checksum::Hex;
use super::field::DigestField;

/// Content that does not match its digest. It is the cause of an error of the kind
/// [`Digest`](crate::ErrorKind::Digest).
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DigestMismatch {
    /// The field that announced the digest. `None` if the user expects it.
    pub field: Option<DigestField>,
    /// The algorithm.
    pub algorithm: Algorithm,
    /// The announced or expected digest.
    pub expected: Vec<u8>,
    /// The digest of the received content.
    pub actual: Vec<u8>,
}

impl fmt::Display for DigestMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DigestMismatch { field, algorithm, expected, actual } = self;
        let (expected, actual) = (Hex(expected), Hex(actual));
        match field {
            Some(field) => write!(f, "{field} says {algorithm} {expected}")?,
            None => write!(f, "expected {algorithm} {expected}")?,
        }
        write!(f, ", received {actual}")
    }
}

debug_as_chain!(DigestMismatch { field, algorithm, expected, actual });

impl std::error::Error for DigestMismatch {}
