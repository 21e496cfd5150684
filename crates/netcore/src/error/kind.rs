//! [`Operation`] and [`ErrorKind`]: the two parts of an error that callers match on.

use std::fmt;
use std::io;

/// The reason if every port that the system may choose is taken.
pub(crate) const NO_FREE_PORT: &str = "no local port is free";

/// An operation that failed with an [`Error`](crate::Error).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// Parsing an endpoint's text.
    Parse,
    /// Finding the addresses of a name, the name of an address, or the port or name of a service.
    Resolve,
    /// socket(2)
    Open,
    /// connect(2)
    Connect,
    /// bind(2)
    Bind,
    /// listen(2)
    Listen,
    /// accept(2)
    Accept,
    /// Loading a certificate from PEM, for the handshakes of this side.
    LoadCertificate,
    /// Loading a private key from PEM.
    LoadKey,
    /// Loading the root certificates by which the peer's certificate is verified.
    LoadRoots,
    /// The TLS handshake (RFC 8446 section 2).
    Handshake,
    /// Reading from a stream.
    Read,
    /// Writing to a stream.
    Write,
    /// Sending a datagram.
    Send,
    /// Receiving a datagram.
    Receive,
    /// shutdown(2), and waiting for the peer to close its side.
    Shutdown,
    /// Waiting for readiness.
    Poll,
    /// Starting a thread.
    Spawn,
    /// Asking the system for a socket's local or remote address, or its type.
    Inspect,
    /// Setting an option, named by its C constant.
    SetOption(&'static str),
    /// Reading an option, named by its C constant.
    GetOption(&'static str),
}

impl Operation {
    /// Returns the preposition between the operation and its endpoint, with a space before it, or
    /// an empty text.
    pub(super) fn preposition(self) -> &'static str {
        match self {
            Operation::Parse
            | Operation::Resolve
            | Operation::Bind
            | Operation::Inspect
            | Operation::LoadCertificate
            | Operation::LoadKey
            | Operation::LoadRoots => "",
            Operation::Connect | Operation::Write | Operation::Send => " to",
            Operation::Read => " from",
            Operation::Handshake => " with",
            Operation::Open | Operation::Poll | Operation::Spawn => " for",
            Operation::Shutdown => " of",
            Operation::Listen
            | Operation::Accept
            | Operation::Receive
            | Operation::SetOption(_)
            | Operation::GetOption(_) => " on",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Operation::Parse => "parse",
            Operation::Resolve => "resolve",
            Operation::Open => "open a socket",
            Operation::Connect => "connect",
            Operation::Bind => "bind",
            Operation::Listen => "listen",
            Operation::Accept => "accept",
            Operation::LoadCertificate => "load certificate",
            Operation::LoadKey => "load private key",
            Operation::LoadRoots => "load root certificates",
            Operation::Handshake => "negotiate TLS",
            Operation::Read => "read",
            Operation::Write => "write",
            Operation::Send => "send",
            Operation::Receive => "receive",
            Operation::Shutdown => "shutdown",
            Operation::Poll => "poll",
            Operation::Spawn => "start a thread",
            Operation::Inspect => "inspect",
            Operation::SetOption(name) => return write!(f, "set {name}"),
            Operation::GetOption(name) => return write!(f, "get {name}"),
        })
    }
}

/// The kinds of failure. Each has its printed text and the nearest [`io::ErrorKind`].
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $text:literal, $io:ident;)*) => {
        /// The kind of a failure. Match on this; print the [`Error`](crate::Error).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind { $($(#[$doc])* $kind,)* }

        impl ErrorKind {
            /// Every kind.
            #[cfg(test)]
            pub(crate) const ALL: &[ErrorKind] = &[$(ErrorKind::$kind),*];

            pub(super) fn as_str(self) -> &'static str {
                match self { $(ErrorKind::$kind => $text,)* }
            }
        }

        impl From<ErrorKind> for io::ErrorKind {
            fn from(kind: ErrorKind) -> io::ErrorKind {
                match kind { $(ErrorKind::$kind => io::ErrorKind::$io,)* }
            }
        }
    };
}

