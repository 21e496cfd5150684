use std::fmt;

/// Why a response is not one that can be relied on. The first error of an
/// [`Exchange`](super::Exchange) is its last: nothing behind it could be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// Bytes that the grammar of HTTP/1.x has no place for, or that readers disagree about.
    #[error("malformed {part} at byte {offset}: {what}")]
    Malformed {
        /// Where they are.
        part: ResponsePart,
        /// Their offset in bytes from the first one of that part, which is number 0. A body counts
        /// as it is on the wire, its chunks' framing included.
        offset: u64,
        /// What is wrong with them.
        what: &'static str,
    },
    /// A part larger than the [`Limits`](crate::Limits) allow.
    #[error("larger than the limit: {limit} (at most {max})")]
    TooLarge {
        /// The field of [`Limits`](crate::Limits), by its name.
        limit: &'static str,
        /// What it allows.
        max: u64,
    },
    /// The peer ended the connection before the end of the response.
    #[error("{}", Ending { part: *part, received: *received, expected: *expected })]
    Incomplete {
        /// What was cut short.
        part: ResponsePart,
        /// Bytes of that part that came: of a body, bytes of content.
        received: u64,
        /// How many it should have been, where the head told.
        expected: Option<u64>,
    },
}

/// A part of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResponsePart {
    /// All of it: not one byte came.
    Response,
    /// From the status line to the empty line.
    Head,
    /// What is behind the head, without the trailers.
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

/// The words of [`ProtocolError::Incomplete`].
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
