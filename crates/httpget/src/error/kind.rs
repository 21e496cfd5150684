//! The kinds of failure, with their messages.

use std::fmt;
use std::io;
use std::time::Duration;

use http::StatusCode;

use crate::timeouts::{Phase, Timeout};

/// The kind of failure of a GET. Match on this; print the [`Error`](crate::Error).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The text is not a URL.
    InvalidUrl,
    /// The request can't be sent: a field is malformed, or a GET can't have it.
    InvalidRequest,
    /// The URL, or the target of a redirect, has a scheme that this crate does not support.
    UnsupportedScheme,
    /// The host's name has no address, or the lookup failed.
    Resolve,
    /// A text that should name a proxy does not. Feature `proxy`.
    InvalidProxy,
    /// The name of a proxy has no address, or the lookup failed. Feature `proxy`.
    ResolveProxy,
    /// No address of the host, or of the proxy, accepted the connection.
    Connect,
    /// An HTTP proxy answered CONNECT with this status, so there is no tunnel. Feature `proxy`.
    TunnelRefused(StatusCode),
    /// An HTTP proxy did not answer CONNECT with a valid response. Feature `proxy`.
    Tunnel,
    /// A SOCKS proxy refused the tunnel, or its handshake failed. Feature `proxy`.
    Socks,
    /// The connection could not be encrypted: the certificate is not trusted, the handshake failed,
    /// or the roots could not be loaded. The [network error](crate::Error::network) tells which.
    Tls,
    /// One of the [`Timeouts`](crate::Timeouts) expired.
    #[non_exhaustive]
    TimedOut {
        /// The timeout that expired.
        timeout: Timeout,
        /// The phase in which it expired.
        phase: Phase,
        /// Bytes of content received before.
        received: u64,
        /// The length of the timeout.
        after: Duration,
    },
    /// The connection broke.
    #[non_exhaustive]
    Transport {
        /// The phase in which it broke.
        phase: Phase,
        /// Bytes of content received before.
        received: u64,
    },
    /// The [token](crate::Request::with_cancel) of the request was cancelled.
    #[non_exhaustive]
    Cancelled {
        /// The phase in which it was cancelled.
        phase: Phase,
        /// Bytes of content received before.
        received: u64,
    },
    /// The server closed the connection without a byte of a response.
    NothingReceived,
    /// The server closed the connection within the head of the response.
    HeadTruncated,
    /// The server closed the connection before the end of the body.
    BodyTruncated {
        /// Bytes of content received before.
        received: u64,
        /// The announced length in bytes, if the response announces one.
        expected: Option<u64>,
    },
    /// The server sent something else than a valid response.
    Malformed,
    /// The response is larger than the [`Limits`](crate::Limits) allow.
    TooLarge,
    /// There were more redirects than the [`Limits`](crate::Limits) allow.
    TooManyRedirects,
    /// A redirect leads from `https://` to `http://`, which the client
    /// [does not follow](crate::Client::with_insecure_redirects).
    InsecureRedirect,
    /// The response is complete, but its status is 400 or above.
    Status(StatusCode),
    /// The server sent another range than the requested one, or does not have it.
    Range,
    /// The content does not match the digest that the server sent or the user expects.
    Digest,
    /// Writing the body to its target failed.
    Write,
    /// The content has a coding that is not supported, or is corrupt or truncated in its coding.
    Coding,
}

impl ErrorKind {
    pub(super) fn is_retryable(self, network: Option<&netcore::Error>) -> bool {
        match self {
            ErrorKind::TimedOut { timeout, .. } => timeout != Timeout::Total,
            ErrorKind::Resolve
            | ErrorKind::ResolveProxy
            | ErrorKind::Connect
            | ErrorKind::Socks
            | ErrorKind::Tls => network.is_some_and(netcore::Error::is_retryable),
            ErrorKind::Transport { .. }
            | ErrorKind::NothingReceived
            | ErrorKind::HeadTruncated
            | ErrorKind::BodyTruncated { .. } => true,
            ErrorKind::Status(status) | ErrorKind::TunnelRefused(status) => {
                status.is_server_error()
                    || status == StatusCode::REQUEST_TIMEOUT
                    || status == StatusCode::TOO_MANY_REQUESTS
            }
            _ => false,
        }
    }

    /// Returns `true` if the text of a cause says all that the text of this kind does.
    pub(super) fn is_said_by_cause(self) -> bool {
        matches!(
            self,
            ErrorKind::InvalidUrl
                | ErrorKind::InvalidRequest
                | ErrorKind::UnsupportedScheme
                | ErrorKind::Resolve
                | ErrorKind::InvalidProxy
                | ErrorKind::ResolveProxy
                | ErrorKind::Connect
                | ErrorKind::TunnelRefused(_)
                | ErrorKind::Tunnel
                | ErrorKind::Socks
                | ErrorKind::Tls
                | ErrorKind::HeadTruncated
                | ErrorKind::Malformed
                | ErrorKind::TooLarge
                | ErrorKind::TooManyRedirects
                | ErrorKind::InsecureRedirect
                | ErrorKind::Write
                | ErrorKind::Coding
        )
    }

