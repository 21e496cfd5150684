mod kind;
mod no_answer;

#[cfg(test)]
mod tests;

use std::error::Error as StdError;
use std::fmt;
use std::io;

pub(crate) use kind::Bytes;
pub use kind::ErrorKind;
#[cfg(all(unix, feature = "download"))]
pub(crate) use kind::Span;
pub(crate) use no_answer::NoAnswer;

use crate::protocol::{InvalidField, ProtocolError, RedirectError, ResponsePart};
use crate::timeouts::Phase;
use crate::url::{ParseUrlError, Url};

/// A GET that did not come to a good end: of which URL, and what came of it.
///
/// [`Display`](fmt::Display) is one line with the URL, without user and password, and the kind:
/// `get http://host/x: timed out: the total timeout of 3 s expired while receiving the body, after
/// 1234 bytes`. What is behind it, such as a [`netcore::Error`] with addresses and the system's
/// code, or a [`ProtocolError`] with the byte at which a response goes wrong, stands in
/// [`source`](StdError::source) only.
///
/// ```
/// use httpget::ErrorKind;
///
/// match httpget::get("ftp://host/file") {
///     Err(error) => assert_eq!(error.kind(), ErrorKind::UnsupportedScheme),
///     Ok(response) => println!("{}", response.status()),
/// }
/// ```
pub struct Error(Box<Detail>);

type Cause = Box<dyn StdError + Send + Sync>;

#[derive(Debug)]
struct Detail {
    kind: ErrorKind,
    url: Option<Box<str>>,
    cause: Option<Cause>,
}

impl Error {
    /// An error without a URL and without a cause.
    pub(crate) fn new(kind: ErrorKind) -> Error {
        Error(Box::new(Detail { kind, url: None, cause: None }))
    }

    /// Names the URL, unless an earlier step has.
    pub(crate) fn with_url(mut self, url: &Url) -> Error {
        self.0.url.get_or_insert_with(|| url.as_str().into());
        self
    }

    /// Counts from the beginning of a file of `total` bytes, of which `at` were there before.
    #[cfg(all(unix, feature = "download"))]
    pub(crate) fn offset_by(mut self, at: u64, total: u64) -> Error {
        self.0.kind = self.0.kind.offset_by(at, total);
        self
    }

    /// Sets the cause.
    pub(crate) fn with_cause(mut self, cause: impl Into<Cause>) -> Error {
        self.0.cause = Some(cause.into());
        self
    }

    /// The same under another kind.
    pub(crate) fn with_kind(mut self, kind: ErrorKind) -> Error {
        self.0.kind = kind;
        self
    }

    /// What a connection came to in `phase`, after `received` bytes of content. Not for timeouts,
    /// which have a budget to name.
    pub(crate) fn transport(error: netcore::Error, phase: Phase, received: u64) -> Error {
        let kind = match phase {
            Phase::Resolve => ErrorKind::Resolve,
            Phase::Connect => ErrorKind::Connect,
            _ => ErrorKind::Transport { phase, received },
        };
        Error::new(kind).with_cause(error)
    }

    /// What came of it. Match on this.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The URL, without user and password: the last one where redirects were followed. `None` where
    /// the text that was given is none.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.0.url.as_deref()
    }

    /// Whether one of the [`Timeouts`](crate::Timeouts) ran out.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.kind, ErrorKind::TimedOut { .. })
    }

    /// Whether the same GET may succeed later though nothing is changed: a connection refused or
    /// broken, a response cut short, a timeout other than the total one, a name server that can't
    /// tell at present, and the statuses 408, 429 and 5xx.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.kind.is_retryable(self.network())
    }

    /// The network's part of it, where that is the cause.
    #[must_use]
    pub fn network(&self) -> Option<&netcore::Error> {
        let cause = self.0.cause.as_ref()?;
        cause.downcast_ref().or_else(|| cause.downcast_ref().map(|NoAnswer(error)| error))
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

impl From<RedirectError> for Error {
    fn from(error: RedirectError) -> Error {
        let kind = match &error {
            RedirectError::TooMany { .. } => ErrorKind::TooManyRedirects,
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
        // How much came of how much is said already.
        match kind {
            ErrorKind::NothingReceived | ErrorKind::BodyTruncated { .. } => Error::new(kind),
            _ => Error::new(kind).with_cause(error),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.url() {
            Some(url) => write!(f, "get {url}: {}", self.0.kind),
            None => self.0.kind.fmt(f),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Detail { kind, url, cause } = &*self.0;
        f.debug_struct("Error").field("kind", kind).field("url", url).field("cause", cause).finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.cause.as_deref().map(|cause| cause as &(dyn StdError + 'static))
    }
}

impl From<Error> for io::Error {
    /// Keeps the kind, as far as [`io::ErrorKind`] has it, and the whole error as the payload.
    fn from(error: Error) -> io::Error {
        let kind = error.0.kind.io(error.network());
        io::Error::new(kind, error)
    }
}
