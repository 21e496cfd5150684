//! The error of a GET, with its URL and cause.

mod kind;
mod no_answer;

use std::error::Error as StdError;
use std::fmt;
use std::io;

use netcore::error::write_causes;

pub(crate) use kind::Bytes;
pub use kind::ErrorKind;
#[cfg(feature = "download")]
pub(crate) use kind::Span;
pub(crate) use no_answer::NoAnswer;

#[cfg(feature = "coding")]
use crate::protocol::coding::CodingError;
use crate::protocol::{InvalidField, ProtocolError, RedirectError, ResponsePart};
#[cfg(feature = "proxy")]
use crate::proxy::ProxyFailure;
use crate::timeouts::Phase;
use crate::url::{InvalidCredentials, ParseUrlError, Url};

#[cfg(test)]
mod tests;

/// A GET that failed: its URL, and the kind of failure.
///
/// ```
/// use httpget::ErrorKind;
///
/// match httpget::get("ftp://host/file") {
///     Err(error) => assert_eq!(error.kind(), ErrorKind::UnsupportedScheme),
///     Ok(response) => println!("{}", response.status()),
/// }
/// ```
///
/// `{error}` is one line with the URL, without user and password, and the reason:
///
/// - `get http://host/: connect to host:80 (192.0.2.7:80): connection refused`
/// - `get http://host/x: timed out: the total timeout of 3 s expired while receiving the body,
///   after 1234 bytes: host:80 is too slow`
///
/// `{error:#}` and `{error:?}` add the system's code, and `{error:#?}` has the fields. The text of
/// the [`cause`](Error::cause) is part of this error's text, so [`source`](StdError::source) is the
/// source of the cause: a printed chain says nothing twice.
pub struct Error(Box<Detail>);

type Cause = Box<dyn StdError + Send + Sync>;

#[derive(Debug)]
struct Detail {
    kind: ErrorKind,
    url: Option<Box<str>>,
    cause: Option<Cause>,
}

impl Error {
    /// Returns an error without a URL and without a cause.
    pub(crate) fn new(kind: ErrorKind) -> Error {
        Error(Box::new(Detail { kind, url: None, cause: None }))
    }

    /// Sets the URL, unless an earlier step has set it.
    pub(crate) fn with_url(mut self, url: &Url) -> Error {
        self.0.url.get_or_insert_with(|| url.as_str().into());
        self
    }

    /// Counts bytes from the start of a file of `total` bytes, of which `at` existed before.
    #[cfg(feature = "download")]
    pub(crate) fn offset_by(mut self, at: u64, total: u64) -> Error {
        self.0.kind = self.0.kind.offset_by(at, total);
        self
    }

    /// Sets the cause.
    pub(crate) fn with_cause(mut self, cause: impl Into<Cause>) -> Error {
        self.0.cause = Some(cause.into());
        self
    }

    /// Replaces the kind.
    pub(crate) fn with_kind(mut self, kind: ErrorKind) -> Error {
        self.0.kind = kind;
        self
    }

    /// Returns the error of a transfer that was cancelled in `phase`, after `received` bytes of
    /// content.
    pub(crate) fn cancelled(phase: Phase, received: u64) -> Error {
        Error::new(ErrorKind::Cancelled { phase, received })
    }

    /// Returns the error of content that could not be written, after `received` bytes of it.
    pub(crate) fn not_written(error: netcore::Error, received: u64) -> Error {
        match error.kind() {
            netcore::ErrorKind::Cancelled => Error::cancelled(Phase::Body, received),
            _ => Error::new(ErrorKind::Write).with_cause(error),
        }
    }

    /// Returns the error of a connection that failed in `phase`, after `received` bytes of content.
    /// Timeouts of ours have a constructor of their own, which names the timeout.
    pub(crate) fn transport(error: netcore::Error, phase: Phase, received: u64) -> Error {
        if error.kind() == netcore::ErrorKind::Cancelled {
            return Error::cancelled(phase, received);
        }
        let kind = match phase {
            Phase::Resolve => ErrorKind::Resolve,
            Phase::Connect => ErrorKind::Connect,
            Phase::Handshake => ErrorKind::Tls,
            _ => ErrorKind::Transport { phase, received },
        };
        Error::new(kind).with_cause(error)
    }