    /// Counts bytes from the start of a file of `total` bytes, for a transfer that began at byte
    /// `at`.
    #[cfg(feature = "download")]
    pub(super) fn offset_by(self, at: u64, total: u64) -> ErrorKind {
        match self {
            ErrorKind::BodyTruncated { received, .. } => {
                ErrorKind::BodyTruncated { received: at + received, expected: Some(total) }
            }
            ErrorKind::TimedOut { timeout, phase, received, after } => {
                ErrorKind::TimedOut { timeout, phase, received: at + received, after }
            }
            ErrorKind::Transport { phase, received } => {
                ErrorKind::Transport { phase, received: at + received }
            }
            ErrorKind::Cancelled { phase, received } => {
                ErrorKind::Cancelled { phase, received: at + received }
            }
            kind => kind,
        }
    }

    /// Returns the nearest kind of the standard library.
    pub(super) fn io(self, network: Option<&netcore::Error>) -> io::ErrorKind {
        match self {
            ErrorKind::TimedOut { .. } => io::ErrorKind::TimedOut,
            ErrorKind::NothingReceived
            | ErrorKind::HeadTruncated
            | ErrorKind::BodyTruncated { .. } => io::ErrorKind::UnexpectedEof,
            ErrorKind::InvalidUrl | ErrorKind::InvalidRequest | ErrorKind::InvalidProxy => {
                io::ErrorKind::InvalidInput
            }
            ErrorKind::UnsupportedScheme => io::ErrorKind::Unsupported,
            ErrorKind::Malformed | ErrorKind::TooLarge | ErrorKind::Digest | ErrorKind::Coding => {
                io::ErrorKind::InvalidData
            }
            _ => network.map_or(io::ErrorKind::Other, |network| network.kind().into()),
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ErrorKind::InvalidUrl => "malformed URL",
            ErrorKind::InvalidRequest => "this request can't be sent",
            ErrorKind::UnsupportedScheme => "unsupported scheme",
            ErrorKind::Resolve => "host not resolved",
            ErrorKind::InvalidProxy => "malformed proxy",
            ErrorKind::ResolveProxy => "proxy not resolved",
            ErrorKind::Connect => "could not connect",
            ErrorKind::TunnelRefused(status) => {
                return write!(f, "the proxy refused the tunnel: {status}");
            }
            ErrorKind::Tunnel => "no valid reply of the proxy",
            ErrorKind::Socks => "the SOCKS handshake failed",
            ErrorKind::Tls => "no secure connection",
            ErrorKind::TimedOut { timeout, phase, received, after } => {
                let after = Span(*after);
                write!(f, "timed out: the {timeout} timeout of {after} expired while {phase}")?;
                return content(f, *phase, *received);
            }
            ErrorKind::Transport { phase, received } => {
                write!(f, "the connection broke while {phase}")?;
                return content(f, *phase, *received);
            }
            ErrorKind::Cancelled { phase, received } => {
                write!(f, "cancelled while {phase}")?;
                return content(f, *phase, *received);
            }
            ErrorKind::NothingReceived => "the server closed without a response",
            ErrorKind::HeadTruncated => "the server closed before the head was complete",
            ErrorKind::BodyTruncated { received, expected: Some(expected) } => {
                return write!(f, "the body ended after {received} of {}", Bytes(*expected));
            }
            ErrorKind::BodyTruncated { received, expected: None } => {
                return write!(f, "the body was cut off after {}", Bytes(*received));
            }
            ErrorKind::Malformed => "malformed response",
            ErrorKind::TooLarge => "the response is too large",
            ErrorKind::TooManyRedirects => "too many redirects",
            ErrorKind::InsecureRedirect => "a redirect from https to http",
            ErrorKind::Status(status) => return write!(f, "status {status}"),
            ErrorKind::Range => "the server did not send the requested range",
            ErrorKind::Digest => "the content does not match its digest",
            ErrorKind::Write => "could not write the body",
            ErrorKind::Coding => "the content could not be decoded",
        })
    }
}

/// Writes the number of content bytes, if the body had begun.
fn content(f: &mut fmt::Formatter<'_>, phase: Phase, received: u64) -> fmt::Result {
    match phase {
        Phase::Body => write!(f, ", after {}", Bytes(received)),
        _ => Ok(()),
    }
}

/// `1 byte`, `2 bytes`.
pub(crate) struct Bytes(pub(crate) u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("1 byte"),
            count => write!(f, "{count} bytes"),
        }
    }
}

/// A duration as a timeout is written: `3 s`, `250 ms`.
#[derive(Debug)]
pub(crate) struct Span(pub(crate) Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_millis() {
            millis if millis % 1000 == 0 => write!(f, "{} s", millis / 1000),
            millis if millis < 1000 => write!(f, "{millis} ms"),
            millis => write!(f, "{}.{:03} s", millis / 1000, millis % 1000),
        }
    }
}
