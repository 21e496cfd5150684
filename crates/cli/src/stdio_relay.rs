//! Standard input and output joined to a stream, both ways at once.
//!
//! They are the process's own descriptors here, not those of `Streams`: the kernel copies between
//! them and the socket. Their blocking mode, which other processes share, stays as it is.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use netcore::relay::{End, RelayError, Relayed, Side, relay};
use netcore::{Deadline, Error, ErrorKind, Operation, SocketOptions, Stream};

use crate::exit::{self, Failure};
use crate::stdio::Stdio;

/// The limits of a connection that is joined to standard input and output.
#[derive(Clone, Copy)]
pub(crate) struct Patience {
    /// The time in which something must come or go. `None`: forever.
    pub(crate) idle: Option<Duration>,
    /// The time that standard input may be silent once the peer has ended. TCP does not tell a peer
    /// that still waits for an answer from one that has gone. `None`: forever.
    pub(crate) half_closed: Option<Duration>,
}

impl Patience {
    /// A person is not waited for once the peer has ended, other input as long as the idle timeout
    /// lets it.
    pub(crate) fn new(idle: Option<Duration>, stdio: &Stdio) -> Patience {
        let half_closed = if stdio.interactive { Some(Duration::ZERO) } else { idle };
        Patience { idle, half_closed }
    }
}

/// The end of a connection without a failure.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Joined {
    /// Both sides have ended.
    BothEnded,
    /// The peer has ended, and standard input is still open.
    PeerEnded,
}

/// Carries bytes until standard input and the peer have both ended; the end of one is passed on. The
/// end of the peer alone ends it too, if the patience runs out.
pub(crate) fn join(
    stream: &Stream,
    input: &impl AsFd,
    patience: Patience,
) -> Result<Joined, Failure> {
    let output = io::stdout();
    let (left, right) = (End::new(input, &output), End::from(stream));
    let right = patience.half_closed.map_or(right, |patience| right.with_half_closed(patience));
    match relay(left, right, patience.idle, Deadline::never()) {
        Ok(Relayed { left_open: Some(Side::Left), .. }) => Ok(Joined::PeerEnded),
        Ok(_) => Ok(Joined::BothEnded),
        Err(error) => {
            // Or else the peer would take for whole what is not.
            let _ = SocketOptions::new().with_linger(Some(Duration::ZERO)).apply(stream);
            Err(failure(error, patience))
        }
    }
}

fn failure(failed: RelayError, patience: Patience) -> Failure {
    let side = failed.side();
    let error = failed.error();
    match (side, error.operation()) {
        (Some(Side::Left), Operation::Write) if error.kind() == ErrorKind::BrokenPipe => {
            Failure::silent(exit::DONE)
        }
        (Some(Side::Left), Operation::Write) => standard("output", exit::WRITE_ERROR, error),
        (Some(Side::Left), _) => standard("input", exit::OTHER, error),
        (None, Operation::Poll) if error.is_timeout() => match patience.idle {
            Some(time) => idle(time),
            None => Failure::new(exit::TIMED_OUT, "the peer has ended and takes nothing more"),
        },
        _ => Failure::of(error),
    }
}

/// The connection, or the socket, was idle for too long.
pub(crate) fn idle(idle: Duration) -> Failure {
    Failure::new(exit::TIMED_OUT, format!("nothing came or went for {idle:?} (--idle-timeout)"))
}

fn standard(which: &str, code: u8, error: &Error) -> Failure {
    Failure::new(code, format!("standard {which}: {}", exit::chain(error)))
}
