//! Events while a request is sent and its response received.

use std::fmt;

use http::HeaderName;
use netcore::Address;
use netcore::connect::ConnectEvent;
#[cfg(feature = "tls")]
use netcore::tls::TlsInfo;

#[cfg(feature = "cookies")]
use crate::cookies::report::CookieReport;
#[cfg(feature = "proxy")]
use crate::protocol::proxy::TunnelTarget;
use crate::protocol::{ResponseHead, Warning};
#[cfg(feature = "proxy")]
use crate::proxy::Proxy;
use crate::url::Url;

/// An event while a request is sent and the head of its response is received: see
/// [`Request::send_observed`](crate::Request::send_observed).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The request goes through this proxy. Feature `proxy`.
    #[cfg(feature = "proxy")]
    Proxy(&'a Proxy),
    /// A connection is being established.
    Connect(ConnectEvent<'a>),
    /// The connection to an `https://` proxy is encrypted. Features `proxy` and `tls`.
    #[cfg(all(feature = "proxy", feature = "tls"))]
    ProxyEncrypted(&'a TlsInfo),
    /// The bytes of a CONNECT request that was sent to a proxy. Feature `proxy`.
    #[cfg(feature = "proxy")]
    TunnelRequest(&'a [u8]),
    /// The head of a reply to CONNECT: of an interim one (1xx), or of the last one. Feature
    /// `proxy`.
    #[cfg(feature = "proxy")]
    TunnelReply(&'a ResponseHead),
    /// A tunnel through a proxy is open. Feature `proxy`.
    #[cfg(feature = "proxy")]
    Tunnel {
        /// The host and port at its far end.
        target: &'a TunnelTarget,
    },
    /// The connection of an `https://` URL is encrypted. Feature `tls`.
    #[cfg(feature = "tls")]
    Encrypted(&'a TlsInfo),
    /// An idle connection is used again.
    Reused {
        /// The address of the server.
        peer: Option<&'a Address>,
    },
    /// The idle connection turned out dead before a byte arrived. The request is sent again on a
    /// new connection.
    Retry,
    /// The bytes of a request that was sent.
    Request(&'a [u8]),
    /// The head of an interim response (1xx).
    Interim(&'a ResponseHead),
    /// The head of a response: of the last one, or of a redirect.
    Head(&'a ResponseHead),
    /// The response was accepted with a warning.
    Warning(Warning),
    /// The response is a redirect, which is followed.
    Redirect {
        /// The target of the redirect.
        to: &'a Url,
        /// The fields of the request that are not sent to another origin.
        dropped: &'a [HeaderName],
        /// `true` if it leads from `https://` to `http://`.
        insecure: bool,
    },
    /// A cookie of the response was stored, removed or refused.
    #[cfg(feature = "cookies")]
    Cookie(&'a CookieReport),
    /// A redirect's connection is kept for later requests.
    Kept,
    /// A redirect's connection is closed.
    Closed {
        /// The reason why it can't be used again.
        reason: CloseReason,
    },
}

/// The reason why a connection is not used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CloseReason {
    /// The request asks for it: by `Connection: close`, or as HTTP/1.0 without `keep-alive`.
    Request,
    /// The response says so, or its framing has no other end.
    Response,
    /// The rest of the body was too long or too slow to read.
    Unread,
    /// The body was not received completely: it broke, was too large, or could not be written.
    Broken,
    /// The client keeps no idle connections.
    NotKept,
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CloseReason::Request => "the request asked for it",
            CloseReason::Response => "the response closes it",
            CloseReason::Unread => "the rest of the body is too long or too slow",
            CloseReason::Broken => "the transfer failed within the body",
            CloseReason::NotKept => "the client keeps no idle connections",
        })
    }
}
