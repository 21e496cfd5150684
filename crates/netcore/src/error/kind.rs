use std::fmt;
use std::io;

use crate::sys;

/// What was tried when an [`Error`](crate::Error) came up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// Reading an endpoint's text.
    Parse,
    /// Finding the addresses of a name, the name of an address, the port of a service, its name.
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
    /// Asking the system for a socket's local or remote address, or its kind.
    Inspect,
    /// Setting an option; its C constant.
    SetOption(&'static str),
    /// Reading an option; its C constant.
    GetOption(&'static str),
}

impl Operation {
    /// What joins the operation to its endpoint, with a space in front if there is any.
    pub(super) fn preposition(self) -> &'static str {
        match self {
            Operation::Parse | Operation::Resolve | Operation::Bind | Operation::Inspect => "",
            Operation::Connect | Operation::Write | Operation::Send => " to",
            Operation::Read => " from",
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

/// The kinds of failure, each with the text that it is printed as and the nearest
/// [`io::ErrorKind`].
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $text:literal, $io:ident;)*) => {
        /// What came of an operation. Match on this; print the [`Error`](crate::Error).
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
    /// Nobody accepts there.
    ConnectionRefused = "connection refused", ConnectionRefused;
    /// The peer threw the connection away.
    ConnectionReset = "connection reset", ConnectionReset;
    /// The connection was given up on this side, or before it was accepted.
    ConnectionAborted = "connection aborted", ConnectionAborted;
    /// Writing where the peer no longer reads.
    BrokenPipe = "broken pipe", BrokenPipe;
    /// The socket has no peer.
    NotConnected = "not connected", NotConnected;
    /// Time ran out.
    TimedOut = "timed out", TimedOut;
    /// A non-blocking socket has nothing to give or no room.
    WouldBlock = "would block", WouldBlock;
    /// A signal interrupted the call.
    Interrupted = "interrupted", Interrupted;
    /// Somebody has the local address.
    AddressInUse = "address in use", AddrInUse;
    /// The local address is not one of this machine's.
    AddressNotAvailable = "address not available", AddrNotAvailable;
    /// No route to the host, or the host is down.
    HostUnreachable = "host unreachable", HostUnreachable;
    /// No route to the network.
    NetworkUnreachable = "network unreachable", NetworkUnreachable;
    /// The network or its interface is down.
    NetworkDown = "network down", NetworkDown;
    /// The system does not allow it.
    PermissionDenied = "permission denied", PermissionDenied;
    /// No such file, directory or device.
    NotFound = "not found", NotFound;
    /// The name does not exist.
    HostNotFound = "no such host", NotFound;
    /// The name exists, but has no address.
    NoData = "host has no address", NotFound;
    /// No table has the service.
    ServiceNotFound = "no such service", NotFound;
    /// The resolver can't tell at present.
    TryAgain = "temporary failure", Other;
    /// The resolver failed for good.
    ResolverFailed = "resolver failed", Other;
    /// The process or the system has no descriptor left (`EMFILE`, `ENFILE`).
    DescriptorsExhausted = "too many open files", Other;
    /// The system has no memory or buffers left.
    NoBuffers = "no buffers", OutOfMemory;
    /// A value that can't be right here.
    InvalidInput = "invalid input", InvalidInput;
    /// What came does not follow the protocol.
    InvalidData = "invalid data", InvalidData;
    /// This system, or this kind of socket, can't do it.
    Unsupported = "not supported", Unsupported;
    /// The peer ended where more was due.
    UnexpectedEnd = "unexpected end", UnexpectedEof;
    /// A line is longer than its limit.
    LineTooLong = "line too long", InvalidData;
    /// More came, or was to be written, than the limit allows.
    TooLarge = "too large", InvalidData;
    /// The disk, or the user's part of it, is full.
    StorageFull = "no space left", StorageFull;
    /// A datagram is longer than the socket can send.
    MessageTooLong = "message too long", InvalidInput;
    /// None of the others; the source says more.
    Other = "failed", Other;
}

impl ErrorKind {
    /// The kind that an [`io::Error`] stands for: by the system's code where there is one, else by
    /// its [`io::ErrorKind`].
    #[must_use]
    pub fn of(error: &io::Error) -> ErrorKind {
        if let Some(inner) =
            error.get_ref().and_then(|inner| inner.downcast_ref::<crate::error::Error>())
        {
            return inner.kind();
        }
        if let Some(kind) = error.raw_os_error().and_then(sys::code_kind) {
            return kind;
        }
        match error.kind() {
            io::ErrorKind::ConnectionRefused => ErrorKind::ConnectionRefused,
            io::ErrorKind::ConnectionReset => ErrorKind::ConnectionReset,
            io::ErrorKind::ConnectionAborted => ErrorKind::ConnectionAborted,
            io::ErrorKind::BrokenPipe => ErrorKind::BrokenPipe,
            io::ErrorKind::NotConnected => ErrorKind::NotConnected,
            io::ErrorKind::TimedOut => ErrorKind::TimedOut,
            io::ErrorKind::WouldBlock => ErrorKind::WouldBlock,
            io::ErrorKind::Interrupted => ErrorKind::Interrupted,
            io::ErrorKind::AddrInUse => ErrorKind::AddressInUse,
            io::ErrorKind::AddrNotAvailable => ErrorKind::AddressNotAvailable,
            io::ErrorKind::HostUnreachable => ErrorKind::HostUnreachable,
            io::ErrorKind::NetworkUnreachable => ErrorKind::NetworkUnreachable,
            io::ErrorKind::NetworkDown => ErrorKind::NetworkDown,
            io::ErrorKind::PermissionDenied => ErrorKind::PermissionDenied,
            io::ErrorKind::NotFound => ErrorKind::NotFound,
            io::ErrorKind::OutOfMemory => ErrorKind::NoBuffers,
            io::ErrorKind::InvalidInput => ErrorKind::InvalidInput,
            io::ErrorKind::InvalidData => ErrorKind::InvalidData,
            io::ErrorKind::Unsupported => ErrorKind::Unsupported,
            io::ErrorKind::UnexpectedEof => ErrorKind::UnexpectedEnd,
            io::ErrorKind::FileTooLarge => ErrorKind::TooLarge,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::StorageFull,
            _ => ErrorKind::Other,
        }
    }

    /// Whether an attempt ended on this machine, before it could reach a host.
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
