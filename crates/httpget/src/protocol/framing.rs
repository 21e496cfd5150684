//! The end of a response's content: a length, chunks, or the end of the connection.

use http::StatusCode;

use super::framing_fields::FramingFields;
use super::head::ResponseHead;

/// The rule that ends a response's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Framing {
    /// No content: 1xx, 204 and 304.
    Empty,
    /// That many bytes, by Content-Length.
    Length(u64),
    /// Chunks, by Transfer-Encoding.
    Chunked,
    /// All bytes until the peer ends the connection.
    UntilClose,
}

impl Framing {
    /// Returns the framing after `head`, the response to a GET: RFC 9112 section 6.3, in its order.
    #[must_use]
    pub fn of(head: &ResponseHead) -> Framing {
        if is_without_content(head.status()) {
            return Framing::Empty;
        }
        match *head.framing_fields() {
            FramingFields { chunked: true, .. } => Framing::Chunked,
            FramingFields { length: Some(length), .. } => Framing::Length(length),
            FramingFields { length: None, .. } => Framing::UntilClose,
        }
    }
}

/// RFC 9112 section 6.3, rule 1.
fn is_without_content(status: StatusCode) -> bool {
    status.is_informational() || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}
