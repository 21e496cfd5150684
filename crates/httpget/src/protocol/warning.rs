//! Deviations from the protocol that are accepted.

use std::fmt;

/// A deviation in a response that was accepted. Prints as one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Warning {
    /// Transfer-Encoding and Content-Length in one head.
    LengthIgnored,
    /// Transfer-Encoding in an HTTP/1.0 response.
    ChunkedHttp10,
    /// Content-Length with the same value more than once.
    LengthRepeated,
    /// A response that can't have content says how it is framed.
    ContentImpossible,
    /// Lines of a head that end in LF without CR.
    BareLf,
    /// A field's value on more than one line.
    Folded,
    /// Trailers that only a head may have.
    TrailersDropped,
    /// Bytes behind the end of the response.
    Surplus,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Warning::LengthIgnored => {
                "Transfer-Encoding and Content-Length together: read by its chunks, and the \
                 connection is not used again"
            }
            Warning::ChunkedHttp10 => {
                "Transfer-Encoding in an HTTP/1.0 response: read by its chunks, and the \
                 connection is not used again"
            }
            Warning::LengthRepeated => "Content-Length more than once, always the same",
            Warning::ContentImpossible => {
                "a length or a transfer coding in a response that has no content: ignored, and \
                 the connection is not used again"
            }
            Warning::BareLf => "lines of the head end in LF without CR",
            Warning::Folded => "a field folded over several lines: joined by spaces",
            Warning::TrailersDropped => "trailers that only a head may have: dropped",
            Warning::Surplus => {
                "bytes after the end of the response: the connection is not used again"
            }
        })
    }
}
