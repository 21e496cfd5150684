//! Exit codes, and the errors that lead to them. A closed standard output ends the program with 0.
//!
//! A code is curl's if curl has one for the case.

use std::io;

use netcore::endpoint::ParseEndpointError;
use netcore::error::Chain;
use netcore::{Address, Error, ErrorKind, Operation};

use crate::escape::to_show;

pub(crate) const DONE: u8 = 0;
pub(crate) const OTHER: u8 = 1;
pub(crate) const USAGE: u8 = 2;
pub(crate) const MALFORMED: u8 = 3;
pub(crate) const PROXY_NOT_RESOLVED: u8 = 5;
pub(crate) const HOST_NOT_RESOLVED: u8 = 6;
pub(crate) const COULD_NOT_CONNECT: u8 = 7;
pub(crate) const ENDED_EARLY: u8 = 18;
pub(crate) const CHECKSUM: u8 = 19;
pub(crate) const HTTP_STATUS: u8 = 22;
pub(crate) const WRITE_ERROR: u8 = 23;
pub(crate) const UNREADABLE: u8 = 26;
pub(crate) const TIMED_OUT: u8 = 28;
pub(crate) const RANGE: u8 = 33;
pub(crate) const TLS_HANDSHAKE: u8 = 35;
pub(crate) const INTERFACE_FAILED: u8 = 45;
pub(crate) const TOO_MANY_REDIRECTS: u8 = 47;
pub(crate) const NOTHING_RECEIVED: u8 = 52;
pub(crate) const RECEIVE_ERROR: u8 = 56;
pub(crate) const OWN_CERTIFICATE: u8 = 58;
pub(crate) const UNTRUSTED: u8 = 60;
pub(crate) const CODING: u8 = 61;
pub(crate) const TOO_LARGE: u8 = 63;
pub(crate) const TRUSTED_FILE: u8 = 77;
pub(crate) const PROXY_HANDSHAKE: u8 = 97;

/// The exit code of a command that failed, and its message.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: Option<String>,
}

impl Failure {
    /// Returns a failure with a message.
    pub(crate) fn new(code: u8, message: impl Into<String>) -> Failure {
        Failure { code, message: Some(to_show(&message.into())) }
    }

    /// Returns a failure without a message: it was already printed, or nobody reads it.
    pub(crate) fn silent(code: u8) -> Failure {
        Failure { code, message: None }
    }

    /// Returns the failure of a write to standard output. A closed standard output (`| head`) ends
    /// the program with 0.
    pub(crate) fn output(error: &io::Error) -> Failure {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Failure::silent(DONE);
        }
        Failure::new(WRITE_ERROR, format!("write to standard output: {error}"))
    }

    /// Returns the failure of a transfer to standard output, which ends with 0 if it was closed.
    pub(crate) fn of_output(error: httpget::Error) -> Failure {
        let is_closed = error.kind() == httpget::ErrorKind::Write
            && error.network().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe);
        if is_closed { Failure::silent(DONE) } else { error.into() }
    }

    /// Returns the failure of a server to listen. The code is 1 except for an endpoint that is
    /// malformed or cannot be resolved.
    pub(crate) fn listening(error: &Error) -> Failure {
        let code = match error.operation() {
            Operation::Parse | Operation::Resolve => code(error),
            _ => OTHER,
        };
        Failure::new(code, chain(error) + hint(error))
    }

    /// Returns the failure of a network operation.
    pub(crate) fn of(error: &Error) -> Failure {
        Failure::new(code(error), chain(error) + hint(error))
    }

    /// Prefixes the message with the file and line that caused the failure.
    pub(crate) fn at(self, place: &str) -> Failure {
        let message = self.message.map(|message| format!("{}: {message}", to_show(place)));
        Failure { message, ..self }
    }

    /// Returns `true` if standard output is closed, so that further work is useless.
    pub(crate) fn ends_all(&self) -> bool {
        self.code == DONE
    }

    /// Returns the exit code.
    pub(crate) fn code(&self) -> u8 {
        self.code
    }

    /// Returns the message, one line for standard error.
    pub(crate) fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::of(&error)
    }
}

impl From<ParseEndpointError> for Failure {
    fn from(error: ParseEndpointError) -> Failure {
        Failure::new(MALFORMED, error.to_string())
    }
}

