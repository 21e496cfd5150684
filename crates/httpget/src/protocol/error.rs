//! Errors of the protocol: malformed, too large, or incomplete.

use std::fmt;

use netcore::error::debug_as_chain;

/// The reason why a response can't be trusted. The first error of an [`Exchange`](super::Exchange)
/// is final: later bytes have no reliable meaning.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// Bytes that violate the grammar of HTTP/1.x, or that readers interpret differently.
    #[error("malformed {part} at byte {offset}: {what}")]
    Malformed {
        /// The part of the response with these bytes.
        part: ResponsePart,
        /// Their offset in bytes from the start of that part. The offset in a body counts the
        /// framing of its chunks.
        offset: u64,
        /// The fault.
        what: &'static str,
    },
    /// A part larger than the [`Limits`](crate::Limits) allow.
    #[error("larger than the limit: {limit} (at most {max})")]
    TooLarge {
        /// The field of [`Limits`](crate::Limits), by its name.
        limit: &'static str,
        /// The value of the limit.
        max: u64,
    },
    /// The peer ended the connection before the end of the response.
    #[error("{}", Ending { part: *part, received: *received, expected: *expected })]
    Incomplete {
        /// The truncated part.
        part: ResponsePart,
        /// Bytes of that part that came: of a body, bytes of content.
        received: u64,
        /// The announced length in bytes, if the head announces one.
        expected: Option<u64>,
    },
}

debug_as_chain!(enum ProtocolError {
    Malformed { part, offset, what },
    TooLarge { limit, max },
    Incomplete { part, received, expected },
});

/// A part of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResponsePart {
    /// The complete response: not one byte arrived.
    Response,
    /// From the status line to the empty line.
    Head,
    /// The body after the head, without the trailers.
    Body,
    /// The fields behind the last chunk of a chunked body, with the empty line that ends it.
    Trailers,
}

impl fmt::Display for ResponsePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ResponsePart::Response => "response",
            ResponsePart::Head => "head",
            ResponsePart::Body => "body",
            ResponsePart::Trailers => "trailers",
        })
    }
}

/// The message of [`ProtocolError::Incomplete`].
struct Ending {
    part: ResponsePart,
    received: u64,
    expected: Option<u64>,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ending { part, received, expected } = *self;
        match (part, expected) {
            (ResponsePart::Response, _) => f.write_str("closed without a response"),
            (_, Some(expected)) => write!(f, "{part} ended after {received} of {expected} bytes"),
            (_, None) => {
                let s = if received == 1 { "" } else { "s" };
                write!(f, "{part} ended too early, after {received} byte{s}")
            }
        }
    }
}
