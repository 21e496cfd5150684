//! Errors: the operation that failed, its endpoint and the reason.
//!
//! [`Chain`] and [`write_causes`] print the errors of other crates in the same form.

mod cause;
mod chain;
mod errno;
mod file;
pub(crate) mod kind;

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::address::Address;
use cause::Cause;
#[doc(inline)]
pub use chain::debug_as_chain;
pub use chain::{Chain, write_causes};
pub use file::FileError;
pub use kind::{ErrorKind, Operation};

#[cfg(test)]
mod tests;

/// A failed socket operation, with its endpoint and the reason.
///
/// ```
/// use netcore::{Error, ErrorKind, Operation};
///
/// let error = Error::new(Operation::Read, ErrorKind::TimedOut).at("db.example:5432");
/// assert_eq!(error.to_string(), "read from db.example:5432: timed out");
/// assert!(error.is_timeout());
/// ```
///
/// # How it prints
///
/// | format | text |
/// |---|---|
/// | `{error}` | `connect to db.example:5432 (10.0.0.7:5432): connection refused` |
/// | `{error:#}`, `{error:?}` | the same, then `: ECONNREFUSED (os error 111)` |
/// | `{error:#?}` | all fields, for debugging |
///
/// `{error}` is one line with the operation, the endpoint as the user gave it, the address where it
/// says more than the endpoint, and the kind. Where the system shows it, the line names the process
/// that owns an address: `bind tcp://0.0.0.0:80: address in use by nginx (pid 812)`.
///
/// The system's own code is the [`source`](StdError::source), so a printed chain says nothing
/// twice. `{error:#}` and `{error:?}` print the whole chain on one line. A `main` that returns the
/// error therefore prints what failed, on what and why. A reason in words belongs to `{error}` if
/// the kind names none: the kinds `InvalidInput`, `InvalidData`, `Unsupported`, `TryAgain`,
/// `CertificateUntrusted`, `HandshakeFailed` and `Other`.
///
/// ```
/// use std::io;
/// use netcore::{Error, ErrorKind, Operation};
///
/// let error = Error::new(Operation::Accept, ErrorKind::Other)
///     .at("tcp://127.0.0.1:80")
///     .because(io::Error::other("the device is gone"));
/// assert_eq!(format!("{error}"), "accept on tcp://127.0.0.1:80: failed: the device is gone");
/// assert_eq!(format!("{error:?}"), format!("{error}"));
/// ```
pub struct Error(Box<Detail>);

#[derive(Debug)]
struct Detail {
    operation: Operation,
    kind: ErrorKind,
    endpoint: Option<Box<str>>,
    address: Option<Address>,
    owner: Option<Box<str>>,
    cause: Option<Cause>,
    elapsed: Option<Duration>,
    attempts: Vec<Error>,
}

impl Error {
    /// Makes an error of `kind` in `operation`, without an endpoint and without a cause.
    #[must_use]
    pub fn new(operation: Operation, kind: ErrorKind) -> Error {
        Error(Box::new(Detail {
            operation,
            kind,
            endpoint: None,
            address: None,
            owner: None,
            cause: None,
            elapsed: None,
            attempts: Vec::new(),
        }))
    }

    /// Makes an error in `operation` from `cause`, which becomes its source and determines its
    /// kind.
    #[must_use]
    pub fn from_io(operation: Operation, cause: io::Error) -> Error {
        Error::new(operation, ErrorKind::of(&cause)).because(cause)
    }

    /// Names the endpoint, as the caller of the operation wrote it.
    #[must_use]
    pub fn at(mut self, endpoint: impl Into<String>) -> Error {
        self.0.endpoint = Some(endpoint.into().into_boxed_str());
        self
    }

    /// Names the address that was tried when the operation failed.
    #[must_use]
    pub fn on(mut self, address: impl Into<Address>) -> Error {
        self.0.address = Some(address.into());
        self
    }

    /// Sets the cause. The kind stays as it is. A bare [`io::ErrorKind`] is dropped, since it says
    /// no more than the kind.
    #[must_use]
    pub fn because(mut self, cause: io::Error) -> Error {
        self.0.cause = Cause::from_io(cause);
        self
    }

    /// Sets a text as the cause. The kind stays as it is.
    pub(crate) fn because_text(self, text: impl Into<Box<dyn StdError + Send + Sync>>) -> Error {
        self.because(io::Error::other(text))
    }