impl From<httpget::Error> for Failure {
    fn from(error: httpget::Error) -> Failure {
        use httpget::ErrorKind;
        let code = match error.kind() {
            ErrorKind::InvalidUrl => MALFORMED,
            ErrorKind::InvalidRequest => USAGE,
            ErrorKind::InvalidProxy | ErrorKind::ResolveProxy => PROXY_NOT_RESOLVED,
            ErrorKind::Socks => PROXY_HANDSHAKE,
            ErrorKind::TunnelRefused(_) | ErrorKind::Tunnel => RECEIVE_ERROR,
            ErrorKind::Resolve => HOST_NOT_RESOLVED,
            ErrorKind::Connect if is_of_interface(&error) => INTERFACE_FAILED,
            ErrorKind::Connect => COULD_NOT_CONNECT,
            ErrorKind::Tls => error.network().map_or(TLS_HANDSHAKE, code),
            ErrorKind::TimedOut { .. } => TIMED_OUT,
            ErrorKind::NothingReceived => NOTHING_RECEIVED,
            ErrorKind::BodyTruncated { .. } => ENDED_EARLY,
            ErrorKind::Transport { .. } | ErrorKind::HeadTruncated | ErrorKind::Malformed => {
                RECEIVE_ERROR
            }
            ErrorKind::TooLarge => TOO_LARGE,
            ErrorKind::TooManyRedirects => TOO_MANY_REDIRECTS,
            ErrorKind::Status(_) => HTTP_STATUS,
            ErrorKind::Range => RANGE,
            ErrorKind::Digest => CHECKSUM,
            ErrorKind::Coding => CODING,
            ErrorKind::Write => WRITE_ERROR,
            // curl's "unsupported protocol" is 1 too.
            ErrorKind::UnsupportedScheme
            | ErrorKind::InsecureRedirect
            | ErrorKind::Cancelled { .. } => OTHER,
            _ => OTHER,
        };
        let hint = match code {
            INTERFACE_FAILED => " (--interface: no such interface, or no permission to use it)",
            _ => "",
        };
        Failure::new(code, chain(&error) + hint)
    }
}

/// Returns `true` if the network interface can't be used.
fn is_of_interface(error: &httpget::Error) -> bool {
    let option = Operation::SetOption("SO_BINDTODEVICE");
    error.network().is_some_and(|error| {
        error.operation() == option
            || error.attempts().iter().any(|attempt| attempt.operation() == option)
    })
}

/// Returns the exit code for the error of a network operation.
fn code(error: &Error) -> u8 {
    match (error.operation(), error.kind()) {
        (Operation::Parse, _) => MALFORMED,
        (_, ErrorKind::TimedOut) => TIMED_OUT,
        (Operation::LoadCertificate | Operation::LoadKey, _) => OWN_CERTIFICATE,
        (Operation::LoadRoots, _) => TRUSTED_FILE,
        (_, ErrorKind::CertificateUntrusted) => UNTRUSTED,
        (Operation::Handshake, _) => TLS_HANDSHAKE,
        (Operation::Resolve, _) => HOST_NOT_RESOLVED,
        (Operation::Connect | Operation::Open, _) => COULD_NOT_CONNECT,
        (Operation::Send, ErrorKind::MessageTooLong) => TOO_LARGE,
        (
            Operation::Read
            | Operation::Write
            | Operation::Send
            | Operation::Receive
            | Operation::Shutdown,
            _,
        ) => RECEIVE_ERROR,
        _ => OTHER,
    }
}

/// The first port that any user may bind by default.
const FIRST_FREE_PORT: u16 = 1024;

/// Returns the next step, for an error whose own message lacks it.
fn hint(error: &Error) -> &'static str {
    let address = error.address().and_then(Address::inet);
    let is_low = address.is_some_and(|address| address.port() < FIRST_FREE_PORT);
    let is_udp = error.endpoint().is_some_and(|endpoint| endpoint.starts_with("udp:"));
    match (error.operation(), error.kind()) {
        (Operation::Bind, ErrorKind::PermissionDenied) if is_low => {
            " (ports below 1024 need root or CAP_NET_BIND_SERVICE)"
        }
        // The system's answer without SO_BROADCAST; IPv6 has no broadcasts.
        (Operation::Connect, ErrorKind::PermissionDenied)
            if is_udp && address.is_some_and(|address| address.is_ipv4()) =>
        {
            " (a broadcast address needs --broadcast, which send, connect and listen have)"
        }
        (Operation::Connect, ErrorKind::NetworkUnreachable)
            if !is_udp && address.is_some_and(|address| address.ip().is_multicast()) =>
        {
            " (a multicast group needs udp://)"
        }
        _ => "",
    }
}

/// Returns the error and its causes, on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    Chain::new(error).to_string()
}
