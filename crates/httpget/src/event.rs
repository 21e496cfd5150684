use std::fmt;

use http::HeaderName;
use netcore::Address;
use netcore::connect::ConnectEvent;

use crate::protocol::{ResponseHead, Warning};
use crate::url::Url;

/// What happens while a request is sent and its response's head received, as it happens: see
/// [`Request::send_observed`](crate::Request::send_observed).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A connection is being made.
    Connect(ConnectEvent<'a>),
    /// A connection from before is used again.
    Reused {
        /// Where it leads.
        peer: Option<&'a Address>,
    },
    /// The connection from before turned out dead before any byte came back: once more, on a new
    /// one.
    Retry,
    /// A request is on its way: its bytes.
    Request(&'a [u8]),
    /// The head of an interim response (1xx).
    Interim(&'a ResponseHead),
    /// The head of a response: of the last one, or of a redirect.
    Head(&'a ResponseHead),
    /// Something about the response was accepted with a remark.
    Warning(Warning),
    /// The response is a redirect that is followed.
    Redirect {
        /// Where it leads.
        to: &'a Url,
        /// The fields of the request that another origin does not get.
        dropped: &'a [HeaderName],
    },
    /// A redirect's connection is kept for later requests.
    Kept,
    /// A redirect's connection is closed.
    Closed {
        /// Why it can't be used again.
        reason: CloseReason,
    },
}

/// Why a connection is not used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CloseReason {
    /// The request asks for it: by `Connection: close`, or as HTTP/1.0 without `keep-alive`.
    Request,
    /// The response says so, or its framing leaves no other end.
    Response,
    /// The rest of the body was too long or too slow to be worth reading.
    Unread,
    /// The body was not received to its end: it broke, was too large, or could not be written.
    Broken,
    /// The client keeps no idle connections.
    NotKept,
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CloseReason::Request => "the request asked for it",
            CloseReason::Response => "the response ends it",
            CloseReason::Unread => "the rest of the body is not worth reading",
            CloseReason::Broken => "the transfer broke off within the body",
            CloseReason::NotKept => "no idle connections are kept",
        })
    }
}