    /// Sets the operation that failed.
    #[cfg(feature = "tls")]
    pub(crate) fn during(mut self, operation: Operation) -> Error {
        self.0.operation = operation;
        self
    }

    /// Names the process that owns the address.
    pub(crate) fn owned_by(mut self, owner: Option<String>) -> Error {
        self.0.owner = owner.map(String::into_boxed_str);
        self
    }

    /// Makes the error for a failure of `getaddrinfo` or `getnameinfo`.
    pub(crate) fn from_lookup(error: dns_lookup::LookupError) -> Error {
        let (kind, cause) = cause::from_lookup(error);
        let mut error = Error::new(Operation::Resolve, kind);
        error.0.cause = cause;
        error
    }

    /// Makes one error for several attempts, all of which failed. A single attempt is itself the
    /// error.
    ///
    /// The kind is that of the first attempt that reached a host. The `network unreachable` of an
    /// address family that the machine does not have says little about the endpoint.
    pub(crate) fn from_attempts(operation: Operation, mut attempts: Vec<Error>) -> Error {
        if attempts.len() == 1 {
            if let Some(only) = attempts.pop() {
                return only;
            }
        }
        let decisive =
            attempts.iter().find(|attempt| !attempt.kind().is_local()).or(attempts.last());
        let kind = decisive.map_or(ErrorKind::Other, Error::kind);
        let mut error = Error::new(operation, kind);
        error.0.cause = cause_of_all(&attempts);
        error.0.attempts = attempts;
        error
    }

    /// Makes the error for a deadline that passed before any of `attempts` succeeded.
    pub(crate) fn timed_out_after(operation: Operation, mut attempts: Vec<Error>) -> Error {
        if attempts.is_empty() {
            return Error::timed_out(operation);
        }
        if attempts.len() == 1 && attempts[0].is_timeout() {
            return attempts.remove(0);
        }
        let mut error = Error::new(operation, ErrorKind::TimedOut);
        error.0.cause = cause_of_all(&attempts);
        error.0.attempts = attempts;
        error
    }

    /// Sets the time from the start of the attempt to its failure.
    pub(crate) fn after(mut self, elapsed: Duration) -> Error {
        self.0.elapsed = Some(elapsed);
        self
    }

    /// Returns the operation that failed.
    #[must_use]
    pub fn operation(&self) -> Operation {
        self.0.operation
    }

    /// Returns the kind of the failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the endpoint as the user gave it.
    #[must_use]
    pub fn endpoint(&self) -> Option<&str> {
        self.0.endpoint.as_deref()
    }

    /// Returns the address that was tried: one of the addresses that the endpoint's name stands
    /// for.
    #[must_use]
    pub fn address(&self) -> Option<&Address> {
        self.0.address.as_ref()
    }

    /// Returns the process that owns the address, as `nginx (pid 812)` or
    /// `another socket of this process`, if the kind is [`AddressInUse`](ErrorKind::AddressInUse).
    /// Returns `None` if the system does not show it.
    /// Linux shows it for the processes that this process may inspect.
    #[must_use]
    pub fn address_owner(&self) -> Option<&str> {
        self.0.owner.as_deref()
    }

