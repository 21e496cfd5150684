//! What failed, on what, and why.

mod cause;
mod kind;

#[cfg(test)]
mod tests;

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::address::Address;
use cause::Cause;
pub use kind::{ErrorKind, Operation};

/// A failed socket operation: what was tried, on which endpoint, and what came of it.
///
/// [`Display`](fmt::Display) is one line with the operation, the endpoint as the user gave it, the
/// address where it says more than the endpoint, and the kind:
/// `connect to db.example:5432 (10.0.0.7:5432): connection refused`. The system's own code stands in
/// [`source`](StdError::source) only, so that a printed chain says nothing twice. Where the system
/// lets it be seen, an address in use comes with whoever has it:
/// `bind tcp://0.0.0.0:80: address in use by nginx (pid 812)`.
///
/// ```
/// use netcore::{Error, ErrorKind, Operation};
///
/// let error = Error::new(Operation::Read, ErrorKind::TimedOut).at("db.example:5432");
/// assert_eq!(error.to_string(), "read from db.example:5432: timed out");
/// assert!(error.is_timeout());
/// ```
pub struct Error(Box<Detail>);

#[derive(Debug)]
struct Detail {
    operation: Operation,
    kind: ErrorKind,
    endpoint: Option<Box<str>>,
    address: Option<Address>,
    holder: Option<Box<str>>,
    cause: Option<Cause>,
    elapsed: Option<Duration>,
    attempts: Vec<Error>,
}

impl Error {
    /// An error of `kind` in `operation`, without an endpoint and without a cause.
    #[must_use]
    pub fn new(operation: Operation, kind: ErrorKind) -> Error {
        Error(Box::new(Detail {
            operation,
            kind,
            endpoint: None,
            address: None,
            holder: None,
            cause: None,
            elapsed: None,
            attempts: Vec::new(),
        }))
    }

    /// An error in `operation` with the kind that `cause` stands for, and `cause` as its source.
    #[must_use]
    pub fn from_io(operation: Operation, cause: io::Error) -> Error {
        Error::new(operation, ErrorKind::of(&cause)).because(cause)
    }

    /// Names the endpoint, in the words of the one who asked for the operation.
    #[must_use]
    pub fn at(mut self, endpoint: impl Into<String>) -> Error {
        self.0.endpoint = Some(endpoint.into().into_boxed_str());
        self
    }

    /// Names the address that was in use when it failed.
    #[must_use]
    pub fn on(mut self, address: impl Into<Address>) -> Error {
        self.0.address = Some(address.into());
        self
    }

    /// Sets the cause. The kind stays as it is. A bare [`io::ErrorKind`], which says nothing that
    /// the kind does not say, is left out.
    #[must_use]
    pub fn because(mut self, cause: io::Error) -> Error {
        self.0.cause = Cause::from_io(cause);
        self
    }

    /// Names the process that has the address.
    pub(crate) fn held_by(mut self, holder: Option<String>) -> Error {
        self.0.holder = holder.map(String::into_boxed_str);
        self
    }

    /// The failure of `getaddrinfo` or `getnameinfo`.
    pub(crate) fn from_lookup(error: dns_lookup::LookupError) -> Error {
        let (kind, cause) = cause::from_lookup(error);
        let mut error = Error::new(Operation::Resolve, kind);
        error.0.cause = cause;
        error
    }

    /// The failure of every one of `attempts`, as one error. A single attempt is itself the error.
    ///
    /// The kind is that of the first attempt which got as far as a host: `network unreachable` from
    /// an address family that the machine does not have says little about the endpoint.
    pub(crate) fn from_attempts(operation: Operation, mut attempts: Vec<Error>) -> Error {
        if attempts.len() == 1 {
            if let Some(only) = attempts.pop() {
                return only;
            }
        }
        let telling =
            attempts.iter().find(|attempt| !attempt.kind().is_local()).or(attempts.last());
        let kind = telling.map_or(ErrorKind::Other, Error::kind);
        let mut error = Error::new(operation, kind);
        error.0.cause = Cause::from_attempts(&attempts);
        error.0.attempts = attempts;
        error
    }

    /// The deadline passed before any of `attempts` came to a good end.
    pub(crate) fn timed_out_after(operation: Operation, mut attempts: Vec<Error>) -> Error {
        if attempts.is_empty() {
            return Error::timed_out(operation);
        }
        if attempts.len() == 1 && attempts[0].is_timeout() {
            return attempts.remove(0);
        }
        let mut error = Error::new(operation, ErrorKind::TimedOut);
        error.0.cause = Cause::from_attempts(&attempts);
        error.0.attempts = attempts;
        error
    }