    /// Returns the kind of failure. Match on this.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the URL, without user and password: the last one if redirects were followed. Returns
    /// `None` if the given text is not a URL.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.0.url.as_deref()
    }

    /// Returns `true` if one of the [`Timeouts`](crate::Timeouts) expired.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.kind, ErrorKind::TimedOut { .. })
    }

    /// Returns `true` if the same GET may succeed later. That holds for a refused or broken
    /// connection, a truncated response, a timeout other than the total one, a temporary failure of
    /// the name server, and the statuses 408, 429 and 5xx.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        #[cfg(feature = "proxy")]
        if let Some(failure) = self.proxy_failure() {
            return failure.error().is_retryable();
        }
        self.0.kind.is_retryable(self.network())
    }

    /// Returns the cause, whose text is part of this error's text. It may be a [`netcore::Error`],
    /// a [`ProtocolError`] with the offset of the first wrong byte, a [`RedirectError`], a
    /// [`ParseUrlError`], an [`InvalidField`], with proxies a `ProxyFailure` or a
    /// `ParseProxyError`, and in a download a `FileError` or a `RangeFault`.
    #[must_use]
    pub fn cause(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.cause.as_deref().map(|cause| cause as &(dyn StdError + 'static))
    }

    /// Returns the failure of a proxy to open a tunnel, if that is the cause. Feature `proxy`.
    #[cfg(feature = "proxy")]
    #[must_use]
    pub fn proxy_failure(&self) -> Option<&ProxyFailure> {
        self.0.cause.as_ref()?.downcast_ref()
    }

    /// Returns the network error, if that is the cause.
    #[must_use]
    pub fn network(&self) -> Option<&netcore::Error> {
        let cause = self.0.cause.as_ref()?;
        cause.downcast_ref().or_else(|| cause.downcast_ref().map(|NoAnswer(error)| error))
    }
}

impl Error {
    /// Returns `true` if the server ended an encrypted connection without close_notify (RFC 8446
    /// section 6.1): a body that has no other end may be incomplete.
    pub(crate) fn is_unexpected_end(&self) -> bool {
        self.network().is_some_and(|error| error.kind() == netcore::ErrorKind::UnexpectedEnd)
    }
}

impl From<ParseUrlError> for Error {
    fn from(error: ParseUrlError) -> Error {
        let kind = match error.unsupported_scheme() {
            Some(_) => ErrorKind::UnsupportedScheme,
            None => ErrorKind::InvalidUrl,
        };
        Error::new(kind).with_cause(error)
    }
}

impl From<InvalidField> for Error {
    fn from(error: InvalidField) -> Error {
        Error::new(ErrorKind::InvalidRequest).with_cause(error)
    }
}

impl From<InvalidCredentials> for Error {
    fn from(error: InvalidCredentials) -> Error {
        Error::new(ErrorKind::InvalidRequest).with_cause(error)
    }
}

impl From<RedirectError> for Error {
    fn from(error: RedirectError) -> Error {
        let kind = match &error {
            RedirectError::TooMany { .. } => ErrorKind::TooManyRedirects,
            RedirectError::Insecure => ErrorKind::InsecureRedirect,
            RedirectError::Location(location) if location.unsupported_scheme().is_some() => {
                ErrorKind::UnsupportedScheme
            }
            _ => ErrorKind::Malformed,
        };
        Error::new(kind).with_cause(error)
    }
}

impl From<ProtocolError> for Error {
    fn from(error: ProtocolError) -> Error {
        let kind = match error {
            ProtocolError::TooLarge { .. } => ErrorKind::TooLarge,
            ProtocolError::Incomplete { part: ResponsePart::Response, .. } => {
                ErrorKind::NothingReceived
            }
            ProtocolError::Incomplete { part: ResponsePart::Head, .. } => ErrorKind::HeadTruncated,
            ProtocolError::Incomplete { received, expected, .. } => {
                ErrorKind::BodyTruncated { received, expected }
            }
            _ => ErrorKind::Malformed,
        };
        // The kind has both numbers already.
        match kind {
            ErrorKind::NothingReceived | ErrorKind::BodyTruncated { .. } => Error::new(kind),
            _ => Error::new(kind).with_cause(error),
        }
    }
}

#[cfg(feature = "coding")]
impl From<CodingError> for Error {
    fn from(error: CodingError) -> Error {
        let kind = match error {
            CodingError::TooLarge { .. } => ErrorKind::TooLarge,
            _ => ErrorKind::Coding,
        };
        Error::new(kind).with_cause(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Detail { kind, url, cause } = &*self.0;
        if let Some(url) = url {
            write!(f, "get {url}: ")?;
        }
        match cause {
            Some(cause) if kind.is_said_by_cause() => write!(f, "{cause}")?,
            Some(cause) => write!(f, "{kind}: {cause}")?,
            None => write!(f, "{kind}")?,
        }
        if f.alternate() { write_causes(self, f) } else { Ok(()) }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return write!(f, "{self:#}");
        }
        let Detail { kind, url, cause } = &*self.0;
        f.debug_struct("Error").field("kind", kind).field("url", url).field("cause", cause).finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause()?.source()
    }
}

impl From<Error> for io::Error {
    /// Keeps the kind as far as [`io::ErrorKind`] has it, and the whole error as the payload.
    fn from(error: Error) -> io::Error {
        let kind = error.0.kind.io(error.network());
        io::Error::new(kind, error)
    }
}