    /// Returns the system's own code: `errno`, a Winsock code, or for [`Operation::Resolve`] an
    /// `EAI_` code of `getaddrinfo`.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        self.0.cause.as_ref().and_then(Cause::code)
    }

    /// Returns the failed attempts behind this error in the order in which they were made: one for
    /// each address of an endpoint with several. The slice is empty if the error is that of a
    /// single attempt.
    #[must_use]
    pub fn attempts(&self) -> &[Error] {
        &self.0.attempts
    }

    /// Returns the time from the start of an attempt to connect to its failure.
    #[must_use]
    pub fn elapsed(&self) -> Option<Duration> {
        self.0.elapsed
    }

    /// Returns `true` if a deadline, the time of an option or the system's own time ran out.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.kind() == ErrorKind::TimedOut
    }

    /// Returns `true` if the same operation may succeed later without a change.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.kind().is_retryable()
    }

    /// Makes the error for a deadline of `operation` that passed.
    pub(crate) fn timed_out(operation: Operation) -> Error {
        Error::new(operation, ErrorKind::TimedOut).because_text("the deadline passed")
    }

    /// Returns `true` if the system refused a link-local address without a zone. Without the
    /// interface the system does not know where the address is (RFC 4007 section 6).
    fn lacks_zone(&self) -> bool {
        let zone_of_link = |address: &Address| match address {
            Address::Inet(SocketAddr::V6(v6)) if v6.ip().is_unicast_link_local() => {
                Some(v6.scope_id())
            }
            _ => None,
        };
        self.kind() == ErrorKind::InvalidInput && self.address().and_then(zone_of_link) == Some(0)
    }

    /// Returns the cause if its words are part of this error's own text: a reason without a code,
    /// for a kind that names no reason.
    pub(crate) fn reason(&self) -> Option<&io::Error> {
        match (&self.0.cause, self.0.kind) {
            (
                Some(Cause::Io(reason)),
                ErrorKind::InvalidInput
                | ErrorKind::InvalidData
                | ErrorKind::Unsupported
                | ErrorKind::TryAgain
                | ErrorKind::CertificateUntrusted
                | ErrorKind::HandshakeFailed
                | ErrorKind::Other,
            ) => Some(reason),
            _ => None,
        }
    }

    /// Returns the address, unless the endpoint's text has it already.
    fn extra_address(&self) -> Option<String> {
        let address = self.0.address.as_ref()?.to_string();
        let is_shown = self.endpoint().is_some_and(|endpoint| {
            let bare = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
            // The name of a hop ends with its address, as in `proxy 127.0.0.1:3128`.
            bare.ends_with(&address) || address.strip_prefix("unix:") == Some(bare)
        });
        (!is_shown).then_some(address)
    }
}

impl ErrorKind {
    /// Returns the kind of an [`io::Error`]: that of the [`Error`] in it, else that of the system's
    /// code, else that of its [`io::ErrorKind`].
    #[must_use]
    pub fn of(error: &io::Error) -> ErrorKind {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
        inner.map_or_else(|| errno::kind_of(error), Error::kind)
    }
}

/// Returns the reasons of all `attempts` in one text.
fn cause_of_all(attempts: &[Error]) -> Option<Cause> {
    let mut text = String::new();
    for attempt in attempts {
        if !text.is_empty() {
            text.push_str("; ");
        }
        if let Some(address) = attempt.address() {
            text.push_str(&address.to_string());
            text.push(' ');
        }
        match &attempt.0.cause {
            Some(cause) => text.push_str(&cause.to_string()),
            None => text.push_str(attempt.kind().as_str()),
        }
        if let Some(elapsed) = attempt.elapsed() {
            text.push_str(&format!(" after {elapsed:.1?}"));
        }
    }
    (!text.is_empty()).then(|| Cause::Attempts(text.into_boxed_str()))
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.operation)?;
        let preposition = self.0.operation.preposition();
        match (self.endpoint(), self.extra_address()) {
            (Some(endpoint), Some(address)) => write!(f, "{preposition} {endpoint} ({address})")?,
            (Some(endpoint), None) => write!(f, "{preposition} {endpoint}")?,
            (None, Some(address)) => write!(f, "{preposition} {address}")?,
            (None, None) => {}
        }
        write!(f, ": {}", self.0.kind)?;
        if let Some(owner) = self.address_owner() {
            write!(f, " by {owner}")?;
        } else if self.lacks_zone() {
            f.write_str(
                " (a link-local address needs its network interface, as in [fe80::1%eth0]:80)",
            )?;
        }
        if let Some(reason) = self.reason() {
            write!(f, ": {reason}")?;
        }
        if f.alternate() { write_causes(self, f) } else { Ok(()) }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return write!(f, "{self:#}");
        }
        let Detail { operation, kind, endpoint, address, owner, cause, elapsed, attempts } =
            &*self.0;
        f.debug_struct("Error")
            .field("operation", operation)
            .field("kind", kind)
            .field("endpoint", endpoint)
            .field("address", address)
            .field("owner", owner)
            .field("cause", cause)
            .field("elapsed", elapsed)
            .field("attempts", attempts)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        if let Some(reason) = self.reason() {
            return reason.source();
        }
        match &self.0.cause {
            Some(Cause::Io(error)) => Some(error),
            Some(cause) => Some(cause),
            None => None,
        }
    }
}

impl From<Error> for io::Error {
    /// Keeps the nearest [`io::ErrorKind`], and the whole error as the payload.
    fn from(error: Error) -> io::Error {
        io::Error::new(error.kind().into(), error)
    }
}
