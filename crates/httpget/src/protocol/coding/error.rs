//! Errors of content codings: unsupported, corrupt, truncated, or too large.

use netcore::error::debug_as_chain;

use super::name::Coding;

/// The longest shown name of an unsupported coding in bytes.
const SHOWN: usize = 64;

/// The reason why coded content can't be decoded. The first error of a
/// [`Decoder`](super::Decoder) is final.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodingError {
    /// A coding that is unknown, or not built in.
    #[error("the content coding {name} is not supported")]
    Unsupported {
        /// Its name, with escapes for everything but visible ASCII.
        name: Box<str>,
    },
    /// The content has more codings in a row than [`Limits::codings`](crate::Limits::codings).
    #[error("more than {max} content codings in a row")]
    TooMany {
        /// The value of the limit.
        max: usize,
    },
    /// Bytes that are not of the coding's format, or a wrong checksum.
    #[error("malformed {coding} content at byte {offset}: {what}")]
    Malformed {
        /// The coding.
        coding: Coding,
        /// The offset in the coded content at which the fault was found, in bytes.
        offset: u64,
        /// The fault.
        what: &'static str,
    },
    /// The coded content ends before the end that its format marks.
    #[error("the {coding} content ends too early, at byte {received}")]
    Truncated {
        /// The coding.
        coding: Coding,
        /// Bytes of coded content.
        received: u64,
    },
    /// The coded content needs more memory than its coding or
    /// [`Limits::window`](crate::Limits::window) allows.
    #[error("the {coding} content needs a window of {window} bytes (at most {max})")]
    Window {
        /// The coding.
        coding: Coding,
        /// The bytes needed.
        window: u64,
        /// The bytes allowed.
        max: u64,
    },
    /// The decoded content is larger than the [`Limits`](crate::Limits) allow.
    #[error("larger than the limit: {limit} (at most {max}) of decoded content")]
    TooLarge {
        /// The field of [`Limits`](crate::Limits), by its name.
        limit: &'static str,
        /// The value of the limit.
        max: u64,
    },
}

debug_as_chain!(enum CodingError {
    Unsupported { name },
    TooMany { max },
    Malformed { coding, offset, what },
    Truncated { coding, received },
    Window { coding, window, max },
    TooLarge { limit, max },
});

impl CodingError {
    pub(super) fn unsupported(name: &[u8]) -> CodingError {
        let shown = &name[..name.len().min(SHOWN)];
        CodingError::Unsupported { name: shown.escape_ascii().to_string().into() }
    }
}