    /// Says how long it took to fail.
    pub(crate) fn after(mut self, elapsed: Duration) -> Error {
        self.0.elapsed = Some(elapsed);
        self
    }

    /// What was tried.
    #[must_use]
    pub fn operation(&self) -> Operation {
        self.0.operation
    }

    /// What came of it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The endpoint as the user gave it.
    #[must_use]
    pub fn endpoint(&self) -> Option<&str> {
        self.0.endpoint.as_deref()
    }

    /// The address that was in use: one of those that the endpoint's name stands for.
    #[must_use]
    pub fn address(&self) -> Option<&Address> {
        self.0.address.as_ref()
    }

    /// The process that has the address, as `nginx (pid 812)` or `another socket of this process`, if
    /// the kind is
    /// [`AddressInUse`](ErrorKind::AddressInUse) and the system lets it be seen. Linux does, for the
    /// processes that this one may look at.
    #[must_use]
    pub fn holder(&self) -> Option<&str> {
        self.0.holder.as_deref()
    }

    /// The system's own code: `errno`, a Winsock code, or for [`Operation::Resolve`] one of
    /// `getaddrinfo`'s `EAI_` codes.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        self.0.cause.as_ref().and_then(Cause::code)
    }

    /// The attempts that make up this error, in the order in which they were made: one for each
    /// address where an endpoint has several. Empty where one attempt alone is the error.
    #[must_use]
    pub fn attempts(&self) -> &[Error] {
        &self.0.attempts
    }

    /// How long the attempt took until it failed: for attempts to connect.
    #[must_use]
    pub fn elapsed(&self) -> Option<Duration> {
        self.0.elapsed
    }

    /// Whether time ran out, be it a deadline's, an option's or the system's.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.kind() == ErrorKind::TimedOut
    }

    /// Whether the same operation may succeed later though nothing is changed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.kind().is_retryable()
    }

    /// The deadline of `operation` passed.
    pub(crate) fn timed_out(operation: Operation) -> Error {
        Error::new(operation, ErrorKind::TimedOut).because(io::Error::other("the deadline passed"))
    }

    /// Returns `true` if the system refused a link-local address without a zone: without the
    /// interface it does not know where the address is (RFC 4007 section 6).
    fn lacks_zone(&self) -> bool {
        let zone_of_link = |address: &Address| match address {
            Address::Inet(SocketAddr::V6(v6)) if v6.ip().is_unicast_link_local() => {
                Some(v6.scope_id())
            }
            _ => None,
        };
        self.kind() == ErrorKind::InvalidInput && self.address().and_then(zone_of_link) == Some(0)
    }

    /// The address, unless the endpoint's text says as much.
    fn telling_address(&self) -> Option<String> {
        let address = self.0.address.as_ref()?.to_string();
        let said = self.endpoint().is_some_and(|endpoint| {
            let bare = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
            bare == address || address.strip_prefix("unix:") == Some(bare) || endpoint == address
        });
        (!said).then_some(address)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.operation)?;
        let preposition = self.0.operation.preposition();
        match (self.endpoint(), self.telling_address()) {
            (Some(endpoint), Some(address)) => write!(f, "{preposition} {endpoint} ({address})")?,
            (Some(endpoint), None) => write!(f, "{preposition} {endpoint}")?,
            (None, Some(address)) => write!(f, "{preposition} {address}")?,
            (None, None) => {}
        }
        write!(f, ": {}", self.0.kind)?;
        match self.holder() {
            Some(holder) => write!(f, " by {holder}"),
            None if self.lacks_zone() => f.write_str(
                " (a link-local address needs its network interface, as in [fe80::1%eth0]:80)",
            ),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Detail { operation, kind, endpoint, address, holder, cause, elapsed, attempts } =
            &*self.0;
        f.debug_struct("Error")
            .field("operation", operation)
            .field("kind", kind)
            .field("endpoint", endpoint)
            .field("address", address)
            .field("holder", holder)
            .field("cause", cause)
            .field("elapsed", elapsed)
            .field("attempts", attempts)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.cause {
            Some(Cause::Io(error)) => Some(error),
            Some(cause) => Some(cause),
            None => None,
        }
    }
}

impl From<Error> for io::Error {
    /// Keeps the kind, where [`io::ErrorKind`] has it, and the whole error as the payload.
    fn from(error: Error) -> io::Error {
        io::Error::new(error.kind().into(), error)
    }
}