kinds! {
    /// No process listens on that address.
    ConnectionRefused = "connection refused", ConnectionRefused;
    /// The peer reset the connection.
    ConnectionReset = "connection reset", ConnectionReset;
    /// The connection was aborted on this side, or before it was accepted.
    ConnectionAborted = "connection aborted", ConnectionAborted;
    /// The peer of a write no longer reads.
    BrokenPipe = "broken pipe", BrokenPipe;
    /// The socket has no peer.
    NotConnected = "not connected", NotConnected;
    /// A deadline, an option's time or the system's time ran out.
    TimedOut = "timed out", TimedOut;
    /// The [token](crate::CancelToken) of the operation was cancelled.
    Cancelled = "cancelled", Other;
    /// A non-blocking socket has no data to read or no room to write.
    WouldBlock = "would block", WouldBlock;
    /// A signal interrupted the call.
    Interrupted = "interrupted", Interrupted;
    /// Another socket owns the local address.
    AddressInUse = "address in use", AddrInUse;
    /// This machine does not have the local address, or no local port is free.
    AddressNotAvailable = "address not available", AddrNotAvailable;
    /// No route to the host, or the host is down.
    HostUnreachable = "host unreachable", HostUnreachable;
    /// No route to the network.
    NetworkUnreachable = "network unreachable", NetworkUnreachable;
    /// The network or its interface is down.
    NetworkDown = "network down", NetworkDown;
    /// The system does not allow the operation.
    PermissionDenied = "permission denied", PermissionDenied;
    /// No such file, directory or device.
    NotFound = "not found", NotFound;
    /// The name does not exist.
    HostNotFound = "no such host", NotFound;
    /// The name exists, but has no address.
    NoData = "host has no address", NotFound;
    /// No table of services has the name or the port.
    ServiceNotFound = "no such service", NotFound;
    /// The resolver has no answer at present.
    TryAgain = "temporary failure", Other;
    /// The resolver failed, and will not succeed later.
    ResolverFailed = "resolver failed", Other;
    /// The process or the system has no descriptor left (`EMFILE`, `ENFILE`).
    DescriptorsExhausted = "too many open files", Other;
    /// The system has no memory or buffers left.
    NoBuffers = "no buffers", OutOfMemory;
    /// A value is not valid for this operation.
    InvalidInput = "invalid input", InvalidInput;
    /// The received data does not follow the protocol.
    InvalidData = "invalid data", InvalidData;
    /// This system, or this type of socket, does not support the operation.
    Unsupported = "not supported", Unsupported;
    /// The peer ended the stream before all expected data arrived.
    UnexpectedEnd = "unexpected end", UnexpectedEof;
    /// The peer's certificate is not trusted: it has expired, has another name or an unknown
    /// issuer, or is unsuitable in another way. The error's text says which.
    CertificateUntrusted = "certificate not trusted", InvalidData;
    /// The TLS handshake failed for another reason than the peer's certificate. The error's
    /// text says which.
    HandshakeFailed = "handshake failed", InvalidData;
    /// A line is longer than its limit.
    LineTooLong = "line too long", InvalidData;
    /// The data to read or write exceeds the limit.
    TooLarge = "too large", InvalidData;
    /// The disk, or the user's part of it, is full.
    StorageFull = "no space left", StorageFull;
    /// A datagram is longer than the socket can send.
    MessageTooLong = "message too long", InvalidInput;
    /// None of the other kinds; the error's text says more.
    Other = "failed", Other;
}

impl ErrorKind {
    /// Returns `true` if the attempt failed on this machine, before it could reach a host.
    pub(super) fn is_local(self) -> bool {
        matches!(
            self,
            ErrorKind::NetworkUnreachable
                | ErrorKind::HostUnreachable
                | ErrorKind::NetworkDown
                | ErrorKind::AddressNotAvailable
                | ErrorKind::Unsupported
        )
    }

    pub(super) fn is_retryable(self) -> bool {
        matches!(
            self,
            ErrorKind::ConnectionRefused
                | ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::TimedOut
                | ErrorKind::WouldBlock
                | ErrorKind::Interrupted
                | ErrorKind::HostUnreachable
                | ErrorKind::NetworkUnreachable
                | ErrorKind::NetworkDown
                | ErrorKind::TryAgain
                | ErrorKind::DescriptorsExhausted
                | ErrorKind::NoBuffers
        )
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
