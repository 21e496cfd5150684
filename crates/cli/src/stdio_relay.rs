//! Relay between a stream and standard input and output, in both directions at once.
//!
//! The relay uses the process's own descriptors, not those of `Streams`: the kernel copies between
//! them and the socket. Other processes share their blocking mode, so it stays unchanged.

use std::io;
use std::time::Duration;

use netcore::relay::{End, RelayError, Relayed, Side, relay};
use netcore::transfer::AsDescriptor;
use netcore::{Deadline, Error, ErrorKind, Operation, SocketOptions, Stream};

use crate::exit::{self, Failure};
use crate::stdio::Stdio;

/// The time limits of a connection that is relayed to standard input and output.
#[derive(Clone, Copy)]
pub(crate) struct RelayTimeouts {
    /// The longest time without data in either direction. `None`: no limit.
    pub(crate) idle: Option<Duration>,
    /// The longest silence of standard input after the peer has closed its side. TCP cannot
    /// distinguish a peer that still expects a reply from a peer that has gone. `None`: no limit.
    pub(crate) half_closed: Option<Duration>,
}

impl RelayTimeouts {
    /// On a terminal, the relay ends as soon as the peer closes its side. Other input may continue
    /// within the idle timeout.
    pub(crate) fn new(idle: Option<Duration>, stdio: &Stdio) -> RelayTimeouts {
        let half_closed = if stdio.interactive { Some(Duration::ZERO) } else { idle };
        RelayTimeouts { idle, half_closed }
    }
}

/// The side that ended a relay without a failure.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum RelayEnd {
    /// Both sides ended.
    BothEnded,
    /// The peer closed its side, and standard input is still open.
    PeerEnded,
}

/// Relays bytes until standard input and the peer have both ended. The end of one side is passed on
/// to the other. After the end of the peer only, the relay ends once `half_closed` has passed.
pub(crate) fn relay_stdio(
    stream: &Stream,
    input: &impl AsDescriptor,
    timeouts: RelayTimeouts,
) -> Result<RelayEnd, Failure> {
    let output = io::stdout();
    let (left, right) = (End::new(input, &output), End::from(stream));
    let right = timeouts.half_closed.map_or(right, |limit| right.with_half_closed(limit));
    match relay(left, right, timeouts.idle, Deadline::never()) {
        Ok(Relayed { left_open: Some(Side::Left), .. }) => Ok(RelayEnd::PeerEnded),
        Ok(_) => Ok(RelayEnd::BothEnded),
        Err(error) => {
            // A reset instead of an orderly close: the peer must not take a partial transfer for
            // complete.
            let _ = SocketOptions::new().with_linger(Some(Duration::ZERO)).apply(stream);
            Err(failure(error, timeouts))
        }
    }
}

/// Returns the input that a person types.
#[cfg(unix)]
pub(crate) fn typed() -> Result<io::PipeReader, Failure> {
    crate::foreground::typed()
}

/// Returns the input that a person types.
#[cfg(not(unix))]
pub(crate) fn typed() -> Result<Stream, Failure> {
    crate::stdio::input()
}

/// Converts the error of a relay: a closed standard output ends the program quietly.
fn failure(failed: RelayError, timeouts: RelayTimeouts) -> Failure {
    let side = failed.side();
    let error = failed.error();
    match (side, error.operation()) {
        (Some(Side::Left), Operation::Write) if error.kind() == ErrorKind::BrokenPipe => {
            Failure::silent(exit::DONE)
        }
        (Some(Side::Left), Operation::Write) => standard("output", exit::WRITE_ERROR, error),
        (Some(Side::Left), _) => standard("input", exit::OTHER, error),
        (None, Operation::Poll) if error.is_timeout() => match timeouts.idle {
            Some(time) => idle(time),
            None => Failure::new(exit::TIMED_OUT, "the peer closed its side and no longer reads"),
        },
        _ => Failure::of(error),
    }
}

/// Returns the failure of a connection or socket that reached the idle timeout.
pub(crate) fn idle(idle: Duration) -> Failure {
    Failure::new(
        exit::TIMED_OUT,
        format!("no data in either direction for {idle:?} (--idle-timeout)"),
    )
}

/// Returns the failure of standard input or output.
fn standard(which: &str, code: u8, error: &Error) -> Failure {
    Failure::new(code, format!("standard {which}: {}", exit::chain(error)))
}
